import { describe, expect, it } from 'vitest';
import { cpuMs } from '../lib/cpu-ms.ts';

import type { Random } from '../../src/lib/random.ts';
import { withSeed } from '../lib/seeded.ts';
import { checkSequential, type AppliedWrite, type SessionEvent } from './sequential.ts';

const put = (position: number, value: string | null, key = 'k'): AppliedWrite =>
  ({ position, key, value });

function read(
  position: number, value: string | null, { key = 'k', session = 's', node = 'n1' } = {},
): SessionEvent {
  return { kind: 'read', session, node, key, position, value };
}

function write(
  position: number, value: string | null | undefined,
  { key = 'k', session = 's', node = 'n1' } = {},
): SessionEvent {
  return { kind: 'write', session, node, key, position, value };
}

const ORDER = [put(2, 'a'), put(3, 'x', 'other'), put(5, 'b'), put(8, null)];

function ruleBroken(order: readonly AppliedWrite[], events: readonly SessionEvent[]): string {
  const verdict = checkSequential(order, events);
  return verdict.kind === 'ok' ? 'none' : verdict.rule;
}

describe('a read', () => {
  it('sees the last write at or before its position', () => {
    const reads = [
      read(0, null), read(1, null), read(2, 'a'), read(4, 'a'), read(5, 'b'), read(7, 'b'),
      read(8, null), read(100, null),
    ];
    expect(ruleBroken(ORDER, reads)).toBe('none');
    for (const wrong of [read(1, 'a'), read(4, 'b'), read(5, 'a'), read(8, 'b'), read(7, 'x')]) {
      expect(ruleBroken(ORDER, [wrong])).toBe('a read sees the state at its position');
    }
    expect(ruleBroken(ORDER, [read(3, 'x', { key: 'other' }), read(3, null, { key: 'none' })]))
      .toBe('none');
  });

  it('sees the last of the effects of one entry, and none by half', () => {
    const order = [put(1, 'a'), put(1, 'b'), put(1, 'c', 'other')];
    expect(ruleBroken(order, [read(1, 'b'), read(1, 'c', { key: 'other' })])).toBe('none');
    expect(ruleBroken(order, [read(1, 'a')])).toBe('a read sees the state at its position');
    expect(ruleBroken(order, [read(1, null, { key: 'other' })]))
      .toBe('a read sees the state at its position');
  });

  it('is not before an earlier one of its session, on whatever node', () => {
    const there = read(5, 'b');
    expect(ruleBroken(ORDER, [there, read(5, 'b', { node: 'n2' })])).toBe('none');
    expect(ruleBroken(ORDER, [there, read(4, 'a', { node: 'n2' })]))
      .toBe('positions of a session never go back');
    expect(ruleBroken(ORDER, [there, read(4, 'a', { session: 't' })])).toBe('none');
  });

  it('is at or after the last acknowledged write of its session, on whatever node', () => {
    expect(ruleBroken(ORDER, [write(5, 'b'), read(5, 'b', { node: 'n2' })])).toBe('none');
    expect(ruleBroken(ORDER, [write(5, 'b'), read(4, 'a', { node: 'n2' })]))
      .toBe('a session reads its own writes');
    expect(ruleBroken(ORDER, [write(5, 'b'), read(4, 'a', { session: 't' })])).toBe('none');
  });

  it('has a position', () => {
    for (const position of [-1, NaN, 1.5]) {
      expect(ruleBroken(ORDER, [read(position, null)]))
        .toBe('positions of a session never go back');
    }
  });
});

describe('a write', () => {
  it('is in the order at its position, with its value if that is known', () => {
    expect(ruleBroken(ORDER, [write(2, 'a'), write(5, undefined), write(8, null)])).toBe('none');
    for (const lost of [write(4, 'a'), write(5, 'a'), write(9, null), write(1, undefined)]) {
      expect(ruleBroken(ORDER, [lost])).toBe('an acknowledged write is in the order');
    }
  });

  it('is after all that its session read', () => {
    expect(ruleBroken(ORDER, [read(4, 'a'), write(5, 'b')])).toBe('none');
    expect(ruleBroken(ORDER, [read(5, 'b'), write(5, 'b')]))
      .toBe('positions of a session never go back');
    expect(ruleBroken(ORDER, [write(5, 'b'), write(2, 'a')]))
      .toBe('positions of a session never go back');
  });

  it('may share its entry with another one of its session', () => {
    const order = [put(1, 'a'), put(1, 'b', 'other'), put(1, 'c')];
    const entry = [write(1, 'a'), write(1, 'b', { key: 'other' }), write(1, 'c')];
    expect(ruleBroken(order, entry)).toBe('none');
    expect(ruleBroken(order, [write(1, 'b')])).toBe('an acknowledged write is in the order');
  });
});

