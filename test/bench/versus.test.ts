/** Comparisons of the benches of peers, on subjects whose figures are known. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PacedWrites } from '../../bench/lib/paced-writes.ts';
import type { BenchmarkFigures } from '../../bench/lib/redis-benchmark.ts';
import { printVersusTable, runVersus, type Subject } from '../../bench/lib/versus.ts';

const figuresOf = (perSecond: number): BenchmarkFigures =>
  ({ perSecond, p50Ms: 1000 / perSecond, p99Ms: 2, maxMs: 3 });

/** Gives `speeds` one after the other, and notes that it was asked. */
function subject(name: string, speeds: readonly number[], order: string[]): Subject {
  const rest = [...speeds];
  return {
    name, pids: [],
    measure: () => {
      order.push(name);
      return Promise.resolve(figuresOf(rest.shift() as number));
    },
  };
}

describe('two subjects in turn', () => {
  const run = (order: string[], figure: 'perSecond' | 'p50Ms') => runVersus({
    ours: subject('ours', [10, 30, 20], order), theirs: subject('theirs', [10, 10, 10], order),
    figure, rounds: 3,
  });

  it('are compared round by round, and who begins changes', async () => {
    const order: string[] = [];
    const { ratio, lowest, highest, ours } = await run(order, 'perSecond');
    expect([ratio, lowest, highest]).toEqual([2, 1, 3]);
    expect(ours.perSecond).toBe(20);
    expect(order).toEqual(['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs']);
  });

  it('are compared by latency where that is asked for', async () => {
    expect((await run([], 'p50Ms')).ratio).toBeCloseTo(0.5);
  });

  it('are judged by the side of the target that they are on', async () => {
    const result = await run([], 'perSecond');
    const lines: string[] = [];
    printVersusTable([
      { name: 'one', result, target: { bound: 'at least', ratio: 1.9 } },
      { name: 'two', result, target: { bound: 'at least', ratio: 2.1 } },
      { name: 'three', result, target: { bound: 'at most', ratio: 2.1 } },
      { name: 'four', result, target: { bound: 'at most', ratio: 1.9 } },
      { name: 'five', result, target: undefined },
    ], ['ours', 'theirs'], { smoke: false, print: (line) => lines.push(...line.split('\n')) });
    const verdicts = lines.slice(1).map((line) => /met|MISSED/.exec(line)?.[0] ?? 'none');
    expect(verdicts).toEqual(['met', 'MISSED', 'met', 'MISSED', 'none']);
  });
});

describe('paced writes', () => {
  let server: Server | undefined;
  let writes: PacedWrites | undefined;

  afterEach(() => {
    writes?.stop();
    server?.close();
  });

  /** Answers writes with what `answer` gives, at once or when that settles. */
  async function listen(answer: () => Promise<string>): Promise<number> {
    const made = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const count = data.toString('latin1').split('*3\r\n').length - 1;
        void answer().then((reply) => socket.write(reply.repeat(count)));
      });
    });
    server = made;
    await new Promise<void>((done) => made.listen(0, '127.0.0.1', done));
    return (made.address() as AddressInfo).port;
  }

  it('time an outage from its beginning to the first OK behind it', async () => {
    let open: Promise<void> = Promise.resolve();
    writes = new PacedWrites(await listen(() => open.then(() => '+OK\r\n')));
    const startMs = performance.now();
    await writes.untilAcked(startMs, 5000);
    const shutMs = performance.now();
    open = new Promise((done) => setTimeout(done, 300));
    const againMs = await writes.untilAcked(shutMs, 5000);
    expect(againMs).toBeGreaterThan(250);
    expect(writes.longestGapMs(startMs)).toBeGreaterThan(250);
    expect(writes.errors).toBe(0);
  });

  it('count errors, which end no outage', async () => {
    writes = new PacedWrites(await listen(() => Promise.resolve('-NOQUORUM nobody leads\r\n')));
    await expect(writes.untilAcked(performance.now(), 100)).rejects.toThrow('no OK in 100 ms');
    expect(writes.errors).toBeGreaterThan(0);
  });
});
