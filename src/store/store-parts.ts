/**
 * What the parts of an open store share. Each part owns one field's rules; this file only names
 * them.
 */

import type { Clock } from '../io/clock.ts';
import type { Files } from '../io/files.ts';
import type { KeyHash, KeyHashSeed } from '../lib/key-hash.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import type { BlockPort } from '../keyspace/collection/block-port.ts';
import type { LiveCodec, LiveValue } from '../keyspace/live-value.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import type { ChainTable } from './chains/chains.ts';
import { entryIsRawAt, entryValueAt } from './format/data-entry.ts';
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
  readonly blocks: BlockHost;
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

/** How large collections come to their blocks; set when the store is whole. */
export class BlockHost implements BlockPort {
  port: BlockPort | undefined;

  read(space: number, key: ByteRange, ofKey: Buffer | undefined): ByteRange | undefined {
    return this.#mustGet().read(space, key, ofKey);
  }

  write(space: number, key: ByteRange, bytes: ByteRange): void {
    this.#mustGet().write(space, key, bytes);
  }

  remove(space: number, key: ByteRange): void {
    this.#mustGet().remove(space, key);
  }

  #mustGet(): BlockPort {
    if (this.port === undefined) throw new Error('assertion failed: the store is not whole yet');
    return this.port;
  }
}

/** The value of a PUT, or of the first PAGE, at buf[at]. */
export function decodeBaseAt(
  { blocks, codecs }: Pick<StoreParts, 'blocks' | 'codecs'>, type: ValueType, buf: Buffer,
  at: number,
): LiveValue {
  const codec = codecs.get(type);
  if (codec === undefined) throw new Error(`store: no codec for values of type ${type}`);
  const { start, end } = entryValueAt(buf, at);
  return codec.decodeBase(buf, start, end, entryIsRawAt(buf, at), blocks);
}
