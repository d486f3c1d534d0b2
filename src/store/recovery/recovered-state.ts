/**
 * What recovery fills: spaces with their indexes, chains, live bytes, and what the system records
 * say.
 *
 * Some records must be read for that. One that is damaged is an error, because no decision could
 * rest on it; with `isTolerant` it is told and counts as a key of its own.
 */

import type { ChainTable } from '../chains/chains.ts';
import { parseCollisionKey } from '../index/collisions.ts';
import {
  entryBytesAt, entryBytesToKeyEndAt, entryKeyStartAt, entryValueAt,
} from '../format/data-entry.ts';
import { SYSTEM_SPACE } from '../format/hint-rows.ts';
import type { Held, Residents } from '../memory/residents.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import { LIVE_SPACES_KEY, type Space, type SpaceTable } from '../index/space-table.ts';
import { StoreError, damaged } from '../store-error.ts';

export interface RecoveredStateOptions {
  readonly segments: SegmentTable;
  readonly residents: Residents;
  readonly spaces: SpaceTable;
  readonly chains: ChainTable;
  readonly collisions: Set<string>;
  readonly isTolerant: boolean;
  readonly onDamage: (error: StoreError) => void;
}

export class RecoveredState {
  readonly chains: ChainTable;
  /** System records by key (latin1), held in RAM. */
  readonly system = new Map<string, Held>();
  readonly #options: RecoveredStateOptions;

  constructor(options: RecoveredStateOptions) {
    this.#options = options;
    this.chains = options.chains;
  }

  get hasCollisions(): boolean {
    return this.#options.collisions.size > 0;
  }

  isCollision(name: string): boolean {
    return this.#options.collisions.has(name);
  }

  isDead(space: number, valueIndex: number): boolean {
    return this.#options.spaces.isDead(space, valueIndex);
  }

  space(id: number): Space {
    return this.#options.spaces.get(id) ?? this.#options.spaces.create(id, 0);
  }

  addLive(slot: number, sizeClass: number): void {
    this.#options.segments.mustGet(slot).addLive(sizeClass);
  }

  /** The key of a record, latin1. */
  async readKey(slot: number, offset: number, bytes: number): Promise<string> {
    const buf = await this.#read(slot, offset, bytes);
    return buf === undefined ? `damaged at ${slot}:${offset}` : keyOf(buf).toString('latin1');
  }

  /** Reads every system record in the index: collisions, living spaces, and what others keep. */
  async readSystemRecords(): Promise<void> {
    const index = this.#options.spaces.get(SYSTEM_SPACE)?.index;
    if (index === undefined) return;
    const places: { slot: number; offset: number; bytes: number }[] = [];
    index.scan(0, Infinity, (slot) => places.push({
      slot: index.segmentOf(slot),
      offset: index.offsetOf(slot),
      bytes: sizeClassBytes(index.sizeClassOf(slot)),
    }));
    for (const { slot, offset, bytes } of places) {
      const buf = await this.#read(slot, offset, bytes);
      if (buf === undefined) continue;
      this.#takeSystemRecord(keyOf(buf), buf);
      const segment = this.#options.segments.mustGet(slot);
      const held = this.#options.residents.hold(segment, offset, { buf, at: 0, isWhole: true });
      this.system.set(keyOf(buf).toString('latin1'), held);
    }
  }

  #takeSystemRecord(key: Buffer, buf: Buffer): void {
    const name = parseCollisionKey(key);
    if (name !== undefined) this.#options.collisions.add(name);
    if (!key.equals(LIVE_SPACES_KEY)) return;
    const { start, end } = entryValueAt(buf, 0);
    this.#options.spaces.decode(buf.subarray(start, end));
  }

  /** A copy of the record; undefined if it is damaged and that is tolerated. */
  async #read(slot: number, offset: number, bytes: number): Promise<Buffer | undefined> {
    const { residents, segments, isTolerant, onDamage } = this.#options;
    const segment = segments.mustGet(slot);
    try {
      const { buf, at, isWhole } = await residents.read(segment, offset, bytes, true);
      if (isWhole) return Buffer.from(buf.subarray(at, at + entryBytesAt(buf, at)));
      throw damaged(segment.path, offset, 'the checksum of a record is wrong');
    } catch (error) {
      if (!isTolerant || !(error instanceof StoreError) || error.code !== 'DAMAGED') throw error;
      onDamage(error);
      return undefined;
    }
  }
}

function keyOf(buf: Buffer): Buffer {
  return buf.subarray(entryKeyStartAt(buf, 0), entryBytesToKeyEndAt(buf, 0));
}
