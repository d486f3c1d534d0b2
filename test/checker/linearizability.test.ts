import { describe, expect, it } from 'vitest';

import { HistoryRecorder, type Operation } from './history.ts';
import { checkLinearizability, mustBeLinearizable } from './linearizability.ts';
import {
  stringModel, transactionModel, type StringCommand, type StringReply, type Transaction,
  type TransactionReply,
} from './models.ts';
import { makePartitions } from './partition.ts';
import { Search } from './search.ts';

const GET: StringCommand = { kind: 'get' };
const INCR: StringCommand = { kind: 'incrBy', by: 1 };
const set = (value: string): StringCommand => ({ kind: 'set', value });

/** `client`, what, reply (undefined with no end: unknown), from, to. */
function op(
  client: string, input: StringCommand, output: StringReply | undefined, callAt: number,
  returnAt = Infinity, key = 'k',
): Operation<StringCommand, StringReply> {
  return { client, key, input, output, callAt, returnAt };
}

const kindOf = (history: readonly Operation<StringCommand, StringReply>[]): string =>
  checkLinearizability(stringModel, history).kind;

describe('a history of answered operations', () => {
  it('is in order when it is empty', () => {
    expect(kindOf([])).toBe('ok');
  });

  it('may show a write while it is under way, but not take it back', () => {
    const write = op('w', set('1'), 'OK', 1, 10);
    expect(kindOf([write, op('r', GET, '1', 2, 3), op('r', GET, '1', 4, 5)])).toBe('ok');
    expect(kindOf([write, op('r', GET, null, 2, 3), op('r', GET, '1', 4, 5)])).toBe('ok');
    expect(kindOf([write, op('r', GET, '1', 2, 3), op('r', GET, null, 4, 5)])).toBe('violation');
  });

  it('may have overlapping writes in either order, and all readers must agree on it', () => {
    const writes = [op('a', set('1'), 'OK', 1, 5), op('b', set('2'), 'OK', 2, 6)];
    const reads = (x: string, y: string) => [op('c', GET, x, 7, 8), op('d', GET, y, 9, 10)];
    expect(kindOf([...writes, ...reads('1', '1')])).toBe('ok');
    expect(kindOf([...writes, ...reads('2', '2')])).toBe('ok');
    expect(kindOf([...writes, ...reads('1', '2')])).toBe('violation');
  });

  it('orders operations by real time across clients', () => {
    const writes = [op('a', set('1'), 'OK', 1, 2), op('b', set('2'), 'OK', 3, 4)];
    expect(kindOf([...writes, op('c', GET, '2', 5, 6)])).toBe('ok');
    expect(kindOf([...writes, op('c', GET, '1', 5, 6)])).toBe('violation');
  });

  it('takes equal times for an overlap', () => {
    expect(kindOf([op('a', set('1'), 'OK', 1, 5), op('b', GET, null, 5, 6)])).toBe('ok');
    expect(kindOf([op('a', set('1'), 'OK', 1, 5), op('b', GET, null, 5.1, 6)])).toBe('violation');
    expect(kindOf([op('a', set('1'), 'OK', 1, 1), op('b', GET, null, 1, 1)])).toBe('ok');
    const read = op('c', GET, '1', 7, 8);
    expect(kindOf([op('a', set('1'), 'OK', 1, 5), op('b', set('2'), 'OK', 5, 6), read])).toBe('ok');
    expect(kindOf([op('a', set('1'), 'OK', 1, 4), op('b', set('2'), 'OK', 5, 6), read]))
      .toBe('violation');
  });

  it('must contain an answered operation even if its reply is not known', () => {
    const write = op('a', set('1'), undefined, 1, 2);
    expect(kindOf([write, op('b', GET, '1', 3, 4)])).toBe('ok');
    expect(kindOf([write, op('b', GET, null, 3, 4)])).toBe('violation');
  });

  it('is judged key by key', () => {
    const write = op('a', set('1'), 'OK', 1, 2, 'x');
    expect(kindOf([write, op('b', GET, null, 3, 4, 'y')])).toBe('ok');
    expect(kindOf([write, op('b', GET, null, 3, 4, 'x')])).toBe('violation');
  });

  it('is refused when it is not one', () => {
    const bad = [
      op('a', GET, null, 2, 1), op('a', GET, null, NaN, 1), op('a', GET, null, 1, NaN),
      op('a', GET, null, 1, Infinity), op('a', GET, null, -Infinity, 1),
    ];
    for (const each of bad) expect(() => kindOf([each])).toThrow(/an operation of a is called/);
  });
});

