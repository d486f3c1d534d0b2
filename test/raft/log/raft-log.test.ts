import { describe, expect, it } from 'vitest';
import { RAFT_QUEUE_BYTES_MAX } from '../../../src/raft/log/raft-log.ts';
import type { LogBase } from '../../../src/raft/core/entry.ts';
import { EMPTY_BASE } from '../../../src/raft/core/entry.ts';
import { WATERMARK_NAME } from '../../../src/io/watermark-file.ts';
import { segmentBytesFor, RAFT_SEGMENT_BYTES } from '../../../src/raft/log/open-raft-log.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import {
  ALWAYS_DIRECT, DIR, NO_VOTE, Told, batch, batches, configurationEntry, configurationOf, fresh, logFiles,
  open, put, readAll, stateOf, vote,
} from './helpers.ts';

const TINY = { segmentBytes: 600 };
const BASE: LogBase = { index: 40, term: 3, timeMs: 5, configuration: configurationOf('a', 'b') };

describe('a fresh log', () => {
  it('is nothing until it is reset, and then what the reset said', async () => {
    const disk = new SimFiles();
    const log = await open(disk);
    expect(log.isFresh).toBe(true);
    expect(() => log.append([batch(1, 1)])).toThrow(/never reset/);
    await log.reset(BASE, vote(4, 'b'));
    expect([log.isFresh, log.base, log.firstIndex, log.lastIndex, log.lastTerm, log.lastTimeMs])
      .toEqual([false, BASE, 41, 40, 3, 5]);
    await log.close();
    const again = await open(disk);
    expect([again.base, again.hardState, again.lastIndex]).toEqual([BASE, vote(4, 'b'), 40]);
    expect(again.durable).toEqual({ ticket: 0, index: 40, term: 3 });
  });
});

describe('segments', () => {
  it('are in proportion to how much of the log is kept, up to the largest', async () => {
    expect(segmentBytesFor(16 << 20)).toBe(4 << 20);
    expect(segmentBytesFor(256 << 20)).toBe(RAFT_SEGMENT_BYTES);
    expect(segmentBytesFor(1024 << 20)).toBe(RAFT_SEGMENT_BYTES);
    const keptMin = 2400;
    const log = await fresh(new SimFiles(), { segmentBytes: segmentBytesFor(keptMin) });
    for (let i = 1; i <= 400; i++) await put(log, [batch(i, 1)]);
    log.trim(400, keptMin);
    expect(log.bytes).toBeGreaterThanOrEqual(keptMin);
    expect(log.bytes).toBeLessThan(keptMin * 1.5);
  });
});

describe('append', () => {
  it('keeps entries of all kinds, hard states and times', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    const entries = [
      { ...batch(1, 2), kind: 'empty' as const, payload: new Uint8Array(0) }, batch(2, 2),
      configurationEntry(3, 2, 'a', 'b'), { ...batch(4, 2 ** 47), timeMs: 2 ** 48 - 1 },
    ];
    await put(log, entries, vote(2 ** 47, 'a'));
    const before = await stateOf(log);
    await log.close();
    const again = await open(disk);
    expect(await stateOf(again)).toBe(before);
    expect((await readAll(again)).map((each) => ({ ...each, payload: Buffer.from(each.payload) })))
      .toEqual(entries.map((each) => ({ ...each, payload: Buffer.from(each.payload) })));
    expect(again.hardState).toEqual(vote(2 ** 47, 'a'));
  });

  it('refuses gaps, terms that go back, what is before the base, and no configuration', async () => {
    const log = await fresh(new SimFiles(), {}, BASE);
    await put(log, batches(41, 43, 5));
    for (const [entry, what] of [
      [batch(45, 5), /does not follow 43/], [batch(40, 5), /not behind the base 40/],
      [batch(44, 4), /the one before has 5/],
      [{ ...batch(44, 5), kind: 'configuration' as const }, /no configuration/],
    ] as const) expect(() => log.append([entry])).toThrow(what);
  });

  it('copies what it is given', async () => {
    const log = await fresh(new SimFiles());
    const entry = batch(1, 1, 'mine');
    log.append([entry]);
    entry.payload.fill(0);
    expect(Buffer.from((await log.read(1, 0))[0]!.payload).toString()).toBe('mine');
  });

  it('gives the last ticket when there is nothing to append', async () => {
    const log = await fresh(new SimFiles());
    const ticket = log.append([batch(1, 1)]);
    expect(log.append([])).toBe(ticket);
    expect(log.append([], vote(1))).toBe(ticket + 1);
  });

  it('is full when too much waits, takes hard states then, and entries afterwards', async () => {
    const log = await fresh(new SimFiles());
    log.append([{ ...batch(1, 1), payload: Buffer.alloc(RAFT_QUEUE_BYTES_MAX) }]);
    expect(log.isFull).toBe(true);
    expect(() => log.append([batch(2, 1)])).toThrow(/full/);
    const ticket = log.append([], vote(2));
    log.flush();
    await log.whenDurable(ticket);
    expect(log.isFull).toBe(false);
    log.append([batch(2, 1)]);
  });
});

