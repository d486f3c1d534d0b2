import { describe, expect, it } from 'vitest';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { ARGS_KEPT_MAX } from '../../src/protocol/args.ts';
import { Args } from '../../src/protocol/args.ts';
import { liveArrayBufferBytes } from '../lib/live-memory.ts';

describe('Args', () => {
  it('gives each argument as offsets, bytes, text and range', () => {
    const args = Args.of('SET', 'ключ', Buffer.from([0, 0xff]));
    expect(args.count).toBe(3);
    expect(args.bytes).toBe(3 + 8 + 2);
    expect([args.start(1), args.end(1), args.length(1)]).toEqual([3, 11, 8]);
    expect(args.text(1)).toBe('ключ');
    expect(args.latin1(2)).toBe('\0\xff');
    expect(args.view(2)).toEqual(Buffer.from([0, 0xff]));
    const range = new ByteRange(Buffer.alloc(0));
    expect(args.range(1, range)).toBe(range);
    expect(range.text()).toBe('ключ');
  });

  it('shares memory in view, and not in copy', () => {
    const args = Args.of('abc');
    const view = args.view(0);
    const copy = args.copy(0);
    args.buf.fill('x');
    expect(view.toString()).toBe('xxx');
    expect(copy.toString()).toBe('abc');
    expect(copy.buffer.byteLength).toBe(3);
  });

  it('compares words whatever their case, and only letters fold', () => {
    const args = Args.of('nx', 'Nx', 'NX', 'N', 'NXX', 'n\x58', '[');
    expect([0, 1, 2, 3, 4, 5].map((i) => args.is(i, 'NX'))).toEqual(
      [true, true, true, false, false, true]);
    expect(args.is(6, '{')).toBe(false);
    expect(Args.of('{').is(0, '[')).toBe(false);
  });

  it('compares bytes of any length', () => {
    const long = 'x'.repeat(100);
    const args = Args.of('ab', long);
    expect(args.equals(0, Buffer.from('zabz'), 1, 3)).toBe(true);
    expect(args.equals(0, Buffer.from('ac'))).toBe(false);
    expect(args.equals(0, Buffer.from('abc'))).toBe(false);
    expect(args.equals(1, Buffer.from(long))).toBe(true);
    expect(args.equals(1, Buffer.from(`${long.slice(1)}y`))).toBe(false);
  });

  it('reads integers in the strict syntax', () => {
    const args = Args.of('12', '-7', '012', '', '9007199254740993', '9223372036854775808');
    expect([0, 1].map((i) => args.int(i))).toEqual([12, -7]);
    for (const i of [2, 3, 4, 5]) expect(args.int(i)).toBeUndefined();
    expect(args.int64(0)).toBe(12);
    expect(args.int64(4)).toBe(9007199254740993n);
    expect(args.int64(5)).toBeUndefined();
  });

  it('detaches into memory of its own', () => {
    const args = Args.of('SET', 'k', '', 'value');
    const owned = args.detach();
    args.buf.fill(0);
    expect([0, 1, 2, 3].map((i) => owned.text(i))).toEqual(['SET', 'k', '', 'value']);
    expect(owned.buf).toHaveLength(9);
    expect(owned.buf.buffer.byteLength).toBe(9);
  });

  it('throws for an argument that is not there', () => {
    const args = Args.of('GET');
    expect(() => args.view(1)).toThrow('argument 1 of a request with 1');
    expect(() => args.end(-1)).toThrow(RangeError);
  });

  it('grows with its arguments, and shrinks after a huge request', () => {
    const args = new Args();
    args.begin(Buffer.alloc(1));
    const before = liveArrayBufferBytes();
    for (let i = 0; i < 1_000_000; i++) args.push(i, i + 1);
    expect(args.count).toBe(1_000_000);
    expect(args.start(999_999)).toBe(999_999);
    expect(liveArrayBufferBytes() - before).toBeGreaterThan(ARGS_KEPT_MAX * 8);
    args.begin(Buffer.alloc(1));
    expect(liveArrayBufferBytes() - before).toBeLessThanOrEqual(ARGS_KEPT_MAX * 8);
    expect(args.count).toBe(0);
    args.push(0, 1);
    expect(args.length(0)).toBe(1);
  });
});
