/** Requests that wait for keys, without peers, in virtual time: who is served, when, with what. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { turns } from '../cluster/cluster-layer.ts';
import {
  BLOCKING_KEYS_MAX, BLOCKING_PLACES_MAX, KeyQueues,
} from '../../src/engine/key-queues.ts';
import { Args } from '../../src/protocol/args.ts';
import { KeyListeners } from '../../src/keyspace/key-listeners.ts';
import { byteQueueCommands, looks } from './byte-queues.ts';
import { EngineLayer, type LayerClient } from './engine-layer.ts';

let server: EngineLayer;
let producer: LayerClient;

/** A client whose request may wait. */
class Consumer {
  readonly client = server.connect();
  /** What it has received, as latin1. */
  received = '';
  isBusy = false;

  async ask(line: string): Promise<void> {
    this.isBusy = true;
    void this.client.run(line).then((reply) => {
      this.received += reply;
      this.isBusy = false;
    });
    await turns(2);
  }

  take(): string {
    const { received } = this;
    this.received = '';
    return received;
  }
}

const consumers: Consumer[] = [];

async function waiting(...lines: readonly string[]): Promise<Consumer[]> {
  const made: Consumer[] = [];
  for (const line of lines) {
    const consumer = new Consumer();
    made.push(consumer);
    await consumer.ask(line);
    expect([consumer.received, consumer.client.session.flagLetters]).toEqual(['', 'b']);
  }
  consumers.push(...made);
  return made;
}

async function produce(...lines: readonly string[]): Promise<void> {
  for (const line of lines) await producer.run(line);
  await turns(2);
}

const received = (some: readonly Consumer[]): string[] =>
  some.map((consumer) => consumer.take().replaceAll(/\$\d+\r\n|\r\n/g, ''));

beforeEach(() => {
  server = new EngineLayer(undefined, byteQueueCommands);
  producer = server.connect();
  consumers.length = 0;
});

afterEach(async () => {
  for (const { client } of consumers) client.kill();
  await turns(2);
  expect(server.engine.blocked.keys).toBe(0);
  expect(server.plumbing.keyspace.keyListeners.size).toBe(0);
  expect(server.clock.nextTimerMs()).toBeNull();
});

