/**
 * Options that CONFIG SET changes take effect on a server that serves, for clients that were there
 * before and in every database; and as well when they are changed back, and once more.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const ROUNDS = [1, 2];

let dkvs: TestServer;
/** In database 0, and in database 1. */
let client: WireClient;
let other: WireClient;

beforeAll(async () => {
  dkvs = await TestServer.start({ 'enable-debug-command': 'yes' });
  client = await dkvs.connect();
  other = await dkvs.connect();
  await other.call('SELECT', '1');
});

afterAll(() => dkvs?.stop());

const set = async (...words: readonly string[]): Promise<void> => {
  expect(await client.call('CONFIG', 'SET', ...words)).toBe('+OK\r\n');
};

async function info(name: string): Promise<number> {
  const lines = (await client.call('INFO')).split('\r\n');
  const found = lines.find((line) => line.startsWith(`${name}:`));
  if (found === undefined) throw new Error(`INFO has no ${name}`);
  return Number(found.slice(name.length + 1));
}

/** The first word of what each of them replies to a write, and to one that makes room. */
async function writes(): Promise<string> {
  const words: string[] = [];
  for (const one of [client, other]) {
    for (const line of [['SET', 'w', '1'], ['DEL', 'none']]) {
      words.push((await one.call(...line)).split(/[ \r]/)[0]!);
    }
  }
  return words.join(' ');
}

/** What EXEC replies to a SET that was queued before `change`. */
async function execBehind(one: WireClient, change: () => Promise<void>): Promise<string> {
  await one.call('MULTI');
  expect(await one.call('SET', 'queued', '1')).toBe('+QUEUED\r\n');
  await change();
  return await one.call('EXEC');
}

describe('changed while it serves', () => {
  it('slowlog-log-slower-than and slowlog-max-len', async () => {
    for (const round of ROUNDS) {
      await set('slowlog-log-slower-than', '-1');
      await client.call('SLOWLOG', 'RESET');
      await other.call('SET', 'quiet', '1');
      expect(await client.call('SLOWLOG', 'LEN'), `round ${round}`).toBe(':0\r\n');
      await set('slowlog-log-slower-than', '0');
      for (let i = 0; i < 5; i += 1) await other.call('SET', 'told', `${i}`);
      const length = Number((await client.call('SLOWLOG', 'LEN')).slice(1));
      expect(length).toBeGreaterThanOrEqual(5);
      await set('slowlog-max-len', '2');
      await other.call('SET', 'told', 'last');
      expect(await client.call('SLOWLOG', 'LEN')).toBe(':2\r\n');
      await set('slowlog-max-len', '128', 'slowlog-log-slower-than', '10000');
    }
  });

  it('latency-monitor-threshold', async () => {
    for (const _round of ROUNDS) {
      await client.call('LATENCY', 'RESET');
      await other.call('DEBUG', 'SLEEP', '0.02');
      expect(await client.call('LATENCY', 'LATEST')).toBe('*0\r\n');
      await set('latency-monitor-threshold', '10');
      await other.call('DEBUG', 'SLEEP', '0.02');
      expect(await client.call('LATENCY', 'LATEST')).toContain('command');
      await set('latency-monitor-threshold', '0');
    }
  });

  it('notify-keyspace-events', async () => {
    const listener = await dkvs.connect();
    listener.send(['PSUBSCRIBE', '__key*']);
    await listener.reply();
    for (const round of ROUNDS) {
      await set('notify-keyspace-events', '');
      await other.call('SET', 'silent', '1');
      await set('notify-keyspace-events', 'K$');
      await other.call('SET', `loud${round}`, '1');
      expect(await listener.reply()).toContain(`__keyspace@1__:loud${round}\r\n`);
    }
    await set('notify-keyspace-events', '');
  });

  it('proto-max-bulk-len', async () => {
    const large = 'x'.repeat(2 * 1024 * 1024);
    for (const _round of ROUNDS) {
      await set('proto-max-bulk-len', '1mb');
      expect(await other.call('SETRANGE', 'far', `${1024 * 1024}`, 'x')).toMatch(/^-ERR/);
      const victim = await dkvs.connect();
      victim.send(['SET', 'k', large]);
      expect(await victim.untilClosed()).toBe('-ERR Protocol error: invalid bulk length\r\n');
      await set('proto-max-bulk-len', '512mb');
      expect(await other.call('SET', 'k', large)).toBe('+OK\r\n');
    }
  });

  it('maxclients', async () => {
    for (const _round of ROUNDS) {
      await set('maxclients', '1');
      const refused = await dkvs.connect();
      expect(await refused.untilClosed()).toBe('-ERR max number of clients reached\r\n');
      expect(await other.call('PING')).toBe('+PONG\r\n');
      await set('maxclients', '1000');
      const taken = await dkvs.connect();
      expect(await taken.call('PING')).toBe('+PONG\r\n');
    }
  });

  it('requirepass, for those who come later', async () => {
    for (const round of ROUNDS) {
      await set('requirepass', `secret${round}`);
      const late = await dkvs.connect();
      expect(await late.call('PING')).toBe('-NOAUTH Authentication required.\r\n');
      expect(await late.call('AUTH', 'wrong')).toMatch(/^-WRONGPASS/);
      expect(await late.call('AUTH', `secret${round}`)).toBe('+OK\r\n');
      expect(await late.call('PING')).toBe('+PONG\r\n');
      expect(await other.call('PING')).toBe('+PONG\r\n');
      await set('requirepass', '');
      expect(await (await dkvs.connect()).call('PING')).toBe('+PONG\r\n');
    }
  });

  it('appendfsync', async () => {
    for (const _round of ROUNDS) {
      await set('appendfsync', 'no');
      const before = await info('log_syncs');
      await set('appendfsync', 'always');
      for (let i = 0; i < 3; i += 1) await other.call('SET', 'k', `${i}`);
      const after = await info('log_syncs');
      expect(after).toBeGreaterThanOrEqual(before + 3);
      await set('appendfsync', 'everysec');
    }
  });

  it('maxmemory, also for what EXEC would run', async () => {
    for (const _round of ROUNDS) {
      expect(await writes()).toBe('+OK :0 +OK :0');
      const refused = await execBehind(other, () => set('maxmemory', '1kb'));
      expect(refused).toMatch(/^-EXECABORT Transaction discarded because of: OOM /);
      expect(await writes()).toBe('-OOM :0 -OOM :0');
      expect(await client.call('MULTI')).toBe('+OK\r\n');
      expect(await client.call('SET', 'a', '1')).toMatch(/^-OOM/);
      expect(await client.call('EXEC')).toMatch(/^-EXECABORT/);
      expect(await other.call('GET', 'queued')).toBe('$-1\r\n');
      await set('maxmemory', '100mb');
      expect(await execBehind(other, async () => {})).toBe('*1\r\n+OK\r\n');
      await other.call('DEL', 'queued');
    }
  });

  it('disk-reserve-bytes, which lets those go on that make room', async () => {
    for (const _round of ROUNDS) {
      expect(await writes()).toBe('+OK :0 +OK :0');
      await set('disk-reserve-bytes', '1000000000000000');
      await eventually('the disk to be too full', async () =>
        await writes() === '-MISCONF :0 -MISCONF :0');
      await set('disk-reserve-bytes', '0');
      expect(await writes()).toBe('+OK :0 +OK :0');
    }
  });
});

