/** A checkpoint that does not fit is not used, whatever is wrong with it, and no key is missing. */

import { beforeAll, describe, expect, it } from 'vitest';
import {
  BLOCK_END, BLOCK_META, BLOCK_PAGES, CHECKPOINT_BLOCK_HEADER_BYTES, checkpointBlockKind,
  checkpointPayloadBytes, encodeCheckpointBlock, type CheckpointMeta,
} from '../../../src/store/format/checkpoint.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { Told, committed, mustAgree, open, put, text } from '../helpers.ts';

const KEYS = 50;

interface Block {
  readonly kind: number;
  readonly payload: Buffer;
}

/** A store that was stopped cleanly, and its checkpoint. */
async function stopped(): Promise<{ disk: SimFiles; path: string }> {
  const disk = new SimFiles();
  const clock = new SimClock();
  const store = await open({ files: disk, clock });
  for (let key = 0; key < KEYS; key += 1) put(store, `key:${key}`, `value ${key}`);
  await committed(store);
  await clock.passUntil(store.close());
  const path = disk.paths().find((name) => name.includes('checkpoint-'))!;
  return { disk, path };
}

function decode(bytes: Uint8Array): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length;) {
    const payload = checkpointPayloadBytes(bytes.subarray(at), blocks.length)!;
    const start = at + CHECKPOINT_BLOCK_HEADER_BYTES;
    blocks.push({
      kind: checkpointBlockKind(bytes.subarray(at)),
      payload: Buffer.from(bytes.subarray(start, start + payload)),
    });
    at = start + payload;
  }
  return blocks;
}

function encode(blocks: readonly Block[]): Buffer {
  return Buffer.concat(blocks.map(({ kind, payload }, i) =>
    encodeCheckpointBlock(kind, i, payload)));
}

function withMeta(blocks: readonly Block[], change: (meta: CheckpointMeta) => object): Block[] {
  return blocks.map((block) => {
    if (block.kind !== BLOCK_META) return block;
    const text = block.payload.toString().replace(/\0+$/, '');
    const meta = JSON.parse(text) as CheckpointMeta;
    return { ...block, payload: Buffer.from(JSON.stringify({ ...meta, ...change(meta) })) };
  });
}

async function reopen(disk: SimFiles, told: Told): Promise<Store> {
  const store = await open({ files: disk, clock: new SimClock(), told });
  for (let key = 0; key < KEYS; key += 1) {
    expect(await text(store, `key:${key}`)).toBe(`value ${key}`);
  }
  await mustAgree(store);
  return store;
}

const MISFITS: readonly (readonly [string, (blocks: readonly Block[]) => Block[], string])[] = [
  ['is of another version',
    (blocks) => withMeta(blocks, ({ version }) => ({ version: version + 1 })),
    'it has version'],
  ['has another number of pages',
    (blocks) => withMeta(blocks, ({ pageCount }) => ({ pageCount: pageCount * 2 })),
    'it has another number of index pages'],
  ['knows one segment more',
    (blocks) => withMeta(blocks, ({ segments }) =>
      ({ segments: [...segments, { ...segments[0]!, id: 99 }] })),
    'it is of another set of segments'],
  ['knows another length of a segment',
    (blocks) => withMeta(blocks, ({ segments }) =>
      ({ segments: segments.map((each) => ({ ...each, bytes: each.bytes + 8 })) })),
    'it is of another set of segments'],
  ['counts a key that it does not hold',
    (blocks) => withMeta(blocks, ({ spaces }) =>
      ({ spaces: spaces.map((space) => ({ ...space, size: space.size + 1 })) })),
    'it does not hold every key'],
  ['has no first block', (blocks) => blocks.filter(({ kind }) => kind !== BLOCK_META),
    'its first block is missing'],
  ['has no end', (blocks) => blocks.filter(({ kind }) => kind !== BLOCK_END), 'it has no end'],
  ['lost its pages', (blocks) => blocks.filter(({ kind }) => kind !== BLOCK_PAGES),
    'it does not hold every key'],
  ['has a block of a later kind',
    (blocks) => [...blocks.slice(0, -1), { kind: 77, payload: Buffer.alloc(4) }, blocks.at(-1)!],
    'it has a block of the unknown kind 77'],
];

describe('a checkpoint', () => {
  let blocks: Block[];
  beforeAll(async () => {
    const { disk, path } = await stopped();
    blocks = decode(disk.contentOf(path));
  });

  it('is used when it is as it was written', async () => {
    const { disk, path } = await stopped();
    disk.exchange(path, encode(blocks));
    const told = new Told();
    await reopen(disk, told);
    expect(told.infos.join('\n')).not.toContain('is not used');
    expect(disk.paths()).toContain(path);
  });

  it.each(MISFITS)('that %s is not used, and says why', async (_, change, reason) => {
    const { disk, path } = await stopped();
    disk.exchange(path, encode(change(blocks)));
    const told = new Told();
    await reopen(disk, told);
    expect(told.infos.join('\n')).toMatch(new RegExp(`checkpoint-.* is not used: .*${reason}`));
    expect(disk.paths()).not.toContain(path);
  });

  it.each([0, 1, 7, 15, 16, 20])('that is cut to %d bytes is not used', async (bytes) => {
    const { disk, path } = await stopped();
    disk.exchange(path, disk.contentOf(path).subarray(0, bytes));
    const told = new Told();
    await reopen(disk, told);
    expect(told.infos.join('\n')).toContain('is not used');
  });

  it('is not used with a bit that flipped in any of its blocks', async () => {
    let at = 0;
    for (const { payload } of blocks) {
      const { disk, path } = await stopped();
      disk.damage(path, at + CHECKPOINT_BLOCK_HEADER_BYTES - 4, 0x10);
      const told = new Told();
      await reopen(disk, told);
      expect([at, told.infos.join('\n').includes('is not used')]).toEqual([at, true]);
      at += CHECKPOINT_BLOCK_HEADER_BYTES + payload.length;
    }
  });
});
