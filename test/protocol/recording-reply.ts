/**
 * A ReplyWriter that records what a command replies as a tree of JS values, for tests of commands.
 *
 *   simple, bulk                a string; a Buffer if the bulk is not UTF-8
 *   integer                     a number; a bigint if it is not a safe integer
 *   error                       a RecordedError with the text
 *   nil, nilArray               null
 *   array, set, push            an array
 *   map                         RESP2: a flat array. RESP3: a Map
 *   double, boolean, bigNumber  RESP2: the string or number that is sent. RESP3: the value itself
 *   verbatim                    its text
 *   attribute                   no value: it is added to `attributes`
 *
 * A status and a bulk of the same text look alike; `types` tells them apart. It has the type byte
 * of every element in order, as sent: "$" or "+".
 *
 * An aggregate that lacks elements, or a reply too many, throws when `value` is read.
 */
import type { ByteRange } from '../../src/lib/byte-range.ts';
import { formatDouble } from '../../src/lib/format-double.ts';
import type { ReplyWriter } from '../../src/protocol/reply-encoder.ts';

export class RecordedError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

interface Open {
  readonly items: unknown[];
  readonly wanted: number;
  readonly finish: (items: readonly unknown[]) => void;
}

export class RecordingReply implements ReplyWriter {
  readonly protocol: 2 | 3;
  readonly isTooLarge = false;
  /** Complete replies. */
  readonly values: unknown[] = [];
  readonly attributes: Map<unknown, unknown>[] = [];
  types = '';
  readonly #open: Open[] = [];

  constructor(protocol: 2 | 3 = 2) {
    this.protocol = protocol;
  }

  /** The one reply that was written. */
  get value(): unknown {
    const missing = this.#open.at(-1);
    if (missing !== undefined) {
      throw new Error(`an aggregate of ${missing.wanted} has ${missing.items.length} elements`);
    }
    if (this.values.length !== 1) throw new Error(`${this.values.length} replies instead of one`);
    return this.values[0];
  }

  ok(): void {
    this.simple('OK');
  }

  simple(text: string): void {
    this.#add('+', text);
  }

  error(text: string): void {
    this.#add('-', new RecordedError(text));
  }

  integer(n: number | bigint): void {
    this.#add(':', Number.isSafeInteger(Number(n)) ? Number(n) : n);
  }

  bulk(buf: Uint8Array, start = 0, end: number = buf.length): void {
    const bytes = Buffer.from(buf.subarray(start, end));
    const text = bytes.toString();
    this.#add('$', Buffer.from(text).equals(bytes) ? text : bytes);
  }

  bulkRange({ buf, start, end }: ByteRange): void {
    this.bulk(buf, start, end);
  }

  bulkText(text: string): void {
    this.#add('$', text);
  }

  nil(): void {
    this.#add(this.protocol === 2 ? '$' : '_', null);
  }

  nilArray(): void {
    this.#add(this.protocol === 2 ? '*' : '_', null);
  }

  array(count: number): void {
    this.#begin('*', count, (items) => this.#finish(items));
  }

  emptyArray(): void {
    this.array(0);
  }

  map(pairs: number): void {
    if (this.protocol === 2) this.array(pairs * 2);
    else this.#begin('%', pairs * 2, (items) => this.#finish(toMap(items)));
  }

  set(count: number): void {
    this.#begin(this.protocol === 2 ? '*' : '~', count, (items) => this.#finish(items));
  }

  push(count: number): void {
    this.#begin(this.protocol === 2 ? '*' : '>', count, (items) => this.#finish(items));
  }

  attribute(pairs: number): void {
    if (this.protocol === 2) throw new Error('an attribute in RESP2');
    this.#begin('|', pairs * 2, (items) => void this.attributes.push(toMap(items)));
  }

  double(x: number): void {
    if (this.protocol === 2) this.bulkText(formatDouble(x));
    else this.#add(',', x);
  }

  doubleText(text: string): void {
    if (this.protocol === 2) this.bulkText(text);
    else this.#add(',', Number(text));
  }

  boolean(b: boolean): void {
    if (this.protocol === 2) this.integer(b ? 1 : 0);
    else this.#add('#', b);
  }

  bigNumber(b: bigint): void {
    if (this.protocol === 2) this.bulkText(b.toString());
    else this.#add('(', b);
  }

  verbatim(_format: string, text: string): void {
    this.#add(this.protocol === 2 ? '$' : '=', text);
  }

  #add(type: string, value: unknown): void {
    this.types += type;
    this.#finish(value);
  }

  #begin(type: string, wanted: number, finish: Open['finish']): void {
    this.types += type;
    if (wanted === 0) finish([]);
    else this.#open.push({ items: [], wanted, finish });
  }

  #finish(value: unknown): void {
    const open = this.#open.at(-1);
    if (open === undefined) {
      this.values.push(value);
      return;
    }
    open.items.push(value);
    if (open.items.length < open.wanted) return;
    this.#open.pop();
    open.finish(open.items);
  }
}

function toMap(items: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}
