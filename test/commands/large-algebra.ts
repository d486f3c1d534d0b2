/**
 * What sets and sorted sets in blocks have together and alone, with less RAM than they take, against
 * plain Sets and Maps.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { elementsOf } from '../wire/differences.ts';
import type { WireClient } from '../wire/wire-client.ts';

const name = (i: number): string => `member:${i}:${'x'.repeat(60)}`;
const range = (from: number, to: number, step = 1): string[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => name(from + i * step));

/** With so many members in the larger sets. */
export function describeAlgebra(count: number): void {
  const SETS: Readonly<Record<string, ReadonlySet<string>>> = {
    a: new Set(range(0, count)),
    b: new Set(range(count / 2, 2 * count)),
    c: new Set(range(0, 2 * count, 3)),
    small: new Set([...range(0, 30), ...range(count, count + 30)]),
  };
  const ZSETS = { za: 'a', zb: 'b', zc: 'c' };
  const scoreOf = (key: string, member: string): number =>
    Number(member.split(':')[1]) * (key === 'za' ? 1 : -2);

  let server: TestServer;
  let client: WireClient;

  beforeAll(async () => {
    server = await TestServer.start({ 'maxmemory': '8mb', 'hot-tail-bytes': '1mb' });
    client = await server.connect();
    for (const [key, members] of Object.entries(SETS)) await add(key, [...members], ['SADD', key], 1);
    for (const [key, from] of Object.entries(ZSETS)) {
      const scored = [...SETS[from]!].flatMap((member) => [`${scoreOf(key, member)}`, member]);
      await add(key, scored, ['ZADD', key], 2);
    }
  });
  afterAll(() => server?.stop());

  async function add(
    key: string, words: readonly string[], command: readonly string[], width: number,
  ): Promise<void> {
    const step = 500 * width;
    for (let at = 0; at < words.length; at += step) {
      const reply = await client.call(...command, ...words.slice(at, at + step));
      expect(reply, key).toMatch(/^:/);
    }
  }

  const textOf = (bulk: string): string => bulk.slice(bulk.indexOf('\r\n') + 2, -2);
  const membersOf = async (...words: readonly string[]): Promise<string[]> =>
    elementsOf(await client.call(...words)).map(textOf);

  const { a, b, c, small } = SETS as Record<'a' | 'b' | 'c' | 'small', ReadonlySet<string>>;
  const both = [...a].filter((one) => b.has(one));
  const alone = [...a].filter((one) => !b.has(one) && !small.has(one));
  const all = [...new Set([...a, ...b, ...c])];

  describe('sets in blocks', () => {
    it.each([
      ['SINTER a b', both], ['SINTER b a', both], ['SDIFF a b small', alone],
      ['SINTER a small', range(0, 30)], ['SDIFF small a', range(count, count + 30)],
      ['SUNION a b c', all], ['SINTER a b c', both.filter((one) => c.has(one))],
    ])('%s', async (line, expected) => {
      const found = await membersOf(...line.split(' '));
      expect(found.toSorted()).toEqual(expected.toSorted());
      const [command = '', ...keys] = line.split(' ');
      expect(await client.call(`${command}STORE`, 'into', ...keys)).toBe(`:${expected.length}\r\n`);
      expect((await membersOf('SMEMBERS', 'into')).toSorted()).toEqual(expected.toSorted());
    });

    it('are counted up to a limit', async () => {
      expect(await client.call('SINTERCARD', '2', 'a', 'b')).toBe(`:${both.length}\r\n`);
      expect(await client.call('SINTERCARD', '2', 'a', 'b', 'LIMIT', '77')).toBe(':77\r\n');
      expect(await client.call('ZINTERCARD', '2', 'a', 'zb', 'LIMIT', '999')).toBe(
        `:${Math.min(999, both.length)}\r\n`);
    });

    it('may take the place of one of them', async () => {
      await client.call('COPY', 'a', 'own', 'REPLACE');
      expect(await client.call('SUNIONSTORE', 'own', 'own', 'b')).toBe(
        `:${new Set([...a, ...b]).size}\r\n`);
      expect(await client.call('SINTERSTORE', 'own', 'b', 'own')).toBe(`:${b.size}\r\n`);
    });

    it('give what is chosen by chance, each once', async () => {
      const chosen = await membersOf('SRANDMEMBER', 'a', `${count / 2}`);
      expect(new Set(chosen).size).toBe(count / 2);
      expect(chosen.every((one) => a.has(one))).toBe(true);
      await client.call('COPY', 'a', 'popped', 'REPLACE');
      const taken = new Set(await membersOf('SPOP', 'popped', `${count / 4}`));
      expect(taken.size).toBe(count / 4);
      const left = new Set(await membersOf('SMEMBERS', 'popped'));
      expect([...a].every((one) => taken.has(one) !== left.has(one))).toBe(true);
    });
  });

  describe('sorted sets in blocks', () => {
    const sumOf = (keys: readonly string[], member: string): number =>
      keys.reduce((sum, key) => sum + scoreOf(key, member), 0);
    const inOrder = (scored: ReadonlyMap<string, number>): string[] =>
      [...scored].toSorted(([one, x], [other, y]) => x - y || (one < other ? -1 : 1))
        .flatMap(([member, score]) => [member, `${score}`]);

    it.each([
      ['ZINTER', both.map((one) => [one, sumOf(['za', 'zb'], one)] as const)],
      ['ZDIFF', [...a].filter((one) => !b.has(one)).map((one) => [one, scoreOf('za', one)] as const)],
      ['ZUNION', [...new Set([...a, ...b])].map((one) =>
        [one, sumOf([...a.has(one) ? ['za'] : [], ...b.has(one) ? ['zb'] : []], one)] as const)],
    ])('%s', async (command, scored) => {
      const expected = inOrder(new Map(scored));
      const found = await membersOf(command, '2', 'za', 'zb', 'WITHSCORES');
      expect(found).toEqual(expected);
      expect(await client.call(`${command}STORE`, 'zinto', '2', 'za', 'zb')).toBe(
        `:${expected.length / 2}\r\n`);
      expect(await membersOf('ZRANGE', 'zinto', '0', '-1', 'WITHSCORES')).toEqual(expected);
      const [one] = expected;
      expect(textOf(await client.call('ZSCORE', 'zinto', one!))).toBe(expected[1]);
    });

    it('lose many members at once, and keep the others in order', async () => {
      await client.call('COPY', 'za', 'less', 'REPLACE');
      const gone = range(0, count, 2);
      for (let at = 0; at < gone.length; at += 2000) {
        await client.call('ZREM', 'less', ...gone.slice(at, at + 2000));
      }
      expect(await membersOf('ZRANGE', 'less', '0', '-1')).toEqual(range(1, count, 2));
      expect(await client.call('ZREMRANGEBYSCORE', 'less', '100', `${count - 100}`)).toBe(
        `:${count / 2 - 100}\r\n`);
      expect(await membersOf('ZRANGE', 'less', '0', '-1')).toEqual(
        [...range(1, 100, 2), ...range(count - 99, count, 2)]);
    });
  });
}
