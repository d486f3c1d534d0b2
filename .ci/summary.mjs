// Prints "N passed, N failed" (", N skipped" if any) from vitest's JSON report.
// Exits with 1 when a test failed, when a test file could not even be loaded (vitest counts no test
// for it), when nothing ran, or when there is no report: silence must never look like success.
import { readFileSync } from 'node:fs';

const report = readReport(process.argv[2]);
const files = report.testResults ?? [];
const tests = files.flatMap((file) => file.assertionResults ?? []);
const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;

const unloadable = files.filter(
  (file) => file.status === 'failed' && (file.assertionResults ?? []).length === 0,
).length;
const passed = count('passed');
const failed = count('failed') + unloadable;
const skipped = count('skipped', 'pending', 'disabled', 'todo');

const rest = skipped > 0 ? `, ${skipped} skipped` : '';
console.log(`${passed} passed, ${failed} failed${rest}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.error(`no report from vitest: ${error.message}`);
    return { testResults: [{ status: 'failed' }] };
  }
}
