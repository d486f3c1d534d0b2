/** What is kept of mutants, and what is counted. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EQUIVALENTS } from './equivalents.ts';
import { testsOf } from './folders.ts';
import { changeOf, isInSample, isSame, type Change } from './mutants.ts';
import { rowOf, survivorsOf, withRow, type Outcome, type Result } from './scores.ts';

const ROOT = join(import.meta.dirname, '../..');

const change = (from: string): Change => ({ file: 'a.ts', line: 'x', from, to: 'true' });
const result = (outcome: Outcome): Result =>
  ({ change: change('b'), lineNumber: 7, mutator: 'BooleanLiteral', outcome });

describe('a mutant', () => {
  const text = 'one;\n  if (is) {\n    two;\n  }\n';
  const at = (line: number, column: number) => ({ line, column });

  it('is told by its line, by what it changes and by what it makes of it', () => {
    const location = { start: at(1, 10), end: at(3, 3) };
    const mutant = { fileName: '/src/a.ts', mutatorName: 'Block', replacement: '{}', location };
    const found = changeOf(mutant, 'a.ts', text);
    expect(found).toEqual({ file: 'a.ts', line: 'if (is) {', from: '{ two; }', to: '{}' });
    const lower = { start: at(2, 10), end: at(4, 3) };
    expect(changeOf({ ...mutant, location: lower }, 'a.ts', `\n${text}`)).toEqual(found);
  });

  it('is told by a part of one line', () => {
    const location = { start: at(1, 6), end: at(1, 8) };
    const mutant = { fileName: '/src/a.ts', mutatorName: 'If', replacement: 'true', location };
    expect(changeOf(mutant, 'a.ts', text).from).toBe('is');
  });

  it('is in the sample or not, always the same, one in three of them', () => {
    const all = Array.from({ length: 3000 }, (_, index) => change(`${index}`));
    const sample = all.filter((each) => isInSample(each, 3));
    expect(sample.length).toBeGreaterThan(900);
    expect(sample.length).toBeLessThan(1100);
    expect(all.filter((each) => isInSample({ ...each }, 3))).toEqual(sample);
    expect(all.filter((each) => isInSample(each, 1))).toEqual(all);
  });
});

describe('the table', () => {
  it('counts timeouts as killed, and leaves out the equivalent ones', () => {
    const results = (['killed', 'timeout', 'survived', 'not covered', 'equivalent'] as const)
      .map(result);
    expect(rowOf('net', 2, results)).toBe('| net | one in 2 | 4 | 1 | 1 | 1 | 1 | 1 | 50.0 % |');
  });

  it('has one row for each folder', () => {
    const first = withRow('', rowOf('store/log', 1, [result('killed')]));
    const second = withRow(first, rowOf('net', 1, [result('survived')]));
    const third = withRow(second, rowOf('net', 1, [result('killed')]));
    expect(third.split('\n').slice(-4)).toEqual([
      '|---|---|---|---|---|---|---|---|---|',
      '| net | all | 1 | 0 | 1 | 0 | 0 | 0 | 100.0 % |',
      '| store/log | all | 1 | 0 | 1 | 0 | 0 | 0 | 100.0 % |',
      '',
    ]);
  });

  it('prints what no test noticed', () => {
    const lines = survivorsOf((['killed', 'survived', 'not covered'] as const).map(result));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('src/a.ts:7 survived');
  });
});

describe('the tests of a folder', () => {
  const folders = ['session', 'cluster', 'net', 'engine', 'raft/shell', 'store/log', 'lib'];
  it.each(folders)('of %s are there, and quick', (name) => {
    const tests = testsOf(ROOT, name);
    expect(tests.length).toBeGreaterThan(3);
    for (const path of tests) expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(tests.filter((path) => path.includes('.deep.'))).toEqual([]);
  });

  it('have one that computes for long only where it comes past the mutants', () => {
    const path = 'test/store/index/key-index.test.ts';
    expect(['store/index', 'store/log', 'store'].map((name) => testsOf(ROOT, name).includes(path)))
      .toEqual([true, false, true]);
  });
});

describe('equivalent mutants', () => {
  it('are listed once, with a reason', () => {
    for (const each of EQUIVALENTS) {
      expect(each.why.length, each.line).toBeGreaterThan(10);
      expect(EQUIVALENTS.filter((other) => isSame(each, other)), each.line).toHaveLength(1);
    }
  });
});
