// Reads vitest's JSON reports in a folder: quick.json and deep.json of this Node, and those of other
// versions. Prints the durations of the slowest files, each test that failed with the beginning of
// its messages, and at the end "N passed, N failed" (", N skipped" if any). The counts are those of
// this Node, each test once; what failed on another version is added.
//
// Failures come last because whoever keeps only the end of a long output needs them most.
//
// Exits with 1 when a test failed, when a test file could not even be loaded (vitest counts no test
// for it), when nothing ran, or when there is no report: silence must never look like success.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const SLOWEST = 15;
const OWN = ['quick', 'deep'];
/** Of each failure: enough for an assertion and the first lines of its stack. */
const FAILURE_LINES = 30;

const folder = process.argv[2];
const others = readdirSync(folder)
  .filter((name) => name.endsWith('.running'))
  .map((name) => name.slice(0, -'.running'.length))
  .filter((name) => !OWN.includes(name))
  .sort();

const reports = new Map([...OWN, ...others].map((name) => [name, filesOf(name)]));

printSlowest(OWN.flatMap((name) => reports.get(name)));
for (const [name, files] of reports) {
  for (const text of failuresIn(files)) console.log(`FAILED in ${name}: ${text}`);
}

const own = OWN.map(countsOf);
let failedElsewhere = 0;
for (const name of others) {
  const { passed, failed } = countsOf(name);
  console.log(`${name}: ${passed} passed, ${failed} failed`);
  failedElsewhere += failed;
}

const sum = (key) => own.reduce((total, counts) => total + counts[key], 0);
const failed = sum('failed') + failedElsewhere;
const rest = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`${sum('passed')} passed, ${failed} failed${rest}`);
process.exitCode = failed > 0 || sum('passed') === 0 ? 1 : 0;

function filesOf(name) {
  try {
    return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).testResults ?? [];
  } catch {
    return [];
  }
}

function testsOf(file) {
  return file.assertionResults ?? [];
}

function isUnloadable(file) {
  return file.status === 'failed' && testsOf(file).length === 0;
}

function countsOf(name) {
  const files = reports.get(name);
  const tests = files.flatMap(testsOf);
  const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
  if (tests.length === 0) console.error(`${name}: there is no report from vitest`);
  return {
    passed: count('passed'),
    failed: count('failed') + files.filter(isUnloadable).length + (tests.length === 0 ? 1 : 0),
    skipped: count('skipped', 'pending', 'disabled', 'todo'),
  };
}

function failuresIn(files) {
  return files.flatMap((file) => [
    ...isUnloadable(file) ? [`${pathOf(file)} could not be loaded${beginningOf([file.message])}`] : [],
    ...testsOf(file).filter(({ status }) => status === 'failed')
      .map((test) => `${pathOf(file)} > ${test.fullName}${beginningOf(test.failureMessages)}`),
  ]);
}

function beginningOf(messages = []) {
  return messages.flatMap((message) => String(message).split('\n').slice(0, FAILURE_LINES))
    .map((line) => `\n    ${line}`).join('');
}

function printSlowest(files) {
  console.log(`the ${SLOWEST} slowest files, in seconds:`);
  const secondsOf = ({ startTime, endTime }) => (endTime - startTime) / 1000;
  const slowest = files.toSorted((a, b) => secondsOf(b) - secondsOf(a)).slice(0, SLOWEST);
  for (const file of slowest) {
    console.log(`${secondsOf(file).toFixed(1).padStart(7)}  ${pathOf(file)}`);
  }
}

function pathOf(file) {
  return relative(process.cwd(), file.name);
}
