/**
 * npm run mutate -- FOLDER [--one-in K] [--concurrency N] [--file NAME ...]
 *
 * Changes one small thing after the other in a folder of src and runs the quick tests that come
 * past it; prints what no test noticed, and keeps the score in SCORES.md. (Stryker's own progress
 * counts those as survived that are not in the sample.) Results are kept in
 * .mutation, so that the next run of the same sample only tests what is new: changed code, and
 * survivors that new tests come past. With --file only those files are mutated, and no score is
 * kept. Ends with status 1 when nothing could be measured.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { CommandLine } from '../lib/command-line.ts';
import { EQUIVALENTS } from './equivalents.ts';
import { testsOf } from './folders.ts';
import { changeOf, isInSample, isSame, type Place } from './mutants.ts';
import { isEquivalent, type SampleOptions } from './sample-runner.ts';
import { rowOf, survivorsOf, withRow, type Outcome, type Result } from './scores.ts';

type StrykerResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

const ROOT = join(import.meta.dirname, '../../..');
const SRC = join(ROOT, 'src');
/** They run what was built, and no mutant is in that. */
const THREADS = '!src/**/*-worker.ts';
const TABLE = join(ROOT, 'test/mutation/SCORES.md');

const line = new CommandLine(
  'npm run mutate -- FOLDER [--one-in K] [--concurrency N] [--file NAME ...]');
const { folder, values } = readLine();
const oneIn = line.wholeNumber('one-in', values['one-in']);
const results = await mutate({ src: SRC, oneIn });
for (const each of survivorsOf(results)) console.log(each);
for (const each of staleEquivalents()) console.log(`no such mutant any more: ${each}`);
console.log(rowOf(folder, oneIn, results));
if (results.length === 0) process.exitCode = 1;
else if (values.file === undefined) await keepScore();

function readLine() {
  const [folder = '', ...rest] = process.argv.slice(2);
  if (!/^[a-z]+(?:\/[a-z]+)*$/.test(folder)) line.refuse('a folder of src is missing');
  const values = line.parse({
    'one-in': { type: 'string', default: '1' },
    'concurrency': { type: 'string', default: '1' },
    'file': { type: 'string', multiple: true },
  }, rest);
  return { folder, values };
}

async function mutate(sample: SampleOptions): Promise<Result[]> {
  const files = values.file?.map((name) => `src/${folder}/${name}`) ??
    [`src/${folder}/**/*.ts`, THREADS];
  const name = `${folder.replaceAll('/', '-')}-one-in-${oneIn}`;
  process.chdir(ROOT);
  process.env['MUTATED_FOLDER'] = folder;
  const stryker = new Stryker({
    mutate: files,
    mutator: { excludedMutations: ['StringLiteral'] },
    testRunner: 'sample',
    testFiles: testsOf(ROOT, folder),
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', join(import.meta.dirname, 'sample-runner.js')],
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    concurrency: line.wholeNumber('concurrency', values.concurrency),
    timeoutMS: 10_000,
    dryRunTimeoutMinutes: 15,
    incremental: true,
    incrementalFile: `.mutation/${name}.json`,
    tempDirName: '.mutation/sandbox',
    cleanTempDir: 'always',
    // Some tests start threads, which run what was built.
    ignorePatterns: [
      '.mutation', 'data', 'bench', 'dist/test', 'dist/bench', 'dist/**/*.map', 'dist/**/*.d.ts',
    ],
    // Stryker reads it with the interface of older compilers. Vitest needs none.
    tsconfigFile: '.mutation/no-tsconfig.json',
    reporters: ['progress-append-only'],
    warnings: {
      unknownOptions: false, preprocessorErrors: true, unserializableOptions: true, slow: true,
    },
    sample,
  });
  const found = await stryker.runMutationTest();
  const texts = new Map<string, string>();
  for (const { fileName } of found) texts.set(fileName, await readFile(fileName, 'utf8'));
  return found.flatMap((each) => toResult(each, texts.get(each.fileName) ?? ''));
}

function toResult(mutant: StrykerResult, text: string): Result[] {
  // Results count from 1, where a runner is told from 0.
  const { start, end } = mutant.location;
  const location = { start: fromZero(start), end: fromZero(end) };
  const change = changeOf({ ...mutant, location }, relative(SRC, mutant.fileName), text);
  const outcome = outcomeOf(mutant.status);
  if (outcome === undefined || !isInSample(change, oneIn)) return [];
  return [{
    change, lineNumber: start.line, mutator: mutant.mutatorName,
    outcome: isEquivalent(change) ? 'equivalent' : outcome,
  }];
}

function fromZero({ line: lineNumber, column }: Place): Place {
  return { line: lineNumber - 1, column: column - 1 };
}

/** What Stryker leaves out (ignored, static) does not count. */
function outcomeOf(status: StrykerResult['status']): Outcome | undefined {
  switch (status) {
    case 'Killed': case 'RuntimeError': return 'killed';
    case 'Timeout': return 'timeout';
    case 'Survived': return 'survived';
    case 'NoCoverage': return 'not covered';
    default: return undefined;
  }
}

function staleEquivalents(): string[] {
  if (values.file !== undefined) return [];
  return EQUIVALENTS
    .filter((each) => each.file.startsWith(`${folder}/`) && isInSample(each, oneIn) &&
      !results.some(({ change }) => isSame(change, each)))
    .map(({ file, line: text, from, to }) => `${file}: ${text}: ${from} => ${to}`);
}

async function keepScore(): Promise<void> {
  const table = await readFile(TABLE, 'utf8').catch(() => '');
  await writeFile(TABLE, withRow(table, rowOf(folder, oneIn, results)));
}
