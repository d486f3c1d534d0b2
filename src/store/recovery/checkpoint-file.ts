/**
 * Writes the checkpoint of a clean stop, and loads it at the next start.
 *
 * A checkpoint is true for one set of sealed segments and no open frames. Anything that does not
 * fit makes it unusable, never wrong: everything is loaded aside and taken over only after the last
 * block.
 */

import type { Files, ReadFile, WriteFile } from '../../io/files.ts';
import type { ChainTable } from '../chains/chains.ts';
import {
  BLOCK_CHAINS, BLOCK_END, BLOCK_META, BLOCK_PAGES, CHECKPOINT_BLOCK_HEADER_BYTES,
  CHECKPOINT_VERSION, checkpointBlockKind, checkpointPayloadBytes, encodeCheckpointBlock,
  isCheckpointBlockSound, type CheckpointMeta,
} from '../format/checkpoint.ts';
import type { Manifest } from '../format/manifest.ts';
import type { ManifestKeeper } from '../segments/manifest-keeper.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import type { SpaceTable } from '../index/space-table.ts';
import { KeyIndex } from '../index/key-index.ts';
import { decodeChains, encodeChains } from './checkpoint-chains.ts';
import { MiB } from '../../lib/size-units.ts';

/** A block of a checkpoint: one read, one checksum. */
const CHECKPOINT_BLOCK_BYTES = 1 * MiB;

const PAGE_HEAD_WORDS = 4;

export interface CheckpointEnv {
  readonly files: Files;
  readonly dir: string;
  readonly segments: SegmentTable;
  readonly spaces: SpaceTable;
  readonly chains: ChainTable;
}

// ---- Writing ------------------------------------------------------------------------------------

/** Writes a checkpoint of the present state and names it in the manifest. */
export async function writeCheckpoint(
  env: CheckpointEnv & { keeper: ManifestKeeper },
): Promise<void> {
  const name = `checkpoint-${env.segments.reserveId()}`;
  const file = await env.files.create(`${env.dir}/${name}`);
  try {
    const writer = new BlockWriter(file);
    await writer.add(BLOCK_META, Buffer.from(JSON.stringify(metaOf(env))));
    await writePages(env, writer);
    const chains = encodeChains(env.chains.all());
    await writer.add(BLOCK_CHAINS, bytesOf(chains));
    await writer.add(BLOCK_END, Buffer.alloc(0));
    await file.datasync();
  } finally {
    await file.close();
  }
  env.keeper.checkpoint = name;
  await env.keeper.write();
}

class BlockWriter {
  readonly #file: WriteFile;
  #number = 0;
  #at = 0;

  constructor(file: WriteFile) {
    this.#file = file;
  }

