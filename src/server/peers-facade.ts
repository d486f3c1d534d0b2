/** The peers of this server as commands see them: what is true at the moment of asking. */

import type { PeersPort } from '../commands/peers-port.ts';
import type { Config } from '../config/config.ts';
import type { NamedPeer } from '../raft/core/entry.ts';
import type { NotServing, OrderStatus } from '../raft/core/total-order-broadcast.ts';
import type { PeersSide } from './peers-side.ts';

const NO_LEADER = 'this order of writes has no leader';

export class PeersFacade implements PeersPort {
  readonly #config: Config;
  readonly #peers: PeersSide;

  constructor(config: Config, peers: PeersSide) {
    this.#config = config;
    this.#peers = peers;
  }

  get node(): string {
    return this.#config.values.node;
  }

  status(): OrderStatus {
    return this.#peers.broadcast.status();
  }

  get applied(): number {
    return this.#peers.marks.position;
  }

  get waitingBytes(): number {
    return this.#peers.broadcast.waitingBytes;
  }

  get timeoutMs(): number {
    return this.#config.values['broadcast-timeout'];
  }

  get isLinearizable(): boolean {
    return this.#config.values.consistency === 'linearizable';
  }

  get notServing(): NotServing | undefined {
    return this.#peers.broadcast.notServing;
  }

  get featureLevel(): number {
    return this.#peers.broadcast.featureLevel;
  }

  hasCommitted(name: string, place?: NamedPeer): boolean | undefined {
    return this.#peers.broadcast.administration?.hasCommitted(name, place);
  }

  add(peer: NamedPeer): string | undefined {
    const { administration } = this.#peers.broadcast;
    return administration === undefined ? NO_LEADER : administration.add(peer);
  }

  remove(name: string): string | undefined {
    const { administration } = this.#peers.broadcast;
    return administration === undefined ? NO_LEADER : administration.remove(name);
  }

  transfer(name: string): string | undefined {
    const { administration } = this.#peers.broadcast;
    return administration === undefined ? NO_LEADER : administration.transfer(name);
  }
}
