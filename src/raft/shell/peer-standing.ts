/**
 * Whether this peer has a place in its cluster and may answer for it, and what it says to peers
 * that have none.
 *
 * - `notServing` is the one answer to "may data be read and written here": not before it has once
 *   applied what was committed when it joined (LOADING), and never again once it was removed, or
 *   its cluster was given up (REMOVED).
 * - It learns that it was removed from its own log, or, when it was away then, from a member that
 *   it meets again: the verdict in the handshake (links/peer-facts.ts).
 * - What it learns is kept in `member.json`, so that a restart knows.
 */

import type { Configuration, MemberId } from '../core/entry.ts';
import { levelOf, invitedBy } from '../core/feature-level.ts';
import type { Replica } from '../core/replica.ts';
import type { NotServing } from '../core/total-order-broadcast.ts';
import type { PeerFacts, Standing, Verdict } from '../links/peer-facts.ts';
import type { RaftLog } from '../log/raft-log.ts';
import { ForgottenChange } from './forgotten-change.ts';
import { clusterOf, type Identity } from './identity.ts';
import { nameOf } from './role-log.ts';

export interface PeerStandingParts {
  readonly identity: Identity;
  readonly raftLog: RaftLog;
  /** Undefined until this peer takes part. */
  replica(): Replica | undefined;
  /** The highest position that is applied here. */
  applied(): number;
  /** The last start of a member of which this peer has seen something; 0 = none. */
  startsOf(id: MemberId): number;
  monotonicMs(): number;
  /** Writes the identity, behind those that were given before. */
  save(identity: Identity): void;
  /** Called once when the peer must not take part any more. */
  onGivenUp(reason: string): void;
  log(text: string): void;
}

const OLDER_COPIES = 'older copies of directories were put back, and this peer has what the ' +
  'others have lost, or has followed such a copy: compare before you empty a directory';
const NOT_MET = loading('this peer waits for the others of its cluster');
const NOT_LET_IN = loading('this peer waits to be let in: PEERS ADD at the leader invites it');
const GETS_DATA = loading('this peer gets the data of its cluster from the others');

export class PeerStanding {
  readonly #parts: PeerStandingParts;
  #identity: Identity;
  /** The name of the cluster of these founders: links ask for it all the time. */
  #cluster = '';
  #clusterOf: Configuration | undefined;
  /** What was committed when it joined; undefined until a leader has said so. */
  #goal: number | undefined;
  /** Of the newest configuration that it has seen which has it as a member. */
  #memberAt: number | undefined;
  #notServing: NotServing | undefined;
  readonly #newestChange = new ForgottenChange();

