/**
 * What a leader does by itself about who its members are. One change at a time:
 *
 * - A peer that comes back as another member, because it lost its disk, takes the place of the one
 *   that it was, which is gone for good: the old one leaves, the new one learns.
 * - A peer that was invited learns.
 * - A learner that has caught up votes.
 * - When every member is there with a build of a higher feature level, the cluster has that level.
 */

import type { Configuration, Member, MemberId, NamedPeer } from './entry.ts';
import type { MembersTarget } from './event.ts';
import { FEATURE_LEVEL_FIRST, invitedBy, levelOf } from './feature-level.ts';

export interface MembersView {
  readonly configuration: Configuration;
  /** Of the leader. */
  readonly commit: number;
  /** What each member is known to hold durably; undefined while that is not known. */
  readonly matchOf: (id: MemberId) => number | undefined;
  /** Peers that there is a link to now. */
  readonly present: readonly Member[];
  /** The highest feature level that the build of a member knows, while it is there. */
  readonly levelOf: (id: MemberId) => number | undefined;
  /** A learner with at most so many entries missing has caught up. */
  readonly lagMax: number;
}

/** The next change to make; undefined when there is nothing to do. */
export function nextMembers(view: MembersView): MembersTarget | undefined {
  const { configuration, present } = view;
  const isKnown = ({ id }: Member): boolean => configuration.members.some((one) => one.id === id);
  const newcomer = present.find((one) => !isKnown(one) && mayJoin(view, one));
  if (newcomer !== undefined) return letIn(configuration, newcomer);
  return promote(view) ?? raiseLevel(view);
}

function mayJoin({ configuration }: MembersView, { name }: Member): boolean {
  return [...invitedBy(configuration), ...configuration.members].some((one) => one.name === name);
}

function raiseLevel(view: MembersView): MembersTarget | undefined {
  const { voters, learners, members } = view.configuration;
  const levels = members.map(({ id }) => view.levelOf(id) ?? FEATURE_LEVEL_FIRST);
  const featureLevel = Math.min(...levels);
  if (featureLevel <= levelOf(view.configuration)) return undefined;
  return { voters, learners, members, featureLevel };
}

/** The same members, and these peers invited. */
export function withInvited(
  { voters, learners, members }: Configuration, invited: readonly NamedPeer[],
): MembersTarget {
  return { voters, learners, members, invited };
}

/** In the place of the member that had its name before. */
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

/** Without the invitation of this name; undefined when there is none. */
export function withoutInvited(
  configuration: Configuration, name: string,
): MembersTarget | undefined {
  const invited = invitedBy(configuration);
  const others = invited.filter((one) => one.name !== name);
  return others.length === invited.length ? undefined : withInvited(configuration, others);
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
