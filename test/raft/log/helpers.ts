/**
 * What the tests of the replicated log share: entries, a log on a simulated disk, its whole state.
 */

import { expect } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { WATERMARK_NAME } from '../../../src/io/watermark-file.ts';
import { encodeConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import { EMPTY_BASE } from '../../../src/raft/core/entry.ts';
import type {
  Configuration, HardState, LogBase, LogEntry, MemberId,
} from '../../../src/raft/core/entry.ts';
import { openRaftLog } from '../../../src/raft/log/open-raft-log.ts';
import type { OpenRaftLogOptions } from '../../../src/raft/log/open-raft-log.ts';
import type { RaftLogError } from '../../../src/raft/log/raft-log-error.ts';
import type { Durable, RaftLog } from '../../../src/raft/log/raft-log.ts';
import { SimFiles } from '../../sim/sim-files.ts';

export const DIR = '/raft';
export const NO_VOTE: HardState = { term: 0, votedFor: undefined };

/** A sync is always quick. */
export const ALWAYS_DIRECT = { begin: () => 0, end: () => undefined };

export function batch(index: number, term: number, text = `${index}.${term}`): LogEntry {
  return { index, term, timeMs: 1000 * term + index, kind: 'batch', payload: Buffer.from(text) };
}

/** Entries [from, to] of one term. */
export function batches(from: number, to: number, term: number, text?: string): LogEntry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => batch(from + i, term, text));
}

export function configurationOf(...names: string[]): Configuration {
  const ids = names.map((name) => `${name}:1` as MemberId);
  return {
    voters: ids, outgoing: [], learners: [],
    members: ids.map((id, i) => ({
      id, name: names[i]!, clientAddress: `${names[i]}:1`, peerAddress: `${names[i]}:2`,
    })),
  };
}

export function configurationEntry(index: number, term: number, ...names: string[]): LogEntry {
  const payload = encodeConfiguration(configurationOf(...names));
  return { ...batch(index, term), kind: 'configuration', payload };
}

export function vote(term: number, name?: string): HardState {
  return { term, votedFor: name === undefined ? undefined : `${name}:1` as MemberId };
}

/** What a log told its owner. */
export class Told {
  readonly durable: Durable[] = [];
  readonly failures: RaftLogError[] = [];

  onDurable(durable: Durable): void {
    this.durable.push(durable);
  }

  onFailure(failure: RaftLogError): void {
    this.failures.push(failure);
  }
}

export function open(files: Files, options: Partial<OpenRaftLogOptions> = {}): Promise<RaftLog> {
  return openRaftLog(files, DIR, { events: new Told(), ...options });
}

/** A log that begins at `base`. */
export async function fresh(files: Files, options: Partial<OpenRaftLogOptions> = {},
  base: LogBase = EMPTY_BASE): Promise<RaftLog> {
  const log = await open(files, options);
  await log.reset(base, NO_VOTE);
  return log;
}

/** Appends, and waits until that is durable. */
export async function put(log: RaftLog, entries: readonly LogEntry[],
  hardState?: HardState): Promise<void> {
  const ticket = log.append(entries, hardState);
  log.flush();
  await log.whenDurable(ticket);
}

/** Every entry, read in reads of at most `bytesMax`. */
export async function readAll(log: RaftLog, bytesMax = 1 << 20): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let from = log.firstIndex; from <= log.lastIndex; from += 0) {
    const some = await log.read(from, bytesMax);
    if (some.length === 0) throw new Error(`no entry at ${from} of ${log.lastIndex}`);
    entries.push(...some);
    from += some.length;
  }
  return entries;
}

/** The names of all files of a log, but for the one that says how far it is durable. */
export async function logFiles(disk: SimFiles): Promise<string[]> {
  return (await disk.list(DIR)).filter((name) => name !== WATERMARK_NAME);
}

/** The content of these files. */
export async function contentOf(disk: SimFiles): Promise<Map<string, Buffer>> {
  const content = new Map<string, Buffer>();
  for (const name of await logFiles(disk)) {
    content.set(name, Buffer.from(await disk.readAll(`${DIR}/${name}`)));
  }
  return content;
}

/** A disk with these files, all of it durable. */
export async function diskOf(content: ReadonlyMap<string, Uint8Array>): Promise<SimFiles> {
  const disk = new SimFiles();
  await disk.mkdir(DIR);
  for (const [name, bytes] of content) {
    const file = await disk.create(`${DIR}/${name}`);
    file.writeSync(bytes, 0, bytes.length, 0);
    file.datasyncSync();
    await file.close();
  }
  await disk.syncDir(DIR);
  await disk.syncDir('/');
  return disk;
}

/** Everything that a log is, as text, checked against itself: equal logs have equal texts. */
export async function stateOf(log: RaftLog): Promise<string> {
  if (log.isFresh) return 'fresh';
  const entries = await readAll(log);
  for (const { index, term } of entries) {
    if (log.termOf(index) !== term) throw new Error(`entry ${index}: two terms`);
  }
  if (log.lastTimeMs !== (entries.at(-1) ?? log.base).timeMs) throw new Error('another last time');
  return describeState({ base: log.base, entries, hardState: log.hardState });
}

export interface PlainState {
  readonly base: LogBase;
  readonly entries: readonly LogEntry[];
  readonly hardState: HardState;
}

/**
 * The same text of a plain state. The base is not in it: how much is trimmed is the log's affair.
 */
export function describeState({ base, entries, hardState }: PlainState): string {
  const texts = entries.map(({ index, term, timeMs, kind, payload }) =>
    `${index}/${term}@${timeMs} ${kind} ${Buffer.from(payload).toString('base64')}`);
  const start = `${base.index}/${base.term}@${base.timeMs} ${JSON.stringify(base.configuration)}`;
  return [`term ${hardState.term} vote ${hardState.votedFor}`, start, ...texts].join('\n');
}

/** For the content of files: much quicker than the comparison of a test library. */
export function mustBeSame(
  found: ReadonlyMap<string, Buffer>, expected: ReadonlyMap<string, Buffer>,
): void {
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [name, bytes] of expected) expect(found.get(name)!.equals(bytes), name).toBe(true);
}
