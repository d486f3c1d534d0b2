import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hyperLogLogCommands } from '../../src/commands/hyperloglog/hyperloglogs.ts';
import { hyperLogLogDebugCommands } from '../../src/commands/hyperloglog/hyperloglogs-debug.ts';
import { keyCommands } from '../../src/commands/key/keys.ts';
import { stringCommands } from '../../src/commands/string/strings.ts';
import { stringSliceCommands } from '../../src/commands/string/strings-slices.ts';
import { Random } from '../../src/lib/random.ts';
import { isCutShort, slowRegisters } from '../lib/hyperloglog/slow-hyperloglog.ts';
import { testSeed } from '../lib/seeded.ts';
import { BesideRedis } from '../wire/beside-redis.ts';
import { differences, elementsOf } from '../wire/differences.ts';
import { hyperLogLogScript } from '../wire/scripts/hyperloglogs.ts';
import { CommandsLayer } from './commands-layer.ts';
import { hasRedisServer } from './redis-server.ts';
import { factsFromPackage, factsFromServer, factsOf } from './redis-facts.ts';

const commands = [...hyperLogLogCommands, ...hyperLogLogDebugCommands];
const names = commands.map(({ name }) => name);
const RANDOM_COMMANDS = 3000;
const KEYS = ['a', 'b', 'c', 'd', '\x00'];

describe('the table of HyperLogLogs', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(commands.map(factsOf)).toEqual(factsFromPackage(names));
  });
});

