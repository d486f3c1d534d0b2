import { describe, expect, it } from 'vitest';
import { SlowLog } from '../../src/observe/slow-log.ts';
import { Args } from '../../src/protocol/args.ts';

const NOW = 1_700_000_000_999;

function filled(count: number): SlowLog {
  const log = new SlowLog();
  for (let i = 0; i < count; i++) log.add(NOW, 20_000 + i, Args.of('GET', `k${i}`), 'here:1', 'me');
  return log;
}

describe('SlowLog', () => {
  it('takes what is as slow as the threshold; 0 takes all, a negative one nothing', () => {
    const log = new SlowLog();
    expect([log.isSlow(9999), log.isSlow(10_000)]).toEqual([false, true]);
    log.thresholdMicros = 0;
    expect(log.isSlow(0)).toBe(true);
    log.thresholdMicros = -1;
    expect(log.isSlow(1e9)).toBe(false);
  });

  it('gives entries newest first, with whole seconds and microseconds', () => {
    const [newest, oldest] = filled(2).get(-1);
    expect(newest).toEqual({
      id: 1, at: 1_700_000_000, microseconds: 20_001, client: 'here:1', clientName: 'me',
      args: [Buffer.from('GET'), Buffer.from('k1')],
    });
    expect(oldest?.id).toBe(0);
  });

  it('gives as many as are asked for', () => {
    const log = filled(5);
    expect([0, 1, 5, 9].map((count) => log.get(count).length)).toEqual([0, 1, 5, 5]);
    expect(log.get(2).map(({ id }) => id)).toEqual([4, 3]);
  });

  it('keeps the newest, fewer when the length is made smaller, none when it is 0', () => {
    const log = filled(200);
    expect([log.length, log.get(1)[0]?.id]).toEqual([128, 199]);
    log.lengthMax = 3;
    expect(log.get(-1).map(({ id }) => id)).toEqual([199, 198, 197]);
    log.lengthMax = 0;
    log.add(NOW, 1, Args.of('GET'), '', '');
    expect(log.length).toBe(0);
  });

  it('goes on counting ids after a reset', () => {
    const log = filled(3);
    log.reset();
    log.add(NOW, 1, Args.of('GET'), '', '');
    expect(log.get(-1).map(({ id }) => id)).toEqual([3]);
  });

  it('shortens many arguments and long ones, and says by how much', () => {
    const log = new SlowLog();
    const many = Array.from({ length: 40 }, (_, i) => `a${i}`);
    log.add(NOW, 1, Args.of('x'.repeat(130), ...many), '', '');
    const args = log.get(1)[0]?.args.map(String) ?? [];
    expect(args).toHaveLength(32);
    expect(args[0]).toBe(`${'x'.repeat(128)}... (2 more bytes)`);
    expect(args[31]).toBe('... (10 more arguments)');
  });

  it('owns what it keeps', () => {
    const log = new SlowLog();
    const args = Args.of('GET', 'key');
    log.add(NOW, 1, args, '', '');
    args.buf.fill(0);
    expect(log.get(1)[0]?.args.map(String)).toEqual(['GET', 'key']);
  });
});
