// A reporter of vitest that keeps the list of what runs just now in the file that
// DKVS_RUNNING_TESTS names: when the tests hang, it says which.
import { writeFileSync } from 'node:fs';

const FILE = process.env.DKVS_RUNNING_TESTS;

export default class RunningTests {
  #running = new Set();

  onTestModuleStart(module) {
    this.#note('add', module.relativeModuleId);
  }

  onTestModuleEnd(module) {
    this.#note('delete', module.relativeModuleId);
  }

  onTestCaseReady(test) {
    this.#note('add', nameOf(test));
  }

  onTestCaseResult(test) {
    this.#note('delete', nameOf(test));
  }

  #note(change, name) {
    this.#running[change](name);
    if (FILE !== undefined) writeFileSync(FILE, [...this.#running, ''].join('\n'));
  }
}

function nameOf(test) {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}
