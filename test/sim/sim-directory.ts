/**
 * One simulated directory: the names that the running process sees, those on the disk, and the
 * changes between. A crash keeps a prefix of the changes, in order, as a journal would.
 */

import type { Random } from '../../src/lib/random.ts';
import type { CrashMood } from './sim-inode.ts';
import type { SimInode } from './sim-inode.ts';

export type SimNode = SimInode | SimDirectory;

/** Null unlinks. A rename is one step of two changes: never half. */
type NameChange = { readonly name: string; readonly node: SimNode | null };
type Step = { readonly at: number; readonly changes: readonly NameChange[] };

export class SimDirectory {
  readonly live = new Map<string, SimNode>();
  readonly #disk = new Map<string, SimNode>();
  #steps: Step[] = [];
  #stepCount = 0;

  change(changes: readonly NameChange[]): void {
    apply(this.live, changes);
    this.#stepCount += 1;
    this.#steps.push({ at: this.#stepCount, changes });
  }

  /** A mark to give to `syncTo`: everything up to now. */
  get stepCount(): number {
    return this.#stepCount;
  }

  syncTo(mark: number): void {
    for (const step of this.#steps) if (step.at <= mark) apply(this.#disk, step.changes);
    this.#steps = this.#steps.filter((step) => step.at > mark);
  }

  /** Whether every name would survive a crash now. */
  get durable(): boolean {
    return this.#steps.length === 0;
  }

  /** What the running process sees, with everything beneath, wholly durable. */
  copy(): SimDirectory {
    const copy = new SimDirectory();
    copy.change([...this.live].map(([name, node]) => ({ name, node: node.copy() })));
    copy.syncTo(copy.stepCount);
    return copy;
  }

  /** The directory as the next process finds it, with everything beneath, wholly durable. */
  crash(random: Random, mood: CrashMood): SimDirectory {
    const kept = {
      forgetful: () => 0,
      lucky: () => this.#steps.length,
      mixed: () => random.below(this.#steps.length + 1),
    }[mood]();
    const names = new Map(this.#disk);
    for (const step of this.#steps.slice(0, kept)) apply(names, step.changes);
    const survivor = new SimDirectory();
    for (const [name, node] of names) {
      const copy = node.crash(random, mood);
      if (!(copy instanceof SimDirectory)) copy.references = 1;
      survivor.live.set(name, copy);
      survivor.#disk.set(name, copy);
    }
    return survivor;
  }
}

function apply(names: Map<string, SimNode>, changes: readonly NameChange[]): void {
  for (const { name, node } of changes) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}
