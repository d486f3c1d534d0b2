import { expect, it } from 'vitest';
import { Args } from '../../src/protocol/args.ts';
import {
  ORDERED_COMMAND, ORDERED_TRANSACTION, ORDERED_UNWATCH, OrderedBody, readOrderedRequests,
} from '../../src/cluster/proposal-body.ts';
import { RequestPool, ORDERED_KEPT_MAX } from '../../src/cluster/request-pool.ts';

it('lends each object once until it is reset, and then the same ones', () => {
  const pool = new RequestPool();
  const first = [pool.nextArgs(), pool.nextArgs(), pool.nextArgs()];
  expect(new Set(first).size).toBe(3);
  pool.reset();
  expect([pool.nextArgs(), pool.nextArgs()]).toEqual(first.slice(0, 2));
});

it('keeps nothing of a batch alive', () => {
  const pool = new RequestPool();
  const args = pool.nextArgs();
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
  const pool = new RequestPool();
  const all = Array.from({ length: ORDERED_KEPT_MAX + 10 }, () => pool.nextArgs());
  pool.reset();
  const again = all.map(() => pool.nextArgs());
  expect(again.filter((args, i) => args === all[i]).length).toBe(ORDERED_KEPT_MAX);
});

it('lends a request whose commands are none of the one before', () => {
  const pool = new RequestPool();
  const body = new OrderedBody();
  body.add(ORDERED_TRANSACTION, 7, 3, [Args.of('SET', 'k', 'v'), Args.of('DEL', 'k')]);
  body.add(ORDERED_COMMAND, 8, 0, [Args.of('INCR', 'n')]);
  const [first] = readOrderedRequests(body.take(), pool);
  expect(first?.commands.map((args) => args.text(0))).toEqual(['SET', 'DEL']);
  pool.reset();
  body.add(ORDERED_COMMAND, 9, 1, [Args.of('GET', 'k')]);
  body.add(ORDERED_UNWATCH, 9, 0, []);
  const again = readOrderedRequests(body.take(), pool);
  expect(again[0]).toBe(first);
  expect(again).toMatchObject([
    { kind: ORDERED_COMMAND, session: 9, db: 1 }, { kind: ORDERED_UNWATCH, session: 9, db: 0 },
  ]);
  expect(again.map(({ commands }) => commands.map((args) => args.text(0)))).toEqual([['GET'], []]);
});
