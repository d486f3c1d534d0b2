import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { describeConfigError, loadConfig } from '../../src/config/load-config.ts';
import { shareMemory } from '../../src/config/memory-budget.ts';
import { OPTIONS } from '../../src/config/options.ts';

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
    const described = errors.map((error) => describeConfigError(error, source));
    expect(described[0]).toBe(
      "In my.conf, line 1:\n    port abc\n    argument couldn't be parsed into an integer\n" +
        '    allowed: a whole number from 0 to 65535',
    );
    expect(described[4]).toContain('include is not supported');
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
});
