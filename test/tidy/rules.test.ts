/** The rules themselves, on planted violations: a rule that finds nothing proves nothing. */
import { describe, expect, it } from 'vitest';
import { checkFiles, checkHooks, toSourceFile } from './rules.ts';

/** The names of the rules that the given files break, one for each violation. */
function broken(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => toSourceFile(path, text));
  return checkFiles(sources).map(({ rule }) => rule);
}

const inLib = (text: string): string[] => broken({ 'lib/a.ts': text });
const inNet = (text: string): string[] => broken({ 'net/a.ts': text });
const inCli = (text: string): string[] => broken({ 'cli/a.ts': text });
const lines = (count: number): string => 'a;\n'.repeat(count);

describe('layers', () => {
  it.each([
    ['lib/a.ts', '../io/b.ts'],
    ['lib/a.ts', '../commands/b.ts'],
    ['protocol/a.ts', '../keyspace/b.ts'],
    ['store/format/a.ts', '../segments/b.ts'],
    ['store/format/a.ts', '../../protocol/b.ts'],
    ['raft/core/a.ts', '../shell/b.ts'],
    ['commands/string/a.ts', '../../session/b.ts'],
    ['commands/string/a.ts', '../hash/b.ts'],
    ['commands/a.ts', './string/b.ts'],
    ['store/store.ts', '../session/b.ts'],
    ['store/index/a.ts', '../segments/b.ts'],
    ['store/memory/a.ts', '../hints/b.ts'],
    ['store/recovery/a.ts', '../store.ts'],
    ['store/index/a.ts', '../../raft/links/b.ts'],
    ['raft/links/a.ts', '../log/b.ts'],
    ['net/a.ts', '../server.ts'],
    ['version.ts', './lib/b.ts'],
    ['config/a.ts', '../io/b.ts'],
    ['observe/a.ts', '../session/b.ts'],
  ])('%s must not import %s', (path, specifier) => {
    expect(broken({ [path]: `import { b } from '${specifier}';` })).toEqual(['layer']);
    expect(broken({ [path]: `import type { B } from '${specifier}';` })).toEqual(['layer']);
  });

  it.each([
    ['lib/a.ts', '../version.ts'],
    ['io/a.ts', '../lib/b.ts'],
    ['keyspace/a.ts', '../protocol/b.ts'],
    ['store/store.ts', './format/b.ts'],
    ['store/store.ts', './recovery/b.ts'],
    ['store/chains/a.ts', '../index/b.ts'],
    ['commands/string/a.ts', '../command.ts'],
    ['raft/shell/a.ts', '../core/b.ts'],
    ['net/a.ts', '../session/b.ts'],
    ['main.ts', './server.ts'],
    ['config/a.ts', '../lib/b.ts'],
  ])('%s may import %s', (path, specifier) => {
    expect(broken({ [path]: `import { b } from '${specifier}';` })).toEqual([]);
  });

  it('refuses a folder that no layer knows', () => {
    expect(broken({ 'misc/a.ts': '' })).toEqual(['layer']);
    expect(broken({ 'store/misc/a.ts': '' })).toEqual(['layer']);
  });
});

describe('cycles', () => {
  it('are found across three files, types included', () => {
    const files = {
      'lib/a.ts': "import { b } from './b.ts';",
      'lib/b.ts': "import type { C } from './c.ts';",
      'lib/c.ts': "import { a } from './a.ts';",
    };
    expect(broken(files)).toEqual(['cycle']);
    expect(broken({ ...files, 'lib/c.ts': '' })).toEqual([]);
  });

  it('are found when a file imports itself', () => {
    expect(inLib("import { a } from './a.ts';")).toEqual(['cycle']);
  });
});

describe('sizes', () => {
  it('end a file at 500 lines, unless it is a table', () => {
    expect(inLib(lines(500))).toEqual([]);
    expect(inLib(lines(501))).toEqual(['file length']);
    expect(inLib(`// tidy: table\n${lines(501)}`)).toEqual([]);
  });

  it('end a function at 70 lines, unless it is a hot loop with a reason', () => {
    const body = (count: number): string => `export function f(): void {\n${lines(count)}}\n`;
    expect(inLib(body(68))).toEqual([]);
    expect(inLib(body(69))).toEqual(['function length']);
    expect(inLib(`// tidy: hot loop, bytes one by one\n${body(69)}`)).toEqual([]);
    expect(inLib(`/** tidy: hot loop, bytes\n * one by one */\n${body(69)}`)).toEqual([]);
    expect(inLib(`// tidy: hot loop,\n${body(69)}`)).toEqual(['function length']);
    expect(inLib(`// tidy: hot loop, x\nlet other;\n${body(69)}`)).toEqual(['function length']);
  });

  it('end a line at 100 columns', () => {
    expect(inLib(`// ${'x'.repeat(97)}`)).toEqual([]);
    expect(inLib(`// ${'x'.repeat(98)}`)).toEqual(['line length']);
  });
});

