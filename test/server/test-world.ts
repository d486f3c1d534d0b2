/**
 * A world for a server inside the test: its disk and its network are in memory, and its clock
 * stands until the test moves it. Everything else is the server that main.ts starts.
 */

import { Random } from '../../src/lib/random.ts';
import type { World } from '../../src/server/world.ts';
import { inlineHintMaker } from '../../src/store/hints/hint-maker.ts';
import { BALLAST_BYTES, BALLAST_NAME } from '../../src/store/segments/ballast.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { inlineCopier } from '../store/compaction/inline-copier.ts';
import { MemoryNetwork } from './memory-network.ts';

export class TestWorld implements World {
  readonly clock = new SimClock();
  readonly network = new MemoryNetwork();
  readonly disk: SimFiles;
  readonly #random = new Random(1, 2);
  readonly random = { seed64: () => [this.#random.next(), this.#random.next()] as const };
  /** Operations of the disk that wait for `releaseDisk`. */
  #held: (() => void)[] | undefined;

  constructor() {
    this.disk = new SimFiles({
      host: {
        later: (turn) => {
          if (this.#held !== undefined) this.#held.push(turn);
          else setImmediate(turn);
        },
        callback: (settle) => settle,
      },
    });
  }

  /**
   * The directory as the next server finds it: its ballast is there. A server writes some megabytes
   * for it, which takes longer than most tests.
   */
  async prepare(dir: string): Promise<void> {
    await this.disk.mkdir(dir);
    const ballast = await this.disk.create(`${dir}/${BALLAST_NAME}`);
    await ballast.truncate(BALLAST_BYTES);
    await ballast.close();
  }

  /** From now on no operation of the disk ends. */
  holdDisk(): void {
    this.#held = [];
  }

  releaseDisk(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const turn of held) setImmediate(turn);
  }

  openFiles(): SimFiles {
    return this.disk;
  }

  createCopier(): ReturnType<typeof inlineCopier> {
    return inlineCopier(this.disk);
  }

  createHintMaker(): ReturnType<typeof inlineHintMaker> {
    return inlineHintMaker(
      this.disk, () => new Promise<void>((resolve) => void setImmediate(resolve)));
  }

  readonly memoryUsage = (): NodeJS.MemoryUsage => process.memoryUsage();

  /** No timer fires meanwhile. */
  readonly stall = (ms: number): void => this.clock.stall(ms);

  /** Lets time pass until `work` has ended. */
  async passUntil<T>(work: Promise<T>): Promise<T> {
    return await this.clock.passUntil(work, 1);
  }
}