describe('who is served', () => {
  it('is who came first, once for each element', async () => {
    const three = await waiting('BTAKE k 0', 'BTAKE k 0', 'BTAKE k 0');
    await produce('APPEND k ab');
    expect(received(three)).toEqual(['k=a', 'k=b', '']);
    expect(await producer.run('GET k')).toBe('$-1\r\n');
    await produce('APPEND k cde');
    expect(received(three)).toEqual(['', '', 'k=c']);
    expect(await producer.run('GET k')).toBe('$2\r\nde\r\n');
  });

  it('takes from the first of its keys that has something', async () => {
    const [one] = await waiting('BTAKE k l m 0');
    await produce('MULTI', 'APPEND m 3', 'APPEND l 2', 'EXEC');
    expect(received([one!])).toEqual(['l=2']);
    expect(await producer.run('GET m')).toBe('$1\r\n3\r\n');
  });

  it('may name a key twice', async () => {
    const two = await waiting('BTAKE k k 0', 'BTAKE k l k 0');
    await produce('APPEND k a', 'APPEND k b');
    expect(received(two)).toEqual(['k=a', 'k=b']);
  });

  it('is served before the next request of the one that pushed', async () => {
    const [one] = await waiting('BTAKE k 0');
    const batch = ['APPEND k a', 'GET k', 'APPEND k b', 'GET k'].map((line) =>
      Args.ofBuffers(line.split(' ').map((word) => Buffer.from(word))));
    for (let at = 0; at < batch.length;) {
      at += server.engine.serve(producer.session, batch.slice(at), batch.length - at,
        server.clock.nowMs());
    }
    await turns(1);
    expect(producer.heard()).toBe(':1\r\n$-1\r\n:1\r\n$1\r\nb\r\n');
    expect(received([one!])).toEqual(['k=a']);
  });

  it('is served when all of EXEC has run', async () => {
    const [one] = await waiting('BTAKE k 0');
    await produce('MULTI', 'APPEND k a', 'DEL k', 'EXEC');
    expect(received([one!])).toEqual(['']);
    await produce('MULTI', 'APPEND k a', 'SET k b', 'EXEC');
    expect(received([one!])).toEqual(['k=b']);
  });

  it('is served in a chain', async () => {
    const chain = await waiting('BSHIFT a b 0', 'BSHIFT b c 0', 'BTAKE c 0', 'BTAKE b 0');
    await produce('APPEND a x');
    expect(received(chain)).toEqual(['x', 'x', 'c=x', '']);
    await produce('APPEND a y');
    expect(received(chain)).toEqual(['', '', '', '']);
    await produce('APPEND b z');
    expect(received(chain)).toEqual(['', '', '', 'b=z']);
  });

  it('runs round a ring and comes to rest', async () => {
    const ring = await waiting('BSHIFT a b 0', 'BSHIFT b a 0');
    await produce('APPEND a x');
    expect(received(ring)).toEqual(['x', 'x']);
    expect(await producer.run('GET a')).toBe('$1\r\nx\r\n');
  });

  it.each([
    ['SET k a', []], ['SETRANGE k 0 a', []], ['RENAME l k', ['SET l a']],
    ['RENAMENX l k', ['SET l a']], ['COPY l k', ['SET l a']],
    ['MOVE k 0', ['SELECT 1', 'SET k a']], ['SWAPDB 1 0', ['SELECT 1', 'SET k a']],
    ['MSET l b k a', []],
  ])('is woken by %s', async (line, before) => {
    const [one] = await waiting('BTAKE k 0');
    await produce(...before, line);
    expect(received([one!])).toEqual(['k=a']);
  });

  it('is not woken by another type, by another database, or by what is gone already', async () => {
    const [one] = await waiting('BTAKE k 0');
    await produce('HSET k f 1', 'HSET k g 1', 'DEL k', 'SELECT 1', 'SET k a', 'SELECT 0');
    await produce('SET k a PXAT 5');
    await produce('MULTI', 'SET k a', 'FLUSHALL', 'EXEC');
    expect(received([one!])).toEqual(['']);
    await produce('SET k a');
    expect(received([one!])).toEqual(['k=a']);
  });

  it('gets the error that its attempt meets, and the next one what is there', async () => {
    const two = await waiting('BSHIFT k to 0', 'BTAKE k 0');
    await produce('HSET to f 1', 'SET k a');
    expect(received(two)).toEqual([
      '-WRONGTYPE Operation against a key holding the wrong kind of value', 'k=a',
    ]);
  });

  it('is another one when what was taken is taken back', async () => {
    const { keyspace } = server.plumbing;
    await produce('SET k a');
    const mark = keyspace.mark();
    const first = new Consumer();
    await first.ask('BTAKE k 0');
    const [second] = await waiting('BTAKE k 0');
    keyspace.takeBack(mark);
    await turns(2);
    expect(received([first, second!])).toEqual(['k=a', 'k=a']);
  });
});

