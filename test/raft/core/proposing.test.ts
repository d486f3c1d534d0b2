/** A new leader whose disk has batches that nobody knows to be committed. */
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/raft/core/entry.ts';
import type { Update } from '../../../src/raft/core/event.ts';
import { encodeProposal } from '../../../src/raft/core/proposal.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import { LoneRaft, sent } from './lone-raft.ts';
import { idOf } from './members.ts';

const BODY_BYTES = 100;

function payload(number: number): Uint8Array {
  return encodeProposal({
    origin: idOf('b'), epoch: 1, number, seed: [0, 0], body: new Uint8Array(BODY_BYTES),
  });
}

/** What its disk holds: batches 1, 2 and 3. */
const LOGGED: LogEntry[] = [1, 2, 3].map((number) => {
  return { index: number, term: 1, timeMs: 0, kind: 'batch', payload: payload(number) };
});

interface Restarted {
  readonly a: LoneRaft;
  /** Of the step in which it began to lead. */
  readonly update: Update;
}

function restarted(options: Partial<RaftOptions> = {}): Restarted {
  const a = new LoneRaft({ log: [1, 1, 1], options });
  return { a, update: a.campaign() };
}

function ask(a: LoneRaft, ...numbers: number[]): Update {
  return a.step({ kind: 'propose', payloads: numbers.map(payload) });
}

function read(a: LoneRaft, entries: readonly LogEntry[]): Update {
  return a.step({ kind: 'logRead', to: idOf('a'), entries });
}

function numbersIn({ entries }: Pick<Update, 'entries'>): number[] {
  const numbers = Array.from({ length: 9 }, (_, i) => i + 1);
  return entries.map(({ payload: bytes }) => {
    return numbers.find((number) => Buffer.compare(bytes, payload(number)) === 0) ?? 0;
  });
}

describe('a leader that has batches on its disk only', () => {
  it('reads them before it appends any, and appends none of them again', () => {
    const { a, update } = restarted();
    expect(update.logReads).toMatchObject([{ to: 'a', from: 1 }]);
    expect(ask(a, 2, 3).entries).toEqual([]);
    expect(read(a, LOGGED.slice(0, 2))).toMatchObject({ entries: [], logReads: [{ from: 3 }] });
    expect(ask(a, 4, 5).entries).toEqual([]);
    const done = read(a, LOGGED.slice(2));
    expect(done.logReads).toEqual([]);
    expect(numbersIn(done)).toEqual([4, 5]);
    expect(numbersIn(ask(a, 1, 4, 6))).toEqual([6]);
  });

  it('sends what it held once it has taken it', () => {
    const { a } = restarted();
    a.persist();
    a.answer('b', 3);
    expect(sent(ask(a, 4), 'append')).toEqual([]);
    expect(sent(read(a, LOGGED), 'append', 'b').at(-1)?.entries.at(-1)?.payload)
      .toEqual(payload(4));
  });

  it('waits no longer when they are committed, and keeps the order in which it was asked', () => {
    const { a } = restarted();
    ask(a, 4);
    a.persist();
    a.answer('b');
    expect(a.commit).toBe(4);
    expect(numbersIn(ask(a, 5))).toEqual([4, 5]);
    expect(read(a, LOGGED)).toMatchObject({ entries: [], logReads: [] });
  });

  it('takes what it held when the read ends, though they were committed meanwhile', () => {
    const { a } = restarted();
    ask(a, 4);
    a.persist();
    a.answer('b');
    expect(numbersIn(read(a, LOGGED))).toEqual([4]);
  });

  it('reads again what is not of its log, and goes on behind what was deleted', () => {
    const { a } = restarted();
    const others = LOGGED.map((entry) => ({ ...entry, term: 7 }));
    expect(read(a, others).logReads).toMatchObject([{ to: 'a', from: 1 }]);
    expect(read(a, LOGGED.slice(1)).logReads).toMatchObject([{ to: 'a', from: 1 }]);
    a.step({ kind: 'trimmed', base: a.raft.baseAt(2)! });
    expect(read(a, []).logReads).toMatchObject([{ to: 'a', from: 3 }]);
  });

  it('drops what finds no room while it reads', () => {
    const { a } = restarted({ uncommittedBytesMax: BODY_BYTES });
    expect(ask(a, 4, 5, 6)).toMatchObject({ dropped: 2 });
  });

  it('counts them as waiting to be committed until all are', () => {
    const { a } = restarted({ uncommittedBytesMax: BODY_BYTES * 3 });
    read(a, LOGGED);
    expect(ask(a, 4)).toMatchObject({ dropped: 1, entries: [] });
    a.persist();
    a.answer('b');
    expect(numbersIn(ask(a, 4))).toEqual([4]);
  });

  it('forgets what it held when another leads, and hears no answer for it', () => {
    const { a } = restarted();
    ask(a, 4);
    a.receive('c', { kind: 'heartbeat', term: 9, commit: 0, round: 1 });
    expect(read(a, LOGGED)).toMatchObject({ entries: [], logReads: [], messages: [] });
  });
});
