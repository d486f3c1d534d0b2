/**
 * A file of no use but its room: a start on a disk without one free page gives it up (room.ts) and
 * has the room for its manifest and its next segment. It is made again as soon as there is room, at
 * first as large as what is left allows, so that the next start has something to give up as well.
 *
 * Its bytes cannot be compressed away, and are synced: the room is really taken. It is opened and
 * written by this file alone; a failure leaves a smaller one, or none, and costs nothing else.
 */

import type { Files, WriteFile } from '../../io/files.ts';
import { Random } from '../../lib/random.ts';
import { RECOVERY_SPARE_BYTES } from '../limits.ts';
import { KiB } from '../../lib/size-units.ts';
import { sizeOf } from './file-size.ts';

/**
 * The file that a start on a full disk gives up: as much as recovery wants to spare. If there is
 * less room, half of it and so on, down to a manifest of some hundred segments and the headers of
 * the next two.
 */
export const BALLAST_BYTES = RECOVERY_SPARE_BYTES;
export const BALLAST_BYTES_MIN = 64 * KiB;

export const BALLAST_NAME = 'BALLAST';

export class Ballast {
  readonly #files: Files;
  readonly #path: string;
  #bytes = 0;
  #making: Promise<void> | undefined;

  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#path = `${dir}/${BALLAST_NAME}`;
  }

  /** At a start: what is there counts, and if it was given up, as much is made as there is room. */
  async open(): Promise<void> {
    this.#bytes = await sizeOf(this.#files, this.#path);
    if (this.#bytes < BALLAST_BYTES) await this.#make();
  }

  /** There are so many bytes free beside what the log may need. */
  maybeMake(roomBytes: number): void {
    if (this.#bytes >= BALLAST_BYTES || roomBytes < 2 * BALLAST_BYTES) return;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
  }

  /** Ends when nothing is being made. */
  async idle(): Promise<void> {
    await this.#making;
  }

  async #make(): Promise<void> {
    for (let bytes = BALLAST_BYTES; bytes >= BALLAST_BYTES_MIN; bytes /= 2) {
      if (bytes <= this.#bytes || await this.#tryMake(bytes)) return;
    }
  }

  async #tryMake(bytes: number): Promise<boolean> {
    try {
      if (await this.#files.exists(this.#path)) await this.#files.unlink(this.#path);
      this.#bytes = 0;
      const file = await this.#files.create(this.#path);
      await fill(file, bytes).finally(() => file.close());
      this.#bytes = bytes;
      return true;
    } catch {
      // A full disk, most likely; a failing one shows where it matters.
      return false;
    }
  }
}

async function fill(file: WriteFile, bytes: number): Promise<void> {
  const random = new Random(1, 1);
  const words = new Uint32Array(bytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = random.next();
  await file.write(new Uint8Array(words.buffer), 0, bytes, 0);
  await file.datasync();
}
