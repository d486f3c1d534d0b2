/** Three peers, from the outside: what clients of any of them see. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers } from '../server/test-peers.ts';

let peers: TestPeers;

beforeAll(async () => {
  // Large values shall depose no leader, however slow the machine is.
  peers = await TestPeers.start({ 'broadcast-timeout': 15_000, 'election-timeout': 1500 });
});

afterAll(async () => {
  await peers.stop();
});

afterEach(async () => {
  await peers.redis('a').flushall();
  await peers.caughtUp(...PEER_NAMES);
});

describe('three servers that are peers', () => {
  it('take writes on any of them, and give them on all', async () => {
    for (const name of PEER_NAMES) {
      expect(await peers.redis(name).set(`from ${name}`, name)).toBe('OK');
    }
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const got = await peers.redis(name).mget(PEER_NAMES.map((each) => `from ${each}`));
      expect(got).toEqual([...PEER_NAMES]);
    }
  });

  it('let a connection see its own writes at once', async () => {
    const client = peers.redis('c');
    for (let i = 0; i < 100; i++) {
      void client.set('own', i);
      expect(await client.get('own')).toBe(`${i}`);
    }
  });

  it('count as one when all increment the same key at once', async () => {
    await Promise.all(PEER_NAMES.map(async (name) => {
      const client = peers.redis(name);
      const counts = await Promise.all(Array.from({ length: 200 }, () => client.incr('counter')));
      expect(counts).toEqual(counts.toSorted((one, other) => one - other));
    }));
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) expect(await peers.redis(name).get('counter')).toBe('600');
  });

  it('run a transaction as one, everywhere', async () => {
    const client = peers.redis('b');
    const results = await client.multi().set('a', 1).incrby('a', 4).select(1).set('b', 'x')
      .select(0).get('a').hset('h', 'f', 'v').incr('h').exec();
    expect(results?.map(([error, value]) => error?.message ?? value)).toEqual([
      'OK', 5, 'OK', 'OK', 'OK', '5', 1,
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ]);
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const other = peers.redis(name);
      expect(await other.get('a')).toBe('5');
      expect(await other.hget('h', 'f')).toBe('v');
      await other.select(1);
      expect(await other.get('b')).toBe('x');
    }
  });

  it('run a transaction nowhere when a watched key was changed through another peer', async () => {
    const client = peers.redis('a');
    await client.set('watched', 'before');
    await client.watch('watched');
    await peers.redis('b').set('watched', 'between');
    await peers.caughtUp('b', 'a');
    expect(await client.multi().set('watched', 'after').set('beside', 1).exec()).toBeNull();
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const other = peers.redis(name);
      expect(await other.mget('watched', 'beside'), name).toEqual(['between', null]);
    }
  });

  it('run a transaction everywhere when its watched keys are as they were', async () => {
    const client = peers.redis('a');
    await client.set('watched', 'before');
    await client.watch('watched', 'absent');
    await peers.redis('b').set('another', 'x');
    expect(await client.multi().set('watched', 'after').exec()).toEqual([[null, 'OK']]);
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      expect(await peers.redis(name).get('watched')).toBe('after');
    }
  });

  it('lose no increment that was made by WATCH, GET and EXEC on all of them at once', async () => {
    let done = 0;
    await Promise.all(PEER_NAMES.map(async (name) => {
      const client = peers.redis(name);
      for (let i = 0; i < 15;) {
        await client.watch('sum');
        const sum = Number(await client.get('sum'));
        if (await client.multi().set('sum', sum + 1).exec() === null) continue;
        i++;
        done++;
      }
    }));
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) expect(await peers.redis(name).get('sum')).toBe(`${done}`);
  });

  it('bring a message to the subscribers of all peers, in the order of writes', async () => {
    const heard = new Map(PEER_NAMES.map((name) => [name, [] as string[]]));
    for (const name of PEER_NAMES) {
      const client = peers.redis(name);
      await client.subscribe('news');
      client.on('message', (_channel, message: string) => void heard.get(name)!.push(message));
    }
    await Promise.all(PEER_NAMES.map(async (name) => {
      const client = peers.redis(name);
      for (let i = 0; i < 20; i++) expect(await client.publish('news', `${name} ${i}`)).toBe(1);
    }));
    const first = heard.get('a')!;
    await eventually('all messages have come', () => {
      return [...heard.values()].every((messages) => messages.length === 60);
    });
    for (const messages of heard.values()) expect(messages).toEqual(first);
  });

  it('keep the order of replies in a pipeline of hundreds of different commands', async () => {
    const client = await peers.connect('c');
    const commands: string[][] = [];
    const replies: string[] = [];
    const add = (reply: string, ...words: string[]): void => {
      commands.push(words);
      replies.push(reply);
    };
    for (let i = 0; i < 150; i++) {
      add('+OK\r\n', 'SET', 'k', `${i}`);
      add(`:${i + 1}\r\n`, 'INCR', 'k');
      const text = `${i + 1}`;
      add(`$${text.length}\r\n${text}\r\n`, 'GET', 'k');
      add('+PONG\r\n', 'PING');
      add("-ERR wrong number of arguments for 'set' command\r\n", 'SET', 'k');
      add(`:${i === 0 ? 1 : 0}\r\n`, 'HSET', 'h', 'f', text);
      add('-WRONGTYPE Operation against a key holding the wrong kind of value\r\n', 'INCR', 'h');
    }
    client.send(...commands);
    expect(await client.replies(replies.length)).toEqual(replies);
  });

  it('answer a long pipeline of writes in order, whatever comes between them', async () => {
    const client = await peers.connect('c');
    const commands: string[][] = [];
    const replies: string[] = [];
    for (let i = 1; i <= 9000; i++) {
      commands.push(['INCR', 'long']);
      replies.push(`:${i}\r\n`);
      if (i % 1777 !== 0) continue;
      commands.push(['GET', 'long'], ['SELECT', '0'], ['SET', 'long']);
      replies.push(`$${`${i}`.length}\r\n${i}\r\n`, '+OK\r\n',
        "-ERR wrong number of arguments for 'set' command\r\n");
    }
    client.send(...commands);
    expect(await client.replies(replies.length)).toEqual(replies);
  });

  it('say nothing while CLIENT REPLY is off, and answer again afterwards', async () => {
    const client = await peers.connect('b');
    client.send(['CLIENT', 'REPLY', 'OFF'], ['SET', 'quiet', '1'], ['INCR', 'quiet'], ['NOPE'],
      ['CLIENT', 'REPLY', 'ON'], ['CLIENT', 'REPLY', 'SKIP'], ['INCR', 'quiet'], ['GET', 'quiet']);
    expect(await client.replies(2)).toEqual(['+OK\r\n', '$1\r\n3\r\n']);
  });

  it('carry a value of ten megabytes to all peers', async () => {
    const value = 'x'.repeat(10 * 1024 * 1024);
    expect(await peers.redis('a').set('big', value)).toBe('OK');
    await peers.caughtUp('a', 'c');
    expect(await peers.redis('c').get('big') === value).toBe(true);
  });

  it('take several large values in one write of a client', async () => {
    const client = await peers.connect('a');
    const value = 'y'.repeat(5 * 1024 * 1024);
    client.send(...[1, 2, 3, 4].map((i) => ['SET', `large${i}`, value]), ['STRLEN', 'large4']);
    for (let i = 0; i < 4; i++) expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.reply()).toBe(`:${value.length}\r\n`);
  });

  it('refuse a value that is too large for a batch, and go on with the connection', async () => {
    const client = await peers.connect('a');
    const tooMuch = 'z'.repeat(61 * 1024 * 1024);
    client.send(['SET', 'huge', tooMuch], ['SET', 'small', '1'], ['GET', 'huge']);
    const replies = await client.replies(3);
    expect(replies[0]).toMatch(/^-ERR a write of \d+ bytes; with peers at most \d+ are allowed\r\n$/);
    expect(replies.slice(1)).toEqual(['+OK\r\n', '$-1\r\n']);
  });

  it('finish what a client asked for that has gone meanwhile', async () => {
    const client = await peers.connect('b');
    client.send(...Array.from({ length: 500 }, () => ['INCR', 'orphan']));
    client.socket.end();
    await client.closed();
    const other = peers.redis('a');
    await eventually('all increments are made', async () => await other.get('orphan') === '500');
    const rude = await peers.connect('b');
    rude.send(['MULTI'], ['INCR', 'orphan'], ['INCR', 'orphan'], ['EXEC']);
    await rude.replies(3);
    rude.socket.resetAndDestroy();
    await peers.takesWrites('b');
    const count = Number(await other.get('orphan'));
    expect([500, 502]).toContain(count);
  });

  it('make a write that waited for CLIENT PAUSE, as soon as it ends', async () => {
    const client = peers.redis('a');
    await client.call('CLIENT', 'PAUSE', '100', 'WRITE');
    const wire = await peers.connect('a');
    wire.send(['SET', 'paused', '1']);
    expect(await wire.reply()).toBe('+OK\r\n');
  });

  it('expire keys everywhere at one moment of the order', async () => {
    const client = peers.redis('a');
    await client.set('short', 'x', 'PX', 30);
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const other = peers.redis(name);
      await eventually(`it is gone from ${name}`, async () => await other.dbsize() === 1);
      expect(await other.get('short')).toBeNull();
    }
  });
});
