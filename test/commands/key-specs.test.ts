/** How commands use their keys: every command that both servers have, asked of both. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCommands } from '../../src/commands/all-commands.ts';
import type { CommandFacts } from '../../src/commands/command-facts.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { TestServer } from '../server/test-server.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from './redis-server.ts';

const ASKED = ['GETKEYS', 'GETKEYSANDFLAGS'] as const;

/** They take an argument more since Redis 7.2. */
const LONGER = new Set(['zrank', 'zrevrank']);

/** Requests whose words decide what happens to the key. */
const SPECIAL = [
  'set k v', 'set k v get', 'set k v EX 10 Get', 'set k v nx', 'set k get', 'set k v px 1 keepttl',
  'getex k', 'getex k persist', 'copy a b', 'copy a b db 1', 'copy a b replace', 'move a 1',
  'bitfield k', 'bitfield k get u8 0', 'bitfield k get u8 0 get u8 1', 'bitfield k set u8 0 1',
  'bitfield k get u8 0 set u8 0 1', 'bitfield k overflow sat get u8 0',
  'bitfield k overflow sat incrby u8 0 1', 'bitfield k overflow', 'bitfield k get u8',
  'bitfield k nonsense', 'bitfield_ro k get u8 0',
  'bitop and dest a', 'bitop and dest a b c', 'bitop not dest a',
  'del a b c', 'rename a b', 'renamenx a b', 'mset a 1 b 2', 'mset a 1 b', 'msetnx a 1 b 2 c 3',
  'object encoding k', 'memory usage k', 'memory usage k samples 5', 'debug object k',
  'zunionstore d 2 a b', 'zinterstore d 1 a weights 2', 'zdiffstore d 3 a b', 'zunion 2 a b',
  'zinter 0 a', 'zdiff -1 a', 'zintercard 2 a b limit 1', 'zmpop 2 a b min', 'zmpop x a b min',
  'zrangestore d a 0 1', 'zadd k 1 a', 'zrank k a',
  'sort k', 'sort k store d', 'sort k store', 'sort k store d by store e', 'sort k by a store store e',
  'sort k limit 1 store d', 'sort k get store d', 'sort k STORE d Store k', 'sort k store limit 1 2',
  'sort k nosuch store d', 'sort k by w_* get h_*->f limit 0 1 desc alpha store d',
  'sort_ro k', 'sort_ro k store d', 'sort_ro k by w_* get a',
  'georadius k 1 2 3 m store d', 'georadius k 1 2 3 m StoreDist d', 'georadius k 1 2 3 m store',
  'georadius k 1 2 3 m store d storedist e store f', 'georadius k 1 2 3 m storedist store x',
  'georadius k store x 3 m', 'georadiusbymember k a 3 m store d', 'georadiusbymember k a 3 store d',
  'georadius_ro k 1 2 3 m store d', 'geosearchstore d k frommember a byradius 1 m',
  'subscribe a', 'ssubscribe a', 'spublish a b', 'publish a b', 'nosuch a', 'config get a',
].map((line) => line.split(' '));

/** Redis runs it, and says of it that its arguments are invalid: it looks for a key behind the end. */
const REFUSED_THERE = 'pfmerge word0';

describe.skipIf(!hasRedisServer())('the keys of commands beside a real redis-server', () => {
  let real: RedisServer;
  let shared: CommandFacts[];

  beforeAll(async () => {
    real = await startRedisServer();
    const all = allCommands.flat().flatMap((each): CommandFacts[] =>
      [each, ...each.subcommands ?? []]);
    const there = await infos(real, all);
    shared = all.filter((_, i) => there[i] !== null);
    expect(shared.length).toBeGreaterThan(150);
  });
  afterAll(() => real?.stop());

  it('have the key specifications that COMMAND INFO tells', async () => {
    const there = await infos(real, shared);
    const client = await (await TestServer.inMemory()).connect();
    const here = await client.ask(['COMMAND', 'INFO', ...shared.map(({ name }) => name)]);
    const specs = (replies: unknown): unknown[] =>
      (replies as unknown[][]).map((info) => [info[0], info[8]]);
    expect(specs(here)).toEqual(specs(there));
  });

  for (const asked of ASKED) {
    it(`are what COMMAND ${asked} tells, for every number of arguments`, async () => {
      const plain = shared.filter(({ name }) => !LONGER.has(name)).flatMap(({ name }) =>
        [0, 1, 2, 3, 4, 5, 6].map((count) =>
          [...name.split('|'), ...Array.from({ length: count }, (_, i) => `word${i}`)]))
        .filter((words) => words.join(' ') !== REFUSED_THERE);
      const requests = [...plain, ...SPECIAL].map((words) => ['COMMAND', asked, ...words]);
      const there = await real.run(requests);
      const client = await (await TestServer.inMemory()).connect();
      const here: string[] = [];
      for (const words of requests) here.push(await client.run(words));
      const unequal = requests.flatMap((words, i) =>
        here[i] === there[i] ? [] : [[words.join(' '), here[i], there[i]]]);
      expect(unequal).toEqual([]);
    });
  }
});

async function infos(real: RedisServer, commands: readonly CommandFacts[]): Promise<unknown[]> {
  const [reply = ''] = await real.run([['COMMAND', 'INFO', ...commands.map(({ name }) => name)]]);
  const recorded = new RecordingReply();
  decodeReplies(Buffer.from(reply, 'latin1'), recorded);
  return recorded.value as unknown[];
}