describe('a request that waits', () => {
  it('ends with its time, of which fractions count', async () => {
    const some = await waiting('BTAKE k 0.0151', 'BTAKE k 0.5', 'BTAKE k 0');
    server.clock.advance(15);
    await turns(2);
    expect(some.map(({ isBusy }) => isBusy)).toEqual([true, true, true]);
    server.clock.advance(1);
    await turns(2);
    expect(some[0]!.take()).toBe('*-1\r\n');
    server.clock.advance(484);
    await turns(2);
    expect(some[1]!.take()).toBe('*-1\r\n');
    server.clock.advance(1e9);
    await produce('SET k a');
    expect(received(some)).toEqual(['', '', 'k=a']);
  });

  it('replies null in RESP3', async () => {
    const one = new Consumer();
    one.client.session.protocol = 3;
    await one.ask('BTAKE k 0.001');
    server.clock.advance(1);
    await turns(2);
    expect(one.take()).toBe('_\r\n');
  });

  it.each([
    ['x', 'timeout is not a float or out of range'], ['', 'timeout is not a float or out of range'],
    ['nan', 'timeout is not a float or out of range'], ['-1', 'timeout is negative'],
    ['-inf', 'timeout is negative'], ['inf', 'timeout is out of range'],
    ['1e300', 'timeout is out of range'], ['9223372036854775', 'timeout is out of range'],
  ])('is refused with the timeout %s', async (timeout, text) => {
    expect(await producer.run(['BTAKE', 'k', timeout])).toBe(`-ERR ${text}\r\n`);
  });

  it('is ended by CLIENT UNBLOCK, and takes nothing afterwards', async () => {
    const two = await waiting('BTAKE k 0', 'BTAKE k 0');
    expect(two[0]!.client.session.blocking.end('timeout')).toBe(true);
    expect(two[0]!.client.session.blocking.end('timeout')).toBe(false);
    await producer.run('SET k a');
    await turns(2);
    expect(two.map((one) => one.take())).toEqual(['*-1\r\n', '$3\r\nk=a\r\n']);
    await two[0]!.ask('BTAKE k 0');
    two[0]!.client.session.blocking.end('error');
    await turns(2);
    expect(two[0]!.take()).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
  });

  it('takes nothing when its connection has gone', async () => {
    const two = await waiting('BTAKE k 0', 'BTAKE k 0');
    two[0]!.client.kill();
    await produce('SET k a');
    expect(received(two)).toEqual(['', 'k=a']);
    expect(two[0]!.isBusy).toBe(false);
  });

  it('is not there in EXEC, which it leaves with what it replies there', async () => {
    await producer.run('MULTI');
    await producer.run('BTAKE k 0');
    await producer.run('APPEND k a');
    await producer.run('BTAKE k 0');
    expect(await producer.run('EXEC')).toBe('*3\r\n$-1\r\n:1\r\n$3\r\nk=a\r\n');
    expect(producer.session.flagLetters).toBe('N');
  });

  it('waits on while writes are paused, and is served then', async () => {
    const two = await waiting('BTAKE k 0', 'BTAKE k 0');
    const { pause } = server.plumbing;
    const { keyspace } = server.plumbing;
    pause.begin(server.clock.nowMs() + 50, true);
    // Such as a batch of the total order, which is not paused.
    for (const byte of ['x', 'y']) {
      server.engine.runInternal(() => {
        const { value } = keyspace.db(0).find(Args.of('k').at(0)) ?? { value: Args.of('').at(0) };
        keyspace.db(0).put(Args.of('k').at(0), Args.of(`${value.latin1()}${byte}`).at(0));
      });
      await turns(2);
    }
    expect(received(two)).toEqual(['', '']);
    server.clock.advance(50);
    await turns(2);
    expect(received(two)).toEqual(['k=x', 'k=y']);
  });

  it('waits on while there is no store', async () => {
    const [one] = await waiting('BTAKE k 0');
    const release = server.plumbing.pause.hold();
    looks.count = 0;
    server.engine.runInternal(() =>
      server.plumbing.keyspace.db(0).put(Args.of('k').at(0), Args.of('x').at(0)));
    await turns(2);
    expect([received([one!]), looks.count]).toEqual([[''], 0]);
    release();
    await turns(2);
    expect(received([one!])).toEqual(['k=x']);
  });

  it('counts once, when it replies, and MONITOR shows it once, when it comes', async () => {
    const monitor = server.connect();
    await monitor.run('MONITOR');
    const [one] = await waiting('BTAKE k 0');
    expect(monitor.heard()).toMatch(/"BTAKE" "k" "0"/);
    expect(server.calls.get('btake')).toBeUndefined();
    await produce('SET k a');
    expect(received([one!])).toEqual(['k=a']);
    expect(monitor.heard()).not.toMatch(/BTAKE/);
    expect(server.calls.get('btake')).toBe(1);
    await one!.ask('BTAKE k 0.001');
    server.clock.advance(1);
    await turns(2);
    expect(server.calls.get('btake')).toBe(2);
  });

  it('gets no reply while its client wants none, and goes on', async () => {
    const one = new Consumer();
    one.client.session.replyMode = 'off';
    await one.ask('BTAKE k 0');
    await produce('SET k ab');
    expect([one.isBusy, one.take(), await producer.run('GET k')]).toEqual([false, '', '$1\r\nb\r\n']);
    one.client.session.replyMode = 'skip';
    await one.ask('BTAKE l 0.001');
    server.clock.advance(1);
    await turns(2);
    expect([one.isBusy, one.take()]).toEqual([false, '']);
  });

  it('ends with an error when nothing comes here any more, and so do later ones', async () => {
    const [one] = await waiting('BTAKE k 0');
    server.engine.blocked.close('REMOVED this peer was removed');
    await turns(2);
    expect(one!.take()).toBe('-REMOVED this peer was removed\r\n');
    await one!.ask('BTAKE k 0');
    expect(one!.take()).toBe('-REMOVED this peer was removed\r\n');
  });

  it('is looked at no more often than its keys change', async () => {
    const some = await waiting('BTAKE k l 0', 'BTAKE k 0', 'BTAKE l 0');
    looks.count = 0;
    await produce('SET other a', 'GET k', 'DEL k');
    expect(looks.count).toBe(0);
    await produce('HSET k f 1');
    expect(looks.count).toBe(1);
    await produce('HSET l f 1');
    expect(looks.count).toBe(2);
    expect(received(some)).toEqual(['', '', '']);
  });
});

