/**
 * Takes changes back that are not in a written frame: records are immutable, so the slots of the
 * index return to their old records, and the live values that were changed are dropped and read
 * again from theirs.
 *
 * It serves three: a frame that could not be written, which takes everything back since the last
 * one that was; a request that throws half-way; a transaction or script that is ended.
 *
 *     const mark = takeBack.mark();   ... changes ...   takeBack.toMark(mark);
 *
 * Changes of one turn are one frame, so a mark is good until the commit of its turn. Marks nest.
 *
 * An old record must still be there. The compactor may have asked meanwhile which records live and
 * have taken a changed key's old record for dead: then `spoiled` changes, and the compactor gives
 * up what it was about to remove (compaction-host.ts). What it removed before rests on written
 * frames alone, because it waits for them.
 */

import { ChainImage } from './chain-image.ts';
import type { Chain } from '../chains/chains.ts';
import type { DeltaGroups } from './delta-groups.ts';
import {
  placeIsChained, segmentNumber, segmentSizeClass, placeOffsetBytes,
} from '../index/index-slot.ts';
import type { LogEnd } from '../log/log-blocks.ts';
import type { PageWriter } from './page-writer.ts';
import { placeOf } from '../memory/residents.ts';
import { GROUP } from '../log/undo-journal.ts';
import { GRANULE_SHIFT } from '../segments/segment.ts';
import type { Space } from '../index/space-table.ts';
import type { StoreParts } from '../store-parts.ts';
import type { KeyIndex } from '../index/key-index.ts';

/** In the place of a new record: the change was of the expiry alone, and the slot has a chain. */
const EXPIRY_ONLY = -1;

export interface TakeBackOptions {
  readonly parts: StoreParts;
  readonly pages: PageWriter;
  readonly groups: DeltaGroups;
  /** Points the slot of a chain without deltas to its base. */
  readonly unchain: (chain: Chain) => void;
  /** Changes were taken back: what others have read of the store may be wrong now. */
  readonly onTakenBack: () => void;
}

export class TakeBack {
  readonly #options: TakeBackOptions;
  readonly #parts: StoreParts;
  readonly #restored: Chain[] = [];
  /** Entries of the journal with lower numbers were taken back by a frame that was not written. */
  #lostTo = 0;
  /** What follows from a written frame is never undone either. */
  #isSettling = false;
  readonly #slotWords = new Int32Array(3);

  constructor(options: TakeBackOptions) {
    this.#options = options;
    this.#parts = options.parts;
    options.parts.chains.onTouch = (chain) => this.touch(chain);
    options.groups.onFlush = (chain) => this.touch(chain);
  }

  // ---- Notes ------------------------------------------------------------------------------------

  /** The slot is about to be removed. */
  noteRemoval(space: Space, slot: number, hi: number, lo: number): void {
    this.#note(space, slot, hi, lo, 0);
  }

  /** The expiry of a slot that has a chain is about to change. */
  noteExpiry(space: Space, slot: number, hi: number, lo: number): void {
    this.#note(space, slot, hi, lo, EXPIRY_ONLY);
  }

  /** A slot was added for the record at this place. */
  noteInsert(space: Space, hi: number, lo: number, newSlot: number, newOffset: number): void {
    const { journal } = this.#parts;
    const at = journal.takeSlot(space.id, hi, lo, newSlot, newOffset);
    const { words } = journal;
    words[at] = words[at + 1] = words[at + 2] = 0;
  }

