/**
 * The arguments of a command as one line, and the tree that COMMAND DOCS replies made from it:
 *
 *     key@0 value [condition<NX|XX>^2.6.12] [EX:seconds:int] field_value(field value)...
 *
 *     name  a string       name:int  :double  :pattern  :time   of another type
 *     name@0  a key, of that key specification        NX  a token alone
 *     name@0:pattern  names keys of that specification
 *     CH=change  a token alone whose name is another word
 *     name<a|b>  one of       name(a b)  a block of them, in this order
 *     EX:what  behind a token     [what]  optional     what...  one or more
 *     what&...  one or more, each behind the token again
 *     what^7.0.0  since         what!2.8.12  deprecated since
 *
 * Names are in lower case, or in single quotes; words in upper case are tokens. A line that breaks
 * these rules is a bug of the table, and throws.
 */

export type ArgumentType =
  | 'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof'
  | 'block';

export type ArgumentFlag = 'optional' | 'multiple' | 'multiple_token';

export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly keySpec?: number;
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags: readonly ArgumentFlag[];
  /** Of 'oneof' and 'block'. */
  readonly inner: readonly CommandArgument[];
}

const TYPES: Readonly<Record<string, ArgumentType>> = {
  int: 'integer', double: 'double', pattern: 'pattern', time: 'unix-time',
};

const NAME = /[a-z][a-z0-9_-]*/y;

export function parseArguments(notation: string): readonly CommandArgument[] {
  const reader = new Reader(notation);
  const found = reader.list(' ');
  reader.end();
  return found;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  list(separator: ' ' | '|'): readonly CommandArgument[] {
    const found = [this.#argument()];
    while (this.#skip(separator)) found.push(this.#argument());
    return found;
  }

  end(): void {
    if (this.#at < this.#text.length) this.#fail();
  }

  #argument(): CommandArgument {
    if (!this.#skip('[')) return this.#bare();
    const found = this.#bare();
    this.#expect(']');
    return { ...found, flags: ['optional', ...found.flags] };
  }

  #bare(): CommandArgument {
    const token = this.#match(/[A-Z][A-Z0-9_-]*/y);
    const isAlone = token !== undefined && !this.#skip(':');
    const found = isAlone
      ? { name: this.#nameOf(token), type: 'pure-token', inner: [] } as const
      : this.#named();
    const since = this.#skip('^') ? this.#version() : undefined;
    const deprecatedSince = this.#skip('!') ? this.#version() : undefined;
    return {
      ...found, flags: this.#flags(),
      ...(token === undefined ? {} : { token }),
      ...(since === undefined ? {} : { since }),
      ...(deprecatedSince === undefined ? {} : { deprecatedSince }),
    };
  }

  #nameOf(token: string): string {
    return this.#skip('=') ? this.#must(NAME) : token.toLowerCase();
  }

  #named(): Omit<CommandArgument, 'flags'> {
    const name = this.#skip("'") ? this.#quoted() : this.#must(NAME);
    if (this.#skip('@')) {
      const keySpec = Number(this.#must(/\d+/y));
      return { name, type: this.#skip(':') ? this.#type() : 'key', keySpec, inner: [] };
    }
    if (this.#skip('<')) return { name, type: 'oneof', inner: this.#closed('|', '>') };
    if (this.#skip('(')) return { name, type: 'block', inner: this.#closed(' ', ')') };
    if (!this.#skip(':')) return { name, type: 'string', inner: [] };
    return { name, type: this.#type(), inner: [] };
  }

  #type(): ArgumentType {
    return TYPES[this.#must(/[a-z]+/y)] ?? this.#fail();
  }

  #closed(separator: ' ' | '|', closing: string): readonly CommandArgument[] {
    const inner = this.list(separator);
    this.#expect(closing);
    return inner;
  }

  #quoted(): string {
    const name = this.#must(/[^']+/y);
    this.#expect("'");
    return name;
  }

  #version(): string {
    return this.#must(/\d+\.\d+\.\d+/y);
  }

  #flags(): readonly ArgumentFlag[] {
    const isTokenRepeated = this.#skip('&');
    if (!this.#skip('...')) return isTokenRepeated ? this.#fail() : [];
    return isTokenRepeated ? ['multiple', 'multiple_token'] : ['multiple'];
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) this.#fail();
  }

  /** What a sticky pattern matches here. */
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #must(pattern: RegExp): string {
    return this.#match(pattern) ?? this.#fail();
  }

  #fail(): never {
    throw new Error(`assertion failed: bad notation at ${this.#at} of '${this.#text}'`);
  }
}
