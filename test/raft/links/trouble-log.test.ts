import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LIMITED_LOG_LINES_MAX } from '../../../src/io/limited-log.ts';
import { TroubleLog } from '../../../src/raft/links/trouble-log.ts';
import { SimClock } from '../../sim/sim-clock.ts';

describe('the log of links that failed', () => {
  it('says little of strangers, however many addresses and reasons they have', () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line).msg) };
    const troubles = new TroubleLog(pino({ base: null }, stream), new SimClock());
    for (let i = 0; i < 1000; i++) troubles.reportStranger(`10.0.0.${i}`, `reason ${i}`);
    expect(lines).toHaveLength(LIMITED_LOG_LINES_MAX);
    troubles.report('b', 'nothing heard');
    troubles.report('b', 'nothing heard');
    expect(lines.slice(LIMITED_LOG_LINES_MAX)).toEqual(['no link with b: nothing heard']);
  });
});
