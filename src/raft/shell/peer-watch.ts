/**
 * Says in the log, once each time, what an operator should see to: that no majority is there, that
 * a peer cannot be reached, that it has fallen behind; and when that is over, after how long.
 *
 * Every peer tells of the majority and of whom it cannot reach; only a leader knows who is behind.
 * Elections themselves are in role-log.ts.
 */

import type { Logger } from 'pino';
import type { OrderStatus, PeerStatus } from '../core/total-order-broadcast.ts';

/** How often peers are looked at for the log: far below what is worth a line. */
const PEER_WATCH_MS = 500;

/** An election with a retry takes less; what lasts longer needs an operator. */
const NO_MAJORITY_LOG_MS = 5000;

/** A peer that restarts is back by then; one that is slow for so long stays slow. */
const PEER_TROUBLE_LOG_MS = 10_000;

/** Something that is either fine or not, with the time since when. */
interface Trouble {
  /** When it was last fine, or first looked at. */
  fineMs: number;
  /** It was logged. */
  isTold: boolean;
}

interface Watched {
  readonly reach: Trouble;
  readonly lag: Trouble;
  /** What was committed at `lag.fineMs`: when the peer has that, it is not behind. */
  goal: number;
}

/** All times are monotonic milliseconds. */
export class PeerWatch {
  readonly #log: Logger;
  readonly #peers = new Map<string, Watched>();
  #majority: Trouble | undefined;
  #lookedMs = -Infinity;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Looks now and then, however often it is called. */
  maybeLook(nowMs: number, status: () => OrderStatus): void {
    if (nowMs - this.#lookedMs < PEER_WATCH_MS) return;
    this.#lookedMs = nowMs;
    this.#look(nowMs, status());
  }

  #look(nowMs: number, status: OrderStatus): void {
    this.#lookAtMajority(nowMs, status);
    for (const peer of status.peers) if (!peer.isSelf) this.#lookAt(nowMs, status, peer);
    for (const name of this.#peers.keys()) {
      if (!status.peers.some((peer) => peer.name === name)) this.#peers.delete(name);
    }
  }

  #lookAtMajority(nowMs: number, { leader, term }: OrderStatus): void {
    this.#majority ??= begin(nowMs);
    const majority = this.#majority;
    if (leader === '') {
      if (!becomesLong(majority, nowMs, NO_MAJORITY_LOG_MS)) return;
      this.#log.error({ term }, `no majority of peers for ${secondsSince(majority, nowMs)} s: ` +
        'writes and linearizable reads are refused until there is one');
    } else {
      const seconds = secondsSince(majority, nowMs);
      if (ends(majority, nowMs)) {
        this.#log.info({ term }, `a majority of peers is there again after ${seconds} s`);
      }
    }
  }

  #lookAt(nowMs: number, status: OrderStatus, peer: PeerStatus): void {
    const { name, isConnected } = peer;
    const watched = this.#peers.get(name) ??
      { reach: begin(nowMs), lag: begin(nowMs), goal: status.committed };
    this.#peers.set(name, watched);
    this.#lookAtReach(nowMs, peer, watched.reach);
    // While it is away its lag says nothing new; as a follower nothing is known of it.
    if (status.role === 'leader' && isConnected) this.#lookAtLag(nowMs, status, peer, watched);
    else if (!watched.lag.isTold) watched.lag.fineMs = nowMs;
  }

  #lookAtReach(nowMs: number, { name, isConnected }: PeerStatus, reach: Trouble): void {
    const seconds = secondsSince(reach, nowMs);
    if (isConnected) {
      if (ends(reach, nowMs)) this.#log.info(`peer ${name} is back after ${seconds} s`);
    } else if (becomesLong(reach, nowMs, PEER_TROUBLE_LOG_MS)) {
      this.#log.warn(`peer ${name} has not been reachable for ${seconds} s`);
    }
  }

  #lookAtLag(
    nowMs: number, { committed }: OrderStatus, { name, position, lag }: PeerStatus,
    watched: Watched,
  ): void {
    const seconds = secondsSince(watched.lag, nowMs);
    if (position >= watched.goal) {
      watched.goal = committed;
      if (ends(watched.lag, nowMs)) {
        this.#log.info(`peer ${name} has caught up after ${seconds} s`);
      }
    } else if (becomesLong(watched.lag, nowMs, PEER_TROUBLE_LOG_MS)) {
      this.#log.warn(`peer ${name} is ${lag} positions behind: it lacks what a majority had ` +
        `${seconds} s ago`);
    }
  }
}

function begin(nowMs: number): Trouble {
  return { fineMs: nowMs, isTold: false };
}

function secondsSince({ fineMs }: Trouble, nowMs: number): number {
  return Math.floor((nowMs - fineMs) / 1000);
}

/** True once in each episode, when it has lasted for `longMs`. */
function becomesLong(trouble: Trouble, nowMs: number, longMs: number): boolean {
  if (trouble.isTold || nowMs - trouble.fineMs < longMs) return false;
  trouble.isTold = true;
  return true;
}

/** It is fine. True when its trouble had been logged. */
function ends(trouble: Trouble, nowMs: number): boolean {
  const wasTold = trouble.isTold;
  trouble.fineMs = nowMs;
  trouble.isTold = false;
  return wasTold;
}
