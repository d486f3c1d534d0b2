/** The rules of the codebase, held against the real tree. See rules.ts for what they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  checkFiles, checkHooks, checkWaits, checkWords, toSourceFile, type SourceFile,
} from './rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function readFiles(folder: string, ending: RegExp): SourceFile[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => ending.test(name))
    .toSorted()
    .map((name) => toSourceFile(name, readFileSync(join(start, name), 'utf8')));
}

const show = ({ path, line, rule, message }: ReturnType<typeof checkFiles>[number]): string =>
  `${path}:${line}: ${rule}: ${message}`;

describe('the tree', () => {
  it('keeps the rules of the codebase in src', () => {
    const files = readFiles('src', /\.ts$/);
    expect(files.length).toBeGreaterThan(10);
    expect(checkFiles(files).map(show)).toEqual([]);
  });

  it('has no unfinished business in tests, benches, configuration and build', () => {
    const files = ['test', 'bench', 'config', '.ci'].flatMap((folder) =>
      readFiles(folder, /(?:\.(?:ts|mjs|conf|md)|run)$/),
    );
    expect(files.flatMap(checkWords).map(show)).toEqual([]);
    expect(files.flatMap(checkWaits).map(show)).toEqual([]);
    expect(files.flatMap(checkHooks).map(show)).toEqual([]);
  });
});
