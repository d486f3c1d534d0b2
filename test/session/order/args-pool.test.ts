import { expect, it } from 'vitest';
import { ORDERED_ARGS_KEPT_MAX } from '../../../src/limits.ts';
import { ArgsPool } from '../../../src/session/order/args-pool.ts';

it('lends each object once until it is reset, and then the same ones', () => {
  const pool = new ArgsPool();
  const first = [pool.next(), pool.next(), pool.next()];
  expect(new Set(first).size).toBe(3);
  pool.reset();
  expect([pool.next(), pool.next()]).toEqual(first.slice(0, 2));
});

it('keeps nothing of a batch alive', () => {
  const pool = new ArgsPool();
  const args = pool.next();
  const body = Buffer.alloc(100);
  args.begin(body);
  args.push(0, 5);
  const range = args.at(0);
  pool.reset();
  expect(args.buf).not.toBe(body);
  expect(range.buf).not.toBe(body);
  expect(args.count).toBe(0);
});

it('keeps so many and no more', () => {
  const pool = new ArgsPool();
  const all = Array.from({ length: ORDERED_ARGS_KEPT_MAX + 10 }, () => pool.next());
  pool.reset();
  const again = all.map(() => pool.next());
  expect(again.filter((args, i) => args === all[i]).length).toBe(ORDERED_ARGS_KEPT_MAX);
});
