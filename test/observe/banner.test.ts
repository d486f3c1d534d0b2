import { describe, expect, it } from 'vitest';
import { formatBanner, type BannerFacts } from '../../src/observe/banner.ts';
import { formatAmount } from '../../src/observe/format-amount.ts';

const facts: BannerFacts = {
  version: '1.2.3',
  nodeVersion: '20.20.0',
  pid: 4711,
  listening: ['127.0.0.1:6379', '[::1]:6379'],
  dataDir: '/srv/data',
  keys: 1_234_567,
  recoveryMs: 812.4,
  fsync: 'everysec',
  memoryBytes: 4 * 1024 ** 3,
  isMemoryAutomatic: true,
  peers: 0,
  configFile: undefined,
};

describe('the banner', () => {
  it('says on one screen where the server listens and what its replies promise', () => {
    expect(formatBanner(facts)).toBe(
      [
        '',
        'dkvs 1.2.3',
        '',
        '  listening  127.0.0.1:6379',
        '             [::1]:6379',
        '  data       /srv/data',
        '  keys       1,234,567, recovered in 812 ms',
        '  fsync      everysec: a power cut may cost the last second, a crash nothing',
        '  memory     4.00G, a quarter of this machine',
        '  peers      none: a single server',
        '  config     defaults (config/dkvs.conf explains every option)',
        '  process    4711, Node 20.20.0',
        '',
        '',
      ].join('\n'),
    );
  });

  it('names the majority when there are peers, and stays below 100 columns', () => {
    const text = formatBanner({ ...facts, peers: 2, recoveryMs: 61_500, configFile: 'my.conf' });
    expect(text).toContain('everysec here; OK means that a majority has it on disk\n');
    expect(text).toContain('recovered in 61.5 s\n');
    expect(text).toContain('  config     my.conf\n');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(100);
  });

  it('says so when nothing listens', () => {
    expect(formatBanner({ ...facts, listening: [] })).toContain('  listening  nowhere\n');
  });
});

describe('amounts', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [1_610_612_736, '1.50G'],
    [2 ** 60, '1024.00P'],
  ])('%i bytes are %s', (bytes, shown) => {
    expect(formatAmount(bytes)).toBe(shown);
  });
});
