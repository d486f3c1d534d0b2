import { describe, expect, it } from 'vitest';
import { Args } from '../../src/protocol/args.ts';
import { OpenBatch } from '../../src/cluster/open-batch.ts';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_TRANSACTION, OrderedBody, orderedBytesMax,
  readOrderedRequests, type OrderedKind, ORDERED_BATCH_BYTES_MIN,
} from '../../src/cluster/proposal-body.ts';
import type { PendingGroup } from '../../src/cluster/open-batch.ts';
import { randomBytes, withSeed } from '../lib/seeded.ts';
import { bodyOf } from './cluster-layer.ts';

function wordsOf(args: Args): Buffer[] {
  return Array.from({ length: args.count }, (_, i) => args.copy(i));
}

describe('the body of a batch', () => {
  it('gives back what was put in, of every kind', () => {
    const body = new OrderedBody();
    body.add(ORDERED_COMMAND, 300, 15, [Args.of('SET', 'k', '')]);
    body.add(ORDERED_TRANSACTION, 2 ** 40, 0, [Args.of('GET', 'k'), Args.of('DBSIZE')]);
    body.add(ORDERED_EXPIRY, 0, 3, [Args.of('one', 'two')]);
    body.add(ORDERED_TRANSACTION, 1, 1, []);
    const requests = readOrderedRequests(body.take()).map(({ kind, session, db, commands }) => {
      return [kind, session, db, commands.map((args) => wordsOf(args).map(String))];
    });
    expect(requests).toEqual([
      [ORDERED_COMMAND, 300, 15, [['SET', 'k', '']]],
      [ORDERED_TRANSACTION, 2 ** 40, 0, [['GET', 'k'], ['DBSIZE']]],
      [ORDERED_EXPIRY, 0, 3, [['one', 'two']]],
      [ORDERED_TRANSACTION, 1, 1, []],
    ]);
  });

  it('gives back anything that chance makes, and is no larger than was foreseen', () => {
    withSeed((random) => {
      for (let round = 0; round < 60; round++) {
        const body = new OrderedBody();
        const expected: unknown[] = [];
        let bytesMax = 0;
        for (let i = random.below(8); i >= 0; i--) {
          const kind = random.below(3) as OrderedKind;
          const commands = Array.from({ length: random.below(4) }, () => {
            const words = Array.from({ length: 1 + random.below(5) },
              () => randomBytes(random, random.below(400)));
            return Args.ofBuffers(words);
          });
          const session = random.below(2 ** 31);
          body.add(kind, session, random.below(1) + i, commands);
          expected.push([kind, session, i, commands.map(wordsOf)]);
          bytesMax += orderedBytesMax(commands);
        }
        expect(body.bytes).toBeLessThanOrEqual(bytesMax);
        const read = readOrderedRequests(body.take());
        expect(read.map(({ kind, session, db, commands }) => {
          return [kind, session, db, commands.map(wordsOf)];
        })).toEqual(expected);
      }
    });
  });

  it('grows with what it holds, and begins anew when it was taken', () => {
    const body = new OrderedBody();
    const large = Buffer.alloc(ORDERED_BATCH_BYTES_MIN * 5, 'x');
    for (let i = 0; i < 3; i++) body.add(ORDERED_COMMAND, 1, 0, [Args.of('SET', `${i}`, large)]);
    expect(body.bytes).toBeGreaterThan(large.length * 3);
    const first = body.take();
    expect(body.bytes).toBe(0);
    body.add(ORDERED_COMMAND, 1, 0, [Args.of('DEL', 'k')]);
    const second = body.take();
    expect(readOrderedRequests(first).map(({ commands }) => commands[0]!.copy(2).equals(large)))
      .toEqual([true, true, true]);
    expect(wordsOf(readOrderedRequests(second)[0]!.commands[0]!).map(String)).toEqual(['DEL', 'k']);
  });

  it('owns its bytes: the memory that a request came in may be used again', () => {
    const memory = Buffer.from('SETkeyvalue');
    const args = new Args();
    args.begin(memory);
    args.push(0, 3);
    args.push(3, 6);
    args.push(6, 11);
    const body = new OrderedBody();
    body.add(ORDERED_COMMAND, 1, 0, [args]);
    memory.fill(0);
    const taken = body.take();
    body.add(ORDERED_COMMAND, 1, 0, [Args.of('yyy', 'yyyyyy', 'yyyyyyyy')]);
    body.take();
    expect(wordsOf(readOrderedRequests(taken)[0]!.commands[0]!).map(String))
      .toEqual(['SET', 'key', 'value']);
  });

  it('is read where it lies, in the middle of something larger', () => {
    const body = bodyOf('SET k v');
    const around = new Uint8Array(body.length + 20).fill(0xff);
    around.set(body, 9);
    const request = readOrderedRequests(around.subarray(9, 9 + body.length)).at(-1);
    expect(wordsOf(request!.commands[0]!).map(String)).toEqual(['SET', 'k', 'v']);
  });

  it('is never read when it is cut short, wherever that is', () => {
    const body = bodyOf('SET key value', { kind: ORDERED_TRANSACTION, commands: ['GET a', 'DEL a'] });
    const whole = new Set([0, bodyOf().length, bodyOf('SET key value').length]);
    for (let bytes = 1; bytes < body.length; bytes++) {
      if (whole.has(bytes)) continue;
      expect(() => readOrderedRequests(body.subarray(0, bytes)), `${bytes}`).toThrow();
    }
  });

  it('of a batch that was given up holds no request', () => {
    expect(readOrderedRequests(new Uint8Array(0))).toEqual([]);
  });
});

describe('an open batch', () => {
  it('closes with its requests and those who wait, and begins anew', () => {
    const open = new OpenBatch();
    expect(open.isEmpty).toBe(true);
    const one = { name: 'one' } as unknown as PendingGroup;
    const two = { name: 'two' } as unknown as PendingGroup;
    open.add(ORDERED_COMMAND, 1, 0, [Args.of('SET', 'a', '1')], undefined);
    open.wait(one);
    open.add(ORDERED_EXPIRY, 0, 0, [Args.of('gone')], undefined);
    open.add(ORDERED_COMMAND, 2, 0, [Args.of('SET', 'b', '1')], undefined);
    open.wait(two);
    expect(open.isEmpty).toBe(false);
    const closed = open.close();
    expect(closed.groups).toEqual([one, two]);
    expect(readOrderedRequests(closed.body).map(({ session }) => session)).toEqual([1, 0, 2]);
    expect(open.isEmpty).toBe(true);
    expect(open.close().groups).toEqual([]);
    expect(closed.groups).toEqual([one, two]);
  });
});
