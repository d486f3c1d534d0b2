/**
 * HyperLogLogs: how many different elements were added, within 0.81 %, in at most 12 KiB.
 *
 * Values are Redis's, byte by byte, but for one thing: PFCOUNT does not keep what it has counted in
 * the value. In Redis it does, so it is a write there (it wakes who watches the key, and goes to
 * replicas). Here
 *  - with peers a write is ordered, and a PFCOUNT would wait for a majority, where a read is served
 *    by any peer, also by one that is cut off;
 *  - a count that was there already would make EXEC fail for who only counted;
 *  - reading would make the log grow.
 * What it costs is the count of the registers, some 20 µs for a dense value. A cardinality that
 * another server has left in the value is used as long as it is valid, and PFADD and PFMERGE mark
 * it as not valid, as there: so it differs in bytes 8 to 15 at most, which say of themselves
 * whether they count. And where SETRANGE or APPEND has changed a value behind a PFCOUNT, this one
 * counts, while Redis repeats what it counted before.
 */

import {
  DENSE, ElementPlace, REGISTERS, SPARSE, cachedCardinality, markStale, mergeDense,
} from '../../lib/hyperloglog/format.ts';
import { estimateOf, estimateOfRegisters } from '../../lib/hyperloglog/estimate.ts';
import { DAMAGED, emptySparse, mergeSparse } from '../../lib/hyperloglog/sparse.ts';
import { ValueEdit } from '../../lib/hyperloglog/value-edit.ts';
import { toInt64 } from '../../lib/int64.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import {
  DAMAGED_HYPERLOGLOG, DenseEdit, asHyperLogLog, storeWhole, type HyperLogLog,
} from './hyperloglog-access.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const ALL_KEYS = Object.freeze({ first: 1, last: -1, step: 1 });

/**
 * So many registers of a dense value are changed one by one, by deltas of some ten bytes. More are
 * written as the range that they lie in, which is 12 KiB at most.
 */
const REGISTERS_ALONE_MAX = 512;

// ---- Adding -------------------------------------------------------------------------------------

function pfadd(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const key = args.at(1);
  const log = asHyperLogLog(db.findString(key));
  if (typeof log === 'string') return reply.error(log);
  const isFew = log?.encoding === DENSE && args.count - 2 <= REGISTERS_ALONE_MAX;
  const isChanged = isFew ? addToDense(ctx, log) : addToCopy(ctx, log);
  if (isChanged === DAMAGED) return reply.error(DAMAGED_HYPERLOGLOG);
  if (isChanged) {
    if (log === undefined) db.notify('n', 'new', key);
    db.notify('$', 'pfadd', key);
  }
  reply.integer(isChanged ? 1 : 0);
}

function addToDense({ args, db }: WriteContext, log: HyperLogLog): boolean {
  const edit = new DenseEdit(db, args.at(1), log);
  const place = new ElementPlace();
  for (let i = 2; i < args.count; i++) {
    place.find(args.buf, args.start(i), args.end(i));
    edit.raise(place.index, place.rank);
  }
  return edit.commit();
}

/** A value that turns out to be damaged is left as it was: Redis keeps what it added before. */
function addToCopy(
  ctx: WriteContext, log: HyperLogLog | undefined,
): boolean | typeof DAMAGED {
  const { args, db } = ctx;
  const edit = editOf(ctx, log);
  const place = new ElementPlace();
  let isChanged = log === undefined;
  for (let i = 2; i < args.count; i++) {
    place.find(args.buf, args.start(i), args.end(i));
    const raised = edit.raise(place.index, place.rank);
    if (raised === DAMAGED) return DAMAGED;
    isChanged ||= raised;
  }
  if (!isChanged) return false;
  const bytes = edit.bytes();
  markStale(bytes);
  storeWhole(db, args.at(1), log, bytes);
  return true;
}

function editOf(ctx: WriteContext, log: HyperLogLog | undefined): ValueEdit {
  const { hllSparseBytes } = ctx.limits;
  if (log === undefined) return new ValueEdit(emptySparse(), SPARSE, hllSparseBytes);
  return new ValueEdit(log.bytes, log.encoding, hllSparseBytes);
}

// ---- Counting -----------------------------------------------------------------------------------

