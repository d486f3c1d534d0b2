import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyHashSeed } from '../../../src/lib/key-hash.ts';
import { decodeHintHeader, type SegmentSummary } from '../../../src/store/format/hint.ts';
import type { HintJob } from '../../../src/store/hints/hint-maker.ts';
import { HintThread } from '../../../src/store/hints/hint-thread.ts';
import type { StoreError } from '../../../src/store/store-error.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { manifestOf, open, put } from '../helpers.ts';

// The thread runs compiled code; `npm test` compiles first.
const worker = new URL('../../../dist/src/store/hints/hint-worker.js', import.meta.url);
const SUMMARY = {
  id: 1, bytes: 64, records: 0, tombstones: 0, minValueIndex: 0, maxValueIndex: 0, position: 0,
};

/** The segment of a store that was stopped cleanly, as its manifest has it. */
async function closedSegment(): Promise<{
  bytes: Buffer; summary: SegmentSummary; seed: KeyHashSeed;
}> {
  const disk = new SimFiles();
  const clock = new SimClock();
  const store = await open({ files: disk, clock });
  for (const key of ['a', 'b', 'c']) put(store, key, `value of ${key}`);
  store.commit();
  await clock.passUntil(store.close());
  const manifest = manifestOf(disk);
  const { kind: _, ...summary } = manifest.sealed[0]!;
  const bytes = Buffer.from(disk.contentOf('/data/000000000000001.log'));
  return { bytes, summary, seed: manifest.seed };
}

describe('HintThread', () => {
  let dir = '';
  let thread: HintThread;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dkvs-hint-'));
    thread = new HintThread(worker);
  });

  afterEach(async () => {
    await thread.close();
    await rm(dir, { recursive: true, force: true });
  });

  function missing(): HintJob {
    return { dir, path: join(dir, 'missing.log'), summary: SUMMARY, seed: { a: 1, b: 2 } };
  }

  it('says why a hint cannot be made, job after job', async () => {
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
  });

  it('makes the hint of a segment, and names the place where one is damaged', async () => {
    const segment = await closedSegment();
    const path = join(dir, '000000000000001.log');
    const job = { dir, path, summary: segment.summary, seed: segment.seed };
    await writeFile(path, segment.bytes);
    await thread.make(job);
    const hint = await readFile(join(dir, '000000000000001.hint'));
    expect(decodeHintHeader(hint)).toMatchObject(segment.summary);
    const at = segment.bytes.indexOf('value of b');
    segment.bytes[at]! ^= 1;
    await writeFile(path, segment.bytes);
    const error = await thread.make(job).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DAMAGED', file: path });
    expect(Math.abs((error as StoreError).offset! - at)).toBeLessThan(100);
  });

  it('fails the running job when it is closed, and starts anew for the next', async () => {
    const job = thread.make(missing());
    const failed = expect(job).rejects.toThrow('the hint thread was closed');
    await thread.close();
    await failed;
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
  });

  it('runs one job at a time', async () => {
    const job = thread.make(missing());
    expect(() => thread.make(missing())).toThrow('one job at a time');
    await expect(job).rejects.toThrow('ENOENT');
  });
});
