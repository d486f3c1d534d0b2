/**
 * Splitting a line into arguments the way a shell user expects, with the quoting rules of Redis.
 * Inline commands and the configuration file both use it, so that one quoted string means one
 * thing.
 *
 *   word      bytes up to white space; a quote inside a word opens a quoted part of the same word
 *   "..."     \n \r \t \b \a, \xHH (two hex digits), and \ before any other byte is that byte
 *   '...'     only \' is special
 *
 * A closing quote must be followed by white space or the end. As in Redis, a NUL byte ends the
 * line.
 */

const NUL = 0x00;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

/** What a letter after a backslash stands for, where it is not the letter itself. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/**
 * The arguments in bytes [start, end) of `buf`, each an owned copy; an empty or blank line has
 * none. Undefined means unbalanced quotes, or a closing quote with something glued to it.
 */
export function splitArgs(buf: Uint8Array, start: number, end: number): Buffer[] | undefined {
  const nul = buf.subarray(start, end).indexOf(NUL);
  return new Splitter(buf, start, nul < 0 ? end : start + nul).split();
}

class Splitter {
  readonly #buf: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The word being built; no argument is longer than the line that holds it. */
  readonly #word: Buffer;
  #wordBytes = 0;

  constructor(buf: Uint8Array, start: number, end: number) {
    this.#buf = buf;
    this.#at = start;
    this.#end = end;
    this.#word = Buffer.allocUnsafe(Math.max(0, end - start));
  }

  split(): Buffer[] | undefined {
    const args: Buffer[] = [];
    for (;;) {
      while (this.#at < this.#end && isSpace(this.#buf[this.#at]!)) this.#at++;
      if (this.#at >= this.#end) return args;
      this.#wordBytes = 0;
      if (!this.#readWord()) return undefined;
      args.push(Buffer.from(this.#word.subarray(0, this.#wordBytes)));
    }
  }

  #readWord(): boolean {
    while (this.#at < this.#end) {
      const byte = this.#buf[this.#at++]!;
      // A closing quote ends the word: #readQuoted has checked that nothing is glued to it.
      if (byte === DOUBLE_QUOTE) return this.#readDoubleQuoted();
      if (byte === SINGLE_QUOTE) return this.#readSingleQuoted();
      if (endsWord(byte)) return true;
      this.#put(byte);
    }
    return true;
  }

  #readDoubleQuoted(): boolean {
    while (this.#at < this.#end) {
      const byte = this.#buf[this.#at++]!;
      if (byte === DOUBLE_QUOTE) return this.#isAtBoundary();
      if (byte === BACKSLASH && this.#at < this.#end) this.#put(this.#readEscape());
      else this.#put(byte);
    }
    return false;
  }

  #readSingleQuoted(): boolean {
    while (this.#at < this.#end) {
      const byte = this.#buf[this.#at++]!;
      if (byte === SINGLE_QUOTE) return this.#isAtBoundary();
      if (byte === BACKSLASH && this.#buf[this.#at] === SINGLE_QUOTE && this.#at < this.#end) {
        this.#put(SINGLE_QUOTE);
        this.#at++;
      } else {
        this.#put(byte);
      }
    }
    return false;
  }

  /** Reads what follows a backslash; at least one byte does. */
  #readEscape(): number {
    const letter = this.#buf[this.#at++]!;
    if (letter === LETTER_X && this.#at + 1 < this.#end) {
      const high = hexValue(this.#buf[this.#at]!);
      const low = hexValue(this.#buf[this.#at + 1]!);
      if (high >= 0 && low >= 0) {
        this.#at += 2;
        return high * 16 + low;
      }
    }
    return ESCAPES.get(letter) ?? letter;
  }

  #isAtBoundary(): boolean {
    return this.#at >= this.#end || isSpace(this.#buf[this.#at]!);
  }

  #put(byte: number): void {
    this.#word[this.#wordBytes++] = byte;
  }
}

/** C's isspace in the "C" locale: space, tab, newline, vertical tab, form feed, return. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

/** A word goes on over a vertical tab or a form feed, unlike the white space between words. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
