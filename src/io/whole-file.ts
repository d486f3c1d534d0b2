/**
 * Reading and replacing a small file whole, on any Files. Written once above the seam, so that the
 * simulated disk can lose power between any two of these steps.
 */

import type { Files, WriteFile } from './files.ts';

/** The whole file in a fresh buffer. A file that grows meanwhile is read to the length it had. */
export async function readWholeFile(files: Files, path: string): Promise<Uint8Array> {
  const file = await files.openRead(path);
  try {
    const bytes = new Uint8Array(await file.size());
    const bytesRead = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Old or new, never a mix: the bytes are durable under another name before the name is moved, and
 * the move is durable before this returns. When it fails, the old content still stands.
 */
export async function replaceWholeFile(
  files: Files, dir: string, path: string, data: Uint8Array,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await createOver(files, temporary);
  try {
    await file.write(data, 0, data.length, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, path);
  await files.syncDir(dir);
}

/** A left-over is removed rather than reused: its pages may stem from a failed sync. */
async function createOver(files: Files, path: string): Promise<WriteFile> {
  if (await files.exists(path)) await files.unlink(path);
  return files.create(path);
}
