/**
 * A cluster of simulated servers, its network, and what is watched over all of them.
 */

import type {
  Configuration, LogBase, Member, MemberId,
} from '../../../src/raft/core/entry.ts';
import { EMPTY_BASE } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/event.ts';
import { FEATURE_LEVEL, FEATURE_LEVEL_FIRST } from '../../../src/raft/core/feature-level.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import type { Raft } from '../../../src/raft/core/raft.ts';
import { Invariants, InvariantError } from './invariants.ts';
import type { DiskMood, LogImage } from './sim-log.ts';
import { SimNetwork, type NetworkMood } from './sim-network.ts';
import { SimNode } from './sim-node.ts';
import { encodeOperations, type SimOperation } from './sim-operation.ts';
import { EMPTY_STATE, type StateImage } from './sim-state.ts';
import { SimWorld } from './sim-world.ts';

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly network: NetworkMood;
  readonly disks: DiskMood;
  readonly bounds: SimBounds;
  /** Entries that a trim leaves behind the saved state. */
  readonly slack: number;
  /** Mean time until a crashed server is started again, and until links are mended. */
  readonly restartMs: number;
  readonly healMs: number;
  /** Mean time between two saves of a state. */
  readonly saveMs: number;
}

export interface SimBounds {
  readonly appendBytesMax: number;
  readonly flightsMax: number;
  readonly flightBytesMax: number;
  readonly windowBytesMax: number;
  readonly uncommittedBytesMax: number;
}

/** Told what happens, for the trace of a run. */
export type Trace = (text: () => string) => void;

export class SimCluster {
  readonly world: SimWorld;
  /** What its builds know: in every second seed the cluster is raised to a higher level. */
  readonly featureLevel: number;
  readonly network: SimNetwork;
  readonly invariants = new Invariants();
  readonly nodes: SimNode[] = [];
  readonly operations: SimOperation[] = [];
  readonly bounds: SimBounds;
  readonly slack: number;
  readonly restartMs: number;
  readonly healMs: number;
  readonly saveMs: number;
  disks: DiskMood;
  elections = 0;
  /** Without one no text is made. */
  trace: Trace | undefined;
  readonly #founders: Configuration;

  constructor(options: ClusterOptions) {
    const { seed, nodes, network, disks, bounds } = options;
    this.slack = options.slack;
    this.restartMs = options.restartMs;
    this.healMs = options.healMs;
    this.saveMs = options.saveMs;
    this.world = new SimWorld(seed);
    this.featureLevel = seed % 2 === 0 ? FEATURE_LEVEL : FEATURE_LEVEL_FIRST;
    this.network = new SimNetwork(this.world, network);
    this.bounds = bounds;
    this.disks = disks;
    const members = Array.from({ length: nodes }, (_, i) => member(`n${i + 1}`, 0));
    const voters = members.map(({ id }) => id);
    this.#founders = { voters, outgoing: [], learners: [], members };
    for (const { name, id } of members) this.addNode(name, id, true);
  }

  /** A server with an empty disk. A founder knows the first configuration, others none. */
  addNode(name: string, id: MemberId, isFounder: boolean): SimNode {
    const configuration = this.#founders;
    const base: LogBase = isFounder ? { ...EMPTY_BASE, configuration } : EMPTY_BASE;
    const hardState = { term: 0, votedFor: undefined };
    const log: LogImage = { base, hardState, entries: [] };
    const node = new SimNode(this, name, id, { log, state: EMPTY_STATE, epoch: 0 });
    this.nodes.push(node);
    node.start();
    return node;
  }

  get upNodes(): SimNode[] {
    return this.nodes.filter(({ isUp }) => isUp);
  }

  /** Whoever leads in the highest term, as far as it knows. */
  get leader(): SimNode | undefined {
    const leaders = this.upNodes.filter(({ replica }) => replica!.status.role === 'leader');
    return leaders.sort((a, b) => b.replica!.status.term - a.replica!.status.term)[0];
  }