describe('the order', () => {
  it('has positions from 1 that do not go back', () => {
    for (const order of [[put(0, 'a')], [put(2, 'a'), put(1, 'b')], [put(NaN, 'a')]]) {
      expect(ruleBroken(order, [])).toBe('the order has positions that grow');
    }
    expect(ruleBroken([], [read(7, null)])).toBe('none');
  });
});

describe('a violation', () => {
  it('says who saw what where, and what the order has there', () => {
    expect(checkSequential(ORDER, [read(4, 'b', { node: 'n3' })])).toMatchObject({
      text: 'a read sees the state at its position: s on n3 reads "k": "b", position 4, ' +
        'but the order has "a" at 2, "b" at 5',
    });
    expect(checkSequential(ORDER, [read(9, 'b')])).toMatchObject({
      text: 'a read sees the state at its position: s on n1 reads "k": "b", position 9, ' +
        'but the order has "b" at 5, null at 8',
    });
    expect(checkSequential(ORDER, [write(5, 'b'), read(3, 'a', { node: 'n2' })])).toMatchObject({
      text: 'a session reads its own writes: s on n2 reads "k": "a", position 3, ' +
        'which is before its own write: s on n1 writes "k": "b", position 5',
    });
  });
});

/** Three nodes that apply one order at their own pace; sessions that move wait for their node. */
function correctRun(random: Random, length: number): [AppliedWrite[], SessionEvent[]] {
  const order: AppliedWrite[] = [];
  const events: SessionEvent[] = [];
  const applied = [0, 0, 0];
  const reached = new Map<string, number>();
  while (events.length < length) {
    const node = random.below(applied.length);
    applied[node] = applied[node]! + random.below(order.length - applied[node]! + 1);
    const session = `s${random.below(5)}`;
    const key = `k${random.below(3)}`;
    const position = random.below(3) > 0 ? applied[node]! : order.length + 1;
    if (position < (reached.get(session) ?? 0)) continue;
    const where = { key, session, node: `n${node}` };
    if (position <= order.length) {
      const seen = order.slice(0, position).findLast((each) => each.key === key)?.value ?? null;
      events.push(read(position, seen, where));
    } else {
      const value = random.below(5) > 0 ? `v${position}` : null;
      order.push(put(position, value, key));
      events.push(write(position, value, where));
    }
    reached.set(session, position);
  }
  return [order, events];
}

describe('a random run', () => {
  it('is accepted while it is correct, and each fault in it is found', () => {
    withSeed((random) => {
      for (let round = 0; round < 300; round++) {
        const [order, events] = correctRun(random, 60);
        expect(checkSequential(order, events)).toEqual({ kind: 'ok' });
        const at = random.below(events.length);
        const event = events[at]!;
        const faults: SessionEvent[] = [{ ...event, value: 'nowhere' }, { ...event, position: -1 }];
        const before = events.slice(0, at).findLast(({ session }) => session === event.session);
        if (before !== undefined && before.position > 0) {
          faults.push({ ...event, position: before.position - 1 });
        }
        for (const fault of faults) {
          expect(checkSequential(order, events.with(at, fault)).kind).toBe('violation');
        }
        const withoutWrites = order.filter(({ position }) => position !== event.position);
        if (event.kind === 'write') {
          expect(checkSequential(withoutWrites, events).kind).toBe('violation');
        }
      }
    });
  });

  it('of 100,000 events is checked in a second or two', () => {
    withSeed((random) => {
      const order = Array.from({ length: 100_000 }, (_, at) => put(at + 1, `v${at}`, `k${at % 7}`));
      const events = order.map(({ position, key, value }) => {
        const where = { key, session: `s${random.below(9)}` };
        return random.below(2) === 0 ? read(position, value, where) : write(position, value, where);
      });
      const ms = cpuMs(() => {
        expect(checkSequential(order, events)).toEqual({ kind: 'ok' });
      });
      expect(ms).toBeLessThan(4000);
    });
  });
});