describe('group commit', () => {
  it('has one datasync under way and takes everything meanwhile along with the next', async () => {
    const disk = new SimFiles();
    const told = new Told();
    const log = await fresh(disk, { events: told });
    let syncs = 0;
    disk.onOperation = (op) => {
      if (op === 'datasync') syncs += 1;
    };
    told.durable.length = 0;
    const first = log.append([batch(1, 1)]);
    log.flush();
    let last = 0;
    for (let index = 2; index <= 50; index += 1) {
      last = log.append([batch(index, 1)]);
      log.flush();
    }
    expect(told.durable).toEqual([]);
    await log.whenDurable(last);
    expect(syncs).toBe(2);
    expect(told.durable).toEqual([
      { ticket: first, index: 1, term: 1 }, { ticket: last, index: 50, term: 1 },
    ]);
  });

  it('is done when flush returns, while the budget lets it', async () => {
    const disk = new SimFiles();
    const told = new Told();
    let isQuick = true;
    const spent: number[] = [];
    const log = await fresh(disk, {
      events: told,
      syncBudget: { begin: () => (isQuick ? 7 : -1), end: (began) => spent.push(began) },
    });
    const ticket = log.append(batches(1, 3, 1), vote(1, 'a'));
    log.flush();
    expect(log.durable).toEqual({ ticket, index: 3, term: 1 });
    expect(told.durable.at(-1)).toEqual(log.durable);
    expect(spent).toEqual([7]);
    isQuick = false;
    await put(log, [batch(4, 1)]);
    expect(spent).toEqual([7]);
    // A large group would hold this thread up for too long.
    isQuick = true;
    log.append([batch(5, 1, 'x'.repeat(70_000))]);
    log.flush();
    expect(log.durable.index).toBe(4);
  });

  it('survives an owner that appends and flushes from inside onDurable', async () => {
    const disk = new SimFiles();
    const told = new Told();
    const log = await fresh(disk, {
      syncBudget: ALWAYS_DIRECT,
      events: {
        onDurable: (durable) => {
          told.onDurable(durable);
          if (told.durable.length === 1 || durable.index >= 500) return;
          log.append([batch(log.lastIndex + 1, 1)]);
          log.flush();
        },
        onFailure: () => undefined,
      },
    });
    await put(log, [batch(1, 1)]);
    while (log.durable.index < 500) await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(told.durable.map(({ index }) => index)).toEqual(Array.from({ length: 501 }, (_, i) => i));
  });

  it('syncs small groups without growing the file each time', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, { syncBudget: ALWAYS_DIRECT });
    await put(log, [batch(1, 1)]);
    let writes = 0;
    disk.onOperation = (op, path) => {
      if (op === 'write' && !path.endsWith(WATERMARK_NAME)) writes += 1;
    };
    for (let index = 2; index <= 100; index += 1) await put(log, [batch(index, 1)]);
    expect(writes).toBe(99);
  });

  it('never calls an entry durable that was replaced while its sync was under way', async () => {
    const told = new Told();
    const log = await fresh(new SimFiles(), { events: told });
    await put(log, batches(1, 5, 1));
    log.append(batches(6, 9, 1));
    log.flush();
    const ticket = log.append([batch(8, 2)]);
    expect(log.durable.index).toBe(5);
    log.flush();
    await log.whenDurable(ticket);
    expect(told.durable.slice(-2).map(({ index, term }) => [index, term])).toEqual([[7, 1], [8, 2]]);
    log.append([batch(3, 3)]);
    expect(log.durable).toMatchObject({ ticket, index: 2, term: 1 });
  });
});

