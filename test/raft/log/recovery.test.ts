import { describe, expect, it } from 'vitest';
import type { LogBase } from '../../../src/raft/core/entry.ts';
import type { RaftLogError } from '../../../src/raft/log/raft-log-error.ts';
import { RECORD_HEADER_BYTES, readRecordHeader } from '../../../src/raft/log/record.ts';
import {
  decodeSegmentHeader, encodeSegmentHeader, parseSegmentFileName, segmentFileName,
} from '../../../src/raft/log/segment-header.ts';
import { Random } from '../../../src/lib/random.ts';
import { randomBytes, testSeed } from '../../lib/seeded.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { flipBits } from './flipped-bits.ts';
import {
  ALWAYS_DIRECT, batch, batches, configurationOf, contentOf, diskOf, fresh, logFiles, mustBeSame, open,
  put, readAll, stateOf, vote,
} from './helpers.ts';

const TINY = { segmentBytes: 600, syncBudget: ALWAYS_DIRECT };
const BASE: LogBase = { index: 9, term: 1, timeMs: 9, configuration: configurationOf('a') };

type Content = Map<string, Buffer>;

/** The only file of a log, without the zeros behind its last record. */
function onlyFile(content: Content): { name: string; bytes: Buffer; ends: number[] } {
  const [[name, all]] = [...content] as [[string, Buffer]];
  const decoded = decodeSegmentHeader(all);
  if (typeof decoded === 'string') throw new Error(decoded);
  const ends = [decoded.bytes];
  for (let at = ends[0]!; at + RECORD_HEADER_BYTES <= all.length;) {
    const record = readRecordHeader(all, at, parseSegmentFileName(name)!, at);
    if (record === undefined) break;
    at += record.bytes;
    ends.push(at);
  }
  return { name, bytes: Buffer.from(all.subarray(0, ends.at(-1))), ends };
}

/** Opens a log of one file; its entries, or the code of the error. */
async function tryOpen(content: Content): Promise<number | string> {
  const disk = await diskOf(content);
  try {
    const log = await open(disk);
    const entries = await readAll(log);
    for (const [i, { index, term, payload }] of entries.entries()) {
      const text = Buffer.from(payload).toString().trim();
      expect([index, term, text]).toEqual([i + 1, 1, `${i + 1}.1`]);
    }
    expect(log.lastIndex).toBe(entries.length);
    await log.close();
    return entries.length;
  } catch (error) {
    mustBeSame(await contentOf(disk), content);
    return (error as RaftLogError).code;
  }
}

/** A log with entries 1 to 6, synced one by one. No record ends in bytes that mean nothing. */
async function sixEntries(): Promise<ReturnType<typeof onlyFile>> {
  const disk = new SimFiles();
  const log = await fresh(disk);
  for (let index = 1; index <= 6; index += 1) {
    await put(log, [batch(index, 1, `${index}.1`.padEnd(8))]);
  }
  return onlyFile(await contentOf(disk));
}

describe('a tail that is torn', () => {
  it('is cut, wherever it tears and whatever is behind', async () => {
    const { name, bytes, ends } = await sixEntries();
    const random = new Random(0, testSeed());
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const head = bytes.subarray(0, cut);
      const behind = [
        Buffer.alloc(0), Buffer.alloc(bytes.length - cut), randomBytes(random, 200, '\x01\x02\xff'),
      ];
      for (const [i, tail] of behind.entries()) {
        const torn = Buffer.concat([head, tail]);
        // Zeros behind the cut may be what was there.
        const same = bytes.findIndex((byte, at) => byte !== torn[at]);
        const kept = ends.findLastIndex((end) => end <= (same === -1 ? bytes.length : same));
        // The header was durable before the file had its name.
        const expected = kept === -1 ? 'DAMAGED' : kept;
        expect([cut, i, await tryOpen(new Map([[name, torn]]))]).toEqual([cut, i, expected]);
      }
    }
  }, 60_000);

  it('may have sound records behind the gap, if they were written with it', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    await put(log, [batch(1, 1)]);
    await put(log, batches(2, 6, 1));
    const { name, bytes, ends } = onlyFile(await contentOf(disk));
    for (const record of [2, 3, 4, 5]) {
      const torn = Buffer.from(bytes);
      torn.fill(0, ends[record - 1], ends[record]);
      expect([record, await tryOpen(new Map([[name, torn]]))]).toEqual([record, record - 1]);
    }
  });

  it('is damage as soon as the log has said that it was durable', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    await put(log, batches(1, 6, 1));
    const torn = async (): Promise<number | string> => {
      const { name, bytes, ends } = onlyFile(await contentOf(disk));
      bytes.fill(0xff, ends[5]!, ends[5]! + 8);
      return await tryOpen(new Map([[name, bytes]]));
    };
    expect(await torn()).toBe(5);
    const { ticket } = log.durable;
    log.mark();
    await log.whenDurable(ticket);
    await log.close();
    expect(await torn()).toBe('DAMAGED');
  });

  it('once said, is not said again', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, { syncBudget: ALWAYS_DIRECT });
    await put(log, [batch(1, 1)]);
    log.mark();
    const before = await contentOf(disk);
    log.mark();
    await log.close();
    expect(await contentOf(disk)).toEqual(before);
  });
});

