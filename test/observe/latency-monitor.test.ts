import { describe, expect, it } from 'vitest';
import { LATENCY_EVENTS_MAX, LATENCY_SAMPLES_MAX } from '../../src/observe/latency-monitor.ts';
import { LatencyMonitor } from '../../src/observe/latency-monitor.ts';

const T = 1_700_000_000_000;

describe('LatencyMonitor', () => {
  it('takes nothing while its threshold is 0', () => {
    const monitor = new LatencyMonitor();
    expect(monitor.isSlow(1e9)).toBe(false);
    monitor.thresholdMs = 10;
    expect([monitor.isSlow(9), monitor.isSlow(10)]).toEqual([false, true]);
  });

  it('keeps one sample a second, the longest of it', () => {
    const monitor = new LatencyMonitor();
    monitor.record('command', T, 20);
    monitor.record('command', T + 999, 50);
    monitor.record('command', T + 500, 30);
    monitor.record('command', T + 1000, 5);
    expect(monitor.history('command')).toEqual({
      event: 'command', maxMs: 50,
      samples: [{ at: 1_700_000_000, ms: 50 }, { at: 1_700_000_001, ms: 5 }],
    });
    expect(monitor.history('other')).toBeUndefined();
  });

  it('keeps the newest samples and the longest time of all', () => {
    const monitor = new LatencyMonitor();
    for (let i = 0; i < LATENCY_SAMPLES_MAX + 10; i++) monitor.record('e', T + i * 1000, 1000 - i);
    const history = monitor.history('e');
    expect(history?.samples).toHaveLength(LATENCY_SAMPLES_MAX);
    expect(history?.samples[0]?.at).toBe(1_700_000_010);
    expect(history?.maxMs).toBe(1000);
  });

  it('keeps a bounded number of events', () => {
    const monitor = new LatencyMonitor();
    for (let i = 0; i < LATENCY_EVENTS_MAX + 5; i++) monitor.record(`e${i}`, T, 1);
    expect(monitor.latest()).toHaveLength(LATENCY_EVENTS_MAX);
  });

  it('forgets some events, or all, and tells how many there were', () => {
    const monitor = new LatencyMonitor();
    for (const event of ['a', 'b', 'c']) monitor.record(event, T, 1);
    expect(monitor.reset(['a', 'none'])).toBe(1);
    expect(monitor.latest().map(({ event }) => event)).toEqual(['b', 'c']);
    expect(monitor.reset([])).toBe(2);
    expect(monitor.reset([])).toBe(0);
  });
});
