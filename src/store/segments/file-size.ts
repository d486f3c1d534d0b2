/** How large a file is that is not open. */

import { DiskError, type Files, type ReadFile } from '../../io/files.ts';

/** 0 if there is none. */
export async function sizeOf(files: Files, path: string): Promise<number> {
  let file: ReadFile;
  try {
    file = await files.openRead(path);
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return 0;
    throw error;
  }
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}
