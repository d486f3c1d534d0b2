/** One peer as the links know it: the link that we dial, the one that it dials, what to show. */

import type { MemberId } from '../core/entry.ts';
import { noTraffic } from './connection.ts';
import type { DialledLink } from './dialled-link.ts';
import type { InboundLink } from './inbound-link.ts';

/** For INFO. Times are by the wall clock, in milliseconds. */
export interface PeerLink {
  readonly name: string;
  /** Of the one that was last met. */
  readonly id: MemberId | undefined;
  /** The link that we dial is up: we can send. */
  readonly connected: boolean;
  /** The link that it dials is up: we hear it. */
  readonly isHeard: boolean;
  /** Since when we can send to it. */
  readonly since: number | undefined;
  readonly lastContactAt: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Its wall clock is this much ahead of the own monotonic clock. */
  readonly clockBaseMs: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Messages that were not sent, because the link was down or its queue full. */
  readonly dropped: number;
  readonly lastError: string | undefined;
}

export class Peer {
  readonly name: string;
  readonly traffic = noTraffic();
  /** Of the one that was last met; a dialled link that is up leads to it. */
  id: MemberId | undefined;
  /** Undefined for a peer that is not configured here and dialled us. */
  dialled: DialledLink | undefined;
  inbound: InboundLink | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get isConnected(): boolean {
    return this.inbound !== undefined || this.dialled?.isUp === true;
  }

  describe(): PeerLink {
    const { name, id, dialled, traffic } = this;
    return {
      name,
      id,
      isHeard: this.inbound !== undefined,
      connected: dialled?.isUp === true,
      since: dialled?.since,
      lastContactAt: traffic.lastContactAt > 0 ? traffic.lastContactAt : undefined,
      roundTripMs: dialled?.roundTripMs,
      clockBaseMs: dialled?.clockBaseMs,
      bytesIn: traffic.bytesIn,
      bytesOut: traffic.bytesOut,
      dropped: dialled?.dropped ?? 0,
      lastError: dialled?.lastError,
    };
  }
}
