import { describe, expect, it } from 'vitest';
import { checksum } from '../../../src/lib/checksum.ts';
import { Random } from '../../../src/lib/random.ts';
import { writeU32, writeU48 } from '../../../src/lib/words.ts';
import { SNAPSHOT_FILES_MAX } from '../../../src/store/limits.ts';
import { decodeManifest, encodeManifest } from '../../../src/store/format/manifest.ts';
import type { Manifest } from '../../../src/store/format/manifest.ts';
import { receiveSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import type { ReceivedSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import { encodeHead } from '../../../src/store/snapshot/snapshot-header.ts';
import {
  streamSnapshot, SNAPSHOT_CHUNK_BYTES,
} from '../../../src/store/snapshot/snapshot-stream.ts';
import type { SnapshotContent } from '../../../src/store/snapshot/store-snapshot.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { open, put, text } from '../helpers.ts';
import { BusyStore, DIR, cut, pass, streamed, take } from './helpers.ts';

/** Files in RAM as a snapshot. */
function contentOf(files: readonly (readonly [string, Uint8Array])[], position = 7): SnapshotContent {
  const byName = new Map(files);
  return {
    position,
    files: files.map(([name, bytes]) => ({ name, bytes: bytes.length })),
    read: (name, offset, buf) => {
      const piece = byName.get(name)!.subarray(offset, offset + buf.length);
      buf.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}

const EMPTY: Manifest = {
  seed: { a: 0x12345678, b: 0x9abcdef0 }, nextSegmentId: 3, nextValueIndex: 1, position: 7,
  sealed: [], open: [], checkpoint: null,
};

const SEGMENT = '000000000000001.log';
const SEALED = {
  id: 1, kind: 1, bytes: 100, records: 1, tombstones: 0, minValueIndex: 1, maxValueIndex: 1,
  position: 7,
} as const;

/** A manifest with one segment of 100 bytes, changed as a test wants. */
function manifest(changes: Partial<Manifest> = {}): readonly [string, Uint8Array] {
  return ['MANIFEST', encodeManifest({ ...EMPTY, nextValueIndex: 2, sealed: [SEALED], ...changes })];
}

const segment = (name = SEGMENT, bytes = 100): readonly [string, Uint8Array] =>
  [name, Buffer.alloc(bytes, name)];

async function emptyDisk(capacityBytes = Infinity): Promise<SimFiles> {
  const disk = new SimFiles({ capacityBytes });
  await disk.mkdir(DIR);
  await disk.syncDir('/');
  return disk;
}

async function receive(bytes: Buffer, disk?: SimFiles): Promise<ReceivedSnapshot> {
  const files = disk ?? await emptyDisk();
  const env = { files, dir: DIR, reserveBytes: 0 };
  return await receiveSnapshot(env, cut(bytes, new Random(1, 1), 50));
}

/** What a stream of these files is refused with. */
async function refusal(bytes: Buffer): Promise<string> {
  const disk = await emptyDisk();
  const outcome = await receive(bytes, disk).catch((error: unknown) => error as Error);
  expect(outcome, 'it was taken in').toBeInstanceOf(Error);
  expect(await disk.list(DIR), 'something is left of it').toEqual([]);
  return `${(outcome as { code?: string }).code}: ${(outcome as Error).message}`;
}

const refusalOf = async (...files: (readonly [string, Uint8Array])[]): Promise<string> =>
  await refusal(await streamed(contentOf(files)));

describe('the stream of a snapshot', () => {
  it('is laid out as FORMAT.md shows', async () => {
    const content = contentOf([['MANIFEST', encodeManifest(EMPTY)]]);
    const bytes = await streamed(content);
    expect(bytes.subarray(0, 51).toString('hex')).toBe(
      '444b5653534e41500100000001000000070000000000bb00000000001c7e76f4' +
      '084d414e49464553 54bb0000000000ab a56509'.replaceAll(' ', ''),
    );
    expect(bytes.length).toBe(51 + 187 + 4);
    expect(decodeManifest(bytes.subarray(51, -4))).toEqual(EMPTY);
  });

  it('comes in chunks of one size that share one buffer, and arrives however it is cut', async () => {
    const big = segment(SEGMENT, 3 * SNAPSHOT_CHUNK_BYTES + 11);
    const sealed = [{ ...SEALED, bytes: big[1].length }];
    const content = contentOf([manifest({ sealed }), big, segment('000000000000001.hint', 5)]);
    const lengths: number[] = [];
    const buffers = new Set<unknown>();
    for await (const chunk of streamSnapshot(content)) {
      lengths.push(chunk.length);
      buffers.add(chunk.buffer);
    }
    expect(lengths.slice(0, -1)).toEqual([1, 2, 3].map(() => SNAPSHOT_CHUNK_BYTES));
    expect([lengths.length, buffers.size]).toEqual([4, 1]);
    const bytes = await streamed(content, 1000);
    for (const seed of [1, 2, 3]) {
      const disk = await emptyDisk();
      const chunks = cut(bytes, new Random(seed, 1), 10 ** (2 + seed));
      const { position, totalBytes } =
        await receiveSnapshot({ files: disk, dir: DIR, reserveBytes: 0 }, chunks);
      expect([position, totalBytes > big[1].length]).toEqual([7, true]);
      const staged = await disk.readAll(`${DIR}/${SEGMENT}.incoming`);
      expect(Buffer.from(staged).equals(Buffer.from(big[1]))).toBe(true);
      for (const name of await disk.list(DIR)) expect(disk.isDurable(`${DIR}/${name}`)).toBe(true);
    }
  });

  it('ends as the reads of the snapshot fail', async () => {
    const broken = { ...contentOf([manifest(), segment()]), read: () => Promise.reject(new Error('EIO')) };
    await expect(streamed(broken)).rejects.toThrow('EIO');
  });
});

describe('the stream of a snapshot whose file has become shorter', () => {
  it('ends with an error: what would follow is not what was announced', async () => {
    const whole = contentOf([manifest(), segment()]);
    const read: SnapshotContent['read'] = async (name, offset, buf) => {
      const bytes = await whole.read(name, offset, buf);
      return name === SEGMENT ? bytes - 1 : bytes;
    };
    await expect(streamed({ ...whole, read })).rejects.toThrow(`${SEGMENT} is too short`);
  });
});

describe('a receiver of snapshots', () => {
  it('refuses a stream that is cut anywhere, and keeps nothing of it', async () => {
    const bytes = await streamed(contentOf([manifest(), segment()]));
    expect((await receive(bytes)).position).toBe(7);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(await refusal(bytes.subarray(0, length))).toMatch(/^TRUNCATED/);
    }
    expect(await refusal(Buffer.concat([bytes, Buffer.from('x')]))).toMatch(/^INVALID.*more bytes/);
  });

  it('refuses a stream with any one byte damaged', async () => {
    const bytes = await streamed(contentOf([manifest(), segment()]));
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      expect(await refusal(damaged)).toMatch(/^(DAMAGED|INVALID|TRUNCATED)/);
    }
  });

  it.each([
    '../MANIFEST', '/etc/passwd', '000000000000001.log/..', '00000000000001.log', 'MANIFEST.tmp',
    'checkpoint-1', 'raft-0000000000000001.log', '000000000000001.LOG', '', 'LOCK',
    '000000000000001.log\n', '000000000000001.log.incoming', 'snapshot-install',
  ])('refuses the name %j', async (name) => {
    expect(await refusalOf(manifest(), segment(), [name, Buffer.alloc(3)]))
      .toMatch(/^INVALID.*cannot have the name/);
  });

  it('refuses a second file of one name, a second manifest, and one that is not first', async () => {
    expect(await refusalOf(manifest(), segment(), segment())).toMatch(/^INVALID.*is there twice/);
    expect(await refusalOf(manifest(), segment(), manifest())).toMatch(/^INVALID.*cannot have/);
    expect(await refusalOf(segment(), manifest())).toMatch(/^INVALID.*cannot have/);
  });

  it('refuses numbers of files that no store has', async () => {
    for (const count of [0, SNAPSHOT_FILES_MAX + 1]) {
      const head = encodeHead({ position: 1, files: [], totalBytes: 0 });
      writeU32(head, 12, count);
      writeU32(head, 28, checksum(head, 0, 28));
      expect(await refusal(head)).toMatch(/^INVALID.*files, allowed are/);
    }
  });

  it('refuses a huge manifest by its announced length', async () => {
    const head = encodeHead({ position: 1, files: [{ name: 'MANIFEST', bytes: 0 }], totalBytes: 0 });
    const entry = Buffer.from('\x08MANIFEST\0\0\0\0\0\0', 'latin1');
    writeU48(entry, 9, 2 ** 40);
    expect(await refusal(Buffer.concat([head, entry]))).toMatch(/^INVALID.*a manifest of/);
  });

  it.each<[string, Partial<Manifest>]>([
    ['no such file', { sealed: [SEALED, { ...SEALED, id: 2 }] }],
    ['knows nothing of', { sealed: [] }],
    ['99 bytes', { sealed: [{ ...SEALED, bytes: 99 }] }],
    ['no such file', { sealed: [{ ...SEALED, kind: 2 }] }],
    ['no such file', { sealed: [SEALED, SEALED] }],
    ['of position 8', { position: 8 }],
    ['running store', { open: [2] }],
    ['running store', { checkpoint: 'checkpoint-3' }],
    ['numbers beyond', { nextSegmentId: 1 }],
    ['numbers beyond', { nextValueIndex: 1 }],
    ['numbers beyond', { sealed: [{ ...SEALED, position: 9 }] }],
  ])('refuses a manifest that does not fit: %s', async (reason, changes) => {
    const refused = await refusalOf(manifest(changes), segment());
    expect(refused).toMatch(/^INVALID/);
    expect(refused).toContain(reason);
  });

  it('refuses a hint of no segment, and a manifest that is none', async () => {
    expect(await refusalOf(manifest(), segment(), segment('000000000000002.hint')))
      .toMatch(/^INVALID.*knows nothing of/);
    expect(await refusalOf(['MANIFEST', Buffer.from('{}')], segment()))
      .toMatch(/^INVALID.*manifest cannot be used/);
  });

  it('says so before it writes when the disk has no room above the reserve', async () => {
    const bytes = await streamed(contentOf([manifest(), segment()]));
    const disk = await emptyDisk(100_000);
    const writes: string[] = [];
    disk.onOperation = (op) => void writes.push(op);
    const env = { files: disk, dir: DIR, reserveBytes: 99_800 };
    await expect(receiveSnapshot(env, cut(bytes, new Random(1, 1))))
      .rejects.toMatchObject({ code: 'FULL' });
    expect(writes).not.toContain('create');
  });

  it('leaves the store as it is when the disk fills up in the middle, and works later', async () => {
    const clock = new SimClock();
    const disk = new SimFiles();
    const store = await pass(clock, open({ files: disk, clock }));
    put(store, 'a', 'old');
    store.commit(1);
    const busy = await BusyStore.start(new SimFiles(), 1);
    await busy.batches(50);
    const snapshot = await pass(busy.clock, busy.store.exportSnapshot());
    const bytes = await streamed(snapshot);
    const usedBytes = disk.usedBytes;
    disk.fail({ op: 'write', path: '.incoming', nth: 5, code: 'ENOSPC' });
    await expect(receive(bytes, disk)).rejects.toMatchObject({ code: 'FULL' });
    expect(disk.usedBytes).toBe(usedBytes);
    put(store, 'b', 'new');
    store.commit(2);
    await pass(clock, store.close());
    const again = await pass(clock, open({ files: disk, clock }));
    expect([await text(again, 'a'), await text(again, 'b')]).toEqual(['old', 'new']);
    await pass(clock, again.close());
    await take(disk, bytes);
    const other = await BusyStore.start(disk, 1);
    expect(other.store.position).toBe(snapshot.position);
  });

  it('fails as the stream fails, and tells one that it gives up', async () => {
    const bytes = await streamed(contentOf([manifest(), segment()]));
    let gaveUp = false;
    async function* source(tail: () => Buffer): AsyncGenerator<Uint8Array, void> {
      try {
        yield bytes.subarray(0, 300);
        yield tail();
        yield bytes;
      } finally {
        gaveUp = true;
      }
    }
    const env = { files: await emptyDisk(), dir: DIR, reserveBytes: 0 };
    await expect(receiveSnapshot(env, source(() => {
      throw new Error('the link broke');
    }))).rejects.toThrow('the link broke');
    gaveUp = false;
    await expect(receiveSnapshot(env, source(() => Buffer.alloc(500))))
      .rejects.toMatchObject({ code: 'DAMAGED' });
    expect(gaveUp).toBe(true);
    expect(await env.files.list(DIR)).toEqual([]);
  });
});
