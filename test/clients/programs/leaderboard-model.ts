/** The model of a leaderboard: as Redis orders members, from the end: by points, then by name. */

import type { Standing } from './leaderboard.ts';

export function ordered(points: ReadonlyMap<string, number>): Standing[] {
  return [...points].map(([player, points]) => ({ player, points }))
    .toSorted((a, b) => b.points - a.points || (a.player < b.player ? 1 : -1));
}

/** The points of both, those of the second twice. */
export function addedUp(
  first: ReadonlyMap<string, number>, second: ReadonlyMap<string, number>,
): Map<string, number> {
  const both = new Map(first);
  for (const [player, points] of second) both.set(player, (both.get(player) ?? 0) + 2 * points);
  return both;
}
