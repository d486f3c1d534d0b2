/**
 * What a leader does by itself about who its members are. One change at a time:
 *
 * - A peer that comes back as another member, because it lost its disk, takes the place of the one
 *   that it was, which is gone for good: the old one leaves, the new one learns.
 * - A peer that was invited learns.
 * - A learner that has caught up votes.
 */

import type { Configuration, Member, MemberId } from './entry.ts';
import type { MembersTarget } from './event.ts';

export interface MembersView {
  readonly configuration: Configuration;
  /** Of the leader. */
  readonly commit: number;
  /** What each member is known to hold durably; undefined while that is not known. */
  readonly matchOf: (id: MemberId) => number | undefined;
  /** Peers that there is a link to now. */
  readonly present: readonly Member[];
  /** Names of peers that are to be let in though nobody of that name was a member. */
  readonly invited: ReadonlySet<string>;
  /** A learner with at most so many entries missing has caught up. */
  readonly lagMax: number;
}

/** The next change to make; undefined when there is nothing to do. */
export function nextMembers(view: MembersView): MembersTarget | undefined {
  const { configuration, present } = view;
  const isKnown = ({ id }: Member): boolean => configuration.members.some((one) => one.id === id);
  const newcomer = present.find((one) => !isKnown(one) && mayJoin(view, one));
  return newcomer === undefined ? promote(view) : letIn(configuration, newcomer);
}

function mayJoin({ configuration, invited }: MembersView, { name }: Member): boolean {
  return invited.has(name) || configuration.members.some((one) => one.name === name);
}

/** In the place of whoever had its name before. */
function letIn(
  { voters, learners, members }: Configuration,
  { id: newId, name, clientAddress, peerAddress }: Member,
): MembersTarget {
  const old = members.find((one) => one.name === name)?.id;
  const stays = (id: MemberId): boolean => id !== old;
  return {
    voters: voters.filter(stays),
    learners: [...learners.filter(stays), newId],
    members: [
      ...members.filter(({ id }) => stays(id)), { id: newId, name, clientAddress, peerAddress },
    ],
  };
}

function promote(view: MembersView): MembersTarget | undefined {
  const { voters, learners, members } = view.configuration;
  const ready = learners.find((id) => {
    return (view.matchOf(id) ?? -Infinity) >= view.commit - view.lagMax;
  });
  if (ready === undefined) return undefined;
  return { voters: [...voters, ready], learners: learners.filter((id) => id !== ready), members };
}

/** Without the member of this name; undefined when there is none. */
export function withoutMember(
  { voters, learners, members }: Configuration, name: string,
): MembersTarget | undefined {
  const gone = members.find((one) => one.name === name)?.id;
  if (gone === undefined) return undefined;
  const stays = (id: MemberId): boolean => id !== gone;
  return {
    voters: voters.filter(stays),
    learners: learners.filter(stays),
    members: members.filter(({ id }) => stays(id)),
  };
}
