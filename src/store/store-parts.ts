/**
 * What the parts of an open store share. Each part owns one field's rules; this file only names
 * them.
 */

import type { Clock } from '../io/clock.ts';
import type { Files } from '../io/files.ts';
import type { KeyHash, KeyHashSeed } from '../lib/key-hash.ts';
import type { LiveCodec } from '../keyspace/live-value.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import type { ChainTable } from './chains/chains.ts';
import type { MemoryTail } from './memory/memory-tail.ts';
import type { KeyProbe } from './lookup/key-probe.ts';
import type { KeyLookahead } from './lookup/lookahead.ts';
import type { LogWriter } from './log/log-writer.ts';
import type { Residents } from './memory/residents.ts';
import type { SegmentTable } from './segments/segment-table.ts';
import type { SpaceTable } from './index/space-table.ts';
import type { UndoJournal } from './log/undo-journal.ts';

/** From when on and how a value is written in pages; open-store.ts has the usual numbers. */
export interface Paging {
  readonly baseBytesMin: number;
  readonly pageBytes: number;
  readonly runBytesMin: number;
  readonly runDeltasMin: number;
  readonly settleBytesPerCommit: number;
}

export interface StoreParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly hasher: KeyHash;
  readonly codecs: ReadonlyMap<ValueType, LiveCodec>;
  readonly paging: Paging;
  readonly segments: SegmentTable;
  readonly tail: MemoryTail;
  readonly residents: Residents;
  readonly chains: ChainTable;
  readonly spaces: SpaceTable;
  readonly journal: UndoJournal;
  readonly lookahead: KeyLookahead;
  readonly probe: KeyProbe;
  readonly writer: LogWriter;
  /** "space:hash" of hashes that two keys share: recovery has to compare their keys. */
  readonly collisions: Set<string>;
}

export function mustGetCodec(codecs: ReadonlyMap<ValueType, LiveCodec>,
  type: ValueType): LiveCodec {
  const codec = codecs.get(type);
  if (codec === undefined) throw new Error(`store: no codec for values of type ${type}`);
  return codec;
}