describe('form', () => {
  it.each([
    ['const a: any = b;', 'no any'],
    ['const a = b as any;', 'no any'],
    ['const a: any[] = [];', 'no any'],
    ['const a: Map<string, any> = b;', 'no any'],
    ['export default 1;', 'no default export'],
    ['export { a as default };', 'no default export'],
    ["export * from './b.ts';", 'no barrel'],
  ])('refuses %s', (text, rule) => {
    expect(inNet(text)).toEqual([rule]);
  });

  it.each(['// any word', "const a = 'any';", 'Promise.any(a);', 'const company = 1;'])(
    'allows %s',
    (text) => {
      expect(inNet(text)).toEqual([]);
    },
  );

  it('refuses barrels and names that are not kebab-case', () => {
    expect(broken({ 'lib/index.ts': '' })).toEqual(['no barrel']);
    expect(broken({ 'lib/someFile.ts': '' })).toEqual(['file name']);
    expect(broken({ 'lib/crc-32c.ts': '' })).toEqual([]);
  });
});

describe('purity', () => {
  const impure = [
    'const a = Date.now();',
    'const a = new Date();',
    'const a = performance.now();',
    'const a = Math.random();',
    'const a = process.env;',
    'setTimeout(a, 1);',
    'setImmediate(a);',
    'await a;',
    'const f = async () => 1;',
    'console.log(1);',
    "import { readFileSync } from 'node:fs';",
    "import { open } from 'node:fs/promises';",
    "import { createServer } from 'node:net';",
    "import { pino } from 'pino';",
  ];
  const pureFolders = ['lib', 'protocol', 'keyspace', 'commands', 'store/format', 'config'];

  it.each(impure)('refuses %s in every pure layer and nowhere else', (text) => {
    for (const folder of [...pureFolders, 'raft/core']) {
      expect(broken({ [`${folder}/a.ts`]: text }), folder).toEqual(['purity']);
    }
    expect(inCli(text)).toEqual([]);
  });

  it.each([
    '// Date.now is not allowed here',
    "const a = 'await';",
    'this.process(a);',
    'const a = new Date(ms);',
    "import { createHash } from 'node:crypto';",
  ])('allows %s', (text) => {
    expect(inLib(text)).toEqual([]);
  });
});

describe('the world', () => {
  it.each([
    'const a = Date.now();',
    'const a = Math.random();',
    'setTimeout(a, 1);',
    "import { NodeClock } from '../io/node-clock.ts';",
    "import { NodeFiles } from '../io/node-files.ts';",
  ])('is given to a server: refuses %s but where the real one is made', (text) => {
    expect(inNet(text)).toEqual(['world']);
    expect(inCli(text)).toEqual([]);
    expect(broken({ 'server/node-world.ts': text })).toEqual([]);
  });
});

describe('words', () => {
  const word = (one: string, other: string): string => one + other;

  it.each([
    word('TO', 'DO'),
    word('FIX', 'ME'),
    word('XX', 'X'),
    word('HA', 'CK'),
    word('session ', 'limit'),
    word('Age', 'nt'),
  ])('refuses %s in comments and in strings', (banned) => {
    expect(inNet(`// ${banned}: later`)).toEqual(['banned word']);
    expect(inNet(`const a = '${banned}';`)).toEqual(['banned word']);
  });

  it('does not mind words that contain them', () => {
    expect(inNet(`// ${word('reage', 'nt')}, XX, a hack`)).toEqual([]);
  });
});

describe('waits', () => {
  it.each([
    'while (a) await Promise.resolve();',
    'while (a(b)) {\n  await Promise.resolve();\n}',
    'while (a) await null;',
  ])('refuses %s', (text) => {
    expect(inNet(text)).toEqual(['starving wait']);
  });

  it('lets loops wait for turns of the event loop', () => {
    expect(inNet('while (a) await turns(1);\nawait Promise.resolve();')).toEqual([]);
  });
});

describe('hooks of shared modules', () => {
  const found = (path: string, text: string): number => checkHooks(toSourceFile(path, text)).length;

  it('are refused where a module registers them, and not in a test or in a function', () => {
    expect(found('a.ts', 'afterEach(() => {});\nbeforeAll(start);')).toBe(2);
    expect(found('a.test.ts', 'afterEach(() => {});')).toBe(0);
    expect(found('a.ts', 'function clean() {\n  afterEach(() => {});\n}')).toBe(0);
  });
});
