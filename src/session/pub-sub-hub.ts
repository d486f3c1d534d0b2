/**
 * Channels, patterns and who listens. A message goes to each subscriber once per matching channel
 * and pattern, in the order of publishing. Names are kept as latin1 strings, one character per
 * byte.
 */

import type { PubSubPort } from '../commands/server-port.ts';
import { compileGlob } from '../lib/glob.ts';

/** A connection as the hub sees it. */
export interface Subscriber {
  deliver(channel: Buffer, message: Buffer): void;
  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void;
  deliverShard(channel: Buffer, message: Buffer): void;
}

/** Subscribers by the name of what they listen to; a name without subscribers is not kept. */
type Listeners = Map<string, Set<Subscriber>>;

interface PatternSubscribers {
  readonly pattern: Buffer;
  readonly matches: (buf: Buffer, start: number, end: number) => boolean;
  readonly subscribers: Set<Subscriber>;
}

export class PubSubHub implements PubSubPort {
  readonly #channels: Listeners = new Map();
  readonly #shardChannels: Listeners = new Map();
  readonly #patterns = new Map<string, PatternSubscribers>();

  get patterns(): number {
    return this.#patterns.size;
  }

  /** True when nobody listens to anything: publishing can be skipped altogether. */
  get isSilent(): boolean {
    return this.#channels.size === 0 && this.#patterns.size === 0;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  publish(channel: Buffer, message: Buffer): number {
    let receivers = 0;
    for (const subscriber of this.#channels.get(channel.toString('latin1')) ?? []) {
      subscriber.deliver(channel, message);
      receivers++;
    }
    for (const { pattern, matches, subscribers } of this.#patterns.values()) {
      if (!matches(channel, 0, channel.length)) continue;
      for (const subscriber of subscribers) {
        subscriber.deliverPattern(pattern, channel, message);
        receivers++;
      }
    }
    return receivers;
  }

  spublish(channel: Buffer, message: Buffer): number {
    const subscribers = this.#shardChannels.get(channel.toString('latin1'));
    if (subscribers === undefined) return 0;
    for (const subscriber of subscribers) subscriber.deliverShard(channel, message);
    return subscribers.size;
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
    add(this.#channels, channel, subscriber);
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    remove(this.#channels, channel, subscriber);
  }

  subscribeShard(channel: string, subscriber: Subscriber): void {
    add(this.#shardChannels, channel, subscriber);
  }

  unsubscribeShard(channel: string, subscriber: Subscriber): void {
    remove(this.#shardChannels, channel, subscriber);
  }

  subscribePattern(name: string, subscriber: Subscriber): void {
    let known = this.#patterns.get(name);
    if (known === undefined) {
      const pattern = Buffer.from(name, 'latin1');
      known = { pattern, matches: compileGlob(pattern), subscribers: new Set() };
      this.#patterns.set(name, known);
    }
    known.subscribers.add(subscriber);
  }

  unsubscribePattern(name: string, subscriber: Subscriber): void {
    const known = this.#patterns.get(name);
    if (known?.subscribers.delete(subscriber) && known.subscribers.size === 0) {
      this.#patterns.delete(name);
    }
  }
}

function add(listeners: Listeners, name: string, subscriber: Subscriber): void {
  const known = listeners.get(name);
  if (known === undefined) listeners.set(name, new Set([subscriber]));
  else known.add(subscriber);
}

function remove(listeners: Listeners, name: string, subscriber: Subscriber): void {
  const known = listeners.get(name);
  if (known?.delete(subscriber) && known.size === 0) listeners.delete(name);
}

function matching(listeners: Listeners, pattern: Buffer | undefined): Buffer[] {
  const matches = pattern === undefined ? undefined : compileGlob(pattern);
  return [...listeners.keys()]
    .map((name) => Buffer.from(name, 'latin1'))
    .filter((name) => matches === undefined || matches(name, 0, name.length));
}
