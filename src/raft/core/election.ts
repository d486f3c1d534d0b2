/**
 * Elections (Raft, section 5.2 and 5.4.1), with a round of pre-votes before them (thesis, section
 * 9.6), so that a member that was cut off does not depose a leader when it comes back.
 */

import type { MemberId } from './entry.ts';
import { becomeLeader } from './leading.ts';
import type { PreVote, PreVoteResponse, Vote, VoteResponse } from './message.ts';
import { everyMember, isMajority, isVoter } from './quorum.ts';
import type { RaftState } from './raft-state.ts';

/** No leader was heard for an election timeout. */
export function onElectionTimeout(raft: RaftState): void {
  if (!raft.mayCampaign) return raft.becomeFollower(raft.term, undefined);
  raft.becomePreCandidate();
  if (hasWon(raft)) return campaign(raft, false);
  askVoters(raft, (to) => {
    const { lastIndex, lastTerm } = raft.log;
    raft.send(to, { kind: 'preVote', term: raft.term + 1, lastIndex, lastTerm });
  });
}

/** Begins a new term and asks for votes. `isTransfer`: the leader wishes it. */
export function campaign(raft: RaftState, isTransfer: boolean): void {
  raft.becomeCandidate();
  if (hasWon(raft)) return becomeLeader(raft);
  askVoters(raft, (to) => {
    const { lastIndex, lastTerm } = raft.log;
    raft.send(to, { kind: 'vote', lastIndex, lastTerm, isTransfer });
  });
}

export function onPreVote(raft: RaftState, message: PreVote): void {
  const { from, term, lastIndex, lastTerm } = message;
  const isGranted = term > raft.term && !raft.hearsLeader &&
    raft.log.isUpToDate(lastIndex, lastTerm);
  raft.send(from, { kind: 'preVoteResponse', isGranted, term: isGranted ? term : raft.term });
}

export function onPreVoteResponse(
  raft: RaftState, { from, term, isGranted }: PreVoteResponse,
): void {
  if (raft.role !== 'preCandidate') return;
  if (isGranted && term !== raft.term + 1) return;
  raft.votes.set(from, isGranted);
  if (hasWon(raft)) campaign(raft, false);
}

/** The term is the present one by now, unless it was below. */
export function onVote(raft: RaftState, { from, term, lastIndex, lastTerm }: Vote): void {
  const mayVote = raft.votedFor === from ||
    (raft.votedFor === undefined && raft.leader === undefined);
  const isGranted = term === raft.term && mayVote && raft.log.isUpToDate(lastIndex, lastTerm);
  if (isGranted) raft.voteFor(from);
  raft.send(from, { kind: 'voteResponse', isGranted });
}

export function onVoteResponse(raft: RaftState, { from, isGranted }: VoteResponse): void {
  if (raft.role !== 'candidate') return;
  raft.votes.set(from, isGranted);
  if (hasWon(raft)) becomeLeader(raft);
}

function hasWon({ configuration, votes }: RaftState): boolean {
  return isMajority(configuration, (id) => votes.get(id) === true);
}

function askVoters(raft: RaftState, ask: (to: MemberId) => void): void {
  const { configuration } = raft;
  for (const id of everyMember(configuration)) {
    if (id !== raft.id && isVoter(configuration, id)) ask(id);
  }
}
