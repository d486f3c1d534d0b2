/**
 * What must hold when all is well again: every server serves writes and reads soon, its index
 * agrees with its log, and all servers of a cluster hold the same.
 */

import { bytesOf, describeReply, type Reply } from '../model/reply.ts';
import type { ClientHost } from './client-host.ts';
import { SimFault, type Cluster } from './cluster.ts';
import { WALL_START_MS, type SimMachine } from './sim-machine.ts';
import type { Command, Wire } from './wire.ts';

const SOON_MS = 60_000;
const AGAIN_MS = 500;
const TRIES_MAX = 120;
const EXPIRES_SOON_MS = 120_000;

export async function checkEnd(cluster: Cluster, host: ClientHost): Promise<void> {
  for (const machine of cluster.members) {
    if (!machine.isReady) throw new SimFault(`${machine.name} does not serve though all is well`);
    await insist(cluster, host, machine, ['SET', 'last', machine.name]);
  }
  const contents: string[] = [];
  const { nowMs } = cluster.scheduler;
  for (const machine of cluster.members) {
    // A write is ordered behind all of them, so they are applied where it is answered.
    await insist(cluster, host, machine, ['SET', 'settled', 'x']);
    const found = await ask(host, machine, [['DEBUG', 'CHECK-INDEX']]);
    if (found[0]?.kind !== 'simple') {
      throw new SimFault(`${machine.name}: CHECK-INDEX got ${describeReply(found[0]!)}`);
    }
    contents.push(await contentOf(cluster, host, machine, nowMs));
  }
  for (const [i, content] of contents.entries()) {
    if (content === contents[0]) continue;
    const { name } = cluster.members[i]!;
    throw new SimFault(`${name} differs from ${cluster.members[0]!.name}: ` +
      firstDifference(contents[0]!, content));
  }
}

/** Asks until it is answered without an error. */
async function insist(
  cluster: Cluster, host: ClientHost, machine: SimMachine, command: Command,
): Promise<void> {
  const { scheduler } = cluster;
  const until = scheduler.nowMs + SOON_MS;
  let last = 'nothing';
  while (scheduler.nowMs < until) {
    const [reply] = await ask(host, machine, [command]);
    if (reply !== undefined && reply.kind !== 'error') return;
    last = reply === undefined ? 'a closed connection' : describeReply(reply);
    await scheduler.sleep(AGAIN_MS);
  }
  throw new SimFault(`${machine.name}: no progress though all is well: ${command.join(' ')} got ` +
    last);
}

/** The replies, fewer when the connection ends. */
export function ask(
  host: ClientHost, machine: SimMachine, commands: readonly Command[],
): Promise<Reply[]> {
  return new Promise((resolve) => {
    const replies: Reply[] = [];
    const wire: Wire = host.connect(machine, () => wire.send(commands), {
      onReply: (reply) => {
        replies.push(reply);
        if (replies.length === commands.length) wire.destroy();
      },
      onClosed: () => resolve(replies),
    });
  });
}

const DATABASES = 3;
/** What is asked of each key. */
const KEY_COMMANDS = 5;
const HGETALL_AT = 3;

/** All keys that live for long from `nowMs` on, with their values and expiries, as text. */
async function contentOf(
  cluster: Cluster, host: ClientHost, machine: SimMachine, nowMs: number,
): Promise<string> {
  const lines: string[] = [];
  for (let db = 0; db < DATABASES; db++) {
    const keys = await keysOf(cluster, host, machine, db);
    const [, ...replies] = await ask(host, machine, [['SELECT', String(db)], ...keys.flatMap(
      (key) => [['TYPE', key], ['PEXPIRETIME', key], ['GET', key], ['HGETALL', key],
        ['LRANGE', key, '0', '-1']])]);
    const found = keys.map((_, i) => replies.slice(i * KEY_COMMANDS, (i + 1) * KEY_COMMANDS));
    const fields = await fieldsOf(host, machine, db, keys, found.map((each) => each[HGETALL_AT]!));
    for (const [i, key] of keys.entries()) {
      if (expiresSoon(found[i]![1], nowMs)) continue;
      const left = fields[i]!.filter(({ expiry }) => !expiresSoon(expiry, nowMs));
      if (fields[i]!.length > 0 && left.length === 0) continue;
      const texts = left.map((field) => JSON.stringify(field)).sort();
      lines.push([db, key, ...texts, ...found[i]!.toSpliced(HGETALL_AT, 1).map(asText)].join(' '));
    }
  }
  return lines.join('\n');
}

interface FoundField {
  readonly name: Reply;
  readonly value: Reply | undefined;
  /** Of HPEXPIRETIME. */
  readonly expiry: Reply | undefined;
}

/** Of each key the fields that HGETALL has replied, with their expiries. */
async function fieldsOf(
  host: ClientHost, machine: SimMachine, db: number, keys: readonly string[],
  all: readonly Reply[],
): Promise<FoundField[][]> {
  const items = all.map((reply) => (reply.kind === 'array' ? reply.items : []));
  const commands = items.flatMap((pairs, i): string[][] => {
    const names = pairs.filter((_, at) => at % 2 === 0).map((name) => bytesOf(name) ?? '?');
    return names.length === 0
      ? [] : [['HPEXPIRETIME', keys[i]!, 'FIELDS', `${names.length}`, ...names]];
  });
  const [, ...times] = await ask(host, machine, [['SELECT', String(db)], ...commands]);
  return items.map((pairs) => {
    if (pairs.length === 0) return [];
    const reply = times.shift();
    const expiries = reply?.kind === 'array' ? reply.items : [];
    return expiries.map((expiry, at) =>
      ({ name: pairs[2 * at]!, value: pairs[2 * at + 1], expiry }));
  });
}

/** It may be gone when the last server is asked. */
function expiresSoon(reply: Reply | undefined, nowMs: number): boolean {
  if (reply?.kind !== 'integer' || Number(reply.value) === -1) return false;
  return Number(reply.value) < WALL_START_MS + nowMs + EXPIRES_SOON_MS;
}

/** As many as DBSIZE says, as soon as those that have expired are removed. */
async function keysOf(
  cluster: Cluster, host: ClientHost, machine: SimMachine, db: number,
): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    const [, found, count] = await ask(
      host, machine, [['SELECT', String(db)], ['KEYS', '*'], ['DBSIZE']]);
    const items = found?.kind === 'array' ? found.items : [];
    const keys = items.map((item) => (item.kind === 'bulk' ? item.bytes : '?')).sort();
    if (count?.kind === 'integer' && Number(count.value) === keys.length) return keys;
    if (tries === TRIES_MAX) {
      throw new SimFault(`${machine.name}: DBSIZE ${describeReply(count!)}, KEYS ${keys.length}`);
    }
    await cluster.scheduler.sleep(AGAIN_MS);
  }
}

function asText(reply: Reply): string {
  return JSON.stringify(reply);
}

function firstDifference(one: string, other: string): string {
  const [left, right] = [one.split('\n'), other.split('\n')];
  const at = left.findIndex((line, i) => line !== right[i]);
  return `${left[at]?.slice(0, 300)} is ${right[at]?.slice(0, 300)}`;
}