describe('an operation of unknown outcome', () => {
  it('may take effect, at once or long after, or never', () => {
    const lost = op('a', set('1'), undefined, 1);
    const reads = (...values: (string | null)[]) =>
      values.map((value, at) => op('b', GET, value, 2 * at + 2, 2 * at + 3));
    expect(kindOf([lost, ...reads(null, null)])).toBe('ok');
    expect(kindOf([lost, ...reads('1', '1')])).toBe('ok');
    expect(kindOf([lost, ...reads(null, '1')])).toBe('ok');
    expect(kindOf([lost, ...reads('1', null)])).toBe('violation');
  });

  it('takes effect not before its call', () => {
    expect(kindOf([op('b', GET, '1', 1, 2), op('a', set('1'), undefined, 3)])).toBe('violation');
    expect(kindOf([op('b', GET, '1', 1, 3), op('a', set('1'), undefined, 2)])).toBe('ok');
  });

  it('takes effect once', () => {
    const reads = [op('b', GET, '1', 2, 3), op('c', set('2'), 'OK', 4, 5), op('b', GET, '1', 6, 7)];
    expect(kindOf([op('a', set('1'), undefined, 1), ...reads])).toBe('violation');
    const twice = [op('a', set('1'), undefined, 1), op('d', set('1'), undefined, 1)];
    expect(kindOf([...twice, ...reads])).toBe('ok');
  });

  it('may be needed in a row with others, in one order only', () => {
    const append = (value: string, at: number) => op('a', { kind: 'append', value }, undefined, at);
    const lost = ['x', 'y', 'z'].map((value, at) => append(value, at));
    expect(kindOf([...lost, op('b', GET, 'zxy', 10, 11)])).toBe('ok');
    expect(kindOf([...lost, op('b', GET, 'zxz', 10, 11)])).toBe('violation');
  });

  it('is spared for later, if another one leads to the same state', () => {
    const anyTime: StringCommand = set('x');
    const onlyAtFirst: StringCommand = { kind: 'compareAndSet', expected: null, value: 'x' };
    const rest = [op('b', GET, 'x', 2, 3), op('b', set('y'), 'OK', 4, 5), op('b', GET, 'x', 6, 7)];
    for (const [first, second] of [[anyTime, onlyAtFirst], [onlyAtFirst, anyTime]] as const) {
      const lost = [op('a', first, undefined, 0), op('c', second, undefined, 1)];
      expect(kindOf([...lost, ...rest])).toBe('ok');
      expect(kindOf([...lost, ...rest, op('b', set('y'), 'OK', 8, 9), op('b', GET, 'x', 10, 11)]))
        .toBe('violation');
    }
  });

  it('is counted: of so many lost increments at most so many can show', () => {
    const lost = Array.from({ length: 40 }, (_, at) => op(`c${at}`, INCR, undefined, at));
    expect(kindOf([...lost, op('b', GET, '40', 50, 51)])).toBe('ok');
    expect(kindOf([...lost, op('b', GET, '41', 50, 51)])).toBe('violation');
    expect(kindOf([...lost, op('b', INCR, 41, 50, 51), op('b', GET, '42', 52, 53)]))
      .toBe('violation');
  });
});

