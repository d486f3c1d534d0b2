/**
 * `npm run inspect -- <directory>`: what is in a store's segments, and whether it is sound.
 *
 * Exit code 0: everything is as it was written. 1: something is damaged, or the index that a start
 * would make does not agree with the records. 2: it could not be read.
 */

import { NodeFiles } from '../io/node-files.ts';
import { inspectStore } from '../store/inspect.ts';
import type { SegmentReport, StoreReport } from '../store/inspect.ts';

const COLUMNS = [
  'segment', 'state', 'bytes', 'live', 'dead', 'puts', 'deltas', 'runs', 'pages',
  'tombstones', 'expiries',
];
const COLUMN_WIDTH = 12;

/** The report as text, one line each. */
export function formatReport(report: StoreReport): string[] {
  const { manifest, segments, keys, orphans, synced, tornTails } = report;
  const lines = [COLUMNS.map((name) => name.padStart(COLUMN_WIDTH)).join('')];
  for (const segment of segments) lines.push(formatSegment(segment));
  for (const { file, bad, isSealed } of segments) {
    for (const { offset, reason, key } of bad) {
      const owner = key === undefined ? '' : `, key ${JSON.stringify(key.toString('latin1'))}`;
      const tail = isSealed ? '' : ' (a torn tail, if it was never synced)';
      lines.push(`${file} at byte ${offset}: ${reason}${owner}${tail}`);
    }
  }
  for (const name of orphans) lines.push(`${name}: no part of the store, a start removes it`);
  for (const { name, bytes } of tornTails) {
    lines.push(`${name}: ${bytes} bytes that an earlier start cut from the log`);
  }
  if (synced !== undefined) {
    lines.push(`segment ${synced.fileId} is synced up to byte ${synced.bytes} at least`);
  }
  for (const [space, count] of [...keys].sort(([a], [b]) => a - b)) {
    lines.push(`space ${space}: ${count} keys${space === 0 ? " of the store's own" : ''}`);
  }
  lines.push(`next value_index at least ${manifest.nextValueIndex}, ` +
    `checkpoint ${manifest.checkpoint ?? 'none'}`);
  lines.push(...formatIndex(report));
  return lines;
}

function formatIndex({ index, indexSource }: StoreReport): string[] {
  const { slots, chains, records, segments, findings } = index;
  const checked = `the index that a start makes of its ${indexSource}: ${slots} keys, ` +
    `${chains} chains, ${records} records, ${segments} segments`;
  if (findings.length === 0) return [`${checked}: all agrees`];
  return [
    `${checked}: ${findings.length} faults`,
    ...findings.map(({ fault, text }) => `${fault}: ${text}`),
  ];
}

function formatSegment(segment: SegmentReport): string {
  const { id, isSealed, bytes, liveBytes, puts, deltas, runs, pages } = segment;
  const live = Math.min(liveBytes, bytes);
  const state = isSealed ? 'sealed' : 'open';
  const { tombstones, expiries } = segment;
  return [id, state, bytes, live, bytes - live, puts, deltas, runs, pages, tombstones, expiries]
    .map((value) => String(value).padStart(COLUMN_WIDTH)).join('');
}

/** Inspects the directory that the arguments name; returns the exit code. */
export async function inspect(args: readonly string[],
  print: (line: string) => void): Promise<number> {
  const [dir] = args;
  if (dir === undefined || args.length !== 1) {
    print('usage: inspect <directory of the store>');
    return 2;
  }
  try {
    const report = await inspectStore(new NodeFiles(), dir);
    formatReport(report).forEach(print);
    const isSound = report.segments.every(({ bad }) => bad.length === 0);
    return isSound && report.index.findings.length === 0 ? 0 : 1;
  } catch (error) {
    print(`cannot inspect ${dir}: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}

if (import.meta.filename === process.argv[1]) {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  process.exitCode = await inspect(process.argv.slice(2), print);
}
