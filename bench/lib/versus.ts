/**
 * Two subjects under the same load in turn, round by round. The ratio within one round is the
 * result, its median over the rounds above all: a machine that others use too slows both of a
 * round, and rarely one. Who begins changes from round to round, because whatever a load leaves
 * behind, such as dirty pages or a warm disk, meets the one that comes next.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type BenchOptions, verdict } from './bench.ts';
import { readCpuSeconds, readEndedChildrenCpuSeconds } from './cpu.ts';
import type { BenchmarkFigures } from './redis-benchmark.ts';
import { median } from './statistics.ts';
import { formatTable } from './table.ts';

/** For what the last load has left to do. */
const REST_MS = 200;

export interface Subject {
  readonly name: string;
  /** The servers, for their share of the CPU. */
  readonly pids: readonly number[];
  /** Loads it from processes that have ended when this settles. */
  measure(): Promise<BenchmarkFigures>;
}

export interface Versus {
  readonly ours: Subject;
  readonly theirs: Subject;
  /** Whose ratio, ours / theirs, is the result. */
  readonly figure: 'perSecond' | 'p50Ms';
  readonly rounds: number;
}

export interface Measured extends BenchmarkFigures {
  /** Cores that the servers used, all together, and the processes that loaded them. */
  readonly serverCores: number;
  readonly loadCores: number;
}

export interface VersusResult {
  readonly ours: Measured;
  readonly theirs: Measured;
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

export async function runVersus({ ours, theirs, figure, rounds }: Versus): Promise<VersusResult> {
  const ourFigures: Measured[] = [];
  const theirFigures: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    const areWeFirst = round % 2 === 0;
    if (areWeFirst) ourFigures.push(await measure(ours));
    theirFigures.push(await measure(theirs));
    if (!areWeFirst) ourFigures.push(await measure(ours));
  }
  const ratios = ourFigures.map((one, i) => one[figure] / (theirFigures[i] as Measured)[figure]);
  return {
    ours: mediansOf(ourFigures),
    theirs: mediansOf(theirFigures),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

async function measure(subject: Subject): Promise<Measured> {
  await delay(REST_MS);
  const serversBefore = sumCpuSeconds(subject.pids);
  const loadBefore = readEndedChildrenCpuSeconds();
  const startMs = performance.now();
  const figures = await subject.measure();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    ...figures,
    serverCores: (sumCpuSeconds(subject.pids) - serversBefore) / seconds,
    loadCores: (readEndedChildrenCpuSeconds() - loadBefore) / seconds,
  };
}

function sumCpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readCpuSeconds(pid), 0);
}

function mediansOf(figures: readonly Measured[]): Measured {
  const of = (name: keyof Measured): number => median(figures.map((one) => one[name]));
  return {
    perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), maxMs: of('maxMs'),
    serverCores: of('serverCores'), loadCores: of('loadCores'),
  };
}

/** What a ratio must be, at least or at most. */
export interface Target {
  readonly bound: 'at least' | 'at most';
  readonly ratio: number;
}

export interface VersusRow {
  readonly name: string;
  readonly result: VersusResult;
  /** Undefined: shown, not judged. */
  readonly target: Target | undefined;
}

/** Prints all rows; `names` are those of both subjects. */
export function printVersusTable(
  rows: readonly VersusRow[], names: readonly [string, string], options: BenchOptions,
): void {
  const [ours, theirs] = names;
  options.print(formatTable(
    ['case', `${ours} a second`, theirs, 'ratio', 'lowest', 'highest', 'target', '',
      `p50/p99 ms ${ours}`, theirs, `cores of servers+load ${ours}`, theirs],
    rows.map((row) => formatRow(row, options)),
  ));
}

function formatRow({ name, result, target }: VersusRow, options: BenchOptions): string[] {
  const { ours, theirs, ratio, lowest, highest } = result;
  const both = (format: (one: Measured) => string): string[] => [format(ours), format(theirs)];
  return [
    name,
    ...both(({ perSecond }) => Math.round(perSecond).toLocaleString('en-US')),
    ratio.toFixed(3), lowest.toFixed(3), highest.toFixed(3),
    ...target === undefined ? ['-', ''] : [`${target.bound} ${target.ratio}`,
      verdict(isMet(ratio, target), options)],
    ...both(({ p50Ms, p99Ms }) => `${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)}`),
    ...both(({ serverCores, loadCores }) => `${serverCores.toFixed(2)}+${loadCores.toFixed(2)}`),
  ];
}

export function isMet(ratio: number, target: Target): boolean {
  return target.bound === 'at least' ? ratio >= target.ratio : ratio <= target.ratio;
}
