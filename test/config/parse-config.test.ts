import { describe, expect, it } from 'vitest';
import { parseConfig, quoteWord, splitWords } from '../../src/config/parse-config.ts';

const words = (line: string) => splitWords(line);

describe('the syntax of redis.conf', () => {
  it('reads a name and its words, skipping comments and empty lines', () => {
    const parsed = parseConfig('# a comment\n\n  PORT   7000\r\n\tbind 127.0.0.1 ::1\n   # more\n');
    expect(parsed.faults).toEqual([]);
    expect(parsed.directives).toEqual([
      { line: 3, name: 'port', words: ['7000'] },
      { line: 4, name: 'bind', words: ['127.0.0.1', '::1'] },
    ]);
  });

  it('takes a # later in a line as a word, as Redis does', () => {
    expect(words('port 6379 # hello')).toEqual({ ok: true, words: ['port', '6379', '#', 'hello'] });
  });

  it('replaces escapes in double quotes', () => {
    expect(words(String.raw`"a\n\r\t\b\a\"\\\q"`)).toEqual({
      ok: true,
      words: ['a\n\r\t\b\u0007"\\q'],
    });
    expect(words(String.raw`"\x41\xc3\xa9"`)).toEqual({ ok: true, words: ['Aé'] });
    expect(words(String.raw`"\x4g"`)).toEqual({ ok: true, words: ['x4g'] });
  });

  it('knows one escape in single quotes', () => {
    expect(words(String.raw`'it\'s \n'`)).toEqual({ ok: true, words: ["it's \\n"] });
  });

  it('keeps an empty word in quotes', () => {
    expect(words('requirepass ""')).toEqual({ ok: true, words: ['requirepass', ''] });
    expect(words("requirepass ''")).toEqual({ ok: true, words: ['requirepass', ''] });
  });

  it.each(['port "1', "port '1", 'port "1"2', "port '1'2", 'port "1\\'])(
    'refuses the unbalanced quotes of %s and reads the other lines',
    (line) => {
      const parsed = parseConfig(`hz 10\n${line}\ntimeout 5`);
      expect(parsed.directives.map(({ name }) => name)).toEqual(['hz', 'timeout']);
      expect(parsed.faults).toEqual([
        { line: 2, text: line, reason: 'Unbalanced quotes in configuration line' },
      ]);
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(words(String.raw`"\xff"`)).toMatchObject({ ok: false });
  });

  it('skips the byte order mark of Windows editors', () => {
    expect(parseConfig('\uFEFFport 1').directives).toEqual([
      { line: 1, name: 'port', words: ['1'] },
    ]);
  });

  it('reads back every word that it quotes', () => {
    const quotes = ['"', "'", '\\', 'a"b'];
    const hard = ['', ' ', 'a b', ...quotes, '#x', 'é', 'a\nb', '\t', '\u0000', '{a} b'];
    for (const word of hard) expect(words(quoteWord(word))).toEqual({ ok: true, words: [word] });
    expect(words(hard.map(quoteWord).join(' '))).toEqual({ ok: true, words: hard });
  });
});
