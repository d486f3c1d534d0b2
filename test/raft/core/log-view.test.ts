import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/raft/core/entry.ts';
import { LogView } from '../../../src/raft/core/log-view.ts';
import { withSeed } from '../../lib/seeded.ts';
import {
  baseOf, configurationEntryOf, configurationOf, entriesOf, entryOf, recoveredOf,
} from './members.ts';

const [ABC, AB, A] = ['a,b,c', 'a,b', 'a'].map((voters) => configurationOf(voters)) as [
  ReturnType<typeof configurationOf>, ReturnType<typeof configurationOf>,
  ReturnType<typeof configurationOf>,
];

/** What was on disk before; `windowBytesMax` decides what stays in RAM of what is appended. */
function recover(terms: readonly number[], commit = 0, windowBytesMax = 1e6): LogView {
  return new LogView(recoveredOf(baseOf(ABC), entriesOf(terms)), commit, windowBytesMax);
}

function appendAll(log: LogView, entries: readonly LogEntry[]): void {
  for (const entry of entries) log.append(entry, undefined);
}

/** Entries of these terms behind the last one, with payloads of 10 bytes. */
function grow(log: LogView, ...terms: number[]): void {
  const text = 'x'.repeat(10);
  appendAll(log, terms.map((term, i) => entryOf(log.lastIndex + 1 + i, term, text)));
}

describe('a log that was recovered', () => {
  it('knows all terms, and has no entry in RAM', () => {
    const log = recover([1, 1, 2], 1);
    expect([0, 1, 2, 3].map((index) => log.termOf(index))).toEqual([0, 1, 1, 2]);
    expect([log.lastIndex, log.lastTerm, log.durable, log.commit]).toEqual([3, 2, 3, 1]);
    expect([log.entry(3), log.slice(3, 100)]).toEqual([undefined, undefined]);
    expect(log.slice(4, 100)).toEqual([]);
  });

  it('goes on behind a base, in its term or in another', () => {
    const base = baseOf(ABC, 9, 4);
    const log = new LogView(recoveredOf(base, entriesOf([4, 4, 5], 9)), 3, 1e6);
    expect([8, 9, 10, 11, 12].map((index) => log.termOf(index))).toEqual([undefined, 4, 4, 4, 5]);
    expect([log.commit, log.lastIndex]).toEqual([9, 12]);
    const same = new LogView(recoveredOf(base, entriesOf([4, 4], 9)), 9, 1e6);
    expect([same.lastIndex, same.lastTerm, same.termOf(11)]).toEqual([11, 4, 4]);
  });

  it('has the newest configuration that it holds', () => {
    const placed = [{ index: 2, configuration: AB }, { index: 3, configuration: A }];
    const log = new LogView(recoveredOf(baseOf(ABC), entriesOf([1, 1, 1]), placed), 2, 1e6);
    expect([log.configuration, log.configurationIndex]).toEqual([A, 3]);
    expect(log.possibleConfigurations).toEqual([AB, A]);
    expect(recover([1]).possibleConfigurations).toEqual([ABC]);
  });
});

describe('entries in RAM', () => {
  it('are given as many as fit, and one at least', () => {
    const log = recover([]);
    grow(log, 1, 1, 1);
    const indices = (from: number, bytesMax: number): (number | undefined)[] | undefined =>
      log.slice(from, bytesMax)?.map(({ index }) => index);
    expect([indices(1, 20), indices(1, 29), indices(1, 30)]).toEqual([[1, 2], [1, 2], [1, 2, 3]]);
    expect([indices(2, 1), indices(4, 100)]).toEqual([[2], []]);
  });

  it('stay until they are durable and committed, however many they are', () => {
    const log = recover([], 0, 0);
    grow(log, 1, 1, 1, 1);
    log.durableTo(3, 1);
    expect(log.entry(1)?.index).toBe(1);
    log.commitTo(2);
    log.durableTo(4, 1);
    expect([1, 2, 3, 4].map((index) => log.entry(index)?.index))
      .toEqual([undefined, undefined, 3, 4]);
    expect([log.termOf(1), log.slice(2, 9), log.slice(3, 9)?.length]).toEqual([1, undefined, 1]);
  });

  it('go, the oldest first, when they are more than the bound', () => {
    const log = recover([], 0, 2 * (64 + 10));
    grow(log, 1, 1, 1, 1);
    log.commitTo(4);
    log.durableTo(4, 1);
    expect([1, 2, 3, 4].map((index) => log.entry(index)?.index))
      .toEqual([undefined, undefined, 3, 4]);
  });
});

