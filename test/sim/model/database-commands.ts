/** Whole databases, and the commands that concern no key. */

import { CommandError, type Execution } from './execution.ts';
import { anyOrder, exactly, integerBetween, some, type Expectation } from './expectation.ts';
import { mustDatabase } from './key-commands.ts';
import type { KeyspaceModel } from './keyspace-model.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { globToRegExp, mustLong, mustNumber, syntaxError } from './parse.ts';
import { bulk, bytesOf, itemsOf, NIL, OK, textsOf, type Reply } from './reply.ts';

function count(execution: Execution): Expectation {
  const { sure } = execution.census();
  const { db, model } = execution;
  return integerBetween(sure.size, model.keys(db).size + model.ghosts(db).size);
}

function keys(execution: Execution, [, pattern = '']: readonly string[]): Expectation {
  const regExp = globToRegExp(pattern);
  const { sure, maybe } = execution.census();
  const must = [...sure].filter((key) => regExp.test(key));
  if (maybe.size === 0) return anyOrder(must);
  const describe = (): string =>
    `the keys ${must.join(' ')}, and perhaps ${[...maybe].join(' ')}`;
  return some(describe, (reply) => {
    const found = reply.kind === 'array' ? textsOf(reply) : undefined;
    if (found === undefined || new Set(found).size !== found.length) return false;
    return must.every((key) => found.includes(key)) &&
      found.every((key) => regExp.test(key) && (sure.has(key) || maybe.has(key)));
  });
}

function randomKey(execution: Execution): Expectation {
  const { sure, maybe } = execution.census();
  if (sure.size + maybe.size === 0) return exactly(NIL);
  const describe = (): string =>
    `a key of ${[...sure].join(' ')}, perhaps ${[...maybe].join(' ')}`;
  return some(describe, (reply) => {
    if (reply.kind === 'nil') return sure.size === 0;
    const key = bytesOf(reply) ?? '';
    return sure.has(key) || maybe.has(key);
  });
}

// ---- SCAN ---------------------------------------------------------------------------------------

interface ScanOptions {
  readonly pattern: string;
  readonly type: string | undefined;
}

function parseScanOptions(args: readonly string[]): ScanOptions {
  let pattern = '*';
  let type: string | undefined;
  for (let i = 2; i < args.length; i += 2) {
    const word = args[i]!.toUpperCase();
    const value = args[i + 1];
    if (value === undefined) syntaxError();
    if (word === 'MATCH') pattern = value;
    else if (word === 'TYPE') type = value.toLowerCase();
    else if (word !== 'COUNT' || mustNumber(value) < 1) syntaxError();
  }
  return { pattern, type };
}

/**
 * One piece of a SCAN. Whatever is replied must be there; and when the last piece has come, every
 * key that was there from the first piece on must have been in one of them. With TYPE that is not
 * checked: a key may have had another type when its turn came.
 */
function scan(execution: Execution, args: readonly string[]): Expectation {
  const cursor = args[1] ?? '';
  if (!/^\d{1,20}$/.test(cursor)) throw new CommandError('ERR invalid cursor');
  const { pattern, type } = parseScanOptions(args);
  const regExp = globToRegExp(pattern);
  const { sure, maybe } = execution.census();
  const owed = owedNow(execution, cursor, pattern, type, sure);
  const mayCome = new Set([...sure, ...maybe].filter((key) =>
    regExp.test(key) && (type === undefined || typeOf(execution, key) === type)));
  const number = noteScan(execution, pattern, owed);
  return some(
    () => `a piece of SCAN: keys of ${[...mayCome].join(' ')}; ` +
      `owed: ${[...owed ?? []].join(' ')}`,
    (reply) => {
      const piece = pieceOf(reply);
      if (piece === undefined || !piece.keys.every((key) => mayCome.has(key))) return false;
      return piece.cursor !== '0' || [...owed ?? []].every((key) => piece.keys.includes(key));
    },
    (reply) => learnScan(execution.model, number, pieceOf(reply)),
  );
}

function typeOf({ db, model }: Execution, key: string): string | undefined {
  return (model.get(db, key) ?? model.ghost(db, key))?.type;
}