describe('recovery', () => {
  it('does not trust what may have been in the page cache only', async () => {
    const disk = new SimFiles({ seed: 3 });
    const log = await fresh(disk);
    await put(log, [batch(1, 1)]);
    disk.fail({ op: 'datasync', code: 'EIO' });
    await expect(put(log, [batch(2, 1)])).rejects.toMatchObject({ code: 'FAILED' });
    // The lost pages are read back, and no sync of that file would write them any more.
    const again = await open(disk);
    expect(again.durable.index).toBe(2);
    const after = await open(disk.crash(new Random(0, 1), 'forgetful'));
    expect((await readAll(after)).length).toBe(2);
  });

  it('removes what a truncation or a reset made obsolete, and a file that was being made', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 30; index += 1) await put(log, [batch(index, 1)]);
    const old = await contentOf(disk);
    await put(log, [batch(5, 2)]);
    const before = await stateOf(log);
    await log.close();
    const content = new Map([...old, ...await contentOf(disk), ['raft-next.tmp', Buffer.from('x')]]);
    const mixed = await diskOf(content);
    const again = await open(mixed, TINY);
    expect(await stateOf(again)).toBe(before);
    await again.close();
    expect((await logFiles(mixed)).length).toBe(2);
  });

  it('refuses a log that lacks a file in the middle', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 40; index += 1) await put(log, [batch(index, 1)]);
    await log.close();
    const content = await contentOf(disk);
    const names = [...content.keys()];
    expect(names.length).toBeGreaterThan(3);
    // The first may be gone, as if it had been trimmed.
    for (const [i, name] of names.slice(0, -1).entries()) {
      const rest = new Map([...content].filter(([other]) => other !== name));
      const lost = await diskOf(rest);
      const opened = open(lost, TINY);
      if (i === 0) expect((await opened).firstIndex).toBeGreaterThan(1);
      else await expect(opened).rejects.toThrow(`${name} is damaged at byte 0: the file is missing`);
      if (i > 0) expect(await contentOf(lost)).toEqual(rest);
    }
  });

  it('refuses a segment that was renamed, and one that does not go on where it says', async () => {
    const disk = new SimFiles();
    await (await fresh(disk, {}, BASE)).close();
    const { name, bytes } = onlyFile(await contentOf(disk));
    const renamed = await diskOf(new Map([[segmentFileName(77), bytes]]));
    await expect(open(renamed)).rejects.toThrow(/says that this is segment 1/);
    const next = encodeSegmentHeader({
      sequence: 2, previousSequence: 1, previousBytes: bytes.length, durableBytes: 0,
      hardState: vote(1), base: { ...BASE, term: 2 },
    });
    const wrong = await diskOf(new Map([[name, bytes], [segmentFileName(2), next]]));
    await expect(open(wrong)).rejects.toThrow(/behind entry 9 of term 2, which is not there/);
  });
});

describe('a flipped bit', () => {
  it('never gives wrong content: the log, one without its tail, or an error', async () => {
    // flipped-bits.deep.test.ts flips one of each byte.
    const { shorter, error } = await flipBits(17);
    expect(shorter).toBeGreaterThan(0);
    expect(error).toBeGreaterThan(50);
  }, 60_000);
});
