/** Who listens to what, and what is left when they go. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Args } from '../../src/protocol/args.ts';
import { DeliveryGate } from '../../src/session/delivery-gate.ts';
import { KeyspaceEvents } from '../../src/session/keyspace-events.ts';
import { Monitors } from '../../src/session/monitors.ts';
import { PubSubHub, type Subscriber } from '../../src/session/pub-sub-hub.ts';
import { Subscriptions } from '../../src/session/subscriptions.ts';

class Listener implements Subscriber {
  readonly heard: string[] = [];
  readonly subscriptions: Subscriptions;

  constructor(hub: PubSubHub) {
    this.subscriptions = new Subscriptions(hub, this);
  }

  deliver(channel: Buffer, message: Buffer): void {
    this.heard.push(`${channel} ${message}`);
  }

  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void {
    this.heard.push(`${pattern} ${channel} ${message}`);
  }

  deliverShard(channel: Buffer, message: Buffer): void {
    this.heard.push(`shard ${channel} ${message}`);
  }

  endWith(): void {}
}

let hub: PubSubHub;
let one: Listener;
let two: Listener;

beforeEach(() => {
  hub = new PubSubHub();
  one = new Listener(hub);
  two = new Listener(hub);
});

const bytes = (text: string): Buffer => Buffer.from(text);

/** The three kinds of listening, as one interface. */
const KINDS = [
  {
    kind: 'channel', begin: 'subscribe', end: 'unsubscribe',
    count: (): number => hub.channelCount, send: (): number => hub.publish(bytes('c'), bytes('x')),
  },
  {
    kind: 'pattern', begin: 'psubscribe', end: 'punsubscribe',
    count: (): number => hub.patterns, send: (): number => hub.publish(bytes('c'), bytes('x')),
  },
  {
    kind: 'shard channel', begin: 'ssubscribe', end: 'sunsubscribe',
    count: (): number => hub.shardChannelCount,
    send: (): number => hub.spublish(bytes('c'), bytes('x')),
  },
] as const;

describe.each(KINDS)('a $kind', ({ begin, end, count, send }) => {
  it('goes on for one when the other leaves, and is gone with the last', () => {
    one.subscriptions[begin](bytes('c'));
    two.subscriptions[begin](bytes('c'));
    expect([count(), send()]).toEqual([1, 2]);
    one.subscriptions[end](bytes('c'));
    expect([count(), send()]).toEqual([1, 1]);
    expect([one.heard.length, two.heard.length]).toEqual([1, 2]);
    two.subscriptions[end](bytes('c'));
    expect([count(), send()]).toEqual([0, 0]);
  });

  it('is not left by those who were not there', () => {
    one.subscriptions[begin](bytes('c'));
    two.subscriptions[end](bytes('c'));
    one.subscriptions[end](bytes('other'));
    expect([count(), send()]).toEqual([1, 1]);
  });

  it('has each subscriber once, however often it subscribes', () => {
    one.subscriptions[begin](bytes('c'));
    one.subscriptions[begin](bytes('c'));
    expect([send(), one.heard.length]).toEqual([1, 1]);
    one.subscriptions[end](bytes('c'));
    expect([count(), send()]).toEqual([0, 0]);
  });

  it('is gone when its only subscriber leaves everything', () => {
    one.subscriptions[begin](bytes('c'));
    two.subscriptions[begin](bytes('d'));
    one.subscriptions.clear();
    const { channels, patterns, shardChannels } = one.subscriptions;
    expect([channels.size, patterns.size, shardChannels.size]).toEqual([0, 0, 0]);
    expect([count(), send()]).toEqual([1, 0]);
    one.subscriptions[begin](bytes('c'));
    expect([count(), send()]).toEqual([2, 1]);
  });

  it('that was left has no place in the gate any more', () => {
    const known: { knownCommit: number | undefined; leaderSince: number } =
      { knownCommit: undefined, leaderSince: 0 };
    const gate = new DeliveryGate(known);
    hub.gate = gate;
    one.subscriptions[begin](bytes('c'));
    one.subscriptions[end](bytes('c'));
    two.subscriptions[begin](bytes('c'));
    known.knownCommit = 4;
    gate.settle();
    gate.enter(5);
    expect(send()).toBe(1);
    gate.leave();
    expect(hub.missing(4)).toEqual(new Set());
    expect(hub.missing(5)).toEqual(new Set([two]));
  });
});

