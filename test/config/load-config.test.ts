import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/config/command-line.ts';
import {
  describeConfigError, loadConfig, type ReadIncluded, INCLUDED_FILES_MAX, INCLUDE_DEPTH_MAX,
} from '../../src/config/load-config.ts';
import { MiB } from '../../src/lib/size-units.ts';
import { shareMemory } from '../../src/config/memory-budget.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { DATABASES_MAX } from '../../src/config/limits.ts';

const file = (text: string) => ({ path: 'my.conf', text });

describe('the command line', () => {
  it('takes a file and then options, as redis-server does', () => {
    const args = ['my.conf', '--port', '7000', '--bind', '127.0.0.1', '::1', '--Hz=20'];
    expect(parseCommandLine(args)).toEqual({
      kind: 'run',
      configFile: 'my.conf',
      overrides: [
        { line: 2, name: 'port', words: ['7000'] },
        { line: 4, name: 'bind', words: ['127.0.0.1', '::1'] },
        { line: 7, name: 'hz', words: ['20'] },
      ],
    });
  });

  it('needs neither', () => {
    expect(parseCommandLine([])).toEqual({ kind: 'run', configFile: undefined, overrides: [] });
  });

  it('keeps negative numbers and empty values', () => {
    const line = parseCommandLine(['--slowlog-log-slower-than', '-1', '--save', '']);
    expect(line).toMatchObject({ overrides: [{ words: ['-1'] }, { words: [''] }] });
  });

  it('knows help and version', () => {
    expect(parseCommandLine(['--help'])).toEqual({ kind: 'help' });
    expect(parseCommandLine(['-h'])).toEqual({ kind: 'help' });
    expect(parseCommandLine(['--version'])).toEqual({ kind: 'version' });
    expect(parseCommandLine(['-v'])).toEqual({ kind: 'version' });
  });

  it('refuses a stray argument', () => {
    expect(parseCommandLine(['-p', '7000'])).toMatchObject({ kind: 'fault' });
  });
});

describe('loading', () => {
  it('lets the command line win over the file, and the file over the defaults', () => {
    const outcome = loadConfig(file('port 7000\nhz 20\n'), [
      { line: 1, name: 'port', words: ['7001'] },
    ]);
    expect(outcome.ok && outcome.config.values).toMatchObject({ port: 7001, hz: 20, timeout: 0 });
    expect(outcome.ok && outcome.config.file).toBe('my.conf');
  });

  it('adds up repeated client classes and splits quoted lists', () => {
    const outcome = loadConfig(
      file('client-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit pubsub 4 5 6'),
      [{ line: 1, name: 'save', words: ['3600 1'] }],
    );
    expect(outcome.ok && outcome.config.values['client-output-buffer-limit']).toEqual({
      ...OPTIONS['client-output-buffer-limit'].default,
      normal: { hardBytes: 1, softBytes: 2, softSeconds: 3 },
      pubsub: { hardBytes: 4, softBytes: 5, softSeconds: 6 },
    });
    expect(outcome.ok && outcome.config.get((name) => name === 'save')).toEqual([
      ['save', '3600 1'],
    ]);
  });

  it('reports every error with its place, what was found, and what is allowed', () => {
    const source = file('port abc\n\nbind "1\nnosuch 1\nhz\ninclude other.conf\n');
    const outcome = loadConfig(source, [{ line: 3, name: 'appendfsync', words: ['maybe'] }]);
    const errors = outcome.ok ? [] : outcome.errors;
    expect(errors.map(({ line, directive }) => [line, directive])).toEqual([
      [1, 'port'],
      [3, 'bind'],
      [4, 'nosuch'],
      [5, 'hz'],
      [6, 'include'],
      [3, 'appendfsync'],
    ]);
    const described = errors.map(describeConfigError);
    expect(described[0]).toBe(
      "In my.conf, line 1:\n    port abc\n    argument couldn't be parsed into an integer\n" +
        '    allowed: a whole number from 0 to 65535',
    );
    expect(described[4]).toContain('include needs a file to stand in');
    expect(described[5]).toContain('On the command line:\n    --appendfsync maybe');
  });

  it.each([
    'tls-port 6380',
    'cluster-enabled yes',
    'rename-command CONFIG ""',
    'user alice on',
    'replicaof 10.0.0.1 6379',
    'loadmodule x.so',
    'maxmemory-policy allkeys-lru',
    'min-replicas-to-write 1',
  ])('refuses %s, which nobody should believe in', (line) => {
    expect(loadConfig(file(line)).ok).toBe(false);
  });

  it('starts on a redis.conf in use, with one warning for each setting that does nothing', () => {
    const text = [
      'bind 127.0.0.1 -::1',
      'daemonize yes',
      'pidfile /run/redis/redis-server.pid',
      'save 3600 1',
      'save 300 100',
      'appendonly no',
      'lua-time-limit 5000',
      'replica-read-only yes',
      'oom-score-adj-values 0 200 800',
      'client-output-buffer-limit normal 0 0 0',
    ].join('\n');
    const outcome = loadConfig(file(text));
    const warned = outcome.ok ? outcome.warnings.map((line) => line.split(' ')[0]) : outcome.errors;
    expect(warned).toEqual([
      'daemonize',
      'pidfile',
      'save',
      'appendonly',
      'busy-reply-threshold',
      'replica-read-only',
      'oom-score-adj-values',
    ]);
  });
});

