/**
 * What the builds of a cluster know in common. The replicated configuration carries a feature
 * level; the leader raises it, by an entry, when every member has announced a build that knows the
 * higher one (members-policy.ts), and it never goes down. So peers are upgraded one at a time.
 *
 *   1  builds that announce nothing
 *   2  the configuration says its level and whom it invites (configuration-codec.ts, version 2);
 *      proposals say what limits them and what was watched, and records when they changed
 *   3  large collections are cut into blocks; lists, sets, sorted sets and what works on them
 *
 * A peer puts into the log only what the level in force has: a build of a lower level cannot read
 * the rest. A build that does not know the cluster's level is refused, by itself at its start
 * (shell/begin-life.ts) and by the others in the handshake.
 */

import type { Configuration, NamedPeer } from './entry.ts';

/** The highest level that this build knows. */
export const FEATURE_LEVEL = 3;

/** The level of builds that announce none. */
export const FEATURE_LEVEL_FIRST = 1;

/** From this level on a configuration says its level, and may invite peers. */
export const FEATURE_LEVEL_INVITATIONS = 2;

/** From this level on proposals date what they change, and EXEC compares versions. */
export const FEATURE_LEVEL_VERSIONS = 2;

/** From this level on there are collections of all types, in blocks if they are large. */
export const FEATURE_LEVEL_COLLECTIONS = 3;

export function levelOf({ featureLevel }: Configuration): number {
  return featureLevel ?? FEATURE_LEVEL_FIRST;
}

export function invitedBy({ invited }: Configuration): readonly NamedPeer[] {
  return invited ?? [];
}
