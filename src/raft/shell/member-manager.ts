/**
 * Who the members are, as time goes on: dials everybody that this peer should talk to, and, while
 * it leads, lets newcomers in (core/members-policy.ts) and does what an administrator asks for.
 */

import type { Configuration, MemberId, NamedPeer } from '../core/entry.ts';
import type { MembersTarget, RaftStatus } from '../core/event.ts';
import { invitedBy } from '../core/feature-level.ts';
import { nextMembers, withInvited, withoutInvited, withoutMember } from '../core/members-policy.ts';
import type { Replica } from '../core/replica.ts';
import type { Links } from '../links/links.ts';
import type { PeerFacts } from '../links/peer-facts.ts';
import { nameOf, placeOf } from './role-log.ts';

/** A learner that lacks no more entries than this votes from now on: some turns' worth. */
const RAFT_CAUGHT_UP_ENTRIES = 64;

const NOT_AT_WORK = 'this peer does not take part now: INFO replication says why';

export interface MemberManagerParts {
  readonly links: Links;
  readonly self: NamedPeer;
  readonly configured: readonly NamedPeer[];
  /** The highest that this build knows. */
  readonly featureLevel: number;
  /** What peers said of themselves last, by name. */
  readonly seen: ReadonlyMap<string, PeerFacts>;
  /** Undefined while there is none at work. */
  replica(): Replica | undefined;
  /** Begins a change that is not refused. */
  change(target: MembersTarget): void;
  warn(text: string): void;
}

export class MemberManager {
  readonly #parts: MemberManagerParts;
  #dialled: Configuration | undefined;
  /** Peers that are dialled only because they call. */
  #callers: readonly NamedPeer[] = [];
  /** Names of peers whose addresses are not those of the configuration files, which was said. */
  readonly #moved = new Set<string>();

  constructor(parts: MemberManagerParts) {
    this.#parts = parts;
  }

