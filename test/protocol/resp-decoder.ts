/**
 * Decodes complete RESP2 and RESP3 replies by the letter of the protocol, and refuses everything
 * else. Slow and clear: it plays the replies into a ReplyWriter, so that what an encoder wrote
 * can be compared with what a RecordingReply of the same protocol was told.
 */
import type { ReplyWriter } from '../../src/protocol/reply-encoder.ts';

export function decodeReplies(bytes: Buffer, into: ReplyWriter): void {
  const decoder = new RespDecoder(bytes, into);
  while (!decoder.done) decoder.readValue();
}

class RespDecoder {
  readonly #text: string;
  readonly #into: ReplyWriter;
  #at = 0;

  constructor(bytes: Buffer, into: ReplyWriter) {
    this.#text = bytes.toString('latin1');
    this.#into = into;
  }

  get done(): boolean {
    return this.#at === this.#text.length;
  }

  readValue(): void {
    const type = this.#text[this.#at++]!;
    const line = this.#line();
    switch (type) {
      case '+': return this.#into.simple(utf8(line));
      case '-': return this.#into.error(utf8(line));
      case ':': return this.#into.integer(BigInt(line));
      case '$': return line === '-1' ? this.#into.nil() : this.#bulk(line);
      case '*': return line === '-1' ? this.#into.nilArray() : this.#into.array(count(line));
      case '%': return this.#into.map(count(line));
      case '~': return this.#into.set(count(line));
      case '>': return this.#into.push(count(line));
      case '|': return this.#into.attribute(count(line));
      case ',': return this.#into.double(Number(line.replace('inf', 'Infinity')));
      case '(': return this.#into.bigNumber(BigInt(line));
      case '=': return this.#verbatim(line);
      case '#': return this.#into.boolean(line === 't' || (line === 'f' ? false : bad(line)));
      case '_': return line === '' ? this.#into.nil() : bad(line);
      default: return bad(type);
    }
  }

  #line(): string {
    const end = this.#text.indexOf('\r\n', this.#at);
    if (end < 0) bad('a line without an end');
    const line = this.#text.slice(this.#at, end);
    if (/[\r\n]/.test(line)) bad(line);
    this.#at = end + 2;
    return line;
  }

  #content(line: string): string {
    const end = this.#at + count(line);
    if (this.#text.slice(end, end + 2) !== '\r\n') bad('a bulk without an end');
    const content = this.#text.slice(this.#at, end);
    this.#at = end + 2;
    return content;
  }

  #bulk(line: string): void {
    this.#into.bulk(Buffer.from(this.#content(line), 'latin1'));
  }

  #verbatim(line: string): void {
    const content = this.#content(line);
    if (content[3] !== ':') bad(content);
    this.#into.verbatim(content.slice(0, 3), utf8(content.slice(4)));
  }
}

function count(line: string): number {
  return /^(0|[1-9][0-9]*)$/.test(line) ? Number(line) : bad(line);
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

function bad(what: string): never {
  throw new Error(`not RESP: ${JSON.stringify(what.slice(0, 80))}`);
}
