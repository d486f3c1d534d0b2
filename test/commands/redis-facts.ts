/**
 * What Redis says about its commands, to be compared with our table: arity, flags, key positions.
 * Flags that only this server knows are left out.
 */

import { createRequire } from 'node:module';
import type { Command } from '../../src/commands/command.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import type { RedisServer } from './redis-server.ts';

export interface Facts {
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  /** First key, last key, step; zeros when positions do not tell. */
  readonly keys: readonly number[];
}

const OUR_FLAGS: readonly string[] = [
  'subscribed', 'immediate', 'frees', 'runs_queued', 'secret', 'global',
  'waits', 'watches', 'collections', 'inline_only',
  // Redis knows it too, and does not tell it.
  'may_replicate',
];

export function factsOf(command: Command): Facts {
  const { first, last, step } = command.keys ?? { first: 0, last: 0, step: 0 };
  const flags = command.flags.filter((flag) => !OUR_FLAGS.includes(flag)).sort();
  return { name: command.name, arity: command.arity, flags, keys: [first, last, step] };
}

/** As COMMAND INFO of a running server tells; undefined for commands that it does not know. */
export async function factsFromServer(
  real: RedisServer, names: readonly string[],
): Promise<(Facts | undefined)[]> {
  const [reply = ''] = await real.run([['COMMAND', 'INFO', ...names]]);
  const recorded = new RecordingReply();
  decodeReplies(Buffer.from(reply, 'latin1'), recorded);
  return (recorded.value as (unknown[] | null)[]).map((info) => {
    if (info === null) return undefined;
    const [name, arity, flags, first, last, step] = info;
    return {
      name: name as string, arity: Number(arity), flags: [...flags as string[]].sort(),
      keys: [first, last, step].map(Number),
    };
  });
}

interface PackageFacts {
  readonly arity: number;
  readonly flags: readonly string[];
  readonly keyStart: number;
  readonly keyStop: number;
  readonly step: number;
}

/** As the package @ioredis/commands has them, which is made from a newer Redis. */
export function factsFromPackage(names: readonly string[]): (Facts | undefined)[] {
  const all = createRequire(import.meta.url)('@ioredis/commands/built/commands.json') as
    Readonly<Record<string, PackageFacts>>;
  return names.map((name) => {
    const facts = all[name];
    if (facts === undefined) return undefined;
    const { arity, flags, keyStart, keyStop, step } = facts;
    return { name, arity, flags: [...flags].sort(), keys: [keyStart, keyStop, step] };
  });
}