describe('a transaction', () => {
  type Both = Operation<Transaction, TransactionReply>;
  const multi = (
    client: string, commands: [string, StringCommand][], output: TransactionReply | undefined,
    callAt: number, returnAt = Infinity,
  ): Both => ({
    client, key: '', input: commands.map(([key, command]) => ({ key, command })), output, callAt,
    returnAt,
  });
  const kind = (history: Both[]): string => checkLinearizability(transactionModel, history).kind;

  it('shows all of its effects or none', () => {
    const write = multi('a', [['x', set('1')], ['y', set('1')]], ['OK', 'OK'], 1, 10);
    const read = (x: string | null, y: string | null): Both =>
      multi('b', [['x', GET], ['y', GET]], [x, y], 2, 3);
    expect(kind([write, read(null, null)])).toBe('ok');
    expect(kind([write, read('1', '1')])).toBe('ok');
    expect(kind([write, read('1', null)])).toBe('violation');
  });

  it('is torn if two of them change two keys in different orders', () => {
    const both = (client: string, value: string): Both =>
      multi(client, [['x', set(value)], ['y', set(value)]], ['OK', 'OK'], 1, 10);
    const read = (x: string, y: string): Both =>
      multi('c', [['x', GET], ['y', GET]], [x, y], 11, 12);
    expect(kind([both('a', '1'), both('b', '2'), read('2', '2')])).toBe('ok');
    expect(kind([both('a', '1'), both('b', '2'), read('2', '1')])).toBe('violation');
  });

  it('sees its own effects, and has as many replies as commands', () => {
    const commands: [string, StringCommand][] = [['x', INCR], ['x', INCR], ['x', GET]];
    expect(kind([multi('a', commands, [1, 2, '2'], 1, 2)])).toBe('ok');
    expect(kind([multi('a', commands, [1, 1, '2'], 1, 2)])).toBe('violation');
    expect(kind([multi('a', commands, [1, 2], 1, 2)])).toBe('violation');
  });

  it('of unknown outcome happens whole or not at all', () => {
    const lost = multi('a', [['x', set('1')], ['y', { kind: 'del' }]], undefined, 3);
    const first = multi('a', [['y', set('0')]], ['OK'], 1, 2);
    const read = (x: string | null, y: string | null): Both =>
      multi('b', [['x', GET], ['y', GET]], [x, y], 4, 5);
    expect(kind([first, lost, read(null, '0')])).toBe('ok');
    expect(kind([first, lost, read('1', null)])).toBe('ok');
    expect(kind([first, lost, read(null, null)])).toBe('violation');
  });
});

describe('a violation', () => {
  it('is explained by the key, the longest order and what cannot follow it', () => {
    const history = [
      op('a', set('1'), 'OK', 1, 2), op('a', set('2'), 'OK', 3, 4),
      op('a', set('3'), 'OK', 5, 8), op('b', set('4'), 'OK', 6, 7),
      op('b', GET, '1', 9, 10), op('c', set('5'), undefined, 9),
    ];
    const verdict = checkLinearizability(stringModel, history);
    if (verdict.kind !== 'violation') throw new Error(verdict.kind);
    expect(verdict.key).toBe('k');
    expect(new Set(verdict.stuck)).toEqual(new Set(history.slice(4)));
    expect(verdict.text.split('\n')).toEqual([
      'key "k": not linearizable; of 5 answered operations at most 4 can be put in order',
      'before, by the order of their calls:',
      '  a [1, 2] SET "1" -> "OK"',
      '  a [3, 4] SET "2" -> "OK"',
      'then, with the state at "2", the longest order:',
      '  b [6, 7] SET "4" -> "OK"',
      '  a [5, 8] SET "3" -> "OK"',
      'and, with the state at "3", no way on with any of these:',
      '  b [9, 10] GET -> "1"',
      '  c [9, ...] SET "5" -> ?',
    ]);
    expect(() => mustBeLinearizable(stringModel, history)).toThrow(verdict.text);
  });

  it('is explained without the unknown operations that had to be used before', () => {
    const [used, unused] = [op('a', set('1'), undefined, 1), op('b', set('2'), undefined, 1)];
    const verdict = checkLinearizability(stringModel, [
      used, unused, op('c', GET, '1', 2, 3), op('c', GET, '3', 4, 5),
    ]);
    if (verdict.kind !== 'violation') throw new Error(verdict.kind);
    expect(verdict.prefix).toEqual([used, op('c', GET, '1', 2, 3)]);
    expect(verdict.stuck).toEqual([op('c', GET, '3', 4, 5), unused]);
  });

  it('is found however long the history is, and explained in a few lines', () => {
    const history = Array.from({ length: 20_000 }, (_, at) =>
      op(`c${at % 3}`, INCR, at + 1, at, at + 1.5));
    expect(kindOf(history)).toBe('ok');
    history[15_000] = { ...history[15_000]!, output: 15_000 };
    const verdict = checkLinearizability(stringModel, history);
    if (verdict.kind !== 'violation') throw new Error(verdict.kind);
    expect(verdict.text).toContain('at most 15000 can be put in order');
    expect(verdict.text).toContain('c0 [15000, 15001.5] INCRBY 1 -> 15000');
    expect(verdict.text.split('\n').length).toBeLessThan(20);
  });
});

