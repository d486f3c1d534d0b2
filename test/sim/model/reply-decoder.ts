/**
 * Bytes from a server to replies, RESP2 and RESP3, cut anywhere.
 *
 * What was decoded stays decoded: open arrays wait on a stack, and nothing is read twice. While the
 * bytes of a long string come in, chunks are only collected. Attributes are decoded and dropped.
 * Anything that is not RESP throws; the decoder is of no use after that.
 */

import { NIL, NIL_ARRAY, integer, type Reply } from './reply.ts';

const CR = 13;
const LF = 10;
/** MONITOR shows whole values in a line, escaped. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const BULK_BYTES_MAX = 512 * 1024 * 1024;
const ITEMS_MAX = 1024 * 1024;
const DEPTH_MAX = 16;

type ListKind = 'array' | 'set' | 'push' | 'map' | 'attribute';

interface OpenList {
  readonly kind: ListKind;
  readonly items: Reply[];
  missing: number;
}

const LIST_KINDS: Readonly<Record<string, ListKind>> = {
  '*': 'array', '~': 'set', '>': 'push', '%': 'map', '|': 'attribute',
};

export class ReplyDecoder {
  #data: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Chunks behind `#data`, joined when there is enough for the next step. */
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** Bytes from `#at` on without which there is no next step. */
  #needed = 1;
  readonly #open: OpenList[] = [];
  /** The type and length of the string whose bytes come next. */
  #string: { readonly type: string; readonly length: number } | undefined;

  /** The chunk is copied. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(Buffer.from(chunk));
    this.#chunkBytes += chunk.length;
  }

  /** Bytes that were fed and are in no reply yet. */
  get pendingBytes(): number {
    return this.#data.length - this.#at + this.#chunkBytes;
  }

  /** The next whole reply, or undefined when more bytes are needed. */
  next(): Reply | undefined {
    for (;;) {
      if (this.pendingBytes < this.#needed) return undefined;
      this.#join();
      const value = this.#string === undefined ? this.#readLine() : this.#readString();
      const whole = value === undefined ? undefined : this.#close(value);
      if (whole !== undefined) return whole;
    }
  }

  #join(): void {
    if (this.#chunkBytes === 0) return;
    const rest = this.#data.subarray(this.#at);
    this.#data = Buffer.concat([rest, ...this.#chunks]);
    this.#at = 0;
    this.#chunks = [];
    this.#chunkBytes = 0;
  }

  /** A whole value, or undefined when it opened something or the line is not whole. */
  #readLine(): Reply | undefined {
    const end = this.#data.indexOf(CR, this.#at);
    const length = (end < 0 ? this.#data.length : end) - this.#at;
    if (length > LINE_BYTES_MAX) throw new Error(`a line of a reply has ${length} bytes`);
    if (end < 0 || end + 1 >= this.#data.length) {
      this.#needed = this.#data.length - this.#at + 1;
      return undefined;
    }
    if (this.#data[end + 1] !== LF) throw this.#garbage('CR without LF');
    const type = String.fromCharCode(this.#data[this.#at] ?? 0);
    const text = this.#data.toString('latin1', this.#at + 1, end);
    this.#at = end + 2;
    this.#needed = 1;
    return this.#valueOf(type, text);
  }

  #valueOf(type: string, text: string): Reply | undefined {
    switch (type) {
      case '+': return { kind: 'simple', text };
      case '-': return { kind: 'error', text };
      case ':': return this.#integer(text);
      case '_': return text === '' ? NIL : this.#fail(`_${text}`);
      case ',': return { kind: 'double', text };
      case '(': return { kind: 'bigNumber', text };
      case '#': return this.#boolean(text);
      case '$': case '!': case '=': return this.#openString(type, text);
      default: return this.#openList(type, text);
    }
  }

  #integer(text: string): Reply {
    if (!/^[+-]?\d{1,19}$/.test(text)) throw this.#garbage(`:${text}`);
    return text.length < 16 ? { kind: 'integer', value: Number(text) } : integer(BigInt(text));
  }

  #boolean(text: string): Reply {
    if (text !== 't' && text !== 'f') throw this.#garbage(`#${text}`);
    return { kind: 'boolean', value: text === 't' };
  }

  #openString(type: string, text: string): Reply | undefined {
    if (text === '-1' && type === '$') return NIL;
    const length = this.#count(type, text, BULK_BYTES_MAX);
    this.#string = { type, length };
    this.#needed = length + 2;
    return undefined;
  }

  #openList(type: string, text: string): Reply | undefined {
    const kind = LIST_KINDS[type];
    if (kind === undefined) throw this.#garbage(type + text);
    if (text === '-1' && kind === 'array') return NIL_ARRAY;
    const count = this.#count(type, text, ITEMS_MAX);
    const isPairs = kind === 'map' || kind === 'attribute';
    const list: OpenList = { kind, items: [], missing: isPairs ? 2 * count : count };
    if (list.missing === 0) return kind === 'attribute' ? undefined : { kind, items: [] };
    if (this.#open.length >= DEPTH_MAX) throw this.#garbage('lists are nested too deep');
    this.#open.push(list);
    return undefined;
  }

  #readString(): Reply | undefined {
    const { type, length } = this.#string ?? { type: '$', length: 0 };
    const end = this.#at + length;
    if (this.#data[end] !== CR || this.#data[end + 1] !== LF) {
      throw this.#garbage(`a string of ${length} bytes does not end there`);
    }
    const bytes = this.#data.toString('latin1', this.#at, end);
    this.#at = end + 2;
    this.#string = undefined;
    this.#needed = 1;
    if (type === '!') return { kind: 'error', text: bytes };
    return type === '=' ? { kind: 'verbatim', bytes } : { kind: 'bulk', bytes };
  }

  /** Puts a value into the innermost open list; returns what is whole on the outside. */
  #close(value: Reply): Reply | undefined {
    let whole: Reply = value;
    for (;;) {
      const list = this.#open.at(-1);
      if (list === undefined) return whole;
      list.items.push(whole);
      list.missing--;
      if (list.missing > 0) return undefined;
      this.#open.pop();
      if (list.kind === 'attribute') return undefined;
      whole = { kind: list.kind, items: list.items };
    }
  }

  #count(type: string, text: string, max: number): number {
    const count = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
    if (count > max) throw this.#garbage(type + text);
    return count;
  }

  #fail(what: string): never {
    throw this.#garbage(what);
  }

  #garbage(what: string): Error {
    return new Error(`the reply is not RESP: ${JSON.stringify(what.slice(0, 100))}`);
  }
}
