/**
 * Notices that a majority of the voters has forgotten a change of members which this peer knows to
 * be agreed upon: then their directories are older copies. They do not know this peer if it was let
 * in by that change, so no leader of theirs ever sends it anything that it could compare.
 *
 * A change that was agreed upon is in the logs of a majority of its voters from then on. So voters
 * whose logs do not have it, each at some moment after it was agreed upon, are never a majority.
 *
 * One that was only behind has not forgotten anything: with a single older copy it would make a
 * majority of three, and a sound peer would stop. So what voters said counts until something more
 * is agreed upon: this peer learns that from a leader that has the change, and by then a majority
 * has it too. A peer that the voters do not know learns of nothing more.
 */

import type { MemberId, PlacedConfiguration } from '../core/entry.ts';
import type { Raft } from '../core/raft.ts';
import type { Standing } from '../links/peer-facts.ts';
import { LINK_HANDSHAKE_MS_MAX } from '../limits.ts';

export class ForgottenChange {
  #placed: PlacedConfiguration | undefined;
  /** Its index is that of the change itself, not of a log's base where it was in force. */
  #isExact = false;
  #knownSinceMs = -Infinity;
  #commit = 0;
  /** Voters that were met without it. */
  readonly #without = new Set<MemberId>();

  /** The change of index `index`; 0 before there is any. */
  get index(): number {
    return this.#placed?.index ?? 0;
  }

  /** To be called when Raft may know more that is agreed upon. `nowMs`: monotonic. */
  note(
    raft: Pick<Raft, 'committedConfiguration' | 'baseAt'>, commit: number, nowMs: number,
  ): void {
    if (commit > this.#commit) this.#without.clear();
    this.#commit = commit;
    const newest = raft.committedConfiguration;
    // Trimming the log forgets where the change was: that is still so.
    if (this.#placed?.configuration === newest.configuration) return;
    // The first comes from this peer's disk: it was agreed upon before any handshake began.
    if (this.#placed !== undefined) this.#knownSinceMs = nowMs;
    this.#placed = newest;
    this.#isExact = raft.baseAt(newest.index - 1) !== undefined;
    this.#without.clear();
  }

  /**
   * A member said so of itself in a handshake that was agreed just now. True when a majority of the
   * voters has forgotten the change.
   */
  isForgotten(id: MemberId, { lastIndex, memberAt }: Standing, nowMs: number): boolean {
    if (this.#placed === undefined) return false;
    const { index, configuration: { voters } } = this.#placed;
    // A later leader may have given its log other entries up to there.
    const hasAnother = this.#isExact && memberAt !== undefined && memberAt < index;
    if (lastIndex >= index && !hasAnother) return false;
    // What it says may be as old as the handshake.
    if (nowMs - this.#knownSinceMs <= LINK_HANDSHAKE_MS_MAX) return false;
    if (voters.includes(id)) this.#without.add(id);
    return 2 * this.#without.size > voters.length;
  }
}