describe('what is durable', () => {
  it('moves on to an entry of that term, and never back', () => {
    const log = recover([1]);
    grow(log, 1, 2);
    expect([log.durableTo(3, 1), log.durableTo(2, 1), log.durable]).toEqual([false, true, 2]);
    expect([log.durableTo(1, 1), log.durableTo(9, 2), log.durable]).toEqual([false, false, 2]);
    expect([log.durableTo(3, 2), log.durable]).toEqual([true, 3]);
  });

  it('goes back with what is cut off', () => {
    const log = recover([1, 1, 1]);
    log.truncate(1);
    grow(log, 2);
    expect(log.durable).toBe(1);
  });
});

describe('what is committed', () => {
  it('moves no further than the log, and never back', () => {
    const log = recover([1, 1, 1]);
    expect([log.commitTo(2), log.commit]).toEqual([true, 2]);
    expect([log.commitTo(2), log.commitTo(1), log.commit]).toEqual([false, false, 2]);
    expect([log.commitTo(9), log.commit]).toEqual([true, 3]);
  });

  it('cannot be cut off: that is asserted', () => {
    const log = recover([1, 1, 1], 2);
    expect(() => log.truncate(1)).toThrow('assertion failed');
    log.truncate(2);
    expect(log.lastIndex).toBe(2);
  });

  it('decides which bytes wait', () => {
    const log = recover([1, 1]);
    grow(log, 1, 1, 1);
    expect(log.uncommittedBytes).toBe(30);
    log.commitTo(1);
    expect(log.uncommittedBytes).toBe(30);
    log.commitTo(3);
    expect(log.uncommittedBytes).toBe(20);
    log.truncate(4);
    expect(log.uncommittedBytes).toBe(10);
    log.commitTo(4);
    expect(log.uncommittedBytes).toBe(0);
  });
});

describe('a log that is cut off at its end', () => {
  it('goes back to the configuration before', () => {
    const log = recover([]);
    log.append(configurationEntryOf(1, 1, AB), AB);
    grow(log, 1);
    log.append(configurationEntryOf(3, 1, A), A);
    log.truncate(3);
    expect(log.configuration).toEqual(A);
    log.truncate(2);
    expect([log.configuration, log.configurationIndex]).toEqual([AB, 1]);
    log.truncate(0);
    expect([log.configuration, log.configurationIndex]).toEqual([ABC, 0]);
  });

  it('takes other entries in place of those that went', () => {
    const log = recover([1, 1]);
    grow(log, 1, 1);
    log.truncate(2);
    grow(log, 3);
    expect([log.lastIndex, log.lastTerm, log.entry(3)?.term, log.entry(4)])
      .toEqual([3, 3, 3, undefined]);
    log.truncate(1);
    grow(log, 4, 4);
    expect([log.entry(2)?.term, log.slice(2, 100)?.length]).toEqual([4, 2]);
  });
});

describe('a log that is trimmed', () => {
  it('knows the term and the configuration at its base', () => {
    const log = recover([]);
    log.append(configurationEntryOf(1, 1, AB), AB);
    grow(log, 1, 2);
    log.append(configurationEntryOf(4, 2, A), A);
    log.commitTo(4);
    expect([log.baseAt(0)?.configuration, log.baseAt(3)?.configuration]).toEqual([ABC, AB]);
    log.trim(log.baseAt(3)!);
    expect([log.base.index, log.base.term, log.termOf(3), log.termOf(2)])
      .toEqual([3, 2, 2, undefined]);
    expect([log.entry(3), log.entry(4)?.index, log.baseAt(2)]).toEqual([undefined, 4, undefined]);
    expect([log.configuration, log.baseAt(3)?.configuration]).toEqual([A, AB]);
    log.trim(log.baseAt(4)!);
    expect([log.configuration, log.configurationIndex]).toEqual([A, 4]);
  });

  it('does not grow again by a trim that comes late', () => {
    const log = recover([1, 1, 1], 3);
    const [two, one] = [log.baseAt(2)!, log.baseAt(1)!];
    log.trim(two);
    log.trim(one);
    expect(log.base.index).toBe(2);
  });
});

