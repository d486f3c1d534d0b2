import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LIMITED_LOG_LINES_MAX, LIMITED_LOG_MS } from '../../src/io/limited-log.ts';
import { LimitedLog } from '../../src/io/limited-log.ts';

function start() {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const clock = { nowMs: 1000 };
  return { lines, clock, log: new LimitedLog(pino({ base: null }, stream), () => clock.nowMs) };
}

describe('lines that anybody can cause', () => {
  it('are written up to their bound a minute, and the rest is counted', () => {
    const { lines, clock, log } = start();
    for (let i = 0; i < LIMITED_LOG_LINES_MAX + 500; i++) log.info({ client: i }, 'bad input');
    expect(lines).toHaveLength(LIMITED_LOG_LINES_MAX);
    clock.nowMs += LIMITED_LOG_MS - 1;
    log.flush();
    expect(lines).toHaveLength(LIMITED_LOG_LINES_MAX);
    clock.nowMs += 1;
    log.flush();
    expect(lines.at(-1)).toMatchObject({
      leftOut: 500, msg: 'bad input: 500 more such lines in 60 s left out',
    });
    log.flush();
    log.info({ client: 'next' }, 'bad input');
    expect(lines).toHaveLength(LIMITED_LOG_LINES_MAX + 2);
    expect(lines.at(-1)).toMatchObject({ client: 'next', msg: 'bad input' });
  });

  it('are counted for each class apart, and say nothing when none was left out', () => {
    const { lines, clock, log } = start();
    for (let i = 0; i < LIMITED_LOG_LINES_MAX * 2; i++) log.info({}, 'one');
    log.warn({}, 'other');
    expect(lines.map(({ msg }) => msg).filter((msg) => msg === 'other')).toHaveLength(1);
    clock.nowMs += LIMITED_LOG_MS;
    log.warn({}, 'other');
    expect(lines.slice(-2).map(({ msg, level }) => [msg, level])).toEqual([
      [`one: ${LIMITED_LOG_LINES_MAX} more such lines in 60 s left out`, 30], ['other', 40],
    ]);
  });
});
