/** What clients of a peer are told while too few peers are there, and afterwards. */

import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers } from '../server/test-peers.ts';

/** Of what is refused; short, because tests wait for it. */
const TIMEOUT_MS = 800;
/** Where nothing is to be given up, however busy the machine is. */
const PATIENT_MS = 15_000;

let peers: TestPeers;

function start(timeoutMs: number): void {
  beforeEach(async () => {
    peers = await TestPeers.start({
      'broadcast-timeout': timeoutMs, 'election-timeout': 300, 'heartbeat-interval': 60,
      'enable-debug-command': 'local',
    });
  });
}

afterEach(async () => {
  await peers.stop();
});

async function errorOf(answer: Promise<unknown>): Promise<string> {
  return answer.then((value) => `no error: ${String(value)}`,
    (error: Error) => error.message);
}

/** The timeout is short for what is refused: on a busy machine a write may need more tries. */
async function set(client: Redis, key: string, value: string): Promise<void> {
  await eventually(`${key} to be set`, async () => {
    return await client.set(key, value).catch(() => '') === 'OK';
  });
}

const REFUSED = /^(NOQUORUM no majority of peers|UNKNOWN no majority of peers)/;

describe('a peer without a majority', () => {
  start(TIMEOUT_MS);

  it('refuses writes in time, gives sequential reads, and recovers with one more', async () => {
    const client = peers.redis('a');
    await set(client, 'before', 'kept');
    await peers.caughtUp(...PEER_NAMES);
    await Promise.all([peers.close('b'), peers.close('c')]);
    expect(await errorOf(client.set('during', 'x'))).toMatch(REFUSED);
    // By now it knows that nobody leads, so nothing is sent.
    expect(await errorOf(client.set('during', 'y'))).toMatch(/^NOQUORUM .* this was not made$/);
    expect(await client.get('before')).toBe('kept');
    const queued = client.multi().set('during', 'z').get('during').exec();
    expect(await errorOf(queued)).toMatch(/NOQUORUM/);
    expect(await client.get('during')).not.toBe('z');
    await peers.listen('c');
    await peers.takesWrites('a', 'c');
    await set(client, 'after', 'made');
    await peers.caughtUp('a', 'c');
    const other = peers.redis('c');
    expect(await other.mget('before', 'after')).toEqual(['kept', 'made']);
    expect(await other.get('during')).toBe(await client.get('during'));
    expect(await other.get('during')).not.toBe('y');
  });

  it('answers a whole pipeline, in order, each request with its own reply', async () => {
    await Promise.all([peers.close('b'), peers.close('c')]);
    const client = await peers.connect('a');
    client.send(['SET', 'a', '1'], ['INCR', 'a'], ['GET', 'nothing'], ['PING'], ['MULTI'],
      ['SET', 'a', '2'], ['EXEC'], ['EXEC'], ['GET', 'nothing']);
    const replies = await client.replies(9);
    for (const i of [0, 1, 6]) expect(replies[i]).toMatch(/^-(NOQUORUM|UNKNOWN) /);
    expect(replies.filter((_, i) => ![0, 1, 6].includes(i))).toEqual([
      '$-1\r\n', '+PONG\r\n', '+OK\r\n', '+QUEUED\r\n', '-ERR EXEC without MULTI\r\n', '$-1\r\n',
    ]);
  });

  it('refuses linearizable reads in time, and goes on with the connection', async () => {
    const client = peers.redis('a');
    await set(client, 'k', 'v');
    await client.config('SET', 'consistency', 'linearizable');
    await eventually('a read', async () => await client.get('k').catch(() => '') === 'v');
    await Promise.all([peers.close('b'), peers.close('c')]);
    expect(await errorOf(client.get('k'))).toMatch(/^NOQUORUM .* linearizable/);
    expect(await errorOf(client.multi().get('k').exec())).toMatch(/NOQUORUM/);
    expect(await client.ping()).toBe('PONG');
    await client.config('SET', 'consistency', 'sequential');
    expect(await client.get('k')).toBe('v');
  });

  it('closes while writes wait, and tells their clients', async () => {
    await Promise.all([peers.close('b'), peers.close('c')]);
    const client = await peers.connect('a');
    client.send(['SET', 'a', '1']);
    await peers.redis('a').ping();
    await peers.close('a');
    expect(await client.untilClosed()).toMatch(/^-(NOQUORUM|UNKNOWN) /);
  });
});

describe('peers that are all closed', () => {
  start(PATIENT_MS);

  it('come back with everything that was acknowledged, once', async () => {
    const client = peers.redis('b');
    const counts = await Promise.all(Array.from({ length: 300 }, (_, i) => {
      return client.incr(`counter${i % 7}`);
    }));
    expect(counts.length).toBe(300);
    await client.set('expiring', 'x', 'PX', 60_000);
    await peers.closeAll();
    await peers.listenAll();
    await peers.takesWrites(...PEER_NAMES);
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const other = peers.redis(name);
      const all = await other.mget(Array.from({ length: 7 }, (_, i) => `counter${i}`));
      expect(all.reduce((sum, count) => sum + Number(count), 0)).toBe(300);
      expect(await other.pttl('expiring')).toBeGreaterThan(0);
    }
  });

  it('lose nothing acknowledged when each is restarted in turn under load', async () => {
    let acknowledged = 0;
    let unknown = 0;
    const end = new AbortController();
    const writer = async (): Promise<void> => {
      let client = peers.redis('a');
      while (!end.signal.aborted) {
        try {
          await client.incr('counted');
          acknowledged++;
        } catch (error) {
          if (!(error as Error).message.startsWith('NOQUORUM')) unknown++;
          client.disconnect();
          client = peers.redis('a');
        }
      }
    };
    const writing = writer();
    for (const name of ['b', 'c'] as const) {
      await peers.close(name);
      await peers.listen(name);
      const before = acknowledged;
      await eventually('writes go on', () => acknowledged > before + 20);
    }
    end.abort();
    await writing;
    await peers.caughtUp(...PEER_NAMES);
    const values = await Promise.all(PEER_NAMES.map((name) => {
      return peers.redis(name).get('counted');
    }));
    expect(new Set(values).size).toBe(1);
    expect(Number(values[0])).toBeGreaterThanOrEqual(acknowledged);
    expect(Number(values[0])).toBeLessThanOrEqual(acknowledged + unknown);
  });
});

describe('linearizable reads', () => {
  start(PATIENT_MS);

  it('see on every peer what was acknowledged on another just before', async () => {
    const clients = PEER_NAMES.map((name) => peers.redis(name));
    for (const client of clients) await client.config('SET', 'consistency', 'linearizable');
    for (let round = 0; round < 30; round++) {
      await clients[round % 3]!.set('round', round);
      const seen = await Promise.all(clients.map((client) => client.get('round')));
      expect(seen).toEqual([`${round}`, `${round}`, `${round}`]);
    }
  });
});

describe('DEBUG RELOAD of a peer', () => {
  start(PATIENT_MS);

  it('is borne by the others, and misses nothing that they do meanwhile', async () => {
    const client = peers.redis('a');
    const other = peers.redis('b');
    const end = new AbortController();
    const writing = (async () => {
      while (!end.signal.aborted) await other.incr('n');
    })();
    for (let i = 0; i < 3; i++) {
      expect(await client.call('DEBUG', 'RELOAD')).toBe('OK');
      await client.set('between', i);
    }
    end.abort();
    await writing;
    await peers.caughtUp(...PEER_NAMES);
    const n = await other.get('n');
    for (const name of PEER_NAMES) expect(await peers.redis(name).get('n')).toBe(n);
  });
});