  encode(ops: readonly number[]): Uint8Array {
    return encodeOperations(ops);
  }

  send(from: SimNode, message: Message): void {
    this.trace?.(() => `${from.id} -> ${message.to} ${describe(message)}`);
    this.#watch(from, message);
    const to = this.nodes.find(({ id }) => id === message.to);
    if (to === undefined) return;
    const { id } = to;
    this.network.send(from.name, to.name, () => {
      if (to.id === id) to.receive(message);
    });
  }

  /** False when the stream breaks on the way. */
  carrySnapshot(from: SimNode, message: Snapshot, image: StateImage): boolean {
    const to = this.nodes.find(({ id }) => id === message.to);
    const isBroken = to === undefined || !to.isUp || this.network.isCut(from.name, to.name) ||
      this.world.chance(this.network.mood.loss);
    this.trace?.(() => `${from.id} -> ${message.to} snapshot ${message.index} broken: ${isBroken}`);
    if (isBroken) return false;
    to.receiveSnapshot(message, image);
    // A stream that was given up by its sender may end much later.
    if (this.world.chance(0.2)) {
      this.world.after(this.world.around(2000), () => {
        if (to.isUp && to.id === message.to) to.receiveSnapshot(message, image);
      });
    }
    return true;
  }

  onLeader(node: SimNode, term: number): void {
    this.elections++;
    this.trace?.(() => `${node.id} leads term ${term}`);
  }

  onCrash(node: SimNode): void {
    this.trace?.(() => `${node.id} crashes`);
  }

  /** Who has lost its disk since it acknowledged counts: its successor makes up for that. */
  onLeaderCommit(status: RaftStatus, term: number | undefined): void {
    const { commit, configuration: { voters, outgoing } } = status;
    const lacking = term === undefined ? [] : [...voters, ...outgoing].filter((id) => {
      return this.nodes.find((node) => node.id === id)?.holds(commit, term) === false;
    });
    this.invariants.onLeaderCommit(status, term, lacking);
  }

  checkLogs(): void {
    for (const node of this.upNodes) node.checkConfiguration();
    this.invariants.checkLogs(this.upNodes.map(({ replica }) => replica!.raft as Raft));
  }

  /** What a message promises must be true when it is sent. */
  #watch(from: SimNode, message: Message): void {
    const { invariants } = this;
    if (message.kind === 'vote') invariants.onVote(from.id, message.term, from.id);
    if (message.kind === 'voteResponse' && message.isGranted) {
      invariants.onVote(from.id, message.term, message.to);
    }
    if (message.kind !== 'preVote' && message.kind !== 'preVoteResponse') {
      invariants.onTerm(from.id, message.term);
      const { term, votedFor } = from.log!.durableHardState;
      const isVote = message.kind === 'voteResponse' && message.isGranted && term === message.term;
      if (term < message.term || (isVote && votedFor !== message.to)) {
        throw new InvariantError(
          `${from.id} says ${message.kind} in term ${message.term}, and its disk has term ` +
            `${term} and a vote for ${votedFor}`,
        );
      }
    }
    if (message.kind === 'appended' && !from.log!.isDurable(message.matchIndex)) {
      throw new InvariantError(
        `${from.id} acknowledges entry ${message.matchIndex}, which is not on its disk`,
      );
    }
  }
}

export function member(name: string, life: number): Member {
  const id = `${name}:${life}` as MemberId;
  return { id, name, clientAddress: `${name}:1`, peerAddress: `${name}:2` };
}

function describe(message: Message): string {
  const { from: _from, to: _to, kind, term, ...rest } = message;
  const facts = Object.entries(rest).map(([name, value]) => {
    return `${name}=${Array.isArray(value) ? value.length : JSON.stringify(value)}`;
  });
  return `${kind} t${term} ${facts.join(' ')}`;
}