describe('truncation', () => {
  it('replaces entries in a segment and behind its base, and remembers the terms', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 30; index += 1) await put(log, [batch(index, 1)]);
    await put(log, batches(29, 31, 2));
    await put(log, batches(10, 12, 4));
    await put(log, [batch(11, 6)]);
    expect([8, 9, 10, 11, 12].map((index) => log.termOf(index))).toEqual([1, 1, 4, 6, undefined]);
    const before = await stateOf(log);
    expect((await readAll(log)).map(({ term }) => term).join('')).toBe('11111111146');
    await log.close();
    const again = await open(disk, TINY);
    expect(await stateOf(again)).toBe(before);
  });

  it('down to the base begins anew behind it', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY, BASE);
    for (let index = 41; index <= 70; index += 1) await put(log, [batch(index, 4)]);
    await put(log, [batch(41, 9)]);
    expect([log.base, log.lastIndex, log.lastTerm]).toEqual([BASE, 41, 9]);
    await log.close();
    expect((await logFiles(disk)).length).toBe(1);
    const again = await open(disk, TINY);
    expect([again.base, await readAll(again).then((all) => all.length)]).toEqual([BASE, 1]);
  });

  it('keeps the time of the last entry that stays, for the base of its segment', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 30; index += 1) await put(log, [batch(index, 1)]);
    await put(log, batches(9, 10, 2));
    log.trim(8);
    expect(log.base).toMatchObject({ index: 8, term: 1, timeMs: 1008 });
  });

  it('several times while the disk is busy leaves only the last', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 40; index += 1) log.append([batch(index, 1)]);
    log.flush();
    for (const at of [30, 22, 25, 4, 3, 7, 2]) {
      if (at > log.lastIndex + 1) continue;
      log.append(batches(at, at + 30, log.lastTerm + 1));
      log.flush();
    }
    const before = await stateOf(log);
    await log.close();
    const again = await open(disk, TINY);
    expect(await stateOf(again)).toBe(before);
  });
});

describe('configurations', () => {
  it('are listed with the base, rolled back and trimmed', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY, { ...BASE, index: 0 });
    await put(log, [batch(1, 3), configurationEntry(2, 3, 'a'), batch(3, 3)]);
    await put(log, [configurationEntry(4, 3, 'c'), batch(5, 3)]);
    const listed = (): unknown => log.configurations().map(({ index, configuration }) =>
      [index, configuration.members.map(({ name }) => name).join('')]);
    expect(listed()).toEqual([[0, 'ab'], [2, 'a'], [4, 'c']]);
    await put(log, [batch(4, 4)]);
    expect(listed()).toEqual([[0, 'ab'], [2, 'a']]);
    for (let index = 5; index <= 30; index += 1) await put(log, [batch(index, 4)]);
    log.trim(29);
    expect(listed()).toEqual([[log.base.index, 'a']]);
    expect(log.base.configuration).toEqual(configurationOf('a'));
    expect(log.base.index).toBeGreaterThan(4);
    await log.close();
    const again = await open(disk, TINY);
    expect(again.configurations()).toEqual(log.configurations());
  });
});

describe('trim', () => {
  it('removes whole segments only and moves the first index', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 60; index += 1) await put(log, [batch(index, 1)]);
    const files = (await logFiles(disk)).length;
    log.trim(0);
    expect(log.firstIndex).toBe(1);
    log.trim(30);
    expect(log.firstIndex).toBeGreaterThan(15);
    expect(log.firstIndex).toBeLessThanOrEqual(31);
    expect(log.termOf(log.firstIndex - 1)).toBe(1);
    expect(log.termOf(log.firstIndex - 2)).toBeUndefined();
    expect(await log.read(1, 100)).toEqual([]);
    const before = await stateOf(log);
    await log.close();
    expect((await logFiles(disk)).length).toBeLessThan(files);
    const again = await open(disk, TINY);
    expect(await stateOf(again)).toBe(before);
    again.trim(1e9);
    expect(again.lastIndex).toBe(60);
  });

  it('waits for those who read', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 60; index += 1) await put(log, [batch(index, 1)]);
    const reading = log.read(1, 100);
    log.trim(60);
    expect((await reading)[0]).toMatchObject({ index: 1, term: 1 });
  });
});

describe('reset', () => {
  it('forgets everything, what is queued too', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 30; index += 1) await put(log, [batch(index, 1)]);
    const ticket = log.append(batches(31, 60, 1), vote(2));
    const done = log.reset(BASE, vote(4, 'b'));
    expect(log.durable).toMatchObject({ index: 0 });
    log.append([batch(41, 3)]);
    await done;
    expect(log.durable.ticket).toBeGreaterThan(ticket);
    const before = await stateOf(log);
    await log.close();
    expect((await logFiles(disk)).length).toBe(1);
    const again = await open(disk, TINY);
    expect(await stateOf(again)).toBe(before);
    expect([again.base, again.lastIndex, again.hardState]).toEqual([BASE, 41, vote(4, 'b')]);
  });

  it('while a segment is being made removes that one too', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let index = 1; index <= 40; index += 1) log.append([batch(index, 1)]);
    log.flush();
    log.append([batch(3, 2)]);
    const one = log.reset(BASE, vote(3));
    const other = log.reset({ ...BASE, index: 50 }, vote(5));
    await Promise.all([one, other]);
    await log.close();
    expect((await logFiles(disk)).length).toBe(1);
    expect((await open(disk, TINY)).base.index).toBe(50);
  });
});

