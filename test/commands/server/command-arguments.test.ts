import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashExpiryCommands } from '../../../src/commands/hash/hashes-expiry.ts';
import { allCommands } from '../../../src/commands/all-commands.ts';
import { parseArguments } from '../../../src/commands/server/argument-notation.ts';
import { COMMAND_ARGUMENTS } from '../../../src/commands/server/command-arguments.ts';
import type { CommandFacts } from '../../../src/commands/command-facts.ts';
import { RecordingReply } from '../../protocol/recording-reply.ts';
import { decodeReplies } from '../../protocol/resp-decoder.ts';
import { TestServer } from '../../server/test-server.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../redis-server.ts';

const commands = allCommands.flat().flatMap((each): CommandFacts[] =>
  [each, ...each.subcommands ?? []]);

/** Newer than the real server's, or not Redis's at all. */
const NOT_THERE = new Set([
  'client|setinfo', 'client|no-touch', 'waitaof', 'kill',
  // They take an argument more since 7.2.
  'zrank', 'zrevrank',
  // And this one since 7.4, with the commands on the expiry of fields.
  'hscan', ...hashExpiryCommands.map(({ name }) => name),
  ...commands.map(({ name }) => name).filter((name) => /^peers\b/.test(name)),
]);

describe('the notation of arguments', () => {
  it('tells names, types, tokens, versions and flags', () => {
    expect(parseArguments("key@1 [EX:seconds:int^6.2.0] 'a b'!2.0.0 [GET&...]")).toEqual([
      { name: 'key', type: 'key', keySpec: 1, flags: [], inner: [] },
      { name: 'seconds', type: 'integer', token: 'EX', since: '6.2.0', flags: ['optional'],
        inner: [] },
      { name: 'a b', type: 'string', deprecatedSince: '2.0.0', flags: [], inner: [] },
      { name: 'get', type: 'pure-token', token: 'GET',
        flags: ['optional', 'multiple', 'multiple_token'], inner: [] },
    ]);
    expect(parseArguments('[BY:of@2:pattern&...]')).toEqual([
      { name: 'of', type: 'pattern', token: 'BY', keySpec: 2,
        flags: ['optional', 'multiple', 'multiple_token'], inner: [] },
    ]);
    expect(parseArguments('CH=change')).toEqual(
      [{ name: 'change', type: 'pure-token', token: 'CH', flags: [], inner: [] }]);
    const [pair] = parseArguments('pair(a one<X|Y:b:time>...)...');
    expect(pair?.inner[1]?.inner.map(({ type }) => type)).toEqual(['pure-token', 'unix-time']);
  });

  for (const bad of ['', 'a ', 'a  b', '[a', 'a]', 'x<a|', 'x(a', 'a:nosuch', 'a@1:nosuch', 'a&', 'a^x', "'a"]) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      expect(() => parseArguments(bad)).toThrow('bad notation');
    });
  }
});

describe('the arguments of commands', () => {
  it('are of commands that exist, and begin with keys where those do', () => {
    const byName = new Map(commands.map((command) => [command.name, command]));
    for (const [name, notation] of Object.entries(COMMAND_ARGUMENTS)) {
      const command = byName.get(name);
      expect(command, name).toBeDefined();
      const words = name.split('|').length;
      const isKeyFirst = command?.keys?.first === words && !command.flags.includes('pubsub');
      const [first] = parseArguments(notation);
      const leads = first?.type === 'block' ? first.inner[0] : first;
      expect([name, leads?.type === 'key']).toEqual([name, isKeyFirst]);
    }
  });

  it('are there for every command that takes some', () => {
    const open = new Set(['debug']);
    const missing = commands.filter(({ arity, name, subcommands }) =>
      subcommands === undefined && Math.abs(arity) > name.split('|').length &&
      COMMAND_ARGUMENTS[name] === undefined && !open.has(name));
    // Redis does not tell those of the first two either.
    expect(missing.map(({ name }) => name)).toEqual(['command|getkeys', 'command|getkeysandflags']);
  });
});

describe.skipIf(!hasRedisServer())('COMMAND DOCS beside a real redis-server', () => {
  let real: RedisServer;
  beforeAll(async () => { real = await startRedisServer(); });
  afterAll(() => real?.stop());

  it('replies the same arguments of every command', async () => {
    const names = commands.map(({ name }) => name).filter((name) => !NOT_THERE.has(name));
    const request = ['COMMAND', 'DOCS', ...names];
    const [there = ''] = await real.run([request], 3);
    const client = await (await TestServer.inMemory()).connect();
    await client.run('HELLO 3');
    const known = argumentsOf(there);
    expect(Object.values(known).filter((each) => each !== undefined).length).toBeGreaterThan(100);
    expect(argumentsOf(await client.run(request))).toEqual(known);
  });
});

/** By command; maps as lists of pairs, because their order is to be the same. */
function argumentsOf(reply: string): Record<string, unknown> {
  const recorded = new RecordingReply(3);
  decodeReplies(Buffer.from(reply, 'latin1'), recorded);
  const docs = recorded.value as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  return Object.fromEntries([...docs].map(([name, doc]) => [name, inOrder(doc.get('arguments'))]));
}

function inOrder(value: unknown): unknown {
  if (value instanceof Map) return inOrder([...value as ReadonlyMap<unknown, unknown>]);
  return Array.isArray(value) ? value.map(inOrder) : value;
}
