import {
  chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync,
  statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIncluded, replaceConfigFile } from '../../src/io/config-files.ts';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'dkvs-config-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('replacing the configuration file', () => {
  it('writes through nothing that lies beside it', () => {
    const file = join(dir, 'my.conf');
    const victim = join(dir, 'victim');
    writeFileSync(file, 'hz 10\n');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${file}.tmp`);
    replaceConfigFile(file, 'hz 20\n');
    expect(readFileSync(file, 'utf8')).toBe('hz 20\n');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readlinkSync(`${file}.tmp`)).toBe(victim);
    expect(readdirSync(dir).toSorted()).toEqual(['my.conf', 'my.conf.tmp', 'victim']);
  });

  it.each([0o600, 0o640])('keeps who may read it: mode %i', (mode) => {
    const file = join(dir, 'my.conf');
    writeFileSync(file, 'hz 10\n', { mode });
    chmodSync(file, mode);
    replaceConfigFile(file, 'hz 20\n');
    expect(statSync(file).mode & 0o777).toBe(mode);
  });

  it('leaves a link to it a link', () => {
    mkdirSync(join(dir, 'elsewhere'));
    const real = join(dir, 'elsewhere', 'real.conf');
    const link = join(dir, 'my.conf');
    writeFileSync(real, 'hz 10\n');
    symlinkSync(real, link);
    replaceConfigFile(link, 'hz 20\n');
    expect(readlinkSync(link)).toBe(real);
    expect(readFileSync(real, 'utf8')).toBe('hz 20\n');
  });

  it('leaves nothing behind when it fails', () => {
    const file = join(dir, 'none.conf');
    expect(() => replaceConfigFile(file, 'hz 20\n')).toThrow('ENOENT');
    mkdirSync(file);
    expect(() => replaceConfigFile(file, 'hz 20\n')).toThrow();
    expect(readdirSync(dir)).toEqual(['none.conf']);
    expect(existsSync(join(file, 'none.conf'))).toBe(false);
  });
});

describe('reading included files', () => {
  it('takes a path, or the files of a pattern in order of name', () => {
    for (const name of ['b.conf', 'a.conf', '.hidden.conf', 'c.txt']) {
      writeFileSync(join(dir, name), name);
    }
    expect(readIncluded(join(dir, 'c.txt')))
      .toEqual({ ok: true, sources: [{ path: join(dir, 'c.txt'), text: 'c.txt' }] });
    const found = readIncluded(join(dir, '*.conf'));
    expect(found.ok && found.sources.map(({ text }) => text)).toEqual(['a.conf', 'b.conf']);
    expect(readIncluded(join(dir, '*.none'))).toEqual({ ok: true, sources: [] });
  });

  it('says why a file cannot be read', () => {
    const found = readIncluded(join(dir, 'none.conf'));
    expect(found.ok ? '' : found.reason).toMatch(/^cannot read the file: ENOENT.*none\.conf/);
    expect(readIncluded(join(dir, 'none', '*.conf')).ok).toBe(false);
  });
});
