/**
 * Commands with many arguments cost the server time in proportion to them: measured as processor
 * time of the server, at one size and at eight times that. Work that grows with the square would be
 * 64 times as much; what is allowed is a third of that, because other things take time as well.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const SMALL = 2000;
const TIMES = 8;
const RATIO_MAX = 21;
/** Below this a measurement says nothing. */
const CPU_MS_MIN = 15;

type Words = (count: number) => string[];

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `key:${i}`);
const pairs: Words = (count) => names(count).flatMap((name) => [name, 'value']);
const repeated = (words: readonly string[]): Words => (count) =>
  Array.from({ length: count }, () => words).flat();

/** What is measured, and what is done around it. */
interface Case {
  readonly words: Words;
  readonly before?: Words;
  readonly after?: Words;
  /** Replies to one command: SUBSCRIBE has one for each name. */
  readonly replies?: (count: number) => number;
}

const each = (count: number): number => count;
const mset: Words = (count) => ['MSET', ...pairs(count)];
const hset: Words = (count) => ['HSET', 'hash', ...pairs(count)];

const CASES: Readonly<Record<string, Case>> = {
  WATCH: { words: (count) => ['WATCH', ...names(count)], after: () => ['UNWATCH'] },
  MSET: { words: mset },
  MSETNX: { words: (count) => ['MSETNX', ...pairs(count)], before: () => ['FLUSHALL'] },
  MGET: { words: (count) => ['MGET', ...names(count)], before: mset },
  EXISTS: { words: (count) => ['EXISTS', ...names(count)], before: mset },
  TOUCH: { words: (count) => ['TOUCH', ...names(count)], before: mset },
  DEL: { words: (count) => ['DEL', ...names(count)], before: mset },
  UNLINK: { words: (count) => ['UNLINK', ...names(count)], before: mset },
  HSET: { words: hset, before: () => ['DEL', 'hash'] },
  HMGET: { words: (count) => ['HMGET', 'hash', ...names(count)], before: hset },
  HDEL: { words: (count) => ['HDEL', 'hash', ...names(count)], before: hset },
  SUBSCRIBE: { words: (count) => ['SUBSCRIBE', ...names(count)], replies: each },
  UNSUBSCRIBE: { words: (count) => ['UNSUBSCRIBE', ...names(count)], replies: each },
  PSUBSCRIBE: { words: (count) => ['PSUBSCRIBE', ...names(count)], replies: each },
  PUNSUBSCRIBE: { words: (count) => ['PUNSUBSCRIBE', ...names(count)], replies: each },
  BITFIELD: {
    words: (count) => ['BITFIELD', 'bits', ...names(count).flatMap((_, i) =>
      ['INCRBY', 'u8', `#${i}`, '1'])],
  },
  BITOP: { words: (count) => ['BITOP', 'XOR', 'bits', ...names(count)], before: mset },
  'CLIENT LIST': { words: (count) => ['CLIENT', 'LIST', 'ID', ...repeated(['1'])(count / 8)] },
  'CLIENT KILL': { words: (count) => ['CLIENT', 'KILL', ...repeated(['ID', '99999'])(count)] },
  'COMMAND GETKEYS': { words: (count) => ['COMMAND', 'GETKEYSANDFLAGS', 'DEL', ...names(count)] },
  'COMMAND DOCS': { words: (count) => ['COMMAND', 'DOCS', ...repeated(['get'])(count / 8)] },
  'LATENCY HISTOGRAM': { words: (count) => ['LATENCY', 'HISTOGRAM', ...names(count)] },
};

describe('many arguments', () => {
  let server: TestServer;
  let client: WireClient;
  let subscriber: WireClient;
  beforeAll(async () => {
    server = await TestServer.start();
    client = await server.connect();
    subscriber = await server.connect();
  });
  afterAll(() => server.stop());

  async function run(words: readonly string[], replies: number): Promise<void> {
    const to = replies > 1 ? subscriber : client;
    to.send(words);
    const [first = ''] = await to.replies(replies);
    expect(first.slice(0, 80)).not.toMatch(/^-/);
  }

  /** The least of some rounds: this machine is shared. */
  async function measure(one: Case, count: number): Promise<number> {
    let least = Infinity;
    for (let round = 0; round < 2; round++) {
      if (one.before !== undefined) await run(one.before(count), 1);
      const words = one.words(count);
      const from = process.cpuUsage();
      await run(words, one.replies?.(count) ?? 1);
      const { user, system } = process.cpuUsage(from);
      least = Math.min(least, (user + system) / 1000);
      if (one.after !== undefined) await run(one.after(count), 1);
    }
    return least;
  }

  it('of BITFIELD may be more than a call in JavaScript can have', async () => {
    const count = 130_000;
    const words = ['BITFIELD', 'many', ...repeated(['INCRBY', 'u32', '0', '1'])(count)];
    client.send(['CLIENT', 'REPLY', 'SKIP'], words, ['BITFIELD', 'many', 'GET', 'u32', '0']);
    expect(await client.reply(60_000)).toBe(`*1\r\n:${count}\r\n`);
  }, 90_000);

  for (const [name, one] of Object.entries(CASES)) {
    it(`of ${name} cost in proportion`, async () => {
      const small = await measure(one, SMALL);
      const large = await measure(one, SMALL * TIMES);
      expect(large).toBeLessThan(Math.max(small, CPU_MS_MIN) * RATIO_MAX);
    });
  }
});
