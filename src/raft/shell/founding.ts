/**
 * How a cluster begins. A new peer knows only names and addresses; who exactly the members are, it
 * learns by talking to all of them:
 *
 * - All of them are new: they are the founders, and each computes the same first configuration.
 * - Another peer belongs to a cluster already: if this peer is among its founders it begins like
 *   them. Else it is a newcomer, such as one that lost its disk: it waits to be let in as a
 *   learner, because a member that forgot its votes must not vote under its old id.
 *
 * So the first start of a cluster needs every configured peer once. Fewer would be quicker, and
 * could lose writes: two peers that lost their disks might take themselves for a majority of
 * founders.
 */

import type { Configuration, Member } from '../core/entry.ts';
import type { PeerFacts } from '../links/peer-facts.ts';

export type Founding =
  | { readonly kind: 'wait'; readonly missing: readonly string[] }
  /** The first configuration; this peer may not be in it. */
  | { readonly kind: 'begin'; readonly founders: Configuration };

/** `names`: of all configured peers. `seen`: what the others said of themselves last. */
export function decideFounding(
  self: PeerFacts, names: readonly string[], seen: ReadonlyMap<string, PeerFacts>,
): Founding {
  for (const { founders } of seen.values()) {
    if (founders !== undefined) return { kind: 'begin', founders };
  }
  const missing = names.filter((name) => name !== self.name && !seen.has(name));
  if (missing.length > 0) return { kind: 'wait', missing };
  const members = [self, ...seen.values()].filter(({ name }) => names.includes(name))
    .map(({ id, name, clientAddress, peerAddress }): Member => {
      return { id, name, clientAddress, peerAddress };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const voters = members.map(({ id }) => id);
  return { kind: 'begin', founders: { voters, outgoing: [], learners: [], members } };
}