describe('the hub', () => {
  it('tells the gate of each subscription that ends, once', () => {
    const begun: object[] = [];
    const ended: object[] = [];
    const begin = (): { since: number } => {
      const subscription = { since: begun.length };
      begun.push(subscription);
      return subscription;
    };
    hub.gate = { begin, end: (one: object) => void ended.push(one) } as unknown as DeliveryGate;
    for (const { begin: subscribe } of KINDS) one.subscriptions[subscribe](bytes('c'));
    for (const { end } of KINDS) two.subscriptions[end](bytes('c'));
    expect([begun.length, ended.length]).toEqual([3, 0]);
    one.subscriptions.clear();
    one.subscriptions.clear();
    expect(new Set(ended)).toEqual(new Set(begun));
    expect(ended).toHaveLength(3);
  });

  it('lists and counts channels and shard channels apart, by pattern too', () => {
    for (const name of ['news', 'night']) one.subscriptions.subscribe(bytes(name));
    two.subscriptions.subscribe(bytes('news'));
    two.subscriptions.ssubscribe(bytes('noon'));
    two.subscriptions.ssubscribe(bytes('x'));
    const names = (found: readonly Buffer[]): string[] => found.map(String).toSorted();
    expect(names(hub.channels(undefined))).toEqual(['news', 'night']);
    expect(names(hub.channels(bytes('ne*')))).toEqual(['news']);
    expect(names(hub.shardChannels(undefined))).toEqual(['noon', 'x']);
    expect(names(hub.shardChannels(bytes('n*')))).toEqual(['noon']);
    const counts = ['news', 'night', 'noon'].map((name) => hub.subscribers(bytes(name)));
    expect(counts).toEqual([2, 1, 0]);
    expect(['noon', 'news'].map((name) => hub.shardSubscribers(bytes(name)))).toEqual([1, 0]);
  });

  it('counts channels and patterns of a connection, which shard channels are not', () => {
    one.subscriptions.subscribe(bytes('a'));
    one.subscriptions.psubscribe(bytes('a'));
    one.subscriptions.ssubscribe(bytes('a'));
    expect(one.subscriptions.count).toBe(2);
  });

  it('misses no message without a gate', () => {
    one.subscriptions.subscribe(bytes('a'));
    expect(hub.missing(1000)).toEqual(new Set());
  });
});

describe('keyspace events', () => {
  function heardWith(letters: string, kind: string): string[] {
    const events = new KeyspaceEvents(hub);
    events.configure(letters);
    one.subscriptions.psubscribe(bytes('__key*'));
    events.notify(kind, 'set', 3, ByteRange.ofText('k'));
    return one.heard.map((line) => line.replace('__key* ', ''));
  }

  it.each([
    ['K$', '$', ['__keyspace@3__:k set']],
    ['E$', '$', ['__keyevent@3__:set k']],
    ['KE$', '$', ['__keyspace@3__:k set', '__keyevent@3__:set k']],
    ['KA', '$', ['__keyspace@3__:k set']],
    ['KA', 'x', ['__keyspace@3__:k set']],
    ['KA', 'm', []],
    ['KAm', 'm', ['__keyspace@3__:k set']],
    ['KEg', '$', []],
    ['$', '$', []],
    ['KE', '$', []],
    ['', '$', []],
  ])('with %j of class %s go to %j', (letters, kind, expected) => {
    expect(heardWith(letters, kind)).toEqual(expected);
  });

  it('end when they are configured away', () => {
    const events = new KeyspaceEvents(hub);
    one.subscriptions.psubscribe(bytes('*'));
    for (const letters of ['KEA', '', 'KE$']) {
      events.configure(letters);
      events.notify('$', `as '${letters}'`, 0, ByteRange.ofText('k'));
    }
    expect(one.heard.filter((line) => line.includes("''"))).toEqual([]);
    expect(one.heard).toHaveLength(4);
  });
});

describe('monitors', () => {
  it('are shown a line until they leave', () => {
    const monitors = new Monitors();
    const lines: string[] = [];
    const monitor = { deliverLine: (line: string): void => void lines.push(line) };
    monitors.add(monitor);
    expect(monitors.count).toBe(1);
    const client = { address: '1.2.3.4:5', dbIndex: 2 };
    monitors.show(1_500, client, Args.of('SET', '"\\\n\r\t\x07\b ~\x7f\x1f'));
    monitors.remove(monitor);
    monitors.show(2_000, client, Args.of('GET'));
    expect(monitors.count).toBe(0);
    expect(lines).toEqual([
      '1.500000 [2 1.2.3.4:5] "SET" "\\"\\\\\\n\\r\\t\\a\\b ~\\x7f\\x1f"',
    ]);
  });
});
