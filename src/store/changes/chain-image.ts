/**
 * A chain as it was before the first change of an epoch (undo-journal.ts), to be put back.
 *
 * It shares the chain's lists of records: those only grow as long as an image refers to them, and
 * whatever else changes one makes a copy first (`isKept`). The live value is not kept: it is read
 * again from the records. Live bytes of segments follow, because what is put back is counted anew
 * and what was there is taken off.
 */

import type { Chain, ChainTable, KeptImage, PlaceList } from '../chains/chains.ts';
import type { DeltaRun } from '../chains/delta-run.ts';
import type { UndoStep } from '../log/undo-journal.ts';

/** A list as long as it was. */
interface KeptList {
  readonly list: PlaceList;
  readonly length: number;
  readonly bytes: number;
}

/** What follows a chain that was put back. */
export type ChainRestored = (chain: Chain) => void;

export class ChainImage implements UndoStep, KeptImage {
  readonly epoch: number;
  readonly #chains: ChainTable;
  readonly #chain: Chain;
  readonly #onRestored: ChainRestored;
  /** The image of an earlier epoch that is not settled. */
  #previous: KeptImage | undefined;
  #isSettled = false;
  readonly #base: number;
  readonly #baseClass: number;
  readonly #deltas: KeptList;
  readonly #pages: KeptList | undefined;
  readonly #pending: KeptList | undefined;
  readonly #singlesFrom: number;
  readonly #begunAt: number;
  readonly #isLastExpire: boolean;
  readonly #hadKey: boolean;
  readonly #expireAt: number;
  readonly #raw: boolean;
  readonly #stamp: number;
  readonly #group: DeltaRun | undefined;
  readonly #groupCount: number;
  readonly #groupBytes: number;
  /** What the group had, if it went to the log before the end of the turn. */
  #groupCopy: Buffer | undefined;

  constructor(chains: ChainTable, chain: Chain, epoch: number, onRestored: ChainRestored) {
    this.#chains = chains;
    this.#chain = chain;
    this.epoch = epoch;
    this.#onRestored = onRestored;
    this.#previous = chain.image;
    this.#base = chain.base;
    this.#baseClass = chain.baseClass;
    this.#deltas = keep(chain.deltas);
    this.#pages = chain.pages && keep(chain.pages);
    this.#pending = chain.pending && keep(chain.pending);
    this.#singlesFrom = chain.singlesFrom;
    this.#begunAt = chain.begunAt;
    this.#isLastExpire = chain.isLastExpire;
    this.#hadKey = chain.key !== undefined;
    this.#expireAt = chain.expireAt;
    this.#raw = chain.raw;
    this.#stamp = chain.stamp;
    this.#group = chain.group;
    this.#groupCount = chain.group?.count ?? 0;
    this.#groupBytes = chain.group?.bytes ?? 0;
  }

  beforeFlush(group: DeltaRun): void {
    if (this.#groupBytes === 0 || this.#groupCopy !== undefined) return;
    const { buf, start } = group.range();
    this.#groupCopy = Buffer.from(buf.subarray(start, start + this.#groupBytes));
  }

  undo(): void {
    const chain = this.#chain;
    this.#chains.takeOff(chain);
    chain.base = this.#base;
    chain.baseClass = this.#baseClass;
    chain.deltas = restored(this.#deltas);
    chain.pages = this.#pages && restored(this.#pages);
    chain.pending = this.#pending && restored(this.#pending);
    chain.length = this.#deltas.length;
    chain.singlesFrom = this.#singlesFrom;
    chain.begunAt = this.#begunAt;
    chain.isLastExpire = this.#isLastExpire;
    if (!this.#hadKey) chain.key = undefined;
    chain.expireAt = this.#expireAt;
    chain.raw = this.#raw;
    chain.stamp = this.#stamp;
    chain.image = this.#previous?.isSettled === true ? undefined : this.#previous;
    this.#restoreGroup();
    this.#chains.putBack(chain);
    this.#onRestored(chain);
  }

  settle(): void {
    this.#isSettled = true;
    this.#previous = undefined;
    if (this.#chain.image === this) this.#chain.image = undefined;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  #restoreGroup(): void {
    const group = this.#chain.group ?? this.#group;
    if (group === undefined) return;
    this.#chain.group = group;
    if (this.#groupCopy !== undefined) {
      group.clear();
      group.addAll(this.#groupCopy, 0, this.#groupCopy.length);
    }
    group.cut(this.#groupCount, this.#groupBytes);
  }
}

function keep(list: PlaceList): KeptList {
  list.isKept = true;
  return { list, length: list.length, bytes: list.bytes };
}

function restored({ list, length, bytes }: KeptList): PlaceList {
  list.cut(length, bytes);
  return list;
}
