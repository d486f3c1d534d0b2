import { pino, type Logger } from 'pino';
import { describe, expect, it } from 'vitest';
import { DAMAGE_LINES_MAX, DAMAGE_LINES_MS } from '../../src/server/damage-log.ts';
import { DamageLog } from '../../src/server/damage-log.ts';
import { StoreError, damaged } from '../../src/store/store-error.ts';
import { SimClock } from '../sim/sim-clock.ts';

function recording(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  return { log, lines };
}

function refusedRead(offset: number): StoreError {
  return new StoreError('FAILED', `cannot read /data/a at byte ${offset}: EIO`, { file: '/data/a', offset });
}

describe('the log of damage', () => {
  it('has one line for a damaged place, however often it is met', () => {
    const { log, lines } = recording();
    const damage = new DamageLog(log, new SimClock());
    for (let i = 0; i < 5; i++) damage.report(damaged('/data/a', 8, 'it is bad'));
    damage.report(damaged('/data/b', 8, 'it is bad'));
    expect(lines).toEqual([
      '/data/a is damaged at byte 8: it is bad', '/data/b is damaged at byte 8: it is bad',
    ]);
    expect(damage.facts).toEqual({ damagedPlaces: 2, readErrors: 0, lastBadRead: lines[1] });
  });

  it('has few lines of a disk that fails at every read, and says how many are missing', () => {
    const { log, lines } = recording();
    const clock = new SimClock();
    const damage = new DamageLog(log, clock);
    for (let i = 0; i < DAMAGE_LINES_MAX + 90; i++) damage.report(refusedRead(i));
    expect(lines).toHaveLength(DAMAGE_LINES_MAX);
    clock.advance(DAMAGE_LINES_MS);
    damage.report(refusedRead(1));
    expect(lines.at(-1)).toBe('cannot read /data/a at byte 1: EIO; 90 more like this were not logged');
    expect(damage.facts.readErrors).toBe(DAMAGE_LINES_MAX + 91);
  });

  it('is for errors of one place on disk, not for a log that has failed or a bug', () => {
    expect(DamageLog.isBadRead(refusedRead(0))).toBe(true);
    expect(DamageLog.isBadRead(damaged('/data/a', 0, 'it is bad'))).toBe(true);
    expect(DamageLog.isBadRead(new StoreError('FAILED', 'cannot write'))).toBe(false);
    expect(DamageLog.isBadRead(new Error('a bug'))).toBe(false);
  });
});
