/** What is read from disk before requests run, for whom it is held, and when it is let go. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Args } from '../../src/protocol/args.ts';
import { NEED_KEY, NEED_VALUE, type KeyToLoad } from '../../src/keyspace/storage.ts';
import { argsOf, turns, type Line } from '../cluster/cluster-layer.ts';
import { EngineLayer, type LayerClient } from './engine-layer.ts';

let server: EngineLayer;
let client: LayerClient;

beforeEach(async () => {
  server = new EngineLayer();
  client = server.connect();
  for (const db of [0, 1]) {
    await client.run(`SELECT ${db}`);
    for (const key of ['a', 'b', 'c']) await client.run(['SET', key, `${key} of ${db}`]);
  }
  await client.run('SELECT 0');
});

const cool = (...keys: string[]): void => {
  for (const key of keys) server.storage.coldKeys.add(key);
};

/** 'database key' of each, and * where the key alone is enough. */
function shown(keys: readonly KeyToLoad[]): string[] {
  const { keyspace } = server.plumbing;
  return keys.map(({ space, key, need }) => {
    const db = keyspace.databases.find((each) => each.space === space);
    return `${db?.index} ${key}${need === NEED_VALUE ? '' : '*'}`;
  });
}

const entryOf = (args: Args) => server.table.lookup(args)!;

function collected(lines: readonly Line[]): string[] {
  const keys: KeyToLoad[] = [];
  const queue = lines.map((line) => ({ entry: entryOf(argsOf(line)), args: argsOf(line) }));
  server.engine.prefetch.collectQueue(queue, 0, keys);
  return shown(keys);
}

describe('keys that are only on disk', () => {
  it('are those of each request, as far as it needs them, in the database it means', () => {
    cool('a', 'b', 'c');
    expect(collected(['GET a', 'SET b 1', 'SELECT 1', 'MGET a c', 'PING', 'SELECT 0', 'GET c']))
      .toEqual(['0 a', '0 b*', '1 a', '1 c', '0 c']);
    expect(collected(['COPY a b DB 1', 'GET c'])).toEqual(['0 a', '1 b', '0 c']);
  });

  it('are none of those in RAM', () => {
    cool('a');
    expect(collected(['GET b', 'MGET b a b'])).toEqual(['0 a']);
    // Such a SELECT fails, and what is behind it means the same database as before.
    expect(collected(['SELECT 1', 'SELECT 99999', 'GET a', 'SELECT -1', 'GET a']))
      .toEqual(['1 a', '1 a']);
  });

  it('are so many at most; the others are read when they are asked for', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    cool(...names);
    expect(collected([['MGET', ...names], 'GET k4999'])).toHaveLength(4096);
  });

  it('are asked for again behind one whose record is damaged', () => {
    const { prefetch } = server.engine;
    const { storage } = server;
    cool('a', 'b');
    const mustLoad = storage.mustLoad.bind(storage);
    storage.mustLoad = (space, key, need) => {
      if (key.latin1() === 'a') throw new Error('damaged');
      return mustLoad(space, key, need);
    };
    const ask = (line: string): boolean =>
      prefetch.mustLoad(entryOf(argsOf(line)), argsOf(line), 0);
    expect(['GET a', 'GET b', 'GET c', 'MGET b a', 'MGET c a', 'MGET a b'].map(ask))
      .toEqual([false, true, false, true, false, false]);
  });

  it('are as much as the command says: a key for SET, the value for GET', () => {
    const needs: number[] = [];
    server.storage.mustLoad = (_space, _key, need) => {
      needs.push(need);
      return false;
    };
    for (const line of ['SET a 1', 'SET a 1 GET', 'GET a']) {
      server.engine.prefetch.mustLoad(entryOf(argsOf(line)), argsOf(line), 0);
    }
    expect(needs).toEqual([NEED_KEY, NEED_VALUE, NEED_VALUE]);
  });
});

describe('a load for a client', () => {
  let held: number;
  let loads: string[][];
  let fails: boolean;
  beforeEach(() => {
    held = 0;
    loads = [];
    fails = false;
    const { storage } = server;
    const load = storage.load.bind(storage);
    storage.load = async (keys) => {
      loads.push(shown(keys));
      await turns(1);
      if (fails) throw new Error('the disk is gone');
      const release = await load(keys);
      held += 1;
      return () => {
        held -= 1;
        release();
      };
    };
  });

  /** Serves them as a connection does; returns how many were taken in each round. */
  async function serve(...lines: readonly string[]): Promise<number[]> {
    const batch = lines.map(argsOf);
    const rounds: number[] = [];
    while (batch.length > 0 && rounds.length < 20) {
      const taken = server.engine.serve(client.session, batch, batch.length, 1);
      rounds.push(taken);
      batch.splice(0, taken);
      await server.engine.wait;
    }
    return rounds;
  }

  it('brings what a burst needs at once, and holds it until the last of it ran', async () => {
    cool('a', 'c');
    expect(await serve('GET b', 'GET a', 'GET b', 'GET c', 'GET b')).toEqual([1, 4]);
    expect(loads).toEqual([['0 a', '0 c']]);
    expect(held).toBe(0);
    const heard = client.heard().match(/. of 0/g);
    expect(heard).toEqual(['b of 0', 'a of 0', 'b of 0', 'c of 0', 'b of 0']);
  });

  it('is let go when the client has ended meanwhile, and nothing runs', async () => {
    cool('a');
    const { session } = client;
    expect(server.engine.serve(session, [argsOf('GET a')], 1, 1)).toBe(0);
    const { wait } = server.engine;
    client.kill();
    await wait;
    expect([held, session.progress.prefetched, client.heard()]).toEqual([0, 0, '']);
  });

  it('that fails is no reason not to run: the request asks again, and says why', async () => {
    cool('a');
    fails = true;
    expect(await serve('GET a', 'GET b')).toEqual([0, 2]);
    expect([held, loads.length, client.session.progress.prefetched]).toEqual([0, 1, 0]);
    fails = false;
    cool('b');
    expect(await serve('GET b')).toEqual([0, 1]);
    expect(loads.length).toBe(2);
    expect(held).toBe(0);
  });

  it('of an EXEC is for its whole queue, and once', async () => {
    cool('a', 'b');
    for (const line of ['MULTI', 'GET a', 'SELECT 1', 'GET b']) await client.run(line);
    expect(await serve('EXEC', 'GET c')).toEqual([0, 2]);
    expect(loads).toEqual([['0 a', '1 b']]);
    expect(held).toBe(0);
    client.heard();
    cool('c');
    for (const line of ['MULTI', 'GET c']) await client.run(line);
    expect(await serve('EXEC')).toEqual([0, 1]);
    expect(loads).toHaveLength(2);
  });
});
