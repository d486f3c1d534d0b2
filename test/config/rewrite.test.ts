import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';

function load(text: string): Config {
  const outcome = loadConfig({ path: 'test.conf', text });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.config;
}

describe('CONFIG REWRITE', () => {
  it('changes nothing when nothing has changed', () => {
    const text = '# mine\n\nPORT 7000\nmaxmemory   1gb\nclient-output-buffer-limit normal 1 2 3\n';
    expect(load(text).rewrite(text)).toBe(text);
  });

  it('rewrites changed lines in place and appends what the file does not hold', () => {
    const text = '# mine\nmaxmemory 1gb\n# yours\nhz 10\ntimeout 5\n';
    const config = load(text);
    config.set([
      ['maxmemory', '2gb'],
      ['requirepass', 'a "b"'],
      ['timeout', '0'],
    ]);
    const rewritten = config.rewrite(text);
    expect(rewritten).toBe(
      '# mine\nmaxmemory 2147483648\n# yours\nhz 10\ntimeout 0\n' +
        '# Written by CONFIG REWRITE\nrequirepass "a \\"b\\""\n',
    );
    expect(config.rewrite(rewritten)).toBe(rewritten);
    expect(load(rewritten).get(() => true)).toEqual(config.get(() => true));
  });

  it('joins repeated lines of a changed option where the first one stood', () => {
    const text = 'save 3600 1\nhz 10\nsave 300 100\n';
    const config = load(text);
    config.set([['save', '60 1 30 2']]);
    expect(config.rewrite(text)).toBe('save 60 1\nsave 30 2\nhz 10\n');
    config.set([['save', '']]);
    expect(config.rewrite(text)).toBe('save ""\nhz 10\n');
  });

  it('finds an option under its former name', () => {
    const text = 'hash-max-ziplist-entries 7\n';
    const config = load(text);
    expect(config.rewrite(text)).toBe(text);
    config.set([['hash-max-listpack-entries', '8']]);
    expect(config.rewrite(text)).toBe('hash-max-listpack-entries 8\n');
  });

  it('keeps the line ends of the file and lines that it cannot read', () => {
    const config = load('hz 10\r\n');
    config.set([['timeout', '9']]);
    expect(config.rewrite('hz 10\r\nwhat is this\r\nport "')).toBe(
      'hz 10\r\nwhat is this\r\nport "\r\n# Written by CONFIG REWRITE\r\ntimeout 9\r\n',
    );
  });

  it('writes the options of the command line into an empty file', () => {
    const outcome = loadConfig(undefined, [{ line: 1, name: 'port', words: ['7000'] }]);
    expect(outcome.ok && outcome.config.rewrite('')).toBe(
      '# Written by CONFIG REWRITE\nport 7000\n',
    );
  });
});
