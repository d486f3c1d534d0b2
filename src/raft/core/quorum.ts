/**
 * Majorities. While a change of members is joint, a decision needs a majority of the old voters
 * and one of the new (Raft, section 6), so every question is asked of both and the lesser answer
 * counts.
 */

import type { Configuration, MemberId } from './entry.ts';

/**
 * The greatest number that a majority of voters has reached, such as the index that a majority
 * holds. `reached` tells each voter's. Without any voters nothing is reached: -Infinity.
 */
export function reachedByMajority(
  { voters, outgoing }: Configuration, reached: (id: MemberId) => number,
): number {
  const one = reachedBy(voters, reached);
  return outgoing.length === 0 ? one : Math.min(one, reachedBy(outgoing, reached));
}

/** Whether those for whom `agrees` are a majority. */
export function isMajority(
  configuration: Configuration, agrees: (id: MemberId) => boolean,
): boolean {
  return reachedByMajority(configuration, (id) => (agrees(id) ? 1 : 0)) === 1;
}

export function isVoter({ voters, outgoing }: Configuration, id: MemberId): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0;
}

/** Every id of the configuration once: voters old and new, and learners. */
export function everyMember({ members }: Configuration): MemberId[] {
  return members.map(({ id }) => id);
}

function reachedBy(ids: readonly MemberId[], reached: (id: MemberId) => number): number {
  if (ids.length === 0) return -Infinity;
  const sorted = ids.map(reached).sort((a, b) => b - a);
  return sorted[ids.length >> 1] ?? -Infinity;
}
