import { describe, expect, it } from 'vitest';
import { findFunctions } from './functions.ts';
import { findImports, scan } from './scan.ts';

describe('the scanner', () => {
  it('keeps length and lines', () => {
    const text = "const a = 'x{'; // }\n/* ( */ b(`c${d({ e: '}' })}f`);\n";
    const { code, comments } = scan(text);
    expect(code).toBe("const a = '  ';     \n        b(` ${d({ e: ' ' })} `);\n");
    expect(comments).toBe(
      "                // }\n/* ( */                         \n".padEnd(text.length, ' '),
    );
    expect([code.length, comments.length]).toEqual([text.length, text.length]);
  });

  it.each([
    ["'it\\'s' + x", "'     ' + x"],
    ['"\\\\" + x', '"  " + x'],
    ['a / b / c', 'a / b / c'],
    ['f(/["/]{/g)', 'f(/     /g)'],
    ["return /'/.test(x)", 'return / /.test(x)'],
    ['x = y[0] / 2 // "', 'x = y[0] / 2     '],
    ['`a${`b${c}`}d`', '` ${` ${c}`} `'],
    ['`\\`${x}`', '`  ${x}`'],
    ['`$${x}`', '` ${x}`'],
  ])('blanks the insides of %s', (text, code) => {
    expect(scan(text).code).toBe(code);
  });

  it('finds every form of import, and none in strings and comments', () => {
    const text = [
      "import { a,\n b } from './a.ts';",
      "import type { B } from '../b.ts';",
      "export { c } from './c.ts';",
      "import 'node:fs';",
      "const d = await import('./d.ts');",
      "new Worker(new URL('./e.ts', import.meta.url));",
      "// import { f } from './f.ts';",
      'const g = "import g from \'./g.ts\'";',
    ].join('\n');
    const found = findImports(text, scan(text)).map(({ specifier }) => specifier);
    const wanted = ['../b.ts', './a.ts', './c.ts', './d.ts', './e.ts', 'node:fs'];
    expect(found.toSorted()).toEqual(wanted);
  });
});

describe('finding functions', () => {
  it.each([
    ['function one() {\n}', ['one 2']],
    ['export async function two<T>(a: T[]): Promise<void> {\n\n}', ['two 3']],
    ['const three = (a: number): { b: number } => {\n};', ['three 2']],
    ['const four = async a => {\n};', ['four 2']],
    ['class A {\n  #five(): void {\n  }\n}', ['#five 2']],
    ['class A {\n  get six(): string | undefined {\n  }\n}', ['six 2']],
    ['function seven(a: unknown): a is { b: string } {\n}', ['seven 2']],
    ['function eight(a: () => void): () => void {\n}', ['eight 2']],
    ['function nine(\n  a: number,\n): Map<string, () => void> {\n}', ['nine 4']],
    ['const ten = () => ({\n});', []],
    ['if (a) {\n} else if (b) {\n} for (;;) {\n} while (c) {\n} switch (d) {\n}', []],
    ['interface I {\n  a(): void;\n  b(): { c: number };\n}', []],
    ['const t = a ? f(b) : { c: 1 };\nconst u = f(a) ? { d: 2 } : null;', []],
    ['list.map((x) => {\n})', ['an arrow 2']],
    ['try {\n} catch (error) {\n} finally {\n}', []],
    ['function out() {\n  const inner = () => {\n  };\n}', ['inner 2', 'out 4']],
    ['const x = { method(a = {}) {\n} };', ['method 2']],
  ])('in %j', (text, wanted) => {
    const found = findFunctions(scan(text).code).map(({ name, lines }) => `${name} ${lines}`);
    expect(found.toSorted()).toEqual(wanted);
  });
});