describe.skipIf(!hasRedisServer())('HyperLogLogs beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(pair.withKnownTypes(hyperLogLogScript));
    expect(here).toEqual(there);
    expect(here.length).toBeGreaterThan(20);
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    expect(commands.map(factsOf)).toEqual(await factsFromServer(pair.redis, names));
  });

  it(`reply the same, and keep the same bytes, over ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(21, testSeed()), false);
    await expectSame(pair, script);
  });

  it('reply the same when single keys are counted, which Redis writes into them', async () => {
    const script = randomScript(new Random(22, testSeed()), true);
    await expectSame(pair, script);
  });

  it('take the values of each other, and count and change them alike', async () => {
    const sizes = [0, 1, 7, 100, 900, 1500, 4000, 30_000];
    const made = sizes.flatMap((size) => [
      ['PFADD', `k${size}`], ...addsOf(size).map((elements) => ['PFADD', `k${size}`, ...elements]),
      ['PFCOUNT', `k${size}`], ['GET', `k${size}`],
    ]);
    const { here, there } = await pair.run(made, 2);
    const [ours, theirs] = [valuesIn(here), valuesIn(there)];
    expect([ours.length, theirs.length]).toEqual([sizes.length, sizes.length]);
    const moved = [...ours, ...theirs].flatMap((value, i) => [
      ['SET', `v${i}`, value], ['PFCOUNT', `v${i}`], ['PFCOUNT', `v${i}`, `v${i - 1}`],
      ['PFADD', `v${i}`, 'one', 'more'], ['PFCOUNT', `v${i}`], ['PFMERGE', 'all', `v${i}`],
      ['GETRANGE', `v${i}`, '16', '-1'], ['PFDEBUG', 'ENCODING', `v${i}`], ['PFCOUNT', 'all'],
    ]);
    await expectSame(pair, moved);
  });
});

async function expectSame(pair: BesideRedis, script: string[][]): Promise<void> {
  const { here, there } = await pair.run(script, 2);
  const found = differences(script, here, there).slice(0, 5).join('\n').slice(0, 5000);
  expect(found, `DKVS_TEST_SEED=${testSeed()}`).toBe('');
}

/** Elements in lists of 500. */
function addsOf(size: number): string[][] {
  const all = Array.from({ length: size }, (_, i) => `visitor ${i}`);
  return Array.from({ length: Math.ceil(size / 500) }, (_, i) => all.slice(i * 500, i * 500 + 500));
}

/** What GET replied, of values that begin with HYLL. */
function valuesIn(replies: string): string[] {
  return elementsOf(`*0\r\n${replies}`).flatMap((reply) => {
    const at = reply.indexOf('\r\n') + 2;
    return reply.startsWith('HYLL', at) ? [reply.slice(at, -2)] : [];
  });
}

/**
 * Commands over a few keys, values of both encodings, some damaged. They run on the commands layer
 * while they are made, so that what is to come can depend on what a key holds: one whose last run
 * is cut short is given up, because what Redis makes of it depends on its memory; and one that is
 * damaged is given one element at a time, because Redis keeps those before the one that fails.
 * With counts of single keys nothing is damaged: Redis would repeat what it counted before.
 */
function randomScript(random: Random, withCounts: boolean): string[][] {
  const layer = new CommandsLayer({
    commands: [...commands, ...stringCommands, ...stringSliceCommands, ...keyCommands],
  });
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick(...KEYS);
  const bytesAt = (name: string): Buffer => {
    const value = layer.run('GET', latin1(name)) as string | Buffer | null;
    return value === null ? Buffer.alloc(0) : Buffer.from(value);
  };
  const isWhole = (name: string): boolean => slowRegisters(bytesAt(name)) !== undefined;
  const elements = (count: number): string[] =>
    Array.from({ length: count }, () => `e${random.below(6000)}`);
  const byte = (): string => String.fromCharCode(pick(random.below(64), 128 + random.below(128)));
  const makers: (() => string[])[] = [
    () => ['PFADD', key(), ...elements(1)], () => ['PFADD', key(), ...elements(1)],
    () => ['PFADD', key(), ...elements(random.below(6))],
    () => ['PFADD', key(), ...elements(pick(50, 300, 700))],
    () => ['PFMERGE', key(), key()], () => ['PFMERGE', key(), key(), key()],
    () => ['PFMERGE', key()], () => ['PFCOUNT', key(), key()],
    () => ['PFCOUNT', ...KEYS], () => ['DEL', key()], () => ['DEL', key()],
    () => ['PFDEBUG', pick('DECODE', 'ENCODING'), key()],
    () => pick(['PFDEBUG', 'TODENSE', key()], ['DEL', key()], ['PFADD', key()]),
    () => pick(['SET', key(), pick('', 'abc', '12', 'HYLL')], ['DEL', key()]),
    () => ['CONFIG', 'SET', 'hll-sparse-max-bytes', pick('30', '500', '3000', '3000', '16000')],
  ];
  if (!withCounts) {
    makers.push(
      () => ['SETRANGE', key(), `${16 + random.below(pick(40, 3000, 12_288))}`, byte()],
      () => pick(['APPEND', key(), byte()], ['PFADD', key(), ...elements(2)]),
    );
  } else {
    makers.push(() => ['PFCOUNT', key()], () => ['PFCOUNT', key()],
      () => pick(['SETRANGE', key(), '8', `${byte()}${byte()}\0\0\0\0\0${pick('\0', '\x80')}`],
        ['PFCOUNT', key()]));
  }
  const script: string[][] = [];
  const add = (words: string[]): void => {
    script.push(words);
    if (words[0] === 'CONFIG') {
      layer.limits = { ...layer.limits, hllSparseBytes: Number(words[3]) };
      return;
    }
    layer.run(...words.map(latin1));
    const [changed] = KEYS.includes(words[1]!) ? [words[1]!] : [words[2]!];
    const bytes = bytesAt(changed);
    if (bytes[4] === 1 && isCutShort(bytes)) return add(['DEL', changed]);
    if (!withCounts) script.push(['GET', changed]);
    else script.push(['GETRANGE', changed, '0', '7'], ['GETRANGE', changed, '16', '-1']);
  };
  while (script.length < RANDOM_COMMANDS) {
    const words = pick(...makers)();
    const isAdd = words[0] === 'PFADD' && words.length > 3;
    add(isAdd && !isWhole(words[1]!) ? words.slice(0, 3) : words);
  }
  return script;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