describe('bounds', () => {
  it('refuses to wait for too many keys, but takes from them', async () => {
    const keys = Array.from({ length: BLOCKING_KEYS_MAX + 1 }, (_, i) => `k${i}`);
    expect(await producer.run(['BTAKE', ...keys, '0'])).toBe(
      `-ERR a command waits for at most ${BLOCKING_KEYS_MAX} keys, not for ${keys.length}\r\n`);
    await producer.run('SET k7 a');
    expect(await producer.run(['BTAKE', ...keys, '0'])).toBe('$4\r\nk7=a\r\n');
    const [most] = await waiting(`BTAKE ${keys.slice(1).join(' ')} 0`);
    expect(server.engine.blocked.keys).toBe(BLOCKING_KEYS_MAX);
    await produce('SET k9 a');
    expect(received([most!])).toEqual(['k9=a']);
  });

  it('counts the places of all requests together', () => {
    const queues = new KeyQueues<{ readonly isAttempting: boolean }>(new KeyListeners(), () => {});
    const args = Args.of(...Array.from({ length: BLOCKING_KEYS_MAX + 1 }, (_, i) => `k${i}`));
    const wait = { first: 1, end: args.count, timeoutMs: 0, countReady: () => 0 };
    const joined = [];
    while (queues.refusal(wait) === undefined) {
      const request = { isAttempting: false };
      joined.push([request, queues.join(request, 0, args, wait)] as const);
    }
    expect(joined).toHaveLength(BLOCKING_PLACES_MAX / BLOCKING_KEYS_MAX);
    expect(queues.refusal({ ...wait, end: 2 })).toMatch(/^ERR all clients together wait for/);
    queues.leave(...joined[0]!);
    expect(queues.refusal(wait)).toBeUndefined();
    for (const each of joined.slice(1)) queues.leave(...each);
    expect(queues.size).toBe(0);
  });
});