describe('include', () => {
  const files: Readonly<Record<string, string>> = {
    'a.conf': 'hz 20\ntimeout 1\n', 'b.conf': 'include a.conf\ntimeout 2\n',
    'self.conf': 'include self.conf\n', 'twice.conf': 'include twice.conf\ninclude twice.conf\n',
    'bad.conf': '\nport x\n',
  };
  const read: ReadIncluded = (path) => {
    const text = files[path];
    return text === undefined
      ? { ok: false, reason: `no file ${path}` } : { ok: true, sources: [{ path, text }] };
  };
  const load = (text: string) => loadConfig(file(text), [], read);
  const described = (text: string): string[] => {
    const outcome = load(text);
    return outcome.ok ? [] : outcome.errors.map(describeConfigError);
  };

  it('reads a file at its place: what comes behind it wins, what is before it loses', () => {
    const outcome = load('hz 5\ninclude b.conf\ntimeout 3\n');
    expect(outcome.ok && outcome.config.values).toMatchObject({ hz: 20, timeout: 3 });
    expect(load('include b.conf').ok && load('timeout 9\ninclude b.conf')).toMatchObject({
      config: { values: { timeout: 2 } },
    });
  });

  it('names the file and the line of an error, in the order of the files', () => {
    expect(described('include bad.conf\nhz x\ninclude none.conf').map((each) =>
      each.split('\n').slice(0, 2))).toEqual([
      ['In my.conf, line 2:', '    hz x'],
      ['In my.conf, line 3:', '    include none.conf'],
      ['In bad.conf, line 2:', '    port x'],
    ]);
    expect(described('include none.conf').join()).toContain('no file none.conf');
    expect(described('include').join()).toContain('wrong number of arguments');
  });

  it('ends with an error where files include each other without end', () => {
    expect(described('include self.conf').join())
      .toContain(`more than ${INCLUDE_DEPTH_MAX} files include each other`);
    expect(described('include twice.conf').join()).toContain(`more than ${INCLUDED_FILES_MAX} files`);
  });

  it('leaves it to the other file to say what CONFIG REWRITE finds unchanged', () => {
    const text = 'include b.conf\nport 7000\n';
    const outcome = load(text);
    if (!outcome.ok) throw new Error('it did not load');
    expect(outcome.config.rewrite(text)).toBe(text);
    outcome.config.set([['hz', '30']]);
    expect(outcome.config.rewrite(text)).toBe(`${text}# Written by CONFIG REWRITE\nhz 30\n`);
  });

  it('adds peers of two files up, and CONFIG REWRITE does not write them twice', () => {
    const peers = (name: string): string => `peer ${name} h:${name}1 h:${name}2\n`.replaceAll(
      /:([abc])(\d)/g, (_, letter: string, digit: string) => `:${letter.charCodeAt(0)}${digit}`);
    const reader: ReadIncluded = (path) =>
      ({ ok: true, sources: [{ path, text: peers('a') + peers('b') }] });
    for (const text of [`include p\nnode a\n${peers('c')}`, `node a\n${peers('c')}include p\n`]) {
      const outcome = loadConfig(file(text), [], reader);
      if (!outcome.ok) throw new Error(outcome.errors.map(describeConfigError).join('\n'));
      expect(outcome.config.values.peer).toHaveLength(3);
      expect(outcome.config.rewrite(text)).toBe(text);
    }
  });
});

