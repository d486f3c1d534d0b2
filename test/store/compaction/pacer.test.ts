import { describe, expect, it } from 'vitest';
import type { PaceState } from '../../../src/store/compaction/pacer.ts';
import {
  copyBytesPerSecond, Pacer, writeDelayMs, PACE_BYTES_PER_SECOND_MIN, PACE_DELAY_MS_MAX,
  PACE_FACTOR, WRITE_DELAY_MS_MAX,
} from '../../../src/store/compaction/pacer.ts';

const MiB = 1024 * 1024;
const EASY: PaceState = {
  logBytes: 1400 * MiB, liveBytes: 1000 * MiB, diskRatioMax: 1.5,
  roomBytes: 10_000 * MiB, reserveBytes: 64 * MiB,
};

describe('the copy rate', () => {
  it('is a multiple of the write rate', () => {
    expect(copyBytesPerSecond(50 * MiB, EASY)).toBe(50 * MiB * PACE_FACTOR);
  });

  it('has a least value for an idle server', () => {
    expect(copyBytesPerSecond(0, EASY)).toBe(PACE_BYTES_PER_SECOND_MIN);
  });

  it('grows as the log passes its bound, without limit in the end', () => {
    const at = (logBytes: number): number => copyBytesPerSecond(0, { ...EASY, logBytes: logBytes * MiB });
    expect(at(1500)).toBe(PACE_BYTES_PER_SECOND_MIN);
    expect(at(1575)).toBeCloseTo(2 * PACE_BYTES_PER_SECOND_MIN, -6);
    expect(at(1650)).toBe(Infinity);
  });

  it('has no limit when the disk is nearly full, or when nothing is live', () => {
    expect(copyBytesPerSecond(0, { ...EASY, roomBytes: 100 * MiB })).toBe(Infinity);
    expect(copyBytesPerSecond(0, { ...EASY, liveBytes: 0 })).toBe(Infinity);
  });
});

describe('Pacer', () => {
  it('measures the write rate', () => {
    const pacer = new Pacer(0, 0);
    for (let ms = 100; ms <= 10_000; ms += 100) pacer.observe(ms, ms * 2000);
    expect(pacer.writeBytesPerSecond).toBeCloseTo(2_000_000, -3);
  });

  it('forgets a burst within seconds', () => {
    const pacer = new Pacer(0, 0);
    pacer.observe(100, 100 * MiB);
    for (let ms = 200; ms <= 10_000; ms += 100) pacer.observe(ms, 100 * MiB);
    expect(pacer.writeBytesPerSecond).toBeLessThan(0.1 * MiB);
  });

  it('lets the copier run at the rate on average', () => {
    const pacer = new Pacer(0, 0);
    let nowMs = 0;
    for (let batch = 0; batch < 100; batch++) nowMs += pacer.delayFor(nowMs, MiB, EASY);
    const seconds = (100 * MiB) / PACE_BYTES_PER_SECOND_MIN;
    expect(nowMs / 1000).toBeGreaterThan(seconds * 0.97);
    expect(nowMs / 1000).toBeLessThan(seconds * 1.03);
  });

  it('counts the time that the copying itself took', () => {
    const pacer = new Pacer(0, 0);
    let nowMs = 0;
    const costMs = (MiB * 1000) / PACE_BYTES_PER_SECOND_MIN;
    for (let batch = 0; batch < 10; batch++) {
      nowMs += 2 * costMs;
      expect(pacer.delayFor(nowMs, MiB, EASY)).toBe(0);
    }
  });

  it('does not save up a pause for a burst', () => {
    const pacer = new Pacer(0, 0);
    pacer.delayFor(60_000, MiB, EASY);
    expect(pacer.delayFor(60_000, MiB, EASY)).toBeGreaterThan(0);
  });

  it('never waits longer than its bound, however large a record is', () => {
    const pacer = new Pacer(0, 0);
    for (let i = 0; i < 3; i++) {
      expect(pacer.delayFor(0, 1024 * MiB, EASY)).toBeLessThanOrEqual(PACE_DELAY_MS_MAX);
    }
  });
});

describe('the write delay', () => {
  it('is nothing while as much as the reserve is left', () => {
    expect(writeDelayMs(64 * MiB, 64 * MiB)).toBe(0);
  });

  it('grows in proportion to what is missing, up to its bound', () => {
    expect(writeDelayMs(0.5 * 64 * MiB, 64 * MiB)).toBeCloseTo(WRITE_DELAY_MS_MAX / 2);
    expect(writeDelayMs(0, 64 * MiB)).toBe(WRITE_DELAY_MS_MAX);
  });

  it('is nothing when there is no reserve', () => {
    expect(writeDelayMs(0, 0)).toBe(0);
  });
});
