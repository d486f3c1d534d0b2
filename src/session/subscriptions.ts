/** What one connection listens to; the hub holds the other side. */

import type { SubscriptionsPort } from '../commands/session-port.ts';
import type { PubSubHub, Subscriber } from './pub-sub-hub.ts';

export class Subscriptions implements SubscriptionsPort {
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();
  readonly #hub: PubSubHub;
  readonly #subscriber: Subscriber;

  constructor(hub: PubSubHub, subscriber: Subscriber) {
    this.#hub = hub;
    this.#subscriber = subscriber;
  }

  get count(): number {
    return this.channels.size + this.patterns.size;
  }

  subscribe(channel: Buffer): void {
    const name = channel.toString('latin1');
    this.channels.add(name);
    this.#hub.subscribe(name, this.#subscriber);
  }

  unsubscribe(channel: Buffer): void {
    const name = channel.toString('latin1');
    if (this.channels.delete(name)) this.#hub.unsubscribe(name, this.#subscriber);
  }

  psubscribe(pattern: Buffer): void {
    const name = pattern.toString('latin1');
    this.patterns.add(name);
    this.#hub.subscribePattern(name, this.#subscriber);
  }

  punsubscribe(pattern: Buffer): void {
    const name = pattern.toString('latin1');
    if (this.patterns.delete(name)) this.#hub.unsubscribePattern(name, this.#subscriber);
  }

  ssubscribe(channel: Buffer): void {
    const name = channel.toString('latin1');
    this.shardChannels.add(name);
    this.#hub.subscribeShard(name, this.#subscriber);
  }

  sunsubscribe(channel: Buffer): void {
    const name = channel.toString('latin1');
    if (this.shardChannels.delete(name)) this.#hub.unsubscribeShard(name, this.#subscriber);
  }

  clear(): void {
    for (const name of this.channels) this.#hub.unsubscribe(name, this.#subscriber);
    for (const name of this.patterns) this.#hub.unsubscribePattern(name, this.#subscriber);
    for (const name of this.shardChannels) this.#hub.unsubscribeShard(name, this.#subscriber);
    this.channels.clear();
    this.patterns.clear();
    this.shardChannels.clear();
  }
}
