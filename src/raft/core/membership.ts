/**
 * Changes of members by joint consensus (Raft, section 6). A configuration is in force from the
 * moment that it is in the log, committed or not.
 */

import { MEMBERS_MAX } from './limits.ts';
import { encodeConfiguration } from './configuration-codec.ts';
import type { Configuration, Member, MemberId, NamedPeer } from './entry.ts';
import type { MembersTarget } from './event.ts';
import { FEATURE_LEVEL_INVITATIONS, invitedBy, levelOf } from './feature-level.ts';
import { isJoint, isVoter } from './quorum.ts';
import type { RaftState } from './raft-state.ts';
import { appendOwn, sendToAll } from './sending.ts';

/** Why the members cannot be changed now, or undefined. */
export function membersRefusal(raft: RaftState, target: MembersTarget): string | undefined {
  const { log } = raft;
  if (raft.role !== 'leader') return 'this peer does not lead';
  if (isJoint(log.configuration) || log.configurationIndex > log.commit) {
    return 'another change of peers is under way';
  }
  if (log.termOf(log.commit) !== raft.term) return 'the leader has not committed anything yet';
  if (target.voters.length === 0) return 'at least one peer must vote';
  const named = [...target.voters, ...target.learners];
  if (new Set(named).size !== named.length) return 'a peer is named twice';
  const known = new Set(target.members.map(({ id }) => id));
  if (known.size !== named.length || named.some((id) => !known.has(id))) {
    return 'voters and learners are not the members';
  }
  return featuresRefusal(raft.configuration, target);
}

function featuresRefusal(now: Configuration, target: MembersTarget): string | undefined {
  const { featureLevel, invited } = featuresOf(now, target);
  if (featureLevel < levelOf(now)) return 'the feature level never goes down';
  if (invited.length > 0 && featureLevel < FEATURE_LEVEL_INVITATIONS) {
    return `an invitation needs feature level ${FEATURE_LEVEL_INVITATIONS}, and the cluster has ` +
      `${featureLevel} until every peer runs a newer build`;
  }
  if (target.members.length + invited.length > MEMBERS_MAX) return 'that would be too many peers';
  return undefined;
}

/** What the target says of features, or else what is in force; who is a member is not invited. */
function featuresOf(
  now: Configuration, { featureLevel, invited, members }: MembersTarget,
): { featureLevel: number; invited: readonly NamedPeer[] } {
  const wanted = invited ?? invitedBy(now);
  return {
    featureLevel: featureLevel ?? levelOf(now),
    invited: wanted.filter(({ name }) => !members.some((one) => one.name === name)),
  };
}

/** Starts a change; one that is refused is not started. */
export function changeMembers(raft: RaftState, target: MembersTarget): void {
  if (membersRefusal(raft, target) !== undefined) return;
  const { configuration: now } = raft;
  const { voters, learners, members } = target;
  const features = featuresOf(now, target);
  if (isSameSet(now.voters, voters)) {
    return putInForce(raft, { voters, outgoing: [], learners, members, ...features });
  }
  const leaving = now.members.filter((one) => {
    return now.voters.includes(one.id) && !members.some(({ id }) => id === one.id);
  });
  putInForce(raft, {
    voters, outgoing: now.voters, learners, members: [...members, ...leaving], ...features,
  });
}

/** The commit index has moved: a joint configuration is left, a leader that is no voter resigns. */
export function afterCommit(raft: RaftState): void {
  const { log, configuration } = raft;
  if (log.configurationIndex > log.commit) return;
  if (isJoint(configuration)) return leaveJoint(raft, configuration);
  sayGoodbye(raft);
  raft.dropProgress();
  if (isVoter(configuration, raft.id)) return;
  const { commit } = log;
  for (const id of raft.progress.keys()) raft.send(id, { kind: 'heartbeat', commit, round: 0 });
  raft.becomeFollower(raft.term, undefined);
}

/** Who has left hears so once: it would campaign as long as it does not know. */
function sayGoodbye(raft: RaftState): void {
  const { commit } = raft.log;
  for (const id of raft.progress.keys()) {
    const stays = raft.configuration.members.some((one) => one.id === id);
    if (!stays) raft.send(id, { kind: 'heartbeat', commit, round: 0 });
  }
}

function leaveJoint(raft: RaftState, joint: Configuration): void {
  const { voters, learners, members } = joint;
  const stays = (id: MemberId): boolean => voters.includes(id) || learners.includes(id);
  const staying: Member[] = members.filter(({ id }) => stays(id));
  putInForce(raft, { ...joint, outgoing: [], members: staying });
}

function putInForce(raft: RaftState, configuration: Configuration): void {
  appendOwn(raft, 'configuration', encodeConfiguration(configuration), configuration);
  raft.addProgress();
  sendToAll(raft);
}

function isSameSet(one: readonly MemberId[], other: readonly MemberId[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}
