import { describe, expect, it } from 'vitest';

import {
  NOT_AN_INTEGER, OVERFLOW, replyTo, stringModel, transactionModel, valueAfter, type Database,
  type StringCommand, type StringReply, type StringValue, type Transaction,
} from './models.ts';

const COMMANDS: readonly [StringValue, StringCommand, StringReply, StringValue][] = [
  [null, { kind: 'get' }, null, null],
  ['a', { kind: 'get' }, 'a', 'a'],
  ['a', { kind: 'set', value: 'b' }, 'OK', 'b'],
  [null, { kind: 'incrBy', by: 2 }, 2, '2'],
  ['-3', { kind: 'incrBy', by: 2 }, -1, '-1'],
  ['-0', { kind: 'incrBy', by: 1 }, NOT_AN_INTEGER, '-0'],
  ['01', { kind: 'incrBy', by: 1 }, NOT_AN_INTEGER, '01'],
  ['', { kind: 'incrBy', by: 1 }, NOT_AN_INTEGER, ''],
  ['9007199254740991', { kind: 'incrBy', by: 2 }, '9007199254740993', '9007199254740993'],
  ['9223372036854775807', { kind: 'incrBy', by: 1 }, OVERFLOW, '9223372036854775807'],
  ['9223372036854775808', { kind: 'incrBy', by: 1 }, NOT_AN_INTEGER, '9223372036854775808'],
  ['-9223372036854775808', { kind: 'incrBy', by: -1 }, OVERFLOW, '-9223372036854775808'],
  [null, { kind: 'append', value: 'ab' }, 2, 'ab'],
  ['ab', { kind: 'append', value: 'c' }, 3, 'abc'],
  [null, { kind: 'del' }, 0, null],
  ['', { kind: 'del' }, 1, null],
  ['a', { kind: 'compareAndSet', expected: 'a', value: 'b' }, 1, 'b'],
  ['a', { kind: 'compareAndSet', expected: null, value: 'b' }, 0, 'a'],
  [null, { kind: 'compareAndSet', expected: null, value: 'b' }, 1, 'b'],
];

describe('the model of a string', () => {
  it.each(COMMANDS)('at %j takes %j, replies %j and is at %j', (value, command, reply, after) => {
    expect(replyTo(value, command)).toBe(reply);
    expect(valueAfter(value, command)).toBe(after);
    expect(stringModel.step(value, command, reply)).toBe(after);
    expect(stringModel.step(value, command, undefined)).toBe(after);
    expect(stringModel.step(value, command, 'something else')).toBeUndefined();
  });

  it('calls read-only what leaves the value as it is, wherever it gives that reply', () => {
    for (const [, command, reply] of COMMANDS) {
      if (!stringModel.isReadOnly(command, reply)) continue;
      for (const [value] of COMMANDS) {
        const after = stringModel.step(value, command, reply);
        if (after !== undefined) expect(after).toBe(value);
      }
    }
    const readOnly = COMMANDS.filter(([, ...each]) => stringModel.isReadOnly(each[0], each[1]));
    expect(readOnly.length).toBe(10);
  });

  it('calls overwriting what gives its reply everywhere or nowhere, and always one state', () => {
    const outcomes = (command: StringCommand, reply: StringReply | undefined) =>
      new Set(COMMANDS.map(([value]) => stringModel.step(value, command, reply)));
    for (const [, command, reply] of COMMANDS) {
      for (const given of [reply, undefined]) {
        if (stringModel.isOverwrite(command, given)) expect(outcomes(command, given).size).toBe(1);
      }
    }
    const overwriting = COMMANDS.filter(([, ...each]) => stringModel.isOverwrite(each[0], each[1]));
    expect(overwriting.length).toBe(1);
    expect(stringModel.isOverwrite({ kind: 'del' }, undefined)).toBe(true);
  });

  it('tells a key that does not exist from every value', () => {
    expect(stringModel.stateKey(null)).not.toBe(stringModel.stateKey('nil'));
    expect(stringModel.stateKey(null)).not.toBe(stringModel.stateKey(''));
  });
});

describe('the model of transactions', () => {
  const x: Transaction = [{ key: 'x', command: { kind: 'set', value: '1' } }];
  const y: Transaction = [{ key: 'y', command: { kind: 'set', value: '1' } }];
  const noX: Transaction = [{ key: 'x', command: { kind: 'del' } }];
  const after = (...transactions: Transaction[]): Database =>
    transactions.reduce<Database>(
      (database, each) => transactionModel.step(database, each, undefined)!,
      transactionModel.init(),
    );

  it('has one key for a database, however it came about', () => {
    const keyAfter = (...transactions: Transaction[]) =>
      transactionModel.stateKey(after(...transactions));
    expect(keyAfter(x, y)).toBe(keyAfter(y, x));
    expect(keyAfter(x, y, noX)).toBe(keyAfter(y));
    expect(keyAfter(x)).not.toBe(keyAfter(y));
    expect(keyAfter(x, noX)).toBe(keyAfter());
  });

  it('is read-only if each command is, with the reply that it got', () => {
    expect(transactionModel.isReadOnly(noX, [0])).toBe(true);
    expect(transactionModel.isReadOnly(noX, [1])).toBe(false);
    expect(transactionModel.isReadOnly(noX, undefined)).toBe(false);
    expect(transactionModel.isReadOnly([...noX, ...x], [0, 'OK'])).toBe(false);
  });
});
