/**
 * What the tests of the core give to it: members that are called by one letter, configurations of
 * them, logs of which only the terms matter, and the usual options.
 */

import type {
  Configuration, LogBase, LogEntry, Member, MemberId,
} from '../../../src/raft/core/entry.ts';
import { encodeConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { RecoveredLog } from '../../../src/raft/core/log-view.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';

export const ELECTION_TIMEOUT_MS = 300;
export const HEARTBEAT_MS = 100;

/** The timer of an election is always the shortest, so that a test knows when it ends. */
export const OPTIONS: Omit<RaftOptions, 'id'> = {
  electionTimeoutMs: ELECTION_TIMEOUT_MS, heartbeatMs: HEARTBEAT_MS, appendBytesMax: 1000,
  flightsMax: 8, flightBytesMax: 10_000, windowBytesMax: 100_000, uncommittedBytesMax: 100_000,
  termStepMax: 1, random: () => 0,
};

export function idOf(name: string): MemberId {
  return name as MemberId;
}

/** `a,b,c` */
export function idsOf(names: string): MemberId[] {
  return names.split(',').filter((name) => name !== '').map(idOf);
}

export function memberOf(id: MemberId): Member {
  return { id, name: id, clientAddress: `${id}:6379`, peerAddress: `${id}:7379` };
}

export function configurationOf(voters: string, learners = '', outgoing = ''): Configuration {
  const lists = { voters: idsOf(voters), outgoing: idsOf(outgoing), learners: idsOf(learners) };
  const ids = new Set([...lists.voters, ...lists.outgoing, ...lists.learners]);
  return { ...lists, members: [...ids].map(memberOf) };
}

export function baseOf(configuration: Configuration, index = 0, term = 0): LogBase {
  return { index, term, timeMs: 0, configuration };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** An entry that carries a text; without one it is a new leader's first. */
export function entryOf(index: number, term: number, text = ''): LogEntry {
  const kind = text === '' ? 'empty' : 'batch';
  return { index, term, timeMs: 0, kind, payload: bytesOf(text) };
}

export function configurationEntryOf(
  index: number, term: number, configuration: Configuration,
): LogEntry {
  const payload = encodeConfiguration(configuration);
  return { index, term, timeMs: 0, kind: 'configuration', payload };
}

/** Entries of these terms behind `after`. */
export function entriesOf(terms: readonly number[], after = 0): LogEntry[] {
  return terms.map((term, i) => entryOf(after + 1 + i, term, `${after + 1 + i}@${term}`));
}

/** What a restart knows of a log that holds these entries. */
export function recoveredOf(
  base: LogBase, entries: readonly LogEntry[],
  configurations: RecoveredLog['configurations'] = [],
): RecoveredLog {
  const terms: { from: number; term: number }[] = [];
  for (const { index, term } of entries) {
    if (term !== (terms.at(-1)?.term ?? base.term)) terms.push({ from: index, term });
  }
  const last = entries.at(-1);
  return {
    base, terms, configurations, lastIndex: last?.index ?? base.index,
    lastTimeMs: last?.timeMs ?? base.timeMs,
  };
}