  /** The configuration in force, whenever it may have changed. */
  note(configuration: Configuration): void {
    if (configuration !== this.#dialled) this.#dial(configuration);
  }

  /**
   * Links that came or went. Who waits to be let in, and a member that was away for long, may not
   * know those who lead now, or know them at another address, and could not answer them.
   */
  noteCallers(): void {
    if (this.#dialled === undefined) return;
    const callers = this.#findCallers(this.#dialled);
    const isSame = callers.length === this.#callers.length &&
      callers.every((one, i) => isSamePlace(one, this.#callers[i]!));
    if (!isSame) this.#dial(this.#dialled, callers);
  }

  /**
   * Now and then: peers without a place in the cluster are told so; a leader lets in who is there,
   * and promotes who has caught up.
   */
  manage(): void {
    const replica = this.#parts.replica();
    if (replica === undefined) return;
    this.#parts.links.review();
    this.noteCallers();
    const { raft, status } = replica;
    this.#warnOfMoved(status);
    if (status.role !== 'leader' || !raft.isConfigurationCommitted) return;
    const target = nextMembers({
      configuration: status.configuration,
      commit: status.commit,
      matchOf: (id) => {
        const progress = raft.progress.get(id);
        return progress?.state === 'stream' ? progress.match : undefined;
      },
      present: this.#present(),
      levelOf: (id) => this.#levelOf(id),
      lagMax: RAFT_CAUGHT_UP_ENTRIES,
    });
    if (target !== undefined) this.#change(replica, target);
  }

  /** The text of a refusal; undefined when the invitation is in the order. */
  add(member: NamedPeer): string | undefined {
    const replica = this.#parts.replica();
    if (replica === undefined) return NOT_AT_WORK;
    if (replica.status.role !== 'leader') return notLeading(replica.status);
    const { configuration } = replica.status;
    if (configuration.members.some(({ name }) => name === member.name)) {
      return ifSettled(replica, `${member.name} is a peer already`);
    }
    const others = invitedBy(configuration).filter(({ name }) => name !== member.name);
    return this.#change(replica, withInvited(configuration, [...others, member]));
  }

  /** The text of a refusal; undefined when the change has begun. */
  remove(name: string): string | undefined {
    const replica = this.#parts.replica();
    if (replica === undefined) return NOT_AT_WORK;
    if (replica.status.role !== 'leader') return notLeading(replica.status);
    const { configuration } = replica.status;
    const target = withoutMember(configuration, name) ?? withoutInvited(configuration, name);
    if (target !== undefined) return this.#change(replica, target);
    return ifSettled(replica, `there is no peer ${name}`);
  }

  /** The committed configuration has it as a member, or invites it; see ClusterAdministration. */
  hasCommitted(name: string, place?: NamedPeer): boolean | undefined {
    const placed = this.#parts.replica()?.raft.committedConfiguration;
    if (placed === undefined) return undefined;
    const { configuration } = placed;
    return [...configuration.members, ...invitedBy(configuration)].some((one) =>
      one.name === name && (place === undefined || hasAddressesOf(one, place)));
  }

  #change(replica: Replica, target: MembersTarget): string | undefined {
    const refusal = replica.membersRefusal(target);
    if (refusal !== undefined) return refusal;
    this.#parts.change(target);
    return undefined;
  }

  /** What the build of a member knows that is there; see feature-level.ts. */
  #levelOf(id: MemberId): number | undefined {
    const { self, featureLevel } = this.#parts;
    if (this.#parts.replica()?.status.id === id) return featureLevel;
    const facts = this.#present().find((one) => one.id === id && one.name !== self.name);
    return facts?.featureLevel === undefined
      ? undefined : Math.min(facts.featureLevel, featureLevel);
  }

  /** Those of whom we hear and to whom we can speak. */
  #present(): PeerFacts[] {
    const connected = this.#parts.links.peers().filter((one) => one.connected && one.isHeard);
    const names = new Set(connected.map(({ name }) => name));
    return [...this.#parts.seen.values()].filter(({ name }) => names.has(name));
  }

  /** Links to everybody who is configured, invited or a member, and to callers. */
  #dial(configuration: Configuration, callers = this.#findCallers(configuration)): void {
    this.#dialled = configuration;
    this.#callers = callers;
    const { self, links } = this.#parts;
    const all = [...this.#knownFrom(configuration), ...callers];
    const peers = new Map(all.map(({ name, peerAddress: address }) => [name, { name, address }]));
    peers.delete(self.name);
    links.setPeers([...peers.values()]);
  }

  #knownFrom(configuration: Configuration): NamedPeer[] {
    const { configured } = this.#parts;
    return [...configured, ...invitedBy(configuration), ...configuration.members];
  }

  /** Peers that dial this one and are members by a newer configuration, unknown here, or moved. */
  #findCallers(configuration: Configuration): PeerFacts[] {
    const { links, seen } = this.#parts;
    const known = new Map(this.#knownFrom(configuration).map((one) => [one.name, one]));
    const heard = new Set(links.peers().filter(({ isHeard }) => isHeard).map(({ name }) => name));
    const index = this.#parts.replica()?.raft.configurationIndex ?? Infinity;
    return [...seen.values()].filter((one) =>
      heard.has(one.name) && !isSamePlace(one, known.get(one.name)) &&
      (one.standing?.memberAt ?? -1) > index);
  }

  /**
   * The addresses with which a peer was let in count; those of the files found a cluster. Who is no
   * member yet reads of members of long ago.
   */
  #warnOfMoved({ id, configuration: { members } }: RaftStatus): void {
    if (!members.some((one) => one.id === id)) return;
    for (const member of members) this.#warnIfMoved(member);
  }

  #warnIfMoved(member: NamedPeer): void {
    const { name, clientAddress, peerAddress } = member;
    const own = this.#parts.configured.find((one) => one.name === name);
    if (own === undefined || hasAddressesOf(own, member) || this.#moved.has(name)) return;
    this.#moved.add(name);
    this.#parts.warn(`peer ${name} has ${own.clientAddress} ${own.peerAddress} in the ` +
      `configuration of this server, and ${clientAddress} ${peerAddress} in the cluster, which ` +
      'counts: to move it, PEERS REMOVE it and let it in again with an empty directory');
  }
}

function isSamePlace(one: NamedPeer, other: NamedPeer | undefined): boolean {
  return one.name === other?.name && one.peerAddress === other.peerAddress;
}

function hasAddressesOf(one: NamedPeer, other: NamedPeer): boolean {
  return one.clientAddress === other.clientAddress && one.peerAddress === other.peerAddress;
}

/** What is so is not sure before the change that made it so is committed: then that is said. */
function ifSettled(replica: Replica, fact: string): string {
  const { configuration } = replica.status;
  const unsettled = replica.membersRefusal(withInvited(configuration, invitedBy(configuration)));
  return unsettled ?? fact;
}

function notLeading(
  { leader, configuration: { members } }: Pick<RaftStatus, 'leader' | 'configuration'>,
): string {
  if (leader === undefined) return 'this peer does not lead, and nobody does now';
  const address = members.find(({ id }) => id === leader)?.clientAddress;
  return `this peer does not lead: ask ${placeOf(nameOf(leader), address)}`;
}