describe('a log that begins anew', () => {
  it('has nothing but its base, of which nothing is durable yet', () => {
    const log = recover([1, 1]);
    grow(log, 2);
    log.append(configurationEntryOf(4, 2, A), A);
    log.reset({ ...baseOf(AB, 9, 5), timeMs: 77 });
    expect([log.lastIndex, log.lastTerm, log.commit, log.durable]).toEqual([9, 5, 9, 0]);
    expect([log.configuration, log.lastTimeMs, log.uncommittedBytes]).toEqual([AB, 77, 0]);
    expect([log.entry(4), log.termOf(4), log.slice(10, 9)]).toEqual([undefined, undefined, []]);
    grow(log, 5);
    expect([log.durableTo(10, 5), log.durable]).toEqual([true, 10]);
  });
});

describe('the time of a log', () => {
  it('is that of its last entry, and does not go back when that is cut off', () => {
    const log = recover([]);
    log.append({ ...entryOf(1, 1, 'x'), timeMs: 100 }, undefined);
    log.append({ ...entryOf(2, 1, 'y'), timeMs: 200 }, undefined);
    expect(log.lastTimeMs).toBe(200);
    log.truncate(1);
    expect(log.lastTimeMs).toBe(100);
    log.truncate(0);
    expect(log.lastTimeMs).toBe(100);
  });
});

describe('a log that is compared with another', () => {
  it.each([
    [[5, 1], false], [[2, 2], false], [[3, 2], true], [[4, 2], true], [[1, 3], true],
  ] as const)('whose end is %j may be led by it: %s', ([index, term], isUpToDate) => {
    expect(recover([1, 2, 2]).isUpToDate(index, term)).toBe(isUpToDate);
  });
});

describe('whatever is done to a log', () => {
  it('its terms, entries and bytes are those of a plain list', () => {
    withSeed((random) => {
      const log = recover([], 0, 500);
      let list: LogEntry[] = [];
      let base = 0;
      for (let n = 0; n < 1000; n++) {
        const what = random.below(12);
        if (what < 6) {
          const term = log.lastTerm + (random.below(5) === 0 ? 1 : 0);
          const entry = entryOf(log.lastIndex + 1, term, 'x'.repeat(1 + random.below(40)));
          log.append(entry, undefined);
          list.push(entry);
        } else if (what < 8) log.commitTo(log.commit + random.below(4));
        else if (what < 10) {
          const index = log.durable + random.below(4);
          log.durableTo(index, log.termOf(index) ?? 0);
        } else if (what === 10) {
          const to = log.commit + random.below(log.lastIndex - log.commit + 1);
          log.truncate(to);
          list = list.filter(({ index }) => index <= to);
        } else if (random.below(3) === 0) {
          base += random.below(Math.min(log.commit, log.durable) - base + 1);
          log.trim(log.baseAt(base)!);
        }
        check(log, list, base);
      }
      expect(list.length).toBeGreaterThan(150);
    });
  });

  function check(log: LogView, list: readonly LogEntry[], base: number): void {
    const last = list.at(-1)?.index ?? 0;
    expect([log.lastIndex, log.base.index]).toEqual([last, base]);
    const bytes = list.slice(log.commit).reduce((sum, { payload }) => sum + payload.length, 0);
    expect(log.uncommittedBytes).toBe(bytes);
    const safe = Math.min(log.commit, log.durable);
    const wrong = list.slice(base).filter((entry) => {
      const found = log.entry(entry.index);
      return found !== entry && (found !== undefined || entry.index > safe);
    });
    expect(wrong).toEqual([]);
  }
});