describe('a redis.conf of a default user', () => {
  const HASH = '#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b';

  it.each([
    'user default on nopass ~* &* +@all',
    'user default on nopass sanitize-payload ~* &* +@all',
    'user default on nopass allkeys allchannels allcommands',
    `requirepass secret\nuser default on ${HASH} ~* &* +@all`,
  ])('starts with %s', (text) => {
    const outcome = loadConfig(file(text));
    expect(outcome.ok && outcome.warnings.join()).toContain('user has no effect');
    expect(outcome.ok && outcome.config.get(() => true).some(([name]) => name === 'user'))
      .toBe(false);
    expect(outcome.ok && outcome.config.rewrite(text)).toBe(text.endsWith('\n') ? text : `${text}\n`);
  });

  it.each([
    ['user alice on nopass ~* &* +@all', 'users cannot be defined'],
    ['user default off nopass ~* &* +@all', 'has all rights here'],
    ['user default on nopass ~* &* +@all -flushall', 'has all rights here'],
    ['user default on nopass ~app:* &* +@all', 'has all rights here'],
    ['user default on nopass +@all', 'has all rights here'],
    [`user default on ${HASH} ~* &* +@all`, 'needs its password as requirepass'],
    ['user default on >secret ~* &* +@all', 'has all rights here'],
    ['requirepass x\nuser default on nopass ~* &* +@all', 'nopass contradicts requirepass'],
  ])('does not start with %s', (text, reason) => {
    const outcome = loadConfig(file(text));
    const described = outcome.ok ? '' : outcome.errors.map(describeConfigError).join('\n');
    expect(described).toContain(reason);
    expect(described).not.toContain('>secret');
  });
});

describe('values out of bounds', () => {
  it('of hz become the nearest, with a line that says so', () => {
    for (const [word, value] of [['1000', 500], ['0', 1]] as const) {
      const outcome = loadConfig(file(`hz ${word}`));
      expect(outcome.ok && outcome.config.values.hz).toBe(value);
      expect(outcome.ok && outcome.warnings)
        .toEqual([`hz ${word} is not from 1 to 500: ${value} is used`]);
    }
    expect(loadConfig(file('hz -1')).ok).toBe(false);
  });

  it('of databases are refused, and say what is allowed', () => {
    const taken = loadConfig(file(`databases ${DATABASES_MAX}`));
    expect(taken.ok && taken.config.values.databases).toBe(DATABASES_MAX);
    const outcome = loadConfig(file(`databases ${DATABASES_MAX + 1}`));
    expect(outcome.ok ? '' : describeConfigError(outcome.errors[0]!))
      .toContain(`allowed: a whole number from 1 to ${DATABASES_MAX}`);
  });
});

describe('secrets', () => {
  it('are not quoted by errors', () => {
    const text = 'peer-secret hush hush\nrequirepass "hush\nmasterauth hush hush\nPEER-SECRET "hush\n';
    const outcome = loadConfig(file(text), [{ line: 1, name: 'requirepass', words: ['hush', 'x'] }]);
    const described = outcome.ok ? '' : outcome.errors.map(describeConfigError).join('\n');
    expect(described.split('(not shown)')).toHaveLength(6);
    expect(described).not.toContain('hush');
  });

  it('of peers are not shown, nor written, and their line stays', () => {
    const text = 'peer-secret "a secret"\nhz 20\n';
    const outcome = loadConfig(file(text));
    if (!outcome.ok) throw new Error('it did not load');
    expect(outcome.config.values['peer-secret']).toBe('a secret');
    expect(outcome.config.get((name) => name.startsWith('peer-s'))).toEqual([]);
    expect(outcome.config.rewrite(text)).toBe(text);
    const given = loadConfig(file('hz 20\n'), [{ line: 1, name: 'peer-secret', words: ['x'] }]);
    expect(given.ok && given.config.rewrite('hz 20\n')).toBe('hz 20\n');
  });
});

describe('the memory budget', () => {
  const values = { maxmemory: 0, 'hot-tail-bytes': 10, 'read-cache-bytes': 0 };

  it('is a quarter of the machine by default, and the cache takes what is left', () => {
    expect(shareMemory(values, 20, 400)).toEqual({
      totalBytes: 100,
      isAutomatic: true,
      hotTailBytes: 10,
      readCacheBytes: 70,
    });
  });

  it('never gives the cache more than what is left', () => {
    const asked = { ...values, maxmemory: 50, 'read-cache-bytes': 30 };
    expect(shareMemory(asked, 5, 400)).toMatchObject({ totalBytes: 50, readCacheBytes: 30 });
    expect(shareMemory(asked, 25, 400)).toMatchObject({ readCacheBytes: 15 });
    expect(shareMemory(asked, 60, 400)).toMatchObject({ readCacheBytes: 0 });
  });

  it('gives the tail at most a quarter, but never less than the smallest one', () => {
    const asked = { ...values, 'hot-tail-bytes': 32 * MiB };
    const tailOf = (maxmemory: number): number =>
      shareMemory({ ...asked, maxmemory }, 0, 0).hotTailBytes / MiB;
    expect([1 * MiB, 32 * MiB, 127 * MiB, 512 * MiB].map(tailOf)).toEqual([1, 8, 31.75, 32]);
  });
});
