/**
 * Channels, patterns and who listens. A message goes to each subscriber once per matching channel
 * and pattern, in the order of publishing. Names are kept as latin1 strings, one character per byte.
 */

import type { PubSubPort } from '../commands/server-port.ts';
import { compileGlob } from '../lib/glob.ts';

/** A connection as the hub sees it. */
export interface Subscriber {
  deliver(channel: Buffer, message: Buffer): void;
  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void;
}

interface PatternSubscribers {
  readonly pattern: Buffer;
  readonly matches: (buf: Buffer, start: number, end: number) => boolean;
  readonly subscribers: Set<Subscriber>;
}

export class PubSubHub implements PubSubPort {
  readonly #channels = new Map<string, Set<Subscriber>>();
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
      for (const subscriber of subscribers) subscriber.deliverPattern(pattern, channel, message);
      receivers += subscribers.size;
    }
    return receivers;
  }

  channels(pattern: Buffer | undefined): readonly Buffer[] {
    const matches = pattern === undefined ? undefined : compileGlob(pattern);
    const names: Buffer[] = [];
    for (const name of this.#channels.keys()) {
      const channel = Buffer.from(name, 'latin1');
      if (matches === undefined || matches(channel, 0, channel.length)) names.push(channel);
    }
    return names;
  }

  subscribers(channel: Buffer): number {
    return this.#channels.get(channel.toString('latin1'))?.size ?? 0;
  }

  subscribe(channel: string, subscriber: Subscriber): void {
    const known = this.#channels.get(channel);
    if (known === undefined) this.#channels.set(channel, new Set([subscriber]));
    else known.add(subscriber);
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    const known = this.#channels.get(channel);
    if (known?.delete(subscriber) && known.size === 0) this.#channels.delete(channel);
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
