/** A directory, with those above it that are not there. */

import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';

/**
 * As `mkdir -p`. Node's own recursive mkdir never ends where the system refuses a name with ENOENT
 * though the directory above is there, as below /proc; this one rejects with that error.
 */
export async function makeDirectory(dir: string, mode?: number): Promise<void> {
  try {
    return await fs.mkdir(dir, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await fs.stat(dir)).isDirectory()) return;
    const parent = dirname(dir);
    if (code !== 'ENOENT' || parent === dir || await isThere(parent)) throw error;
    await makeDirectory(parent, mode);
  }
  await fs.mkdir(dir, mode);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await fs.stat(path);
    return true;
  } catch {
    return false;
  }
}
