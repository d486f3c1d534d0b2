/**
 * The body of a proposal: requests of clients and of the server itself, with all that decides what
 * they do beside the keyspace.
 *
 * Each request, numbers as varints (lib/varint.ts):
 *
 *   kind, session, database, number of commands, and for each command the number of its arguments
 *   and for each argument its length and bytes
 *
 * Kinds: 0 a command; 1 what MULTI queued; 2 keys whose time is over, as one command's arguments; 4
 * what MULTI queued, behind what it watched: one command with database, version, space and bytes of
 * each key; 5 the limits of the requests behind it (RequestLimits); 6 fields of hashes whose time
 * is over: a command for each hash, its key and the fields. A batch that begins with 5 is *dated*:
 * what it changes carries its log index (Storage.version). One that does not was proposed while a
 * peer ran a build that knows neither. Kind 3 was the end of a WATCH that was ordered itself; it
 * does nothing. `session` is the number of the connection on the peer that proposed it.
 */

import { readVarint, varintBytes, writeVarint } from '../lib/varint.ts';
import { copyBytes, viewOf, ViewMemo, type Bytes } from '../lib/views.ts';
import type { RequestLimits } from '../commands/command.ts';
import {
  BULK_BYTES_MAX_DEFAULT, DATABASES_DEFAULT, HLL_SPARSE_BYTES_MAX_DEFAULT,
} from '../config/limits.ts';
import { Args } from '../protocol/args.ts';
import { FEATURE_LEVEL_VERSIONS } from '../raft/core/feature-level.ts';
import type { WatchedKey } from '../session/transaction.ts';
import { KiB } from '../lib/size-units.ts';

/** The first memory of a batch's body. */
export const ORDERED_BATCH_BYTES_MIN = 16 * KiB;

export const ORDERED_COMMAND = 0;
export const ORDERED_TRANSACTION = 1;
export const ORDERED_EXPIRY = 2;
/** Of an earlier version; has no effect. */
export const ORDERED_UNWATCH = 3;
export const ORDERED_WATCHED = 4;
export const ORDERED_LIMITS = 5;
export const ORDERED_FIELD_EXPIRY = 6;

export type OrderedKind =
  | typeof ORDERED_COMMAND | typeof ORDERED_TRANSACTION | typeof ORDERED_EXPIRY
  | typeof ORDERED_UNWATCH | typeof ORDERED_WATCHED | typeof ORDERED_LIMITS
  | typeof ORDERED_FIELD_EXPIRY;

export class OrderedRequest {
  kind: OrderedKind = ORDERED_COMMAND;
  session = 0;
  db = 0;
  /** Borrowed from the batch. */
  readonly commands: Args[] = [];

  /** One is kept: nearly every request has one, and an array that was emptied is made anew. */
  release(): void {
    if (this.commands.length > 1) this.commands.length = 1;
  }
}

/** Where the objects of a batch come from. */
export interface RequestLender {
  nextRequest(): OrderedRequest;
  nextArgs(): Args;
}

/** Makes them. */
const MAKER: RequestLender = {
  nextRequest: () => new OrderedRequest(),
  nextArgs: () => new Args(),
};

/** Of the numbers in a request each takes at most so much: lengths and counts are below 2^35. */
const NUMBER_BYTES_MAX = 5;

/** A request of these commands takes at most so many bytes of a body. */
export function orderedBytesMax(commands: readonly Args[]): number {
  let bytes = 4 * NUMBER_BYTES_MAX;
  for (const args of commands) bytes += args.bytes + (args.count + 1) * NUMBER_BYTES_MAX;
  return bytes;
}

/** Collects requests into a body. */
export class OrderedBody {
  #buf = Buffer.allocUnsafe(ORDERED_BATCH_BYTES_MIN);
  #words = viewOf(this.#buf);
  #at = 0;
  #sourceWords = new ViewMemo();

  get bytes(): number {
    return this.#at;
  }

  add(kind: OrderedKind, session: number, db: number, commands: readonly Args[]): void {
    this.#number(kind);
    this.#number(session);
    this.#number(db);
    this.#number(commands.length);
    for (const args of commands) this.#addCommand(args);
  }