describe('counters', () => {
  it('of reads and expiry count in every database, and begin again with RESETSTAT', async () => {
    for (const _round of ROUNDS) {
      expect(await client.call('CONFIG', 'RESETSTAT')).toBe('+OK\r\n');
      await client.call('SET', 'here', '1');
      await other.call('SET', 'gone', '1', 'PX', '1');
      await eventually('the key to go', async () => await other.call('GET', 'gone') === '$-1\r\n');
      const misses = await info('keyspace_misses');
      await client.call('MGET', 'here', 'nowhere', 'here');
      await other.call('GET', 'here');
      expect(await info('keyspace_hits')).toBeGreaterThanOrEqual(2);
      expect(await info('keyspace_misses')).toBe(misses + 2);
      expect(await info('expired_keys')).toBe(1);
    }
  });

  it('of calls and errors count each request once, and begin again with RESETSTAT', async () => {
    for (const _round of ROUNDS) {
      await client.call('CONFIG', 'RESETSTAT');
      await client.call('SET', 'text', 'x');
      for (const one of [client, other]) {
        await one.call('INCR', 'text');
        await one.call('INCR');
      }
      await execBehind(client, async () => {});
      const calls = await client.call('INFO', 'commandstats');
      expect(calls).toMatch(/cmdstat_set:calls=2,.*rejected_calls=0,failed_calls=0/);
      expect(calls).toMatch(/cmdstat_incr:calls=2,.*rejected_calls=2,failed_calls=1/);
      expect(calls).toMatch(/cmdstat_exec:calls=1,.*rejected_calls=0,failed_calls=0/);
      expect(await client.call('INFO', 'errorstats')).toContain('errorstat_ERR:count=3\r\n');
      await other.call('DEL', 'text');
    }
  });

  it('of time are those of the commands that took it', async () => {
    await client.call('CONFIG', 'RESETSTAT');
    await other.call('DEBUG', 'SLEEP', '0.05');
    await client.call('PING');
    const [, usec, perCall] =
      /cmdstat_debug\|?[a-z]*:calls=1,usec=(\d+),usec_per_call=([\d.]+)/
        .exec(await client.call('INFO', 'commandstats'))!;
    expect(Number(usec)).toBeGreaterThanOrEqual(50_000);
    expect(Number(usec)).toBeLessThan(5_000_000);
    expect(Number(perCall)).toBe(Number(usec));
  });
});