/** The keys that must still come; undefined when this goes on from nowhere. */
function owedNow(
  { db, model }: Execution, cursor: string, filter: string, type: string | undefined,
  sure: ReadonlySet<string>,
): Set<string> | undefined {
  if (type !== undefined) return undefined;
  const regExp = globToRegExp(filter);
  if (cursor === '0') return new Set([...sure].filter((key) => regExp.test(key)));
  const { scan } = model;
  if (scan?.db !== db || scan.cursor !== cursor || scan.filter !== filter) return undefined;
  return new Set([...scan.owed].filter((key) => sure.has(key)));
}

interface Piece {
  readonly cursor: string;
  readonly keys: readonly string[];
}

function pieceOf(reply: Reply): Piece | undefined {
  const items = itemsOf(reply);
  const cursor = bytesOf(items?.[0]);
  const keys = items?.[1] === undefined ? undefined : textsOf(items[1]);
  if (items?.length !== 2 || cursor === undefined || keys === undefined) return undefined;
  return /^\d{1,20}$/.test(cursor) ? { cursor, keys } : undefined;
}

/** Before the reply is known: what follows in the same EXEC may remove keys that are owed. */
function noteScan(
  { db, model }: Execution, filter: string, owed: ReadonlySet<string> | undefined,
): number {
  const number = (model.scan?.number ?? 0) + 1;
  model.scan = { db, filter, cursor: undefined, number, owed: owed ?? new Set() };
  return owed === undefined ? -1 : number;
}

function learnScan(model: KeyspaceModel, number: number, piece: Piece | undefined): void {
  const { scan } = model;
  if (scan?.number !== number || piece === undefined) return;
  const owed = new Set(scan.owed);
  for (const key of piece.keys) owed.delete(key);
  const cursor = piece.cursor === '0' ? undefined : piece.cursor;
  model.scan = { ...scan, cursor, owed: cursor === undefined ? new Set() : owed };
}

// ---- Whole databases ----------------------------------------------------------------------------

function checkFlushOption(args: readonly string[]): void {
  const option = args[1]?.toUpperCase() ?? 'SYNC';
  if (args.length > 2 || (option !== 'SYNC' && option !== 'ASYNC')) syntaxError();
}

function flushDb(execution: Execution, args: readonly string[]): Reply {
  checkFlushOption(args);
  execution.model.flush(execution.db);
  return OK;
}

function flushAll(execution: Execution, args: readonly string[]): Reply {
  checkFlushOption(args);
  for (let db = 0; db < execution.model.databases; db++) execution.model.flush(db);
  return OK;
}

function swap(execution: Execution, [, oneText = '', otherText = '']: readonly string[]): Reply {
  const { model } = execution;
  const one = Number(mustLong(oneText, 'ERR invalid first DB index'));
  const other = Number(mustLong(otherText, 'ERR invalid second DB index'));
  for (const db of [one, other]) mustDatabase(execution, `${db}`);
  if (one !== other) model.swap(one, other);
  return OK;
}

function select(execution: Execution, [, text = '']: readonly string[]): Reply {
  execution.db = mustDatabase(execution, text);
  return OK;
}

function ping(_: Execution, args: readonly string[]): Reply {
  if (args.length > 2) throw new CommandError("ERR wrong number of arguments for 'ping' command");
  return args[1] === undefined ? { kind: 'simple', text: 'PONG' } : bulk(args[1]);
}

export const databaseCommands: readonly ModelCommand[] = [
  read('DBSIZE', 1, 'global', count),
  read('KEYS', 2, 'global', keys),
  read('RANDOMKEY', 1, 'global', randomKey),
  read('SCAN', -2, 'global', scan),
  write('FLUSHDB', -1, 'global', flushDb),
  write('FLUSHALL', -1, 'global', flushAll),
  write('SWAPDB', 3, 'global', swap),
  read('SELECT', 2, 'none', select),
  read('PING', -1, 'none', ping),
  read('ECHO', 2, 'none', (_, [, text = '']) => bulk(text)),
  // Queued by MULTI, it comes when the watched keys were compared already.
  read('UNWATCH', 1, 'none', ({ model }) => {
    model.unwatch();
    return OK;
  }),
  read('WATCH', -2, 'all', (execution, [, ...watched]) => {
    for (const key of watched) {
      execution.has(key);
      execution.model.watch(execution.db, key);
    }
    return OK;
  }),
];
