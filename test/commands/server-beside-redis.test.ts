import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aclCategories } from '../../src/commands/server/acl-categories.ts';
import { aclCommands } from '../../src/commands/server/acl.ts';
import { allCommands } from '../../src/commands/all-commands.ts';
import { hashExpiryCommands } from '../../src/commands/hash/hashes-expiry.ts';
import { clientCommands } from '../../src/commands/client/client.ts';
import { commandInfoCommands } from '../../src/commands/server/command-info.ts';
import type { Command } from '../../src/commands/command.ts';
import { configCommands } from '../../src/commands/server/config.ts';
import { connectionCommands } from '../../src/commands/client/connection.ts';
import { debugCommands } from '../../src/commands/server/debug.ts';
import { infoCommands } from '../../src/commands/server/info.ts';
import { latencyCommands } from '../../src/commands/server/latency.ts';
import { memoryCommands } from '../../src/commands/server/memory.ts';
import { pubSubCommands } from '../../src/commands/pubsub/pubsub.ts';
import { replicationCommands } from '../../src/commands/server/replication.ts';
import { serverControlCommands } from '../../src/commands/server/server-control.ts';
import { slowLogCommands } from '../../src/commands/server/slowlog.ts';
import { transactionCommands } from '../../src/commands/client/transactions.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from './redis-server.ts';
import { factsFromServer, factsOf } from './redis-facts.ts';

const commands = [
  connectionCommands, clientCommands, commandInfoCommands, configCommands, infoCommands,
  serverControlCommands, debugCommands, memoryCommands, slowLogCommands, latencyCommands,
  replicationCommands, aclCommands, transactionCommands, pubSubCommands,
].flat().flatMap((command): Command[] => [command, ...command.subcommands ?? []]);

/** Newer than the real server, or not Redis's at all. */
const NOT_THERE = [
  'client|setinfo', 'client|no-touch', 'waitaof', 'kill',
  ...hashExpiryCommands.map(({ name }) => name),
];
const known = commands.filter(({ name }) => !NOT_THERE.includes(name));

describe.skipIf(!hasRedisServer())('the server beside a real redis-server', () => {
  let real: RedisServer;
  beforeAll(async () => { real = await startRedisServer(); });
  afterAll(() => real.stop());

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const names = known.map(({ name }) => name);
    expect(known.map(factsOf)).toEqual(await factsFromServer(real, names));
  });

  it('are in the ACL categories that COMMAND INFO tells, as are all other commands', async () => {
    const all = allCommands.flat().flatMap((each): Command[] => [each, ...each.subcommands ?? []]);
    const known = all.filter(({ name }) => !NOT_THERE.includes(name) && !/^peers\b/.test(name));
    const names = known.map(({ name }) => name);
    const [reply = ''] = await real.run([['COMMAND', 'INFO', ...names]]);
    const recorded = new RecordingReply();
    decodeReplies(Buffer.from(reply, 'latin1'), recorded);
    const there = (recorded.value as unknown[][]).map((info) => [info[0], info[6]]);
    const here = known.map((each) => [each.name, aclCategories(each).map((word) => `@${word}`)]);
    expect(here).toEqual(there);
  });
});