  async add(kind: number, payload: Uint8Array): Promise<void> {
    const block = encodeCheckpointBlock(kind, this.#number, payload);
    await this.#file.write(block, 0, block.length, this.#at);
    this.#at += block.length;
    this.#number += 1;
  }
}

function metaOf({ segments, spaces, chains }: CheckpointEnv): CheckpointMeta {
  const all = segments.all().filter(({ state }) => state === 'sealed');
  return {
    version: CHECKPOINT_VERSION,
    segments: all.map(({ id, bytes, slot, liveBytes, liveRecords }) =>
      ({ id, bytes, slot, liveBytes, liveRecords })),
    spaces: [...spaces.all()].map(({ id, index }) => ({ id, size: index.size })),
    chains: chains.size,
    pageCount: new KeyIndex().pageCount,
  };
}

async function writePages({ spaces }: CheckpointEnv, writer: BlockWriter): Promise<void> {
  const words = new Uint32Array(CHECKPOINT_BLOCK_BYTES / 4);
  let used = 0;
  const flush = async (): Promise<void> => {
    if (used > 0) await writer.add(BLOCK_PAGES, bytesOf(words.subarray(0, used)));
    used = 0;
  };
  for (const { id, index } of spaces.all()) {
    for (let page = 0; page < index.pageCount; page += 1) {
      if (index.pageSize(page) === 0) continue;
      const dump = index.dumpPage(page);
      if (used + PAGE_HEAD_WORDS + dump.length > words.length) await flush();
      const piece = Uint32Array.of(id, page, dump.length, 0);
      if (piece.length + dump.length > words.length) {
        const whole = new Uint32Array(piece.length + dump.length);
        whole.set(piece);
        whole.set(dump, piece.length);
        await writer.add(BLOCK_PAGES, bytesOf(whole));
        continue;
      }
      words.set(piece, used);
      words.set(dump, used + piece.length);
      used += piece.length + dump.length;
    }
  }
  await flush();
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

// ---- Loading ------------------------------------------------------------------------------------

/** Fills the tables from the manifest's checkpoint, or changes nothing and returns why not. */
export async function loadCheckpoint(env: CheckpointEnv,
  manifest: Manifest): Promise<string | undefined> {
  const path = `${env.dir}/${manifest.checkpoint}`;
  if (!await env.files.exists(path)) return 'there is no such file';
  const file = await env.files.openRead(path);
  try {
    const staged = new Staged();
    const problem = readBlocks(file, await file.size(), staged);
    if (problem !== undefined) return problem;
    return staged.takeOver(env, manifest);
  } finally {
    await file.close();
  }
}

function readBlocks(file: ReadFile, fileBytes: number, staged: Staged): string | undefined {
  const head = Buffer.alloc(CHECKPOINT_BLOCK_HEADER_BYTES);
  let at = 0;
  for (let number = 0; ; number += 1) {
    if (file.readSync(head, 0, head.length, at) < head.length) return 'it has no end';
    const payload = checkpointPayloadBytes(head, number);
    if (payload === undefined || at + head.length + payload > fileBytes) {
      return `block ${number} does not begin at byte ${at}`;
    }
    const block = new Uint8Array(head.length + payload);
    file.readSync(block, 0, block.length, at);
    if (!isCheckpointBlockSound(block, number)) return `the checksum of block ${number} is wrong`;
    at += block.length;
    const kind = checkpointBlockKind(block);
    if (kind === BLOCK_END) return undefined;
    const problem = staged.add(kind, block);
    if (problem !== undefined) return problem;
  }
}

/** What was read so far. */
class Staged {
  readonly #indexes = new Map<number, KeyIndex>();
  readonly #chains: Uint32Array[] = [];
  #meta: CheckpointMeta | undefined;

  add(kind: number, block: Uint8Array): string | undefined {
    const at = CHECKPOINT_BLOCK_HEADER_BYTES;
    if (kind === BLOCK_META) {
      const text = Buffer.from(block.buffer, at).toString('utf8').replace(/\0+$/, '');
      this.#meta = JSON.parse(text) as CheckpointMeta;
      return undefined;
    }
    const words = new Uint32Array(block.buffer, at, (block.length - at) / 4);
    if (kind === BLOCK_PAGES) return this.#addPages(words);
    if (kind !== BLOCK_CHAINS) return `it has a block of the unknown kind ${kind}`;
    this.#chains.push(words);
    return undefined;
  }

  takeOver(env: CheckpointEnv, manifest: Manifest): string | undefined {
    const meta = this.#meta;
    if (meta === undefined) return 'its first block is missing';
    const problem = this.#misfit(meta, manifest);
    if (problem !== undefined) return problem;
    const { segments, spaces, chains } = env;
    placeSegments(segments, meta);
    for (const { id } of meta.spaces) spaces.adopt(id, this.#indexes.get(id) ?? new KeyIndex());
    for (const words of this.#chains) decodeChains(words, chains, (id) => spaces.get(id)!);
    return undefined;
  }

  #addPages(words: Uint32Array): string | undefined {
    for (let at = 0; at < words.length;) {
      const [space, page, count] = words.subarray(at, at + PAGE_HEAD_WORDS);
      at += PAGE_HEAD_WORDS;
      let index = this.#indexes.get(space!);
      if (index === undefined) this.#indexes.set(space!, (index = new KeyIndex()));
      if (page! >= index.pageCount) return 'it was written with more index pages';
      index.loadPage(page!, words.subarray(at, at + count!));
      at += count!;
    }
    return undefined;
  }

  /** Why the checkpoint does not belong to this manifest. */
  #misfit(meta: CheckpointMeta, manifest: Manifest): string | undefined {
    if (meta.version !== CHECKPOINT_VERSION) {
      return `it has version ${meta.version}, and ${CHECKPOINT_VERSION} is what is trusted`;
    }
    const { pageCount } = new KeyIndex();
    if (meta.pageCount !== pageCount) return 'it has another number of index pages';
    const bytes = new Map(meta.segments.map((segment) => [segment.id, segment.bytes]));
    const isSame = bytes.size === manifest.sealed.length &&
      manifest.sealed.every((segment) => bytes.get(segment.id) === segment.bytes);
    if (!isSame) return 'it is of another set of segments';
    const sizeOf = (id: number): number => this.#indexes.get(id)?.size ?? 0;
    const isWhole = meta.spaces.every(({ id, size }) => sizeOf(id) === size);
    return isWhole ? undefined : 'it does not hold every key';
  }
}

/** Gives the segments the slots by which the checkpoint's index names them. */
function placeSegments(segments: SegmentTable, meta: CheckpointMeta): void {
  const entries = meta.segments.map(({ id }) => {
    const segment = segments.byId(id)!;
    segments.remove(segment);
    return segment;
  });
  // All were removed first, so no slot that the checkpoint names is taken.
  meta.segments.forEach(({ slot, liveBytes, liveRecords }, i) => {
    const old = entries[i]!;
    const segment = segments.add(old.id, old.kind, old.path, 'sealed', old.bytes, slot);
    segment.restore(old.sealedEntry());
    segment.liveBytes = liveBytes;
    segment.liveRecords = liveRecords;
  });
}