describe('read', () => {
  it('gives at least one entry, then what fits, from disk and from the queue', async () => {
    const log = await fresh(new SimFiles());
    await put(log, batches(1, 10, 1, 'x'.repeat(60)));
    log.append(batches(11, 20, 1, 'y'.repeat(60)));
    const counts = async (from: number, bytesMax: number): Promise<number[]> =>
      (await log.read(from, bytesMax)).map(({ index }) => index);
    expect(await counts(3, 0)).toEqual([3]);
    expect(await counts(9, 312)).toEqual([9, 10, 11]);
    expect(await counts(20, 1e6)).toEqual([20]);
    expect(await counts(21, 1e6)).toEqual([]);
    expect(await counts(0, 1e6)).toEqual([]);
  });

  it('finds large and small entries at every place', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, { segmentBytes: 400_000 });
    const sizes = Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? 40_000 : i * 13 % 900));
    const entries = sizes.map((size, i) => batch(i + 1, 1, 'z'.repeat(size)));
    for (const entry of entries) log.append([entry], entry.index % 3 === 0 ? vote(1) : undefined);
    const check = async (): Promise<void> => {
      for (const entry of entries) {
        const [found] = await log.read(entry.index, 0);
        expect([found!.index, found!.payload.length]).toEqual([entry.index, entry.payload.length]);
      }
      expect((await readAll(log, 5000)).length).toBe(300);
    };
    await check();
    log.flush();
    await check();
  });

  it('gives the log as it was at the call, though it is truncated meanwhile', async () => {
    const log = await fresh(new SimFiles());
    await put(log, batches(1, 5, 1));
    log.append(batches(6, 9, 1));
    log.flush();
    const reading = log.read(1, 1e6);
    log.append(batches(3, 9, 2));
    log.flush();
    expect((await reading).map(({ index, term }) => [index, term]))
      .toEqual(Array.from({ length: 9 }, (_, i) => [i + 1, 1]));
    expect((await log.read(1, 1e6)).map(({ term }) => term).join('')).toBe('112222222');
  });

  it('gives memory that nobody else uses', async () => {
    const log = await fresh(new SimFiles());
    await put(log, [batch(1, 1, 'abc')]);
    (await log.read(1, 0))[0]!.payload.fill(0);
    expect(Buffer.from((await log.read(1, 0))[0]!.payload).toString()).toBe('abc');
  });

  it('refuses bytes that are not what was written, and only that', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    await put(log, [batch(1, 1, 'one'), batch(2, 1, 'two'), batch(3, 1, 'three')]);
    const [name] = await logFiles(disk);
    const bytes = Buffer.from(await disk.readAll(`${DIR}/${name}`));
    disk.damage(`${DIR}/${name}`, bytes.indexOf('two'), 1);
    await expect(log.read(1, 1e6)).rejects.toMatchObject({ code: 'DAMAGED' });
    expect((await log.read(3, 0)).length).toBe(1);
    expect(log.failure).toBeUndefined();
    await expect(log.close().then(() => log.read(1, 0))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a log', () => {
  it('opened and closed many times stays one file with the same content', async () => {
    const disk = new SimFiles();
    const first = await fresh(disk);
    await put(first, batches(1, 20, 1), vote(1, 'a'));
    const before = await stateOf(first);
    await first.close();
    for (let life = 0; life < 4; life += 1) {
      const log = await open(disk);
      expect(await stateOf(log)).toBe(before);
      await log.close();
      expect((await logFiles(disk)).length).toBe(1);
    }
  });

  it('with nothing but hard states does not grow for ever', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk, TINY);
    for (let term = 1; term <= 100; term += 1) await put(log, [], vote(term, 'a'));
    await log.close();
    expect((await logFiles(disk)).length).toBe(1);
    const again = await open(disk, TINY);
    expect([again.hardState, again.base]).toEqual([vote(100, 'a'), EMPTY_BASE]);
    expect(NO_VOTE.term).toBe(0);
  });
});