function pfcount(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  if (args.count > 2) return countUnion(ctx);
  const log = asHyperLogLog(db.readString(args.at(1)));
  if (log === undefined) return reply.integer(0);
  if (typeof log === 'string') return reply.error(log);
  const { bytes } = log;
  const cached = cachedCardinality(bytes);
  if (cached !== undefined) return reply.integer(toInt64(cached)!);
  const count = estimateOf(bytes, log.encoding);
  if (count === undefined) return reply.error(DAMAGED_HYPERLOGLOG);
  reply.integer(count);
}

function countUnion(ctx: WriteContext): void {
  const merged = mergeAll(ctx);
  if (typeof merged === 'string') return ctx.reply.error(merged);
  ctx.reply.integer(estimateOfRegisters(merged.registers));
}

interface Merged {
  /** One byte each. */
  readonly registers: Uint8Array;
  /** Whether one of them was dense. */
  readonly isDense: boolean;
  /** Of the first key alone, if that is dense. */
  readonly ownDense: Uint8Array | undefined;
}

/** The highest of each register at all keys of the request, or the text of an error. */
function mergeAll({ args, db }: WriteContext): Merged | string {
  const registers = new Uint8Array(REGISTERS);
  let isDense = false;
  let ownDense: Uint8Array | undefined;
  for (let i = 1; i < args.count; i++) {
    const log = asHyperLogLog(db.readString(args.at(i)));
    if (typeof log === 'string') return log;
    if (log === undefined) continue;
    const { bytes } = log;
    if (log.encoding === DENSE) {
      isDense = true;
      mergeDense(bytes, registers);
      if (i === 1) ownDense = registers.slice();
    } else if (!mergeSparse(bytes, registers)) return DAMAGED_HYPERLOGLOG;
    db.endReads();
  }
  return { registers, isDense, ownDense };
}

// ---- Merging ------------------------------------------------------------------------------------

function pfmerge(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const merged = mergeAll(ctx);
  if (typeof merged === 'string') return reply.error(merged);
  const key = args.at(1);
  const log = asHyperLogLog(db.findString(key));
  if (typeof log === 'string') throw new Error(`assertion failed: it was merged, now ${log}`);
  if (!raiseFew(ctx, log, merged)) raiseMany(ctx, log, merged);
  if (log === undefined) db.notify('n', 'new', key);
  db.notify('$', 'pfadd', key);
  reply.ok();
}

/** Raises registers of a dense value one by one if they are few; whether they were. */
function raiseFew(
  { args, db }: WriteContext, log: HyperLogLog | undefined, { registers, ownDense }: Merged,
): boolean {
  if (log === undefined || ownDense === undefined) return false;
  const higher: number[] = [];
  for (let i = 0; i < REGISTERS; i++) {
    if (registers[i] === ownDense[i]) continue;
    if (higher.push(i) > REGISTERS_ALONE_MAX) return false;
  }
  const edit = new DenseEdit(db, args.at(1), log);
  edit.markStale();
  for (const i of higher) edit.raise(i, registers[i]!);
  edit.commit();
  return true;
}

function raiseMany(
  ctx: WriteContext, log: HyperLogLog | undefined, { registers, isDense }: Merged,
): void {
  const edit = editOf(ctx, log);
  if (isDense && !edit.becomeDense()) throw new Error('assertion failed: merged and damaged');
  for (let i = 0; i < REGISTERS; i++) {
    if (registers[i] === 0) continue;
    if (edit.raise(i, registers[i]!) === DAMAGED) {
      throw new Error('assertion failed: merged and damaged');
    }
  }
  const bytes = edit.bytes();
  markStale(bytes);
  storeWhole(ctx.db, ctx.args.at(1), log, bytes);
}

export const hyperLogLogCommands = defineCommands([
  {
    name: 'pfadd', group: 'hyperloglog', since: '2.8.9', arity: -2,
    flags: ['write', 'denyoom', 'fast'], keys: ONE_KEY, complexity: 'O(N) in the elements',
    apply: pfadd,
    summary: 'Adds elements to a HyperLogLog; replies whether it may have changed its count.',
  },
  {
    name: 'pfcount', group: 'hyperloglog', since: '2.8.9', arity: -2, flags: ['readonly'],
    keys: ALL_KEYS, complexity: 'O(N) in the number of keys', execute: pfcount,
    summary: 'Replies about how many different elements were added to one or more HyperLogLogs.',
  },
  {
    name: 'pfmerge', group: 'hyperloglog', since: '2.8.9', arity: -2, flags: ['write', 'denyoom'],
    keys: ALL_KEYS, complexity: 'O(N) in the number of keys', apply: pfmerge,
    summary: 'Adds what was added to some HyperLogLogs to another one.',
  },
]);