describe('the budget of steps', () => {
  /** Writers that all overlap, and a value that none of them wrote: every order must be tried. */
  const hopeless = (writers: number, key = 'k'): Operation<StringCommand, StringReply>[] => [
    ...Array.from({ length: writers }, (_, at) =>
      op(`c${at}`, { kind: 'append', value: String.fromCharCode(97 + at) }, undefined, 1, 10, key)),
    op('reader', GET, 'nothing', 11, 12, key),
  ];

  it('ends a search with no verdict, soon after it is used up', () => {
    for (const stepsMax of [1, 10, 1000, 100_000]) {
      const verdict = checkLinearizability(stringModel, hopeless(20), stepsMax);
      expect(verdict).toMatchObject({ kind: 'gave up', keys: ['k'] });
      expect(verdict.steps).toBeGreaterThanOrEqual(stepsMax);
      expect(verdict.steps).toBeLessThan(stepsMax + 25);
    }
    expect(() => mustBeLinearizable(stringModel, hopeless(20), 10))
      .toThrow(/no verdict after \d+ steps on the keys k/);
  });

  it('is one step for each operation of a history without overlaps', () => {
    const history = Array.from({ length: 100 }, (_, at) =>
      op('a', INCR, at + 1, 2 * at, 2 * at + 1));
    expect(checkLinearizability(stringModel, history, 100)).toEqual({ kind: 'ok', steps: 100 });
    expect(checkLinearizability(stringModel, history, 90).kind).toBe('gave up');
  });

  it('is shared, so that a hard key hides no violation on an easy one', () => {
    const easy = [op('a', set('1'), 'OK', 1, 2, 'easy'), op('a', GET, '2', 3, 4, 'easy')];
    expect(checkLinearizability(stringModel, [...hopeless(20), ...easy], 1000))
      .toMatchObject({ kind: 'violation', key: 'easy' });
    const fine = easy.map((each) => ({ ...each, output: each.input.kind === 'get' ? '1' : 'OK' }));
    expect(checkLinearizability(stringModel, [...hopeless(20), ...fine], 1000))
      .toMatchObject({ kind: 'gave up', keys: ['k'] });
  });

  it('goes to the keys that need it, in as many rounds as it takes', () => {
    const alone = checkLinearizability(stringModel, hopeless(6));
    expect(alone.kind).toBe('violation');
    const easy = ['x', 'y', 'z'].map((key) => op('a', INCR, 1, 1, 2, key));
    const stepsMax = alone.steps + 10;
    const verdict = checkLinearizability(stringModel, [...hopeless(6), ...easy], stepsMax);
    expect(verdict).toMatchObject({ kind: 'violation', key: 'k' });
    expect(verdict.steps).toBe(alone.steps + easy.length);
  });
});

describe('the memory of a search', () => {
  it('does not grow with a history in which few operations overlap', () => {
    const history = Array.from({ length: 30_000 }, (_, at) =>
      op(`c${at % 3}`, at % 2 === 0 ? set(`${at}`) : INCR, undefined, at, at + 2.5));
    const [partition] = makePartitions(stringModel, history);
    const search = new Search(partition!, stringModel);
    let levelsMost = 0;
    while (search.run(50) === 'suspended') {
      levelsMost = Math.max(levelsMost, search.levelsRemembered);
    }
    expect(search.furthest.level).toBe(history.length);
    expect(levelsMost).toBeLessThan(10);
  });
});

describe('the recorder', () => {
  it('keeps what was answered and what is unknown, and drops what surely failed', () => {
    const recorder = new HistoryRecorder<StringCommand, StringReply>();
    const [a, b, c] = ['a', 'b', 'c'].map((client) => recorder.call(client, 'k', INCR));
    recorder.succeed(b!, 1);
    recorder.fail(c!);
    expect(recorder.operations()).toEqual([
      op('a', INCR, undefined, 1), op('b', INCR, 1, 2, 4),
    ]);
    recorder.succeed(a!, undefined);
    expect(recorder.operations()[0]).toEqual(op('a', INCR, undefined, 1, 5));
  });

  it('takes one answer for each call', () => {
    const recorder = new HistoryRecorder<StringCommand, StringReply>();
    const call = recorder.call('a', 'k', INCR);
    recorder.succeed(call, 1);
    expect(() => recorder.succeed(call, 2)).toThrow(/is not under way/);
    expect(() => recorder.fail(call)).toThrow(/is not under way/);
  });
});
