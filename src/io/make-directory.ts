/** A directory, with those above it that are not there. */

import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';

/**
 * As `mkdir -p`, also beside others that make the same one. Node's own recursive mkdir never ends
 * where the system refuses a name with ENOENT though the directory above is there, as below /proc;
 * this one rejects with that error.
 */
export async function makeDirectory(dir: string, mode?: number): Promise<void> {
  if (await makeOne(dir, mode) === undefined) return;
  await makeDirectory(dirname(dir), mode);
  const refused = await makeOne(dir, mode);
  if (refused !== undefined) throw refused;
}

/** The error when the system says that the directory above is missing. */
async function makeOne(dir: string, mode: number | undefined): Promise<Error | undefined> {
  try {
    await fs.mkdir(dir, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return error as Error;
    if (code !== 'EEXIST' || !(await fs.stat(dir)).isDirectory()) throw error;
  }
  return undefined;
}
