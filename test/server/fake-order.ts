/**
 * A total order that a test plays: three voters, of which this server, a, leads. Nothing that is
 * broadcast is ever delivered; the test says what is applied, and what is known of the peers.
 */

import type { ClusterAdministration } from '../../src/raft/core/cluster-administration.ts';
import type { NamedPeer } from '../../src/raft/core/entry.ts';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';
import type {
  OrderedState, OrderStatus, PeerStatus, TotalOrderBroadcast,
} from '../../src/raft/core/total-order-broadcast.ts';

/** The options of server a. */
export const FAKE_PEER_OPTIONS = {
  node: 'a',
  peer: [
    'a', '127.0.0.1:6379', '127.0.0.1:16379', 'b', '127.0.0.1:6380', '127.0.0.1:16380',
    'c', '127.0.0.1:6381', '127.0.0.1:16381',
  ],
};

export class FakeOrder implements TotalOrderBroadcast {
  order: Omit<OrderStatus, 'peers'> = {
    engine: 'raft', role: 'leader', term: 3, leader: 'a', lastPosition: 21, committed: 20,
  };
  peers: PeerStatus[] = [
    fakePeer('a', 6379, { role: 'leader', isSelf: true, position: 20, lag: 1 }),
    fakePeer('b', 6380, { position: 20, lag: 1, lastContactMs: 2500, roundTripMs: 0.254 }),
    fakePeer('c', 6381, { position: 15, lag: 6, lastContactMs: 9, roundTripMs: 1 }),
  ];
  readonly capabilities = { durability: 'power', bodyBytesMax: 1_000_000 } as const;
  readonly refusal = undefined;
  readonly clockErrorMs = 0;
  readonly knownCommit = 0;
  readonly leaderSince = 0;
  featureLevel = FEATURE_LEVEL;
  waitingBytes = 0;
  /** Names that a majority has as peers or invited ones; undefined: this peer does not take part. */
  committed: string[] | undefined = ['a', 'b', 'c'];
  readonly transfers: string[] = [];
  transferRefusal: string | undefined;
  readonly changes: string[] = [];
  changeRefusal: string | undefined;
  /** Undefined for an order without a leader. */
  administration: ClusterAdministration | undefined = {
    add: ({ name, clientAddress, peerAddress }: NamedPeer) => {
      this.changes.push(`+${name} ${clientAddress} ${peerAddress}`);
      return this.changeRefusal;
    },
    remove: (name) => {
      this.changes.push(`-${name}`);
      return this.changeRefusal;
    },
    transfer: (name) => {
      this.transfers.push(name);
      return this.transferRefusal;
    },
    hasCommitted: (name) => this.committed?.includes(name),
    watch: (onChange) => {
      this.#onChange = onChange;
    },
  };
  #state: OrderedState | undefined;
  #onChange: () => void = () => {};

  /** From now on this position is applied. */
  apply(position: number): void {
    if (this.#state === undefined) throw new Error('it was not started');
    this.#state.apply(position, undefined);
  }

  /** The same cluster seen by a follower: b leads, and only a's own position is known. */
  follow(): void {
    this.order = { ...this.order, role: 'follower', leader: 'b' };
    this.change('a', { role: 'follower', lag: -1 });
    this.change('b', { role: 'leader', position: -1, lag: -1 });
    this.change('c', { position: -1, lag: -1 });
  }

  change(name: string, change: Partial<PeerStatus>): void {
    this.peers = this.peers.map((peer) => (peer.name === name ? { ...peer, ...change } : peer));
    this.#onChange();
  }

  // ---- TotalOrderBroadcast ----------------------------------------------------------------------

  start(state: OrderedState): void {
    this.#state = state;
  }

  broadcast(): number {
    return 1;
  }

  readIndex(): number {
    return 1;
  }

  flush(): void {}

  resume(): void {}

  saved(): void {}

  status(): OrderStatus {
    return { ...this.order, peers: this.peers };
  }

  async stop(): Promise<void> {}
}

export function fakePeer(name: string, port: number, facts: Partial<PeerStatus>): PeerStatus {
  return {
    name, id: `${name}:0123456789abcdef`, role: 'follower', isSelf: false, isConnected: true,
    clientAddress: `127.0.0.1:${port}`, peerAddress: `127.0.0.1:${port + 10_000}`, position: -1,
    lag: -1, lastContactMs: 0, roundTripMs: 0, ...facts,
  };
}
