/**
 * Configuration files on disk: those that `include` names, and the one that CONFIG REWRITE writes.
 * Synchronous, because they are read before the server starts and written while a client waits.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync, constants, fchmodSync, fsyncSync, openSync, readFileSync, readdirSync, realpathSync,
  renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ReadIncluded } from '../config/load-config.ts';
import { compileGlob } from '../lib/glob.ts';

/** The owner only, until it has the permissions of the file that it replaces. */
const CONFIG_FILE_MODE = 0o600;

const PERMISSIONS = 0o777;

const SUFFIX_BYTES = 8;

/**
 * A path, relative to the working directory as in Redis; its last part may be a pattern, and one
 * that matches nothing includes nothing.
 */
export const readIncluded: ReadIncluded = (path) => {
  try {
    const sources = filesOf(path).map((file) => ({ path: file, text: readFileSync(file, 'utf8') }));
    return { ok: true, sources };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `cannot read the file: ${message}` };
  }
};

function filesOf(path: string): string[] {
  const name = basename(path);
  if (!/[*?[]/.test(name)) return [path];
  const matches = compileGlob(Buffer.from(name));
  const dir = dirname(path);
  return readdirSync(dir)
    .filter((each) => {
      const bytes = Buffer.from(each);
      return !each.startsWith('.') && matches(bytes, 0, bytes.length);
    })
    .toSorted()
    .map((each) => join(dir, each));
}

/**
 * Replaces the file in one step: after a crash there is the old one or the new one, whole. The new
 * text is first in a file beside it whose name cannot be guessed, and which must not be there: one
 * that lies there, or a link, would be written through. A configuration file that is itself a link
 * stays one.
 */
export function replaceConfigFile(path: string, text: string): void {
  const target = realpathSync(path);
  const temporary = `${target}.${randomBytes(SUFFIX_BYTES).toString('hex')}.tmp`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, CONFIG_FILE_MODE);
  try {
    try {
      writeFileSync(fd, text);
      fchmodSync(fd, statSync(target).mode & PERMISSIONS);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDir(dirname(target));
}

function syncDir(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
