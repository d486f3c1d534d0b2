/** Peers as a test says that they are: three voters of which this server, a, leads. */

import type { PeersPort } from '../../src/commands/peers-port.ts';
import type { NamedPeer } from '../../src/raft/core/entry.ts';
import type { OrderStatus, PeerStatus } from '../../src/raft/core/total-order-broadcast.ts';

export class FakePeers implements PeersPort {
  readonly node = 'a';
  order: Omit<OrderStatus, 'peers'> = {
    engine: 'raft', role: 'leader', term: 3, leader: 'a', lastPosition: 21, committed: 20,
  };
  peers: PeerStatus[] = [
    fakePeer('a', 6379, { role: 'leader', isSelf: true, position: 20, lag: 1 }),
    fakePeer('b', 6380, { position: 20, lag: 1, lastContactMs: 2500, roundTripMs: 0.254 }),
    fakePeer('c', 6381, { position: 15, lag: 6, lastContactMs: 9, roundTripMs: 1 }),
  ];
  applied = 20;
  serving: string | undefined;
  featureLevel = 2;
  /** Names that a majority has as peers or invited ones; undefined: it does not take part. */
  committed: string[] | undefined = ['a', 'b', 'c'];
  waitingBytes = 0;
  timeoutMs = 5000;
  isLinearizable = false;
  readonly transfers: string[] = [];
  transferRefusal: string | undefined;
  readonly changes: string[] = [];
  changeRefusal: string | undefined;

  status(): OrderStatus {
    return { ...this.order, peers: this.peers };
  }

  transfer(name: string): string | undefined {
    this.transfers.push(name);
    return this.transferRefusal;
  }

  hasCommitted(name: string): boolean | undefined {
    return this.committed?.includes(name);
  }

  add({ name, clientAddress, peerAddress }: NamedPeer): string | undefined {
    this.changes.push(`+${name} ${clientAddress} ${peerAddress}`);
    return this.changeRefusal;
  }

  remove(name: string): string | undefined {
    this.changes.push(`-${name}`);
    return this.changeRefusal;
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
  }
}

export function fakePeer(name: string, port: number, facts: Partial<PeerStatus>): PeerStatus {
  return {
    name, id: `${name}:0123456789abcdef`, role: 'follower', isSelf: false, isConnected: true,
    clientAddress: `127.0.0.1:${port}`, peerAddress: `127.0.0.1:${port + 10_000}`, position: -1,
    lag: -1, lastContactMs: 0, roundTripMs: 0, ...facts,
  };
}
