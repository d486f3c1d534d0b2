/**
 * What must hold at every moment, whatever happens: checked as the simulation runs, with names from
 * figure 3 of the Raft paper.
 */

import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/event.ts';
import type { Raft } from '../../../src/raft/core/raft.ts';

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

const NOTHING = new Uint8Array(0);

/** How slowly the order's time may go on; the code's rate is 0.99. */
const STAMP_RATE_MIN = 0.98;

interface Committed {
  readonly term: number;
  /** It was committed in this term or before. */
  readonly knownInTerm: number;
  /** Both of a batch that is applied. */
  readonly payload: Uint8Array;
  readonly timeMs: number | undefined;
}

export class Invariants {
  readonly #leaders = new Map<number, MemberId>();
  /** By index - 1: what was delivered anywhere first. */
  readonly #committed: Committed[] = [];
  /** The time of the last batch among them. */
  #latestMs = 0;
  readonly #digests = new Map<number, number>();
  readonly #terms = new Map<MemberId, number>();
  readonly #votes = new Map<string, MemberId>();
  checks = 0;

  /** The highest position that was delivered anywhere. */
  get committed(): number {
    return this.#committed.length;
  }

  /** Election safety, and leader completeness at the moment of taking office. */
  onLeader({ id, term }: RaftStatus, raft: Raft): void {
    this.checks++;
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== id) {
      throw new InvariantError(`both ${other} and ${id} lead term ${term}`);
    }
    if (other === id) return;
    this.#leaders.set(term, id);
    let last = this.#committed.length;
    // It may have won long ago and learn so only now; what newer leaders commit it need not have.
    while (last > 0 && this.#committed[last - 1]!.knownInTerm >= term) last--;
    if (last === 0) return;
    const found = raft.termOf(last);
    const expected = this.#committed[last - 1]!.term;
    if (found !== expected && (raft.baseAt(last) !== undefined || last > raft.status.lastIndex)) {
      throw new InvariantError(
        `${id} leads term ${term} without committed entry ${last} of term ${expected}: ` +
          `it has ${found === undefined ? 'none' : `one of term ${found}`}`,
      );
    }
  }

  /**
   * A leader moves the commit index to entries of its own term only (section 5.4.2), which are on
   * the disks of a majority, or of both while members change. `lacking`: voters whose disks have
   * not got the entry.
   */
  onLeaderCommit(
    { id, term, commit, configuration: { voters, outgoing } }: RaftStatus, found: number | undefined,
    lacking: readonly MemberId[],
  ): void {
    this.checks++;
    if (found !== term) {
      throw new InvariantError(
        `${id} leads term ${term} and commits entry ${commit} of term ${found} by counting`,
      );
    }
    for (const half of [voters, outgoing]) {
      const without = half.filter((voter) => lacking.includes(voter));
      if (without.length * 2 < half.length || half.length === 0) continue;
      throw new InvariantError(
        `${id} leads term ${term} and commits entry ${commit}, which is not on the disks of ` +
          `${without.join()} of ${half.join()}`,
      );
    }
  }

  /** A snapshot replaces a log only if that lacks the entry that the snapshot ends with. */
  onReset(id: MemberId, index: number, term: number, found: number | undefined): void {
    this.checks++;
    if (found !== term) return;
    throw new InvariantError(
      `${id} throws its log away for a snapshot of entry ${index}, which it has: what follows ` +
        'may have been acknowledged',
    );
  }

  /** State machine safety: an entry is delivered, with a batch in it or none. */
  onDelivered(
    { id, term: knownInTerm }: RaftStatus, index: number, term: number,
    payload: Uint8Array = NOTHING, timeMs?: number,
  ): void {
    this.checks++;
    const known = this.#committed[index - 1];
    if (known === undefined) {
      if (index !== this.#committed.length + 1) {
        throw new InvariantError(`${id} delivers entry ${index} before ${index - 1} was committed`);
      }
      this.#onTime(id, index, timeMs);
      this.#committed.push({ term, knownInTerm, payload, timeMs });
      return;
    }
    if (known.term !== term || known.timeMs !== timeMs || !isSame(known.payload, payload)) {
      throw new InvariantError(
        `${id} delivers at ${index} an entry of term ${term}, others one of ${known.term}`,
      );
    }
  }

  /** The time of batches never goes back, whoever led and whatever clock it had. */
  #onTime(id: MemberId, index: number, timeMs = this.#latestMs): void {
    if (timeMs < this.#latestMs) {
      throw new InvariantError(
        `${id} delivers at ${index} a batch of time ${timeMs}, behind one of ${this.#latestMs}`,
      );
    }
    this.#latestMs = timeMs;
  }

  /**
   * Time goes on while its leader's clock is behind: a leader stamps an entry at least so much
   * later than the one before as has elapsed between them, but for a little.
   */
  onStamp(id: MemberId, index: number, byMs: number, elapsedMs: number): void {
    this.checks++;
    if (byMs >= Math.floor(elapsedMs * STAMP_RATE_MIN) - 1) return;
    throw new InvariantError(
      `${id} stamps ${index} only ${byMs} ms later than the entry before, ${elapsedMs} ms after it`,
    );
  }

  /** States agree at equal positions. */
  onPosition(id: MemberId, position: number, digest: number): void {
    this.checks++;
    const known = this.#digests.get(position);
    if (known === undefined) this.#digests.set(position, digest);
    else if (known !== digest) {
      throw new InvariantError(`${id} has another state at position ${position} than others`);
    }
  }

  /** Terms never go down, over restarts; one vote in a term. */
  onVote(id: MemberId, term: number, candidate: MemberId): void {
    this.checks++;
    const known = this.#votes.get(`${id} ${term}`);
    if (known !== undefined && known !== candidate) {
      throw new InvariantError(`${id} votes for ${known} and for ${candidate} in term ${term}`);
    }
    this.#votes.set(`${id} ${term}`, candidate);
  }

  onTerm(id: MemberId, term: number): void {
    const known = this.#terms.get(id) ?? 0;
    if (term < known) throw new InvariantError(`${id} goes back from term ${known} to ${term}`);
    this.#terms.set(id, term);
  }

  /** Log matching: two logs that agree at an index agree before it. Costly: now and then. */
  checkLogs(rafts: readonly Raft[]): void {
    for (const [i, one] of rafts.entries()) {
      if (one.contradictedAt !== undefined) {
        throw new InvariantError(`${one.status.id} has another entry ${one.contradictedAt}`);
      }
      for (const other of rafts.slice(i + 1)) this.#checkPair(one, other);
    }
  }

  #checkPair(one: Raft, other: Raft): void {
    this.checks++;
    let index = Math.min(one.status.lastIndex, other.status.lastIndex);
    const agrees = (): boolean => one.termOf(index) === other.termOf(index);
    while (index > 0 && one.termOf(index) !== undefined && !agrees()) index--;
    for (; index > 0; index--) {
      const a = one.termOf(index);
      const b = other.termOf(index);
      if (a === undefined || b === undefined) return;
      if (a !== b) {
        throw new InvariantError(
          `logs of ${one.status.id} and ${other.status.id} differ at ${index} and agree behind it`,
        );
      }
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