  #note(space: Space, slot: number, hi: number, lo: number, newSlot: number): void {
    const { journal } = this.#parts;
    const at = journal.takeSlot(space.id, hi, lo, newSlot, 0);
    space.index.copySlot(slot, journal.words, at);
  }

  /** Anything of a chain is about to change: its records, its expiry, its value. */
  touch(chain: Chain): void {
    const { journal, chains } = this.#parts;
    if (chain.image?.epoch === journal.epoch || this.#isSettling) return;
    const image = new ChainImage(chains, chain, journal.epoch, this.#onRestored);
    chain.image = image;
    journal.push(image);
  }

  /**
   * A delta is about to be added to a chain's group, and nothing else of it changes. Behind an
   * image of an earlier epoch it is enough to note how long the group was: many requests of one
   * turn that change one value make one image.
   */
  touchGroup(chain: Chain): void {
    const { journal } = this.#parts;
    const { image, group } = chain;
    if (image === undefined) return this.touch(chain);
    const { epoch } = journal;
    if (image.epoch === epoch || chain.groupEpoch === epoch || this.#isSettling) return;
    journal.takeGroup(chain.id, group?.count ?? 0, group?.bytes ?? 0);
    chain.groupEpoch = epoch;
  }

  /** The slot of a chain was pointed to its base, and the chain forgotten. */
  noteUnchained(chain: Chain): void {
    // Else its key has not changed, and has no other entry.
    if (chain.image === undefined) return;
    this.#parts.journal.push({
      undo: () => {
        const { index } = chain.space;
        const slot = this.#slotOf(index, chain.hi, chain.lo, chain.base);
        index.setChain(slot, chain.id, chain.baseClass);
        this.#parts.chains.revive(chain);
      },
      settle: () => undefined,
    });
  }

  /** Spaces are about to come or go. */
  noteSpaces(settle: () => void = () => undefined): void {
    this.#parts.journal.push({ undo: this.#parts.spaces.image(), settle });
  }

  // ---- Marks ------------------------------------------------------------------------------------

  /** A request begins. The number is good until the commit of this turn. */
  mark(): number {
    const { journal, writer } = this.#parts;
    // One of a turn that was committed is not this turn's, though nothing has come behind it.
    const isThisTurns = journal.endsWithMark && journal.end > writer.committedJournal;
    if (!isThisTurns) {
      const at = journal.takeMark();
      writer.appender.writeMark(journal.words, at);
      journal.words[at + 7] = this.#questions;
    }
    return journal.end;
  }

  /**
   * Takes back what was changed since the mark. Changes that went with a frame that could not be
   * written are gone already. Throws an assertion if the turn of the mark was committed. If the
   * batch has gone on in another segment since, the whole turn is taken back, and the log takes no
   * more.
   */
  toMark(mark: number): void {
    const { journal, writer, segments } = this.#parts;
    if (mark <= this.#lostTo || mark === journal.end) return;
    if (mark <= writer.committedJournal) {
      throw new Error('assertion failed: changes are taken back after their commit');
    }
    const at = journal.placeOf(mark - 1);
    const { appender } = writer;
    if (!appender.canGoBackTo(journal.words, at)) {
      return writer.fail(new Error('a request that was ended had gone on in another segment'));
    }
    this.#noteSpoiled(journal.words[at + 7]!);
    journal.undoTo(mark, this.#undoSlot);
    appender.backToMark(journal.words, journal.placeOf(mark - 1));
    this.#parts.residents.takeBack(segments.mustGet(appender.current.segment.slot),
      appender.block.used);
    for (const chain of this.#restored) this.#options.groups.flushOne(chain);
    this.#finish();
  }

  /**
   * Takes everything back since the last frame that was written. The log itself is the caller's: it
   * ends at `ends` then.
   */
  all(ends: readonly LogEnd[]): void {
    const { journal } = this.#parts;
    this.#noteSpoiled(this.#questionsSettled);
    journal.undoAll(this.#undoSlot);
    this.#lostTo = journal.end;
    this.#options.groups.discard();
    for (const chain of this.#restored) chain.group = undefined;
    for (const { log, offset } of ends) this.#parts.residents.takeBack(log.segment, offset);
    this.#finish();
    // What that noted changes no record.
    this.settleTo(journal.end);
  }

  #finish(): void {
    const { chains, probe } = this.#parts;
    const { pages, unchain, onTakenBack } = this.#options;
    for (const chain of this.#restored) {
      if (!chains.has(chain)) continue;
      pages.abandon(chain);
      if (chain.isPlain && chain.image === undefined) unchain(chain);
    }
    this.#restored.length = 0;
    probe.forget();
    onTakenBack();
  }

  // ---- The compactor ----------------------------------------------------------------------------

  /** Changes when an old record came back that the compactor may have taken for dead. */
  spoiled = 0;
  /** Questions of the compactor so far, and when the journal was last empty. */
  #questions = 0;
  #questionsSettled = 0;

  /** The compactor asks which records live. */
  asked(): void {
    this.#questions = (this.#questions + 1) | 0;
  }

  /** The entries of the journal up to this number are of written frames. */
  settleTo(number: number): void {
    const { journal } = this.#parts;
    this.#isSettling = true;
    journal.settleTo(number);
    this.#isSettling = false;
    if (journal.isEmpty) this.#questionsSettled = this.#questions;
  }

  #noteSpoiled(questionsBefore: number): void {
    if (this.#questions !== questionsBefore) this.spoiled += 1;
  }

  // ---- Undoing ----------------------------------------------------------------------------------

  readonly #onRestored = (chain: Chain): void => {
    this.#restored.push(chain);
  };

  #undoGroup(chainId: number, count: number, bytes: number): void {
    const { chains } = this.#parts;
    const chain = chains.mustGet(chainId);
    // The value has the deltas that go.
    chains.takeOff(chain);
    chains.putBack(chain);
    chain.group?.cut(count, bytes);
    this.#restored.push(chain);
  }

  readonly #undoSlot = (words: Int32Array, at: number): void => {
    if (words[at] === GROUP) return this.#undoGroup(words[at + 1]!, words[at + 2]!, words[at + 3]!);
    const space = this.#parts.spaces.get(words[at]!);
    if (space === undefined) throw new Error('assertion failed: a space that is gone is undone');
    const { index } = space;
    const [hi, lo] = [words[at + 1]!, words[at + 2]!];
    const [newSlot, newOffset] = [words[at + 6]!, words[at + 7]!];
    if (newSlot === EXPIRY_ONLY) {
      index.restoreSlot(this.#slotWithWords(index, hi, lo, words, at + 3), words, at + 3);
      return;
    }
    let slot = -1;
    if (newSlot !== 0) {
      slot = this.#slotOf(index, hi, lo, placeOf(newSlot, newOffset));
      this.#takeOff(index, slot);
    }
    if (words[at + 4] === 0) index.remove(slot);
    else if (slot === -1) index.insertSlot(hi, lo, words, at + 3);
    else index.restoreSlot(slot, words, at + 3);
    if (words[at + 4] !== 0) this.#putBack(words[at + 3]!, words[at + 4]!);
  };

  /** The record or chain that a slot has does not count any more. */
  #takeOff(index: KeyIndex, slot: number): void {
    const { chains, segments } = this.#parts;
    if (index.isChained(slot)) {
      const chain = chains.mustGet(index.chainOf(slot));
      chains.takeOff(chain);
      chains.forget(chain);
    } else segments.mustGet(index.segmentOf(slot)).subtractLive(index.sizeClassOf(slot));
  }

  /** The record that a slot has again counts; a chain puts itself back (chain-image.ts). */
  #putBack(placeWord: number, segmentWord: number): void {
    if (placeIsChained(placeWord)) return;
    const segment = this.#parts.segments.mustGet(segmentNumber(segmentWord));
    const offset = placeOffsetBytes(placeWord);
    segment.addLive(segmentSizeClass(segmentWord));
    segment.granules[offset >>> GRANULE_SHIFT]?.markAlive(offset);
  }

  /** The slot that points to this record, or has the chain whose base it is. */
  #slotOf(index: KeyIndex, hi: number, lo: number, place: number): number {
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      const found = index.isChained(slot)
        ? this.#parts.chains.get(index.chainOf(slot))?.base
        : placeOf(index.segmentOf(slot), index.offsetOf(slot));
      if (found === place) return slot;
    }
    throw new Error('assertion failed: no slot has the record that is taken back');
  }

  /** The slot that is as the words say but for its expiry. */
  #slotWithWords(index: KeyIndex, hi: number, lo: number, words: Int32Array, at: number): number {
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      index.copySlot(slot, this.#slotWords, 0);
      const [place, segment] = this.#slotWords;
      if (place === words[at] && segment === words[at + 1]) return slot;
    }
    throw new Error('assertion failed: no slot has the chain whose expiry is taken back');
  }
}
