/**
 * Channels, patterns and who listens. A message goes to each subscriber once per matching channel
 * and pattern, in the order of publishing. Names are kept as latin1 strings, one character per
 * byte. With peers, a gate decides which subscriptions hear what a batch publishes.
 */

import type { PubSubPort } from '../commands/server-port.ts';
import { compileGlob } from '../lib/glob.ts';
import type { DeliveryGate, Subscription } from './delivery-gate.ts';

/** A connection as the hub sees it. */
export interface Subscriber {
  deliver(channel: Buffer, message: Buffer): void;
  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void;
  deliverShard(channel: Buffer, message: Buffer): void;
  /** Messages are lost for it: its connection is closed, with this as the last reply. */
  endWith(error: string): void;
}

/** Subscribers by the name of what they listen to; a name without subscribers is not kept. */
type Subscribers = Map<Subscriber, Subscription>;
type Listeners = Map<string, Subscribers>;

interface PatternSubscribers {
  readonly pattern: Buffer;
  readonly matches: (buf: Buffer, start: number, end: number) => boolean;
  readonly subscribers: Subscribers;
}

/** Without peers: it hears everything. */
const ALWAYS: Subscription = { since: 0, heard: 0 };

export class PubSubHub implements PubSubPort {
  readonly #channels: Listeners = new Map();
  readonly #shardChannels: Listeners = new Map();
  readonly #patterns = new Map<string, PatternSubscribers>();
  /** Set once, before there is any subscriber. */
  gate: DeliveryGate | undefined;

  get patterns(): number {
    return this.#patterns.size;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  publish(channel: Buffer, message: Buffer): number {
    let receivers = 0;
    const subscribers = this.#channels.get(channel.toString('latin1'));
    if (subscribers !== undefined) {
      receivers += this.#each(subscribers, (one) => one.deliver(channel, message));
    }
    for (const { pattern, matches, subscribers } of this.#patterns.values()) {
      if (!matches(channel, 0, channel.length)) continue;
      receivers += this.#each(subscribers, (one) => one.deliverPattern(pattern, channel, message));
    }
    return receivers;
  }

  spublish(channel: Buffer, message: Buffer): number {
    const subscribers = this.#shardChannels.get(channel.toString('latin1'));
    if (subscribers === undefined) return 0;
    return this.#each(subscribers, (one) => one.deliverShard(channel, message));
  }

  channels(pattern: Buffer | undefined): readonly Buffer[] {
    return matching(this.#channels, pattern);
  }

  shardChannels(pattern: Buffer | undefined): readonly Buffer[] {
    return matching(this.#shardChannels, pattern);
  }

  shardSubscribers(channel: Buffer): number {
    return this.#shardChannels.get(channel.toString('latin1'))?.size ?? 0;
  }

  get shardChannelCount(): number {
    return this.#shardChannels.size;
  }

  subscribers(channel: Buffer): number {
    return this.#channels.get(channel.toString('latin1'))?.size ?? 0;
  }

  subscribe(channel: string, subscriber: Subscriber): void {
    this.#add(this.#channels, channel, subscriber);
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    this.#remove(this.#channels, channel, subscriber);
  }

  subscribeShard(channel: string, subscriber: Subscriber): void {
    this.#add(this.#shardChannels, channel, subscriber);
  }

  unsubscribeShard(channel: string, subscriber: Subscriber): void {
    this.#remove(this.#shardChannels, channel, subscriber);
  }

  subscribePattern(name: string, subscriber: Subscriber): void {
    let known = this.#patterns.get(name);
    if (known === undefined) {
      const pattern = Buffer.from(name, 'latin1');
      known = { pattern, matches: compileGlob(pattern), subscribers: new Map() };
      this.#patterns.set(name, known);
    }
    this.#begin(known.subscribers, subscriber);
  }

  unsubscribePattern(name: string, subscriber: Subscriber): void {
    const known = this.#patterns.get(name);
    if (known === undefined) return;
    this.#end(known.subscribers, subscriber);
    if (known.subscribers.size === 0) this.#patterns.delete(name);
  }

  /** Subscribers for which a snapshot of this position has taken the place of messages. */
  missing(position: number): Set<Subscriber> {
    return this.#find((subscription) => this.gate?.hasGap(subscription, position) === true);
  }

  everybody(): Set<Subscriber> {
    return this.#find(() => true);
  }

  #find(isWanted: (subscription: Subscription) => boolean): Set<Subscriber> {
    const found = new Set<Subscriber>();
    const patterns = Array.from(this.#patterns.values(), ({ subscribers }) => subscribers);
    for (const subscribers of [
      ...this.#channels.values(), ...this.#shardChannels.values(), ...patterns,
    ]) {
      for (const [subscriber, subscription] of subscribers) {
        if (isWanted(subscription)) found.add(subscriber);
      }
    }
    return found;
  }

  /** Returns how many there were. */
  #each(subscribers: Subscribers, deliver: (subscriber: Subscriber) => void): number {
    let count = 0;
    for (const [subscriber, subscription] of subscribers) {
      if (this.gate?.admits(subscription) === false) continue;
      deliver(subscriber);
      count++;
    }
    return count;
  }

  #add(listeners: Listeners, name: string, subscriber: Subscriber): void {
    const known = listeners.get(name);
    if (known !== undefined) return this.#begin(known, subscriber);
    const subscribers: Subscribers = new Map();
    listeners.set(name, subscribers);
    this.#begin(subscribers, subscriber);
  }

  #remove(listeners: Listeners, name: string, subscriber: Subscriber): void {
    const known = listeners.get(name);
    if (known === undefined) return;
    this.#end(known, subscriber);
    if (known.size === 0) listeners.delete(name);
  }

  /** One that is there already goes on as it was. */
  #begin(subscribers: Subscribers, subscriber: Subscriber): void {
    if (!subscribers.has(subscriber)) subscribers.set(subscriber, this.gate?.begin() ?? ALWAYS);
  }

  #end(subscribers: Subscribers, subscriber: Subscriber): void {
    const subscription = subscribers.get(subscriber);
    if (subscription !== undefined) this.gate?.end(subscription);
    subscribers.delete(subscriber);
  }
}

function matching(listeners: Listeners, pattern: Buffer | undefined): Buffer[] {
  const matches = pattern === undefined ? undefined : compileGlob(pattern);
  return [...listeners.keys()]
    .map((name) => Buffer.from(name, 'latin1'))
    .filter((name) => matches === undefined || matches(name, 0, name.length));
}
