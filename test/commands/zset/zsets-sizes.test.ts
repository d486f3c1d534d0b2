/** Sorted sets of each size as whole values: copied, renamed, moved, and read after a restart. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../server/test-server.ts';
import type { WireClient } from '../../wire/wire-client.ts';

const MEMBERS_BY_SIZE = { small: 12, medium: 900, large: 9000 } as const;
const PAIRS_A_COMMAND = 500;
const OPTIONS = { 'enable-debug-command': 'yes' } as const;

const nameOf = (at: number): string => `member:${at}`;
/** Many are equal, and the order is not that of the names. */
const scoreOf = (at: number): number => (at * 7919) % 1009 - 300;

/** As ZRANGE 0 -1 WITHSCORES replies it. */
function expected(count: number): string[] {
  const all = Array.from({ length: count }, (_, at) => ({ name: nameOf(at), score: scoreOf(at) }));
  all.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return all.flatMap(({ name, score }) => [name, `${score}`]);
}

describe.each(Object.entries(MEMBERS_BY_SIZE))('a %s sorted set', (_size, count) => {
  let server: TestServer;
  let client: WireClient;
  beforeEach(async () => {
    server = await TestServer.inMemory(OPTIONS);
    client = await server.connect();
    for (let at = 0; at < count; at += PAIRS_A_COMMAND) {
      const pairs = Array.from({ length: Math.min(PAIRS_A_COMMAND, count - at) }, (_, i) =>
        [`${scoreOf(at + i)}`, nameOf(at + i)]).flat();
      await client.call('ZADD', 'z', ...pairs);
    }
  });
  afterEach(() => server.stop());

  const read = (key: string): Promise<unknown> =>
    client.ask(['ZRANGE', key, '0', '-1', 'WITHSCORES']);
  const isSound = async (): Promise<void> => {
    expect(await client.run('DEBUG CHECK-INDEX')).not.toMatch(/^-/);
  };

  it('is copied, and the copy goes its own way', async () => {
    expect(await client.ask('COPY z copy')).toBe(1);
    expect(await read('copy')).toEqual(expected(count));
    await client.call('ZADD', 'copy', '0', 'more', '999', nameOf(0));
    await client.call('ZREM', 'z', nameOf(1));
    expect(await client.ask('ZCARD copy')).toBe(count + 1);
    expect(await client.ask('ZSCORE copy member:1')).toBe(`${scoreOf(1)}`);
    expect(await client.ask('ZSCORE z member:0')).toBe(`${scoreOf(0)}`);
    expect(await client.ask('ZRANK z more')).toBeNull();
    expect(await client.ask('COPY z copy REPLACE')).toBe(1);
    expect(await client.ask('ZCARD copy')).toBe(count - 1);
    await isSound();
  });

  it('is renamed, and moved to another database and back', async () => {
    await client.call('SET', 'other', 'value');
    expect(await client.ask('RENAME z other')).toBe('OK');
    expect(await client.ask('EXISTS z')).toBe(0);
    expect(await read('other')).toEqual(expected(count));
    expect(await client.ask('MOVE other 1')).toBe(1);
    expect(await client.ask('EXISTS other')).toBe(0);
    await client.call('SELECT', '1');
    expect(await read('other')).toEqual(expected(count));
    expect(await client.ask('ZADD other CH 5000 member:3')).toBe(1);
    expect(await client.ask('COPY other z DB 0')).toBe(1);
    expect(await client.ask('DEL other')).toBe(1);
    await client.call('SELECT', '0');
    expect(await client.ask('ZRANGE z -1 -1')).toEqual(['member:3']);
    expect(await client.ask('ZREM z member:3')).toBe(1);
    expect(await client.ask('ZCARD z')).toBe(count - 1);
    await isSound();
  });

  it('is the same after a restart, and after changes that follow it', async () => {
    await client.call('ZREM', 'z', nameOf(2));
    await client.call('ZINCRBY', 'z', '0.5', nameOf(4));
    const before = await read('z');
    for (let round = 0; round < 2; round++) {
      await server.close();
      await server.listen(OPTIONS);
      client = await server.connect();
      expect(await read('z')).toEqual(before);
      expect(await client.ask('ZSCORE z member:4')).toBe(`${scoreOf(4) + 0.5}`);
      await client.call('ZADD', 'z', '1', 'passing');
      expect(await client.ask('ZREM z passing')).toBe(1);
    }
    await isSound();
  });

  it('is emptied from both ends and the middle', async () => {
    const all = expected(count).filter((_, at) => at % 2 === 0);
    const middle = Math.floor(count / 3);
    expect(await client.ask(`ZREMRANGEBYRANK z ${middle} ${2 * middle - 1}`)).toBe(middle);
    all.splice(middle, middle);
    expect(await client.ask('ZRANGE z 0 -1')).toEqual(all);
    expect(await client.ask('ZPOPMIN z')).toEqual([all[0], expected(count)[1]]);
    expect(await client.ask(`ZRANK z ${all.at(-1)}`)).toBe(all.length - 2);
    expect(await client.ask('ZREMRANGEBYSCORE z -inf (0')).toBe(
      all.slice(1).filter((name) => scoreOf(Number(name.slice(7))) < 0).length);
    expect(await client.ask('ZREMRANGEBYSCORE z -inf +inf')).toBeGreaterThan(0);
    expect(await client.ask('DBSIZE')).toBe(0);
    await isSound();
  });
});
