import { describe, expect, it } from 'vitest';
import { splitArgs } from '../../src/lib/lines.ts';
import { randomBytes, withSeed } from './seeded.ts';

function split(line: string): string[] | undefined {
  const framed = Buffer.from(`"${line}"`, 'latin1');
  return splitArgs(framed, 1, framed.length - 1)?.map((arg) => arg.toString('latin1'));
}

describe('splitArgs', () => {
  it('splits at any run of white space', () => {
    expect(split('SET key value')).toEqual(['SET', 'key', 'value']);
    expect(split(' \t a \r\n b\n')).toEqual(['a', 'b']);
    expect(split('')).toEqual([]);
    expect(split(' \v\f ')).toEqual([]);
  });

  it('takes a vertical tab or form feed as white space between words, not inside one', () => {
    expect(split('a\vb \fc')).toEqual(['a\vb', 'c']);
  });

  it('reads escapes inside double quotes', () => {
    expect(split('"a\\n\\r\\t\\b\\a\\\\\\"\\q"')).toEqual(['a\n\r\t\b\x07\\"q']);
    expect(split('"\\x41\\xfF\\x00"')).toEqual(['A\xff\0']);
    expect(split('"\\x4"')).toEqual(['x4']);
    expect(split('"\\xg1\\x"')).toEqual(['xg1x']);
  });

  it('knows one escape inside single quotes', () => {
    expect(split("'it\\'s \\n'")).toEqual(["it's \\n"]);
    expect(split("''")).toEqual(['']);
  });

  it('keeps empty quoted arguments and white space inside quotes', () => {
    expect(split('"" a "b c"')).toEqual(['', 'a', 'b c']);
  });

  it('lets a quote open inside a word', () => {
    expect(split('save"a b" c')).toEqual(['savea b', 'c']);
  });

  it('refuses unbalanced quotes', () => {
    for (const line of ['"', "'", 'a "b', "a 'b", '"abc\\"', "'abc\\'"]) {
      expect(split(line), line).toBeUndefined();
    }
  });

  it('refuses a closing quote with something glued to it', () => {
    for (const line of ['"a"b', "'a'b", '""""', `"a"'b'`, `''""`]) {
      expect(split(line), line).toBeUndefined();
    }
    expect(split('"a"\fb')).toEqual(['a', 'b']);
  });

  it('ends at a NUL byte, as Redis does', () => {
    expect(split('a b\0c "')).toEqual(['a', 'b']);
    expect(split('"a\0"')).toBeUndefined();
  });

  it('leaves a backslash outside quotes alone', () => {
    expect(split('a\\n b\\')).toEqual(['a\\n', 'b\\']);
  });

  it('gives copies: changing the line afterwards does not change an argument', () => {
    const line = Buffer.from('abc def');
    const args = splitArgs(line, 0, line.length)!;
    line.fill(0x7a);
    expect(args.map(String)).toEqual(['abc', 'def']);
  });

  it('reads back any bytes that were quoted with hex escapes', () => {
    withSeed((random) => {
      for (let round = 0; round < 500; round++) {
        const bytes = randomBytes(random, random.below(40));
        const quoted = bytes.toString('hex').replace(/../g, '\\x$&');
        expect(split(`x "${quoted}"`)).toEqual(['x', bytes.toString('latin1')]);
      }
    });
  });
});
