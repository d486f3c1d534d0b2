/**
 * The rules of the codebase that a machine can check. Each takes the files of src as text and gives
 * its violations; the test of the real tree and those on planted violations call the same
 * functions.
 *
 * Two exemptions, both written in the file that takes them:
 *   `// tidy: table` as the first line          a table of data may be longer than a file may
 *   `// tidy: hot loop, <reason>` above one     a byte-level function may be longer than others
 */
import { posix } from 'node:path';
import { findFunctions } from './functions.ts';
import { findLayer, mayImport } from './layers.ts';
import { findImports, lineAt, scan, type ImportSite, type Scan } from './scan.ts';

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;
export const COLUMNS_MAX = 100;

export interface SourceFile {
  /** Inside src, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly scan: Scan;
  readonly imports: readonly ImportSite[];
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export function toSourceFile(path: string, text: string): SourceFile {
  const scanned = scan(text);
  return { path, text, scan: scanned, imports: findImports(text, scanned) };
}

export function checkFiles(files: readonly SourceFile[]): Violation[] {
  return [
    ...files.flatMap((file) => [
      ...checkLayer(file),
      ...checkSizes(file),
      ...checkFunctions(file),
      ...checkForm(file),
      ...checkPurity(file),
      ...checkWorld(file),
      ...checkWords(file),
      ...checkWaits(file),
    ]),
    ...checkCycles(files),
  ];
}

/** The path inside src of a relative import; undefined for packages and files outside src. */
function resolveImport(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(file.path), specifier).replace(/\.js$/, '.ts');
  return path.startsWith('..') ? undefined : path;
}

export function checkLayer(file: SourceFile): Violation[] {
  const own = findLayer(file.path);
  if (own === undefined) {
    return [violation(file, 1, 'layer', 'lies in no layer of test/tidy/layers.ts')];
  }
  return file.imports.flatMap(({ specifier, line }) => {
    const target = resolveImport(file, specifier);
    const other = target === undefined ? undefined : findLayer(target);
    if (other === undefined || mayImport(own, other)) return [];
    return [violation(file, line, 'layer', `${own.path} must not import ${other.path}`)];
  });
}

export function checkSizes(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  const lines = file.text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const isTable = /^\/\/ tidy: table\b/.test(lines[0] ?? '');
  if (lines.length > FILE_LINES_MAX && !isTable) {
    const message = `${lines.length} lines, allowed are ${FILE_LINES_MAX}`;
    found.push(violation(file, lines.length, 'file length', message));
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length;
    if (columns <= COLUMNS_MAX) continue;
    const message = `${columns} columns, allowed are ${COLUMNS_MAX}`;
    found.push(violation(file, index + 1, 'line length', message));
  }
  return found;
}

export function checkFunctions(file: SourceFile): Violation[] {
  const comments = file.scan.comments.split('\n');
  const code = file.scan.code.split('\n');
  const hasReason = (firstLine: number): boolean => {
    for (let at = firstLine - 2; at >= 0 && code[at]?.trim() === ''; at -= 1) {
      if (/tidy: hot loop, \S/.test(comments[at] ?? '')) return true;
      if (comments[at]?.trim() === '') return false;
    }
    return false;
  };
  return findFunctions(file.scan.code)
    .filter(({ lines, firstLine }) => lines > FUNCTION_LINES_MAX && !hasReason(firstLine))
    .map(({ name, firstLine, lines }) => {
      const message = `${name} has ${lines} lines, allowed are ${FUNCTION_LINES_MAX}`;
      return violation(file, firstLine, 'function length', message);
    });
}

const DEFAULT_EXPORT = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g;

