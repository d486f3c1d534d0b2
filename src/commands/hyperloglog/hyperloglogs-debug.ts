/** PFDEBUG and PFSELFTEST: looking inside of HyperLogLogs, and testing what they rest on. */

import { quotedWhole } from '../reply-errors.ts';
import { defineCommands, type Context, type Steps, type WriteContext } from '../command.ts';
import {
  DENSE, ElementPlace, REGISTERS, REGISTER_MAX, SPARSE, getRegister, setRegister,
} from '../../lib/hyperloglog/format.ts';
import { estimateOf } from '../../lib/hyperloglog/estimate.ts';
import { describeRuns, emptySparse, toDense } from '../../lib/hyperloglog/sparse.ts';
import { ValueEdit } from '../../lib/hyperloglog/value-edit.ts';
import { HLL_SPARSE_BYTES_MAX_DEFAULT } from '../../config/limits.ts';
import type { Random } from '../../lib/random.ts';
import {
  DAMAGED_HYPERLOGLOG, asHyperLogLog, storeWhole, type HyperLogLog,
} from './hyperloglog-access.ts';

const NO_KEY = 'ERR The specified key does not exist';
const NOT_SPARSE = 'ERR HLL encoding is not sparse';

// ---- PFDEBUG ------------------------------------------------------------------------------------

/** As in Redis the key is looked at first, whatever the word. */
function pfdebug(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const log = asHyperLogLog(db.findString(args.at(2)));
  if (log === undefined) return reply.error(NO_KEY);
  if (typeof log === 'string') return reply.error(log);
  if (args.is(1, 'GETREG')) return replyRegisters(ctx, log);
  if (args.is(1, 'DECODE')) return replyRuns(ctx, log);
  if (args.is(1, 'ENCODING')) return reply.simple(log.encoding === DENSE ? 'dense' : 'sparse');
  if (args.is(1, 'TODENSE')) return makeDense(ctx, log);
  reply.error(`ERR Unknown PFDEBUG subcommand '${quotedWhole(args, 1)}'`);
}

/** In Redis a sparse value becomes dense by being looked at; so here. */
function replyRegisters(ctx: WriteContext, log: HyperLogLog): void {
  const { reply } = ctx;
  const dense = denseOf(ctx, log);
  if (dense === undefined) return reply.error(DAMAGED_HYPERLOGLOG);
  reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) reply.integer(getRegister(dense, i));
}

function makeDense(ctx: WriteContext, log: HyperLogLog): void {
  const { reply } = ctx;
  if (denseOf(ctx, log) === undefined) return reply.error(DAMAGED_HYPERLOGLOG);
  reply.integer(log.encoding === SPARSE ? 1 : 0);
}

/** The value's bytes, dense, which the key has from now on; undefined if it is damaged. */
function denseOf({ args, db }: WriteContext, log: HyperLogLog): Buffer | undefined {
  const { bytes } = log;
  if (log.encoding === DENSE) return bytes;
  const dense = toDense(bytes);
  if (dense !== undefined) storeWhole(db, args.at(2), log, dense);
  return dense;
}

function replyRuns({ reply }: WriteContext, { bytes, encoding }: HyperLogLog): void {
  if (encoding !== SPARSE) return reply.error(NOT_SPARSE);
  reply.bulkText(describeRuns(bytes));
}

// ---- PFSELFTEST ---------------------------------------------------------------------------------

/** Redis takes 1000 rounds and ten million elements, which would be seconds here. */
const REGISTER_ROUNDS = 100;
const ELEMENTS = 1_000_000;

/** Added between two looks at what else there is to do: some milliseconds. */
const ELEMENTS_AT_ONCE = 5000;

/** Of the estimate, relative; and how many times that much is an error. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);
const ERRORS_MAX = 6;

function* pfselftest({ random, reply }: Context): Steps {
  for (let round = 0; round < REGISTER_ROUNDS; round++) {
    const fault = testRegisters(random);
    if (fault !== undefined) return reply.error(fault);
    yield { kind: 'yield' };
  }
  const test = new EstimateTest(random);
  while (test.added < ELEMENTS) {
    const fault = test.add(ELEMENTS_AT_ONCE);
    if (fault !== undefined) return reply.error(fault);
    yield { kind: 'yield' };
  }
  reply.ok();
}

/** Whether each register keeps what it is set to, and leaves those beside it as they are. */
function testRegisters(random: Random): string | undefined {
  const dense = toDense(emptySparse())!;
  const values = Array.from({ length: REGISTERS }, () => random.below(REGISTER_MAX + 1));
  values.forEach((value, i) => setRegister(dense, i, value));
  const wrong = values.findIndex((value, i) => getRegister(dense, i) !== value);
  if (wrong < 0) return undefined;
  return `ERR TESTFAILED Register ${wrong} should be ${values[wrong]} ` +
    `but is ${getRegister(dense, wrong)}`;
}

/** Whether a dense and a sparse one estimate the same, and about what was added. */
class EstimateTest {
  added = 0;
  #checkpoint = 1;
  readonly #place = new ElementPlace();
  readonly #element = Buffer.alloc(8);
  readonly #sparse = new ValueEdit(emptySparse(), SPARSE, HLL_SPARSE_BYTES_MAX_DEFAULT);
  readonly #dense = new ValueEdit(toDense(emptySparse())!, DENSE, 0);

  constructor(random: Random) {
    this.#element.writeUInt32LE(random.next(), 4);
  }

  /** The text of an error if there is one. */
  add(count: number): string | undefined {
    for (let i = 0; i < count; i++) {
      this.#element.writeUInt32LE(++this.added);
      this.#place.find(this.#element, 0, this.#element.length);
      const { index, rank } = this.#place;
      this.#dense.raise(index, rank);
      this.#sparse.raise(index, rank);
      if (this.added !== this.#checkpoint) continue;
      const fault = this.#check();
      if (fault !== undefined) return fault;
      this.#checkpoint *= 10;
    }
    return undefined;
  }

  #check(): string | undefined {
    const isDense = this.#sparse.bytes().length === this.#dense.bytes().length;
    if (isDense && this.added < HLL_SPARSE_BYTES_MAX_DEFAULT / 2) {
      return 'ERR TESTFAILED sparse encoding not used';
    }
    const count = estimateOf(this.#dense.bytes(), DENSE);
    if (count !== estimateOf(this.#sparse.bytes(), isDense ? DENSE : SPARSE)) {
      return 'ERR TESTFAILED dense/sparse disagree';
    }
    const error = Math.abs(Number(count) - this.added);
    // Two of ten may well be in one register.
    const errorMax = this.added === 10 ? 1
      : Math.ceil(STANDARD_ERROR * ERRORS_MAX * this.added);
    if (error <= errorMax) return undefined;
    return `ERR TESTFAILED Too big error. card:${this.added} abserr:${error}`;
  }
}

export const hyperLogLogDebugCommands = defineCommands([
  {
    name: 'pfdebug', group: 'hyperloglog', since: '2.8.9', arity: 3,
    flags: ['write', 'denyoom', 'admin'], keys: { first: 2, last: 2, step: 1 },
    complexity: 'O(N) in the bytes of the value', apply: pfdebug,
    summary: 'Shows the registers, the runs or the encoding of a HyperLogLog, or makes it dense.',
  },
  {
    name: 'pfselftest', group: 'hyperloglog', since: '2.8.9', arity: 1, flags: ['admin'],
    complexity: 'A second of work', steps: pfselftest,
    summary: 'Tests the registers and the estimates of HyperLogLogs.',
  },
]);
