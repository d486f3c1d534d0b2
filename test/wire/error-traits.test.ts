/**
 * What holds for every command of the table, without a script for each: wrong arity, wrong types,
 * arguments that make no sense, unknown subcommands, all of them in and outside of MULTI, and
 * always with the bytes that a real redis-server replies.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer } from '../commands/redis-server.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { BesideRedis } from './beside-redis.ts';
import { differences, elementsOf } from './differences.ts';
import { WireClient, type Address } from './wire-client.ts';

type Words = readonly string[];

interface Facts {
  readonly name: string;
  /** The words that name it: one, or two for a subcommand. */
  readonly words: Words;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
  readonly subcommands: readonly Facts[];
}

/** Probes of one command with arguments by chance. */
const PROBES = 40;

/** In a key's place: an integer, a text, a hash, a key with an expiry, and none at all. */
const KEYS = ['number', 'text', 'hash', 'dated', 'none'];

const SET_UP: readonly Words[] = [
  ['DEL', ...KEYS], ['SET', 'number', '10'], ['SET', 'text', 'hello world'],
  ['HSET', 'hash', 'f', '1', 'g', 'two'], ['SET', 'dated', '5', 'PXAT', '32503680000000'],
];

/** Nothing here expires within the test, and no number makes a server take much memory. */
const ARGUMENTS = [
  '0', '1', '-1', '-3', '2', '100', '9223372036854775807', '-9223372036854775808',
  '9223372036854775808', '1.5', '-0', '+1', ' 1', '1e3', 'nan', 'inf', '0x10', '', 'x', 'f', 'g',
  'hello', '\xc3\xbc', 'NX', 'xx', 'GT', 'lt', 'GET', 'KEEPTTL', 'EX', 'px', 'EXAT', 'PXAT',
  'PERSIST', 'COUNT', 'MATCH', '*', 'TYPE', 'hash', 'WITHVALUES', 'LEN', 'IDX', 'MINMATCHLEN',
  'WITHMATCHLEN', 'BIT', 'BYTE', 'AND', 'or', 'NOT', 'SET', 'INCRBY', 'OVERFLOW', 'SAT', 'i8',
  'u63', '#2', 'REPLACE', 'DB', 'ASYNC', 'number', 'text', 'none',
];

/** With these a small number is a time in milliseconds. */
const IN_MILLISECONDS = /^(pexpire|psetex|set|getex)$/;

describe.skipIf(!hasRedisServer())('every command, beside a real redis-server', () => {
  let pair: BesideRedis;
  let commands: Facts[] = [];

  beforeAll(async () => {
    pair = await BesideRedis.start();
    const names = [...pair.shared];
    const ours = new Map((await askFacts({ port: pair.dkvs.port }, names)).map((facts) =>
      [facts.name, new Set(facts.subcommands.map(({ name }) => name))]));
    commands = (await askFacts({ path: pair.redis.path }, names)).map((facts) => ({
      ...facts,
      subcommands: facts.subcommands.filter(({ name }) => ours.get(facts.name)?.has(name)),
    }));
  });
  afterAll(() => pair?.stop());

  const compare = async (script: readonly Words[], protocol: 2 | 3 = 2): Promise<void> => {
    const { here, there } = await pair.run(script, protocol);
    expect(differences(script, here, there).join('\n')).toBe('');
  };

  it('is asked for by its facts, and there are many of them', () => {
    expect(commands.length).toBeGreaterThan(60);
  });

  it('refuses too few and too many arguments', async () => {
    await compare(withOldArity(commands).flatMap(withWrongArity));
  });

  it('refuses them in MULTI, and EXEC is aborted', async () => {
    const probes = withOldArity(commands).flatMap(withWrongArity);
    await compare(probes.flatMap((words) => [['MULTI'], words, ['EXEC']]));
  });

  it('refuses unknown subcommands', async () => {
    const containers = commands.filter(({ subcommands }) => subcommands.length > 0);
    expect(containers.length).toBeGreaterThan(3);
    const script = containers.flatMap(({ name }) => [
      [name], [name, 'nosuch'], [name.toUpperCase(), 'NoSuch', 'a', 'b'], [name, ''],
      [name, 'x'.repeat(300)], [name, 'a\r\nb'], ['MULTI'], [name, 'nosuch'], ['EXEC'],
    ]);
    await compare(script);
  });

  it('refuses unknown commands', async () => {
    await compare([
      ['nosuch'], ['NoSuch', 'a', 'b'], [''], ['x'.repeat(300)], ['a\r\nb', 'c\r\nd'], ['\xc3\xbc'],
      ['nosuch', 'y'.repeat(300)], ['nosuch', 'a'.repeat(100), 'b'.repeat(100), 'c'], ['get '],
      ['nosuch', ''], ['MULTI'], ['nosuch'], ['SET', 'a', '1'], ['EXEC'], ['GET', 'a'],
    ]);
  });

  for (const protocol of [2, 3] as const) {
    it(`replies as Redis to keys of every type and odd arguments in RESP${protocol}`, async () => {
      const random = new Random(protocol, testSeed());
      const probes = probesOf(commands, random);
      const script = probes.flatMap((words) => [...SET_UP, words, ['TYPE', words[1] ?? '']]);
      const { here, there } = await pair.run(script, protocol);
      const found = differences(script, here, there).slice(0, 20).join('\n');
      expect(found, `DKVS_TEST_SEED=${testSeed()}`).toBe('');
    });
  }

  it('replies so in MULTI', async () => {
    const probes = probesOf(commands, new Random(4, testSeed()));
    const script: Words[] = [];
    for (let at = 0; at < probes.length; at += 20) {
      script.push(...SET_UP, ['MULTI'], ...probes.slice(at, at + 20), ['EXEC']);
    }
    const { here, there } = await pair.run(withoutExceptions(script), 2);
    const found = differences(withoutExceptions(script), here, there).slice(0, 5).join('\n');
    expect(found, `DKVS_TEST_SEED=${testSeed()}`).toBe('');
  });
});

