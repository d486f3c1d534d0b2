import { describe, expect, it } from 'vitest';
import { SORT_BYTES_MAX, SORT_ELEMENTS_MAX, sortElements } from '../../../src/commands/key/sort-elements.ts';
import { parseSortOptions, type SortOptions } from '../../../src/commands/key/sort-options.ts';
import type { SortSource } from '../../../src/commands/key/sort-source.ts';
import { sortCommands } from '../../../src/commands/key/sort.ts';
import { listCommands } from '../../../src/commands/list/lists.ts';
import type { WriteContext } from '../../../src/commands/command.ts';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import { keyExpiryCommands } from '../../../src/commands/key/keys-expiry.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import type { Found } from '../../../src/keyspace/storage.ts';
import { STRING } from '../../../src/keyspace/value-type.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Args } from '../../../src/protocol/args.ts';
import { REPLY_BYTES_MAX } from '../../../src/protocol/limits.ts';
import { CommandsLayer } from '../commands-layer.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { TestServer } from '../../server/test-server.ts';
import { TestWorld } from '../../server/test-world.ts';

function start(): CommandsLayer {
  const commands = [...sortCommands, ...listCommands, ...stringCommands, ...keyExpiryCommands];
  return new CommandsLayer({ commands, codecs: LIVE_CODECS });
}

function optionsOf(...words: readonly string[]): SortOptions {
  const options = parseSortOptions(Args.of('SORT', 'k', ...words), true);
  if (typeof options === 'string') throw new Error(options);
  return options;
}

/** So many times the same element. */
function sourceOf(size: number, element = new ByteRange(Buffer.from('1'))): SortSource {
  return {
    size, isSet: false,
    each: (first, count, _, visit) => {
      for (let i = first; i < first + count; i++) visit(element);
    },
  };
}

describe('the bounds of SORT', () => {
  const db = start().keyspace.db(0);

  it('are of the elements that it reads', () => {
    const source = sourceOf(SORT_ELEMENTS_MAX + 1);
    expect(sortElements(db, source, optionsOf(), false)).toContain('at most 16000000 elements');
    expect(sortElements(db, source, optionsOf('BY', 'nosort', 'DESC'), false))
      .toContain('at most 16000000 elements');
    const few = sortElements(db, source, optionsOf('BY', 'nosort', 'LIMIT', '5', '3'), false);
    expect(few).toMatchObject({ count: 3 });
  });

  it('are of the bytes that it reads', () => {
    const element = new ByteRange(Buffer.alloc(SORT_BYTES_MAX + 1));
    expect(sortElements(db, sourceOf(1, element), optionsOf('ALPHA'), false))
      .toContain('at most 268435456 bytes');
  });

  it('are of the results that it gives, before any is looked for', () => {
    const layer = start();
    layer.run('RPUSH', 'l', ...Array.from({ length: 4000 }, (_, i) => i));
    const gets = Array.from({ length: 4001 }, () => ['GET', 'x*']).flat();
    expect(layer.run('SORT', 'l', ...gets)).toBeInstanceOf(RecordedError);
    expect(layer.run('SORT', 'l', ...gets, 'STORE', 'd')).toBeInstanceOf(RecordedError);
    expect(layer.run('LLEN', 'd')).toBe(0);
    expect(layer.notified).not.toContain('keymiss x1@0');
  });
});