  constructor(parts: PeerStandingParts) {
    this.#parts = parts;
    this.#identity = parts.identity;
    const { raftLog } = parts;
    const placed = raftLog.isFresh ? undefined : raftLog.configurations()
      .findLast(({ configuration }) => this.#isIn(configuration));
    this.#memberAt = placed?.index;
    this.#notServing = this.#findNotServing();
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The name of its cluster; '' while it belongs to none. */
  get cluster(): string {
    const { founders } = this.#identity;
    if (this.#clusterOf !== founders) {
      this.#clusterOf = founders;
      this.#cluster = clusterOf(founders);
    }
    return this.#cluster;
  }

  get removedBy(): number | undefined {
    return this.#identity.removedBy;
  }

  /** Why data commands are not answered here; undefined if they are. */
  get notServing(): NotServing | undefined {
    if (this.#notServing?.code !== 'LOADING') return this.#notServing;
    if (this.#goal !== undefined && this.#parts.applied() >= this.#goal) this.#maybeCatchUp();
    return this.#notServing;
  }

  /** The cluster is known: this peer is one of its founders, or waits to be let in. */
  found(founders: Configuration): Identity {
    this.#identity = { ...this.#identity, founders, isCaughtUp: this.#isFounder(founders) };
    if (this.#isFounder(founders)) this.#memberAt = 0;
    this.#notServing = this.#findNotServing();
    return this.#identity;
  }

  /** To be called when Raft may know something else. */
  note({ raft, status, forgottenEpoch }: Replica): void {
    if (forgottenEpoch !== undefined) {
      this.#giveUp('its directory is an older copy: the order has what this peer proposed in its ' +
        `start ${forgottenEpoch}, of which the directory does not know`);
    }
    if (raft.contradictedAt !== undefined) {
      const leader = status.leader === undefined ? 'another' : nameOf(status.leader);
      this.#giveUp(`position ${raft.contradictedAt} was agreed upon, and ${leader} leads ` +
        `with something else there: ${OLDER_COPIES}`);
    }
    const { index, configuration } = raft.committedConfiguration;
    this.#newestChange.note(raft, status.commit, this.#parts.monotonicMs());
    if (this.#isIn(status.configuration)) this.#noteMember(raft.configurationIndex);
    else if (index === raft.configurationIndex && configuration.members.length > 0) {
      if ((this.#memberAt ?? Infinity) < index) this.#noteRemoved(index);
    }
    if (this.#notServing === undefined || this.#goal !== undefined) return;
    if (status.role === 'leader') this.#goal = status.commit;
    else if (raft.leaderCommit >= 0 && status.leader !== undefined) this.#goal = raft.leaderCommit;
  }

  /** What it says of itself in a handshake. */
  get standing(): Standing {
    const { starts, leftBehind = [] } = this.#identity;
    const { raftLog } = this.#parts;
    const isMember = this.#identity.removedBy === undefined;
    return {
      starts, leftBehind, lastIndex: raftLog.isFresh ? 0 : raftLog.lastIndex,
      memberAt: isMember ? this.#memberAt : undefined, verdict: undefined,
    };
  }

  /** A reason to have no link with this peer. */
  judge({ name, cluster, featureLevel = 1 }: PeerFacts): string | undefined {
    const own = this.cluster;
    if (cluster !== '' && own !== '' && cluster !== own) {
      return `peer ${name} belongs to cluster ${cluster}, this one to ${own}`;
    }
    const level = this.#level();
    if (featureLevel >= level) return undefined;
    return `the cluster has feature level ${level}, and the build of peer ${name} knows up to ` +
      `${featureLevel}: start a newer build there`;
  }

  /**
   * Why a peer has no place in the cluster. `isFirstWord`: nothing that it said before can still
   * be on its way here.
   */
  verdictOn(facts: PeerFacts, isFirstWord: boolean): Verdict | undefined {
    const { standing, cluster } = facts;
    if (standing === undefined || cluster === '') return undefined;
    if (this.#identity.leftBehind?.includes(cluster) === true) {
      const text = `cluster ${cluster} was given up: ${nameOf(this.#identity.id)} went on alone ` +
        `as cluster ${this.cluster}`;
      return { kind: 'superseded', index: 0, text };
    }
    if (cluster !== this.cluster) return undefined;
    return this.#findRemoved(facts, standing) ?? this.#findOutdated(facts, standing, isFirstWord);
  }

  /** A link with a peer was made, which has said this of itself. */
  meet({ id, standing, cluster }: PeerFacts): void {
    if (standing === undefined || cluster !== this.cluster) return;
    const nowMs = this.#parts.monotonicMs();
    if (!this.#newestChange.isForgotten(id, standing, nowMs)) return;
    this.#giveUp(`the members of configuration ${this.#newestChange.index} were agreed upon, and ` +
      `a majority of them does not know it: ${OLDER_COPIES}`);
  }

  /** A peer that has proved itself says that this one has no place in the cluster. */
  onVerdict(from: PeerFacts, { kind, index, text }: Verdict): void {
    if (kind === 'removed') {
      const isNews = from.cluster === this.cluster && index > (this.#memberAt ?? Infinity);
      if (isNews) this.#noteRemoved(index);
      return;
    }
    const isOurs = kind === 'outdated' ? from.cluster === this.cluster
      : from.standing?.leftBehind.includes(this.cluster) === true;
    if (isOurs) this.#giveUp(text);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #isIn({ members }: Configuration): boolean {
    return members.some(({ id }) => id === this.#identity.id);
  }

  #isFounder({ voters }: Configuration): boolean {
    return voters.includes(this.#identity.id);
  }

  #level(): number {
    const raft = this.#parts.replica()?.raft;
    return raft === undefined ? 1 : levelOf(raft.committedConfiguration.configuration);
  }

  #change(identity: Identity): void {
    this.#identity = identity;
    this.#notServing = this.#findNotServing();
    this.#parts.save(identity);
  }

  #giveUp(reason: string): void {
    if (this.#identity.givenUp !== undefined) return;
    this.#change({ ...this.#identity, givenUp: reason });
    this.#parts.onGivenUp(reason);
  }

  #noteMember(index: number): void {
    this.#memberAt = index;
    if (this.#notServing === NOT_LET_IN) this.#notServing = GETS_DATA;
    const { removedBy, ...identity } = this.#identity;
    if (removedBy === undefined || index <= removedBy) return;
    // It has missed what happened meanwhile.
    this.#goal = undefined;
    this.#change({ ...identity, isCaughtUp: false });
    this.#parts.log('this peer was let in again');
  }

  #noteRemoved(index: number): void {
    if (this.#identity.removedBy !== undefined) return;
    this.#change({ ...this.#identity, removedBy: index });
    this.#parts.log(`this peer was removed from the cluster by configuration ${index}: its data ` +
      'is not served any more');
  }

  #maybeCatchUp(): void {
    const status = this.#parts.replica()?.status;
    if (status === undefined || !this.#isIn(status.configuration)) return;
    this.#change({ ...this.#identity, isCaughtUp: true });
    this.#parts.log('this peer has caught up and answers its clients');
  }

  #findNotServing(): NotServing | undefined {
    const { givenUp, removedBy, isCaughtUp, founders } = this.#identity;
    if (givenUp !== undefined) return removed(`this peer takes no part any more: ${givenUp}`);
    if (removedBy !== undefined) {
      return removed(`this peer was taken out of the cluster by configuration ${removedBy}: ask ` +
        'another peer, or have it let in again with PEERS ADD');
    }
    if (founders === undefined) return NOT_MET;
    const { raftLog } = this.#parts;
    const hasLog = !raftLog.isFresh && (raftLog.lastIndex > 0 || this.#isFounder(founders));
    if (isCaughtUp ?? hasLog) return undefined;
    return this.#memberAt === undefined ? NOT_LET_IN : GETS_DATA;
  }

  #findRemoved({ id, name }: PeerFacts, { memberAt }: Standing): Verdict | undefined {
    const replica = this.#parts.replica();
    if (replica === undefined || memberAt === undefined) return undefined;
    const { index, configuration } = replica.raft.committedConfiguration;
    const newest = replica.status.configuration;
    if (memberAt >= index || !this.#isIn(configuration)) return undefined;
    const isKnown = [...configuration.members, ...newest.members].some((one) => one.id === id);
    const isInvited = [...invitedBy(newest), ...invitedBy(configuration)]
      .some((one) => one.name === name);
    if (isKnown || isInvited) return undefined;
    const removedBy = this.#parts.raftLog.configurations().find((placed) => {
      return placed.index > memberAt && placed.configuration.members.every((one) => one.id !== id);
    })?.index ?? index;
    const text = `peer ${name} was removed from the cluster by configuration ${removedBy}`;
    return { kind: 'removed', index: removedBy, text };
  }

  /** An older copy of its directory has forgotten what it had confirmed, and maybe its votes. */
  #findOutdated(
    { id, name }: PeerFacts, { starts, lastIndex }: Standing, isFirstWord: boolean,
  ): Verdict | undefined {
    const seen = this.#parts.startsOf(id);
    if (starts < seen) {
      const text = `peer ${name} comes from an older copy of its directory: it says that this is ` +
        `its start ${starts}, and it was seen in start ${seen}`;
      return { kind: 'outdated', index: 0, text };
    }
    const { raft, status } = this.#parts.replica() ?? {};
    // Only what is committed: what is not may have been replaced by a later leader's.
    const confirmed = Math.min(raft?.progress.get(id)?.match ?? 0, status?.commit ?? 0);
    if (!isFirstWord || lastIndex >= confirmed) return undefined;
    const text = `peer ${name} comes from an older copy of its directory: it had confirmed ` +
      `position ${confirmed}, and its log ends at ${lastIndex}`;
    return { kind: 'outdated', index: confirmed, text };
  }
}

function loading(reason: string): NotServing {
  return { code: 'LOADING', text: `LOADING ${reason}` };
}

function removed(reason: string): NotServing {
  return { code: 'REMOVED', text: `REMOVED ${reason}` };
}
