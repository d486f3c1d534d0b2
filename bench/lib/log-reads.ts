/**
 * Random reads in the log files of a stopped or idle server, with nothing around them: the same
 * number of bytes as a record, at a random place, with fs.read and its callback.
 */

import { openSync, readdirSync, read, statSync } from 'node:fs';
import { join } from 'node:path';

export interface ReadableFile {
  readonly fd: number;
  readonly bytes: number;
}

const ALIGN_BYTES = 8;

/** Opens the segments in `dir` that have at least `bytesMin` bytes. */
export function openSegments(dir: string, bytesMin: number): readonly ReadableFile[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /\.(?:log|pack)$/.test(name)).map((name) => {
    const path = join(dir, name);
    return { path, bytes: statSync(path).size };
  }).filter(({ bytes }) => bytes >= bytesMin);
  if (files.length === 0) throw new Error(`no segment of ${bytesMin} bytes or more in ${dir}`);
  return files.map(({ path, bytes }) => ({ fd: openSync(path, 'r'), bytes }));
}

/** Reads at random places: every byte of every file is as likely. */
export class RandomReads {
  readonly #files: readonly ReadableFile[];
  readonly #readBytes: number;
  readonly #totalBytes: number;

  constructor(files: readonly ReadableFile[], readBytes: number) {
    this.#files = files;
    this.#readBytes = readBytes;
    this.#totalBytes = files.reduce((sum, { bytes }) => sum + bytes - readBytes, 0);
  }

  read(into: Buffer, done: () => void): void {
    let offset = Math.floor(Math.random() * this.#totalBytes);
    let at = 0;
    while (offset >= this.#room(at)) offset -= this.#room(at++);
    const { fd } = this.#files[at] as ReadableFile;
    const aligned = offset - offset % ALIGN_BYTES;
    read(fd, into, 0, this.#readBytes, aligned, (error, bytes) => {
      if (error !== null) throw error;
      if (bytes !== this.#readBytes) throw new Error(`read ${bytes} bytes at ${aligned}`);
      done();
    });
  }

  #room(at: number): number {
    return (this.#files[at] as ReadableFile).bytes - this.#readBytes;
  }
}
