import { describe, expect, it } from 'vitest';
import { EMPTY_BASE, type LogEntry } from '../../../src/raft/core/entry.ts';
import type { RaftLog } from '../../../src/raft/log/raft-log.ts';
import { LogAdapter, recoveredFrom } from '../../../src/raft/shell/log-adapter.ts';

/** A log that answers when the test says, and an adapter whose pump writes down what it ran. */
function setUp() {
  const said: string[] = [];
  let answer: { resolve(entries: LogEntry[]): void; reject(error: Error): void } | undefined;
  let tickets = 0;
  const log = {
    append: () => ++tickets,
    read: () => new Promise((resolve, reject) => (answer = { resolve, reject })),
    reset: () => new Promise((resolve, reject) => (answer = { resolve, reject })),
  } as unknown as RaftLog;
  const adapter = new LogAdapter(log, (error) => void said.push(String(error)), (act) => {
    said.push('(');
    act();
    said.push(')');
  });
  const settle = async (error?: Error): Promise<void> => {
    if (error === undefined) answer!.resolve([]);
    else answer!.reject(error);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  };
  return { adapter, said, settle };
}

const STATE = { term: 1, votedFor: undefined };

describe('the replicated log as the driver sees it', () => {
  it('gives what it has read in a turn of its own, so that what follows is sent', async () => {
    const { adapter, said, settle } = setUp();
    adapter.read(1, 100, () => void said.push('read'));
    await settle();
    expect(said).toEqual(['(', 'read', ')']);
  });

  it('begins anew in a turn of its own', async () => {
    const { adapter, said, settle } = setUp();
    adapter.reset(EMPTY_BASE, STATE, () => void said.push('reset'));
    await settle();
    expect(said).toEqual(['(', 'reset', ')']);
  });

  it('tells its owner when it cannot be read', async () => {
    const { adapter, said, settle } = setUp();
    adapter.read(1, 100, () => void said.push('read'));
    await settle(new Error('damaged'));
    expect(said).toEqual(['Error: damaged']);
  });

  it('calls back in the order of the appends, each once, as far as is durable', () => {
    const { adapter, said } = setUp();
    for (const name of ['one', 'two', 'three']) {
      adapter.append(STATE, [], () => void said.push(name));
    }
    expect(adapter.isDirty).toBe(true);
    expect(said).toEqual([]);
    adapter.onDurable(2);
    expect(said).toEqual(['one', 'two']);
    adapter.onDurable(2);
    adapter.onDurable(3);
    expect(said).toEqual(['one', 'two', 'three']);
  });
});

it('a restart knows the configurations behind the base of the log, which has its own', () => {
  const configurations = [4, 5, 6].map((index) => ({ index, configuration: undefined }));
  const log = {
    base: { index: 5 }, lastIndex: 9, lastTimeMs: 80, termRuns: ['run'],
    configurations: () => configurations,
  };
  expect(recoveredFrom(log as never)).toEqual({
    base: log.base, lastIndex: 9, lastTimeMs: 80, terms: ['run'],
    configurations: [configurations[2]],
  });
});
