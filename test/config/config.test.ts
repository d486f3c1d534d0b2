import { describe, expect, it } from 'vitest';
import { Config } from '../../src/config/config.ts';

const prefix = 'CONFIG SET failed (possibly related to argument';
const PERCENTILES = 'latency-tracking-info-percentiles parameters';
const show = (config: Config, name: string) => config.get((each) => each === name)[0]?.[1];

describe('CONFIG GET', () => {
  it('shows values in base units, under former names as well', () => {
    const config = new Config();
    expect(show(config, 'proto-max-bulk-len')).toBe('536870912');
    expect(show(config, 'hash-max-listpack-entries')).toBe('512');
    expect(show(config, 'hash-max-ziplist-entries')).toBe('512');
    expect(show(config, 'bind')).toBe('127.0.0.1 -::1');
    expect(show(config, 'protected-mode')).toBe('yes');
    expect(show(config, 'save')).toBe('');
    expect(show(config, 'nosuch')).toBeUndefined();
  });
});

describe('CONFIG SET', () => {
  it.each([
    ['maxmemory', '100mb', '104857600'],
    ['MAXMEMORY', '1k', '1000'],
    ['appendfsync', 'ALWAYS', 'always'],
    ['requirepass', 'two words', 'two words'],
    ['notify-keyspace-events', 'KEA', 'AKE'],
    ['slowlog-log-slower-than', '-1', '-1'],
    ['compaction-disk-ratio', '2', '2'],
    ['save', '3600 1 300 100', '3600 1 300 100'],
    ['lua-time-limit', '100', '100'],
    ['latency-tracking-info-percentiles', '0 33.33 100', '0 33.33 100'],
    ['latency-tracking-info-percentiles', '', ''],
  ])('%s %s is shown as %s', (name, text, shown) => {
    const config = new Config();
    expect(config.set([[name, text]])).toEqual({ ok: true });
    expect(show(config, name.toLowerCase())).toBe(shown);
  });

  it.each([
    ['maxmemory', 'abc', 'argument must be a memory value'],
    ['maxmemory', '1.5gb', 'argument must be a memory value'],
    ['slowlog-max-len', 'abc', "argument couldn't be parsed into an integer"],
    ['hz', '-1', 'argument must be between 0 and 2147483647 inclusive'],
    ['latency-tracking-info-percentiles', '50 101', `${PERCENTILES} should sit between [0.0,100.0]`],
    ['latency-tracking-info-percentiles', '-1', `${PERCENTILES} should sit between [0.0,100.0]`],
    ['latency-tracking-info-percentiles', '50 x', `Invalid ${PERCENTILES}`],
    ['user', 'default on nopass ~* &* +@all', "can't set immutable config"],
    ['timeout', '-1', 'argument must be between 0 and 2147483647 inclusive'],
    ['activerehashing', 'maybe', "argument must be 'yes' or 'no'"],
    ['appendfsync', 'x', 'argument(s) must be one of the following: everysec, always, no'],
    ['notify-keyspace-events', 'q', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    ['port', '1', "can't set immutable config"],
    ['dir', 'x', "can't set immutable config"],
    ['save', '1 2 3', 'Invalid save parameters'],
    [
      'client-output-buffer-limit',
      'normal 1 2',
      'Wrong number of arguments in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'foo 1 2 3',
      'Invalid client class specified in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'normal 1 2 x',
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    ],
  ])('refuses %s %s with the words of Redis', (name, text, reason) => {
    const config = new Config();
    const before = config.get(() => true);
    const message = `${prefix} '${name}') - ${reason}`;
    expect(config.set([[name, text]])).toEqual({ ok: false, message });
    expect(config.get(() => true)).toEqual(before);
  });

  it('brings hz within its bounds, as Redis does, and says so', () => {
    const config = new Config();
    expect(config.set([['hz', '1000']]))
      .toEqual({ ok: true, notes: ['hz 1000 is not from 1 to 500: 500 is used'] });
    expect(show(config, 'hz')).toBe('500');
  });

  it('says why keys are never evicted', () => {
    const outcome = new Config().set([['maxmemory-policy', 'allkeys-lru']]);
    expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining('never evicts') });
  });

  it('refuses unknown options', () => {
    expect(new Config().set([['nosuch', '1']])).toEqual({
      ok: false,
      message: "Unknown option or number of arguments for CONFIG SET - 'nosuch'",
    });
  });

  it('changes all or nothing', () => {
    const config = new Config();
    const outcome = config.set([
      ['timeout', '7'],
      ['hz', 'fast'],
    ]);
    expect(outcome.ok).toBe(false);
    expect(config.values.timeout).toBe(0);
  });

  it('refuses a name given twice, an alias included', () => {
    const twice = [
      ['hash-max-listpack-value', '1'],
      ['hash-max-ziplist-value', '2'],
    ] as const;
    expect(new Config().set(twice)).toEqual({
      ok: false,
      message: `${prefix} 'hash-max-ziplist-value') - duplicate parameter`,
    });
  });

  it('changes the named client classes only', () => {
    const config = new Config();
    const before = config.values['client-output-buffer-limit'];
    config.set([['client-output-buffer-limit', 'slave 1kb 2k 3']]);
    expect(config.values['client-output-buffer-limit']).toEqual({
      ...before,
      replica: { hardBytes: 1024, softBytes: 2000, softSeconds: 3 },
    });
    expect(show(config, 'client-output-buffer-limit')).toBe(
      'normal 1073741824 268435456 60 slave 1024 2000 3 pubsub 33554432 8388608 60',
    );
  });
});

describe('listeners', () => {
  it('hear one change of their options, after all of it is in force', () => {
    const config = new Config();
    const heard: string[] = [];
    config.onChange(['timeout', 'hz'], ({ timeout, hz }) => heard.push(`${timeout} ${hz}`));
    config.set([
      ['timeout', '7'],
      ['hz', '20'],
    ]);
    expect(heard).toEqual(['7 20']);
  });

  it('hear nothing of other options, of equal values, or after they have ended', () => {
    const config = new Config();
    let calls = 0;
    const end = config.onChange(['timeout'], () => (calls += 1));
    config.set([['hz', '20']]);
    config.set([['timeout', '0']]);
    expect(calls).toBe(0);
    end();
    config.set([['timeout', '1']]);
    expect(calls).toBe(0);
  });
});