export function checkForm(file: SourceFile): Violation[] {
  const found = [
    ...findAll(file, 'no any', /(?<![.\w$#])any\b(?!\s*[(:])/g),
    ...findAll(file, 'no default export', DEFAULT_EXPORT),
    ...findAll(file, 'no barrel', /\bexport\s*(?:type\s*)?\*/g),
  ];
  if (posix.basename(file.path) === 'index.ts') {
    found.push(violation(file, 1, 'no barrel', 'give the file the name of what it is for'));
  }
  if (!/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(posix.basename(file.path))) {
    found.push(violation(file, 1, 'file name', 'file names are kebab-case'));
  }
  return found;
}

const IMPURE_CODE: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['the clock', /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\s*\.|\bhrtime\b/g],
  ['chance', /\bMath\s*\.\s*random\b|\brandom(?:Bytes|UUID|Int)\b|\bgetRandomValues\b/g],
  ['process', /(?<![.\w$#])process\s*(?:\.|\[)/g],
  ['a timer', /(?<![.\w$#])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g],
  ['a promise', /(?<![.\w$#])(?:await|async)\b|\bnew\s+Promise\b/g],
  ['the console', /(?<![.\w$#])console\s*\./g],
];

const IMPURE_MODULES =
  /^(?:node:)?(?:fs|net|tls|dns|dgram|http|http2|https|os|process|timers|worker_threads)(?:\/.*)?$/;
const IMPURE_OTHERS = /^(?:(?:node:)?(?:child_process|cluster|readline|perf_hooks|v8|vm)|pino.*)$/;

export function checkPurity(file: SourceFile): Violation[] {
  if (findLayer(file.path)?.isPure !== true) return [];
  const inCode = IMPURE_CODE.flatMap(([what, pattern]) =>
    findAll(file, 'purity', pattern).map((each) => ({
      ...each,
      message: `a pure layer must not use ${what}: ${each.message}`,
    })),
  );
  const inImports = file.imports
    .filter(({ specifier }) => IMPURE_MODULES.test(specifier) || IMPURE_OTHERS.test(specifier))
    .map(({ specifier, line }) =>
      violation(file, line, 'purity', `a pure layer must not import ${specifier}`),
    );
  return [...inCode, ...inImports];
}

/** Where the real clock, chance and disk are at home. */
const OUTSIDE_THE_WORLD = /^(?:io|cli)\/|^main\.ts$|-worker\.ts$|^server\/node-world\.ts$/;
const REAL_WORLD = /\/node-(?:clock|files|random-source)\.ts$/;
const THROUGH_THE_WORLD = new Set(['the clock', 'chance', 'a timer']);

/** A server gets time, chance and disk as its world, so that the simulator can give it another. */
export function checkWorld(file: SourceFile): Violation[] {
  if (OUTSIDE_THE_WORLD.test(file.path) || findLayer(file.path)?.isPure === true) return [];
  const inCode = IMPURE_CODE
    .filter(([what]) => THROUGH_THE_WORLD.has(what))
    .flatMap(([what, pattern]) => findAll(file, 'world', pattern)
      .filter(({ message }) => message !== 'randomBytes')
      .map((each) => ({ ...each, message: `${what} comes from the world: ${each.message}` })));
  const inImports = file.imports
    .filter(({ specifier }) => REAL_WORLD.test(specifier))
    .map(({ specifier, line }) =>
      violation(file, line, 'world', `comes from the world: ${specifier}`));
  return [...inCode, ...inImports];
}

/** Words that mark unfinished work or talk about the making instead of the thing. */
const BANNED_WORDS = [
  /\bTO[D]O\b/g,
  /\bFIX[M]E\b/g,
  /\bXX[X]\b/g,
  /\bHAC[K]\b/g,
  /\bsession limi[t]s?\b/gi,
  /\bagen[t]s?\b/gi,
];

/** Looks at everything: code, comments and strings. */
export function checkWords(file: SourceFile): Violation[] {
  return BANNED_WORDS.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map((match) =>
      violation(file, lineAt(file.text, match.index), 'banned word', match[0]),
    ),
  );
}

/**
 * A loop that waits by microtasks alone lets no timer run, not even the one that ends a test which
 * takes too long: if what it waits for never comes, the whole run never ends.
 */
export function checkWaits(file: SourceFile): Violation[] {
  return findAll(file, 'starving wait', /\bwhile \(.*\) \{?\s*await (?:Promise\.resolve\(|null\b)/g);
}

/**
 * Test files share a process and its modules: a hook that a shared module registers when it is
 * evaluated is one of the first file that imports it, and the others go without. `onTestFinished`
 * or a function that the files call does what is meant.
 */
export function checkHooks(file: SourceFile): Violation[] {
  if (file.path.endsWith('.test.ts')) return [];
  return findAll(file, 'hook of a module', /^(?:before|after)(?:Each|All)\(/gm);
}

/** One violation for each import that closes a circle. */
export function checkCycles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    if (done.has(file.path)) return;
    const here = [...trail, file.path];
    for (const { specifier, line } of file.imports) {
      const target = byPath.get(resolveImport(file, specifier) ?? '');
      if (target === undefined) continue;
      const start = here.indexOf(target.path);
      const circle = [...here.slice(start), target.path].join(' > ');
      if (start < 0) visit(target, here);
      else found.push(violation(file, line, 'cycle', circle));
    }
    done.add(file.path);
  };
  for (const file of files) visit(file, []);
  return found;
}

function findAll(file: SourceFile, rule: string, pattern: RegExp): Violation[] {
  return [...file.scan.code.matchAll(pattern)].map((match) =>
    violation(file, lineAt(file.text, match.index), rule, match[0].replace(/\s+/g, ' ')),
  );
}

function violation(file: SourceFile, line: number, rule: string, message: string): Violation {
  return { path: file.path, line, rule, message };
}
