import { describe, expect, it } from 'vitest';
import { FRAME_MORE } from '../../../src/store/format/frame.ts';
import { HintRows } from '../../../src/store/format/hint-rows.ts';
import { SEGMENT_LOG } from '../../../src/store/format/segment-header.ts';
import { cutLog } from '../../../src/store/recovery/cut-log.ts';
import type { LogCut, ScannedLog } from '../../../src/store/recovery/cut-log.ts';

/** A segment with frames of 100 bytes from 100 on, ten value indexes each. */
interface Given {
  readonly id: number;
  readonly previousId?: number;
  readonly frames: number;
  /** The first value_index. */
  readonly from?: number;
  /** What its frames say was synced: [segment, offset]. */
  readonly synced?: readonly [number, number];
  /** The frame behind the sound ones is bad. */
  readonly isBad?: boolean;
  readonly hasHeader?: boolean;
  readonly isListed?: boolean;
  /** Numbers of frames whose batch goes on. */
  readonly more?: readonly number[];
}

function logOf(given: Given): ScannedLog {
  const { id, previousId = 0, frames, from = 1, synced = [0, 0], isBad = false } = given;
  const numbers = Array.from({ length: frames }, (_, i) => i);
  const end = 100 + frames * 100;
  const place = { offset: end, frameOffset: end, reason: 'bad', key: undefined };
  return {
    id,
    bytes: isBad ? end + 50 : end,
    isListed: given.isListed ?? true,
    scan: {
      header: given.hasHeader === false
        ? undefined : { id, kind: SEGMENT_LOG, seed: { a: 1, b: 2 }, previousId },
      frames: {
        offset: numbers.map((i) => 100 + i * 100),
        end: numbers.map((i) => 200 + i * 100),
        flags: numbers.map((i) => (given.more?.includes(i) === true ? FRAME_MORE : 0)),
        rows: numbers.map((i) => (i + 1) * 10),
        position: numbers.map(() => 0),
      },
      rows: new HintRows(),
      bad: isBad ? place : undefined,
      firstValueIndex: frames === 0 ? 0 : from,
      nextValueIndex: frames === 0 ? 0 : from + frames * 10,
      watermark: { segmentId: synced[0], offset: synced[1] },
    },
  };
}

const cut = (...given: Given[]): LogCut => cutLog(given.map(logOf), (id) => id === 77);
const keptOf = ({ kept }: LogCut): number[][] => kept.map(({ log, frames }) => [log.id, frames]);

describe('the end of the log after a crash', () => {
  it('is the end of the file when every frame is sound', () => {
    const result = cut({ id: 1, frames: 3, synced: [1, 300] });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3]], undefined]);
    expect(result.watermark).toEqual({ segmentId: 1, offset: 300 });
  });

  it('is the last sound frame when what follows was never synced', () => {
    const result = cut({ id: 1, frames: 3, synced: [1, 400], isBad: true });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3]], undefined]);
  });

  it('takes later segments along, so that the state is a prefix', () => {
    const result = cut({ id: 1, frames: 3, isBad: true }, { id: 2, previousId: 1, frames: 2, from: 51 });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3]], undefined]);
  });

  it('is where a segment lost its end, though every frame in both is sound', () => {
    const result = cut({ id: 1, frames: 3 }, { id: 2, previousId: 1, frames: 2, from: 51 });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3]], undefined]);
  });

  it('is before a segment whose predecessor is gone', () => {
    const result = cut({ id: 1, frames: 3 },
      { id: 3, previousId: 2, frames: 2, from: 51, isListed: false });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3]], undefined]);
  });

  it('ignores a file that was made ready and never used', () => {
    const result = cut({ id: 1, frames: 3 },
      { id: 2, previousId: 1, frames: 0, isListed: false, hasHeader: false },
      { id: 3, previousId: 1, frames: 2, from: 31, isListed: false });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3], [3, 2]], undefined]);
  });

  it('goes on behind a segment of which all was taken back', () => {
    const result = cut({ id: 1, frames: 3 }, { id: 2, previousId: 1, frames: 0 },
      { id: 3, previousId: 2, frames: 2, from: 31, synced: [3, 200] });
    expect([keptOf(result), result.damage]).toEqual([[[1, 3], [2, 0], [3, 2]], undefined]);
  });

  it('goes on behind several of them, which the manifest does not list', () => {
    const result = cut({ id: 1, frames: 3 }, { id: 2, previousId: 1, frames: 0, isListed: false },
      { id: 3, previousId: 2, frames: 0, isListed: false },
      { id: 4, previousId: 3, frames: 2, from: 31, synced: [4, 200], isListed: false });
    expect([keptOf(result), result.damage])
      .toEqual([[[1, 3], [2, 0], [3, 0], [4, 2]], undefined]);
  });

  it('leaves out a batch whose last frame is missing, across segments', () => {
    const result = cut({ id: 1, frames: 3, more: [2] },
      { id: 2, previousId: 1, frames: 1, from: 31, more: [0], isBad: true });
    expect(keptOf(result)).toEqual([[1, 2], [2, 0]]);
  });

  it('keeps a batch that is whole, across segments', () => {
    const result = cut({ id: 1, frames: 3, more: [2] }, { id: 2, previousId: 1, frames: 1, from: 31 });
    expect(keptOf(result)).toEqual([[1, 3], [2, 1]]);
  });
});

/** What must never be cut; a rule that cuts it loses what was acknowledged. */
const DAMAGED: readonly (readonly [string, readonly Given[], number, number])[] = [
  ['a bad frame before a synced place of the same segment',
    [{ id: 1, frames: 3, isBad: true, synced: [1, 401] }], 1, 400],
  ['a bad frame in a segment before one that was synced',
    [{ id: 1, frames: 3, isBad: true }, { id: 2, previousId: 1, frames: 1, from: 51, synced: [2, 64] }], 1, 400],
  ['a file that ends before it was synced', [{ id: 1, frames: 3, synced: [1, 500] }], 1, 400],
  ['a synced segment that lost its end',
    [{ id: 1, frames: 3 }, { id: 2, previousId: 1, frames: 1, from: 51, synced: [1, 600] }], 1, 400],
  ['a synced segment that is missing',
    [{ id: 1, frames: 3 },
      { id: 3, previousId: 2, frames: 1, from: 51, synced: [2, 600], isListed: false }], 2, 0],
  ['an empty segment that held what the next one goes on from',
    [{ id: 1, frames: 3 }, { id: 2, previousId: 1, frames: 0 },
      { id: 3, previousId: 2, frames: 1, from: 51, synced: [3, 64] }], 2, 64],
  ['a segment without its header whose frames say that it was synced',
    [{ id: 1, frames: 0, hasHeader: false, isBad: true, synced: [1, 500] }], 1, 100],
];

/** The rule under test and a wrong one: everything bad is a torn tail. */
const cutAlways = (...given: Given[]): LogCut =>
  cut(...given.map((each) => ({ ...each, synced: [0, 0] as const })));

describe('damage', () => {
  it.each(DAMAGED)('is %s: nothing is cut', (_what, given, id, offset) => {
    const { damage } = cut(...given);
    expect(damage?.offset).toBe(offset);
    if (id !== 2) expect(damage?.log.id).toBe(id);
  });

  it.each(DAMAGED)('is missed by a rule that does not look at watermarks: %s', (_what, given) => {
    expect(cutAlways(...given).damage).toBeUndefined();
  });
});