/** What an EXEC replies is compared as a whole: without replies that may honestly differ. */
function withoutExceptions(script: readonly Words[]): Words[] {
  return script.filter(([name = '']) => !DIFFERING.test(name));
}

/** By chance, by the order of a table, by time, or printed in another way since Redis 7.2. */
const DIFFERING =
  /^([hsz]rand(field|member)|spop|[hsz]scan|smembers|sinter|sunion|sdiff|zincrby|object|memory|p?ttl)$/i;

/** Since Redis 7.2 two commands take WITHSCORE. */
function withOldArity(commands: readonly Facts[]): Facts[] {
  return commands.filter(({ name }) => name !== 'zrank' && name !== 'zrevrank');
}

function withWrongArity({ words, arity, subcommands }: Facts): Words[] {
  const probes: Words[] = [];
  for (let count = words.length; count < Math.abs(arity); count++) {
    probes.push(filled(words, count));
  }
  if (arity > 0) probes.push(filled(words, arity + 1), filled(words, arity + 7));
  // A container without a subcommand is among the unknown ones.
  return [...probes, ...subcommands.flatMap(withWrongArity)];
}

function filled(words: Words, count: number): Words {
  return [...words, ...Array.from({ length: count - words.length }, () => 'a')];
}

function probesOf(commands: readonly Facts[], random: Random): Words[] {
  const withKeys = commands.filter(({ firstKey, flags }) =>
    firstKey === 1 && !flags.includes('blocking') && !flags.includes('pubsub'));
  return withKeys.flatMap((facts) => Array.from({ length: PROBES }, () => probe(facts, random)));
}

function probe({ name, arity, lastKey, keyStep }: Facts, random: Random): Words {
  const pick = (from: readonly string[]): string => from[random.below(from.length)] ?? '';
  const count = arity > 0 ? arity : -arity + random.below(4);
  const last = lastKey < 0 ? count + lastKey : lastKey;
  const words = [name];
  for (let at = 1; at < count; at++) {
    const isKey = at <= last && (at - 1) % keyStep === 0;
    words.push(pick(isKey ? KEYS : ARGUMENTS));
  }
  if (!IN_MILLISECONDS.test(name)) return words;
  return words.map((word) => (/^([12]|100)$/.test(word) ? `${word}00000` : word));
}

async function askFacts(address: Address, names: readonly string[]): Promise<Facts[]> {
  const client = await WireClient.connect(address);
  const reply = await client.call('COMMAND', 'INFO', ...names);
  client.close();
  return elementsOf(reply).map(factsFrom);
}

/** An element of COMMAND INFO in RESP2. */
function factsFrom(element: string): Facts {
  const [name = '', arity, flags = '', first, last, step, , , , subcommands = ''] =
    elementsOf(element);
  const text = (bulk: string): string => bulk.split('\r\n')[1] ?? '';
  const number = (integer: string | undefined): number => Number(integer?.slice(1));
  return {
    name: text(name),
    words: text(name).split('|'),
    arity: number(arity),
    flags: elementsOf(flags).map((flag) => flag.trim().slice(1)),
    firstKey: number(first),
    lastKey: number(last),
    keyStep: Math.max(1, number(step)),
    subcommands: elementsOf(subcommands).map(factsFrom),
  };
}