  /** The body so far, owned by the caller; begins anew. */
  take(): Uint8Array {
    const body = Buffer.from(this.#buf.subarray(0, this.#at));
    this.#at = 0;
    // It would keep what a client sent last.
    this.#sourceWords = new ViewMemo();
    return body;
  }

  #addCommand(args: Args): void {
    this.#number(args.count);
    const { buf } = args;
    const source: Bytes = { buf, words: this.#sourceWords.of(buf) };
    for (let i = 0; i < args.count; i++) {
      const start = args.start(i);
      const length = args.end(i) - start;
      this.#number(length);
      this.#reserve(length);
      copyBytes(source, start, this.#buf, this.#words, this.#at, length);
      this.#at += length;
    }
  }

  #number(value: number): void {
    this.#reserve(varintBytes(value));
    this.#at = writeVarint(this.#buf, this.#at, value);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buf.length * 2, this.#at + bytes));
    this.#buf.copy(larger, 0, 0, this.#at);
    this.#buf = larger;
    this.#words = viewOf(larger);
  }
}

/** What the requests of a proposal are limited by if it does not say so. */
export const USUAL_LIMITS: RequestLimits = Object.freeze({
  databases: DATABASES_DEFAULT, stringBytes: BULK_BYTES_MAX_DEFAULT,
  hllSparseBytes: HLL_SPARSE_BYTES_MAX_DEFAULT, featureLevel: FEATURE_LEVEL_VERSIONS,
});

/** A build of FEATURE_LEVEL_VERSIONS reads two numbers. */
export function encodeLimits(limits: RequestLimits): Args {
  const { databases, featureLevel, hllSparseBytes, stringBytes } = limits;
  const first = [`${databases}`, `${stringBytes}`];
  if (featureLevel <= FEATURE_LEVEL_VERSIONS) return Args.of(...first);
  return Args.of(...first, `${featureLevel}`, `${hllSparseBytes}`);
}

export function decodeLimits(args: Args): RequestLimits {
  const databases = Number(args.text(0));
  const stringBytes = Number(args.text(1));
  if (args.count < 4) return { ...USUAL_LIMITS, databases, stringBytes };
  const [featureLevel, hllSparseBytes] = [Number(args.text(2)), Number(args.text(3))];
  return { databases, stringBytes, featureLevel, hllSparseBytes };
}

export function encodeWatched(watched: readonly WatchedKey[]): Args {
  return Args.ofBuffers(watched.flatMap(({ db, version, space, key }) => [
    Buffer.from(`${db}`), Buffer.from(`${version}`), Buffer.from(`${space}`), key,
  ]));
}

export function decodeWatched(args: Args): WatchedKey[] {
  const watched: WatchedKey[] = [];
  for (let i = 0; i + 3 < args.count; i += 4) {
    const [db, version, space] = [i, i + 1, i + 2].map((at) => Number(args.text(at)));
    watched.push({ db: db!, version: version!, space: space!, key: args.copy(i + 3) });
  }
  return watched;
}

/** What a peer of the same version wrote; asserts that it is whole. */
export function readOrderedRequests(
  body: Uint8Array, lender: RequestLender = MAKER,
): OrderedRequest[] {
  const buf = Buffer.from(body.buffer, body.byteOffset, body.length);
  const reader = new Reader(buf, lender);
  const requests: OrderedRequest[] = [];
  while (!reader.isAtEnd) requests.push(reader.request());
  return requests;
}

class Reader {
  readonly #buf: Buffer;
  readonly #lender: RequestLender;
  #at = 0;

  constructor(buf: Buffer, lender: RequestLender) {
    this.#buf = buf;
    this.#lender = lender;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buf.length;
  }

  request(): OrderedRequest {
    const request = this.#lender.nextRequest();
    request.kind = this.#number() as OrderedKind;
    request.session = this.#number();
    request.db = this.#number();
    const count = this.#number();
    for (let i = 0; i < count; i++) request.commands[i] = this.#command();
    if (request.commands.length !== count) request.commands.length = count;
    return request;
  }

  #command(): Args {
    const args = this.#lender.nextArgs();
    args.begin(this.#buf);
    const count = this.#number();
    for (let i = 0; i < count; i++) {
      const length = this.#number();
      args.push(this.#at, this.#at + length);
      this.#at += length;
    }
    if (this.#at > this.#buf.length) throw new Error('assertion failed: a batch is cut short');
    return args;
  }

  #number(): number {
    const value = readVarint(this.#buf, this.#at, this.#buf.length);
    this.#at += varintBytes(value);
    return value;
  }
}