describe('SORT of elements whose GET finds huge strings', () => {
  /** Runs with `layer`, where keys that begin with v hold a string of so many zeros. */
  function run(layer: CommandsLayer, bytes: number, ...words: readonly string[]) {
    const db = layer.keyspace.db(0);
    const value = new ByteRange(Buffer.alloc(bytes));
    const found: Found = { type: STRING, expireAt: 0, value, live: undefined, raw: false };
    const read = db.read.bind(db);
    db.read = (key, need) => (key.latin1().startsWith('v') ? found : read(key, need));
    const lengths: number[] = [];
    const texts: string[] = [];
    const reply = {
      array: () => {}, integer: () => {}, bulkRange: (range: ByteRange) => lengths.push(range.length),
      error: (text: string) => texts.push(text),
    };
    const { keyspace, limits, now, random } = layer;
    const context = { args: Args.of(...words), reply, db, keyspace, limits, now, random };
    sortCommands[0]!.apply!(context as unknown as WriteContext);
    return { lengths, texts };
  }

  it('writes a reply beyond its bound, so that it becomes an error, and copies no more', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 1, 2, 3, 4);
    const bytes = REPLY_BYTES_MAX / 2 + 1;
    expect(run(layer, bytes, 'SORT', 'l', 'GET', 'v*'))
      .toEqual({ lengths: [bytes, bytes, 0, 0], texts: [] });
  });

  it('stores nothing beyond the bound, and leaves what is there', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 1);
    layer.run('RPUSH', 'd', 'old');
    const { texts } = run(layer, SORT_BYTES_MAX + 1, 'SORT', 'l', 'GET', 'v*', 'STORE', 'd');
    expect(texts).toEqual([expect.stringContaining('at most 268435456 bytes')]);
    expect(layer.run('LRANGE', 'd', 0, -1)).toEqual(['old']);
  });

  it('takes no more for BY than its bound', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 1);
    const { texts } = run(layer, SORT_BYTES_MAX + 1, 'SORT', 'l', 'BY', 'v*', 'ALPHA');
    expect(texts).toEqual([expect.stringContaining('at most 268435456 bytes')]);
  });
});

describe('SORT', () => {
  it('removes what BY meets and has expired', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 1, 2);
    layer.run('SET', 'w1', 5, 'PX', 10);
    layer.now += 20;
    expect(layer.run('SORT', 'l', 'BY', 'w*')).toEqual(['1', '2']);
    expect(layer.notified.filter((event) => event === 'expired w1@0')).toHaveLength(1);
  });
});

describe('SORT on a server that was started again', () => {
  it('reads what BY and GET name from disk', async () => {
    const world = new TestWorld();
    const server = await TestServer.inMemory({}, undefined, world);
    const client = await server.connect();
    const count = 300;
    const numbers = Array.from({ length: count }, (_, i) => `${i}`);
    await client.ask(['RPUSH', 'l', ...numbers]);
    for (const i of numbers) {
      await client.ask(['SET', `w${i}`, `${count - Number(i)}`]);
      await client.ask(['HSET', `h${i}`, 'f', `${'v'.repeat(600)}${i}`]);
    }
    await server.close();
    await server.listen({});
    const again = await server.connect();
    const wanted = numbers.toReversed().flatMap((i) => [i, `${'v'.repeat(600)}${i}`]);
    expect(await again.ask(['SORT', 'l', 'BY', 'w*', 'GET', '#', 'GET', 'h*->f', 'STORE', 'd']))
      .toBe(2 * count);
    expect(await again.ask(['LRANGE', 'd', '0', '-1'])).toEqual(wanted);
    expect(await again.ask(['SORT_RO', 'l', 'BY', 'h*->f', 'ALPHA', 'GET', 'w*', 'LIMIT', '0', '2']))
      .toEqual([`${count}`, `${count - 1}`]);
    await server.close();
    await server.listen({});
    expect(await (await server.connect()).ask(['LRANGE', 'd', '0', '-1'])).toEqual(wanted);
    await server.stop();
  });
});

describe('a client that waits for a list', () => {
  it('gets the first element that SORT stores there', async () => {
    const server = await TestServer.inMemory();
    const [waiting, client] = [await server.connect(), await server.connect()];
    const popped = waiting.ask(['BLPOP', 'd', '0']);
    await client.ask(['RPUSH', 'l', '3', '1', '2']);
    expect(await client.ask(['SORT', 'l', 'STORE', 'd'])).toBe(3);
    expect(await popped).toEqual(['d', '1']);
    expect(await client.ask(['LRANGE', 'd', '0', '-1'])).toEqual(['2', '3']);
  });
});
