/** LATENCY: events that took long, and how long every command takes. */

import { drawBars } from '../../lib/bar-graph.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container } from '../containers.ts';
import { quotedWhole } from '../reply-errors.ts';
import type { CommandStat, LatencyEvent } from '../server-port.ts';

const FLAGS: readonly Flag[] = ['admin', 'noscript', 'loading', 'stale'];

/**
 * The first bucket of LATENCY HISTOGRAM ends here; each further one is twice as wide, as in Redis.
 */
const FIRST_BUCKET_NANOSECONDS = 1024;

function latest({ reply, server }: Context): void {
  const events = server.latency.latest();
  reply.array(events.length);
  for (const { event, samples, maxMs } of events) {
    const last = samples.at(-1);
    reply.array(4);
    reply.bulkText(event);
    reply.integer(last?.at ?? 0);
    reply.integer(last?.ms ?? 0);
    reply.integer(maxMs);
  }
}

function history({ args, reply, server }: Context): void {
  const samples = server.latency.history(args.latin1(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { at, ms } of samples) {
    reply.array(2);
    reply.integer(at);
    reply.integer(ms);
  }
}

const GRAPH_ROWS = 4;
const GRAPH_COLUMNS = 80;

function graph({ args, now, reply, server }: Context): void {
  const found = server.latency.history(args.latin1(2));
  if (found === undefined) {
    return reply.error(`ERR No samples available for event '${quotedWhole(args, 2)}'`);
  }
  const { event, samples, maxMs } = found;
  const times = samples.map(({ ms }) => ms);
  const bars = samples.map(({ at, ms }) => {
    return { value: ms, label: ageOf(Math.floor(now / 1000) - at) };
  });
  const head = `${event} - high ${Math.max(...times)} ms, low ${Math.min(...times)} ms ` +
    `(all time high ${maxMs} ms)\n${'-'.repeat(GRAPH_COLUMNS)}\n`;
  reply.verbatim('txt', head + drawBars(bars, GRAPH_ROWS, GRAPH_COLUMNS));
}

function ageOf(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function reset({ args, reply, server }: Context): void {
  const events: string[] = [];
  for (let i = 2; i < args.count; i++) events.push(args.latin1(i));
  reply.integer(server.latency.reset(events));
}

function histogram({ args, reply, server }: Context): void {
  const names = new Set<string>();
  for (let i = 2; i < args.count; i++) names.add(args.latin1(i).toLowerCase());
  const isWanted = ({ name }: CommandStat): boolean =>
    names.size === 0 || names.has(name) || names.has(name.split('|', 1)[0] ?? '');
  const stats = server.commandStats().filter((stat) => stat.calls > 0 && isWanted(stat));
  reply.map(stats.length);
  for (const stat of stats) replyHistogram(reply, stat);
}

function replyHistogram(reply: ReplyWriter, { name, calls, latency }: CommandStat): void {
  const buckets: (readonly [number, number])[] = [];
  let end = FIRST_BUCKET_NANOSECONDS;
  let seen = 0;
  latency.forEachBucket((first, _last, count) => {
    while (first >= end) end *= 2;
    seen += count;
    const micros = Math.floor(end / 1000);
    if (buckets.at(-1)?.[0] === micros) buckets.pop();
    buckets.push([micros, seen]);
  });
  reply.bulkText(name);
  reply.map(2);
  reply.bulkText('calls');
  reply.integer(calls);
  reply.bulkText('histogram_usec');
  reply.map(buckets.length);
  for (const [micros, count] of buckets) {
    reply.integer(micros);
    reply.integer(count);
  }
}

function doctor({ reply, server }: Context): void {
  reply.verbatim('txt', `${diagnose(server.latency.latest(), server.config.get(THRESHOLD))}\n`);
}

const THRESHOLD = 'latency-monitor-threshold';

function diagnose(events: readonly LatencyEvent[], threshold = '0'): string {
  if (threshold === '0') return `Nothing is recorded: ${THRESHOLD} is 0. CONFIG SET it first.`;
  if (events.length === 0) return `No event has taken ${threshold} ms or longer.`;
  const lines = events.map(({ event, samples, maxMs }) => {
    const sum = samples.reduce((total, { ms }) => total + ms, 0);
    const mean = (sum / Math.max(1, samples.length)).toFixed(1);
    return `${event}: ${samples.length} samples, ${mean} ms on average, ${maxMs} ms at worst.`;
  });
  return [
    ...lines,
    'SLOWLOG GET shows which commands took long; INFO dkvs whether the disk or the compactor ' +
      'was busy.',
  ].join('\n');
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'latency|latest', group: 'server', since: '2.8.13', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: latest,
    summary: 'Replies the newest sample and the longest time of each event.',
  },
  {
    name: 'latency|history', group: 'server', since: '2.8.13', arity: 3, flags: FLAGS,
    syntax: '<event>', complexity: 'O(1)', execute: history,
    summary: 'Replies time and milliseconds of the samples of an event.',
  },
  {
    name: 'latency|graph', group: 'server', since: '2.8.13', arity: 3, flags: FLAGS,
    syntax: '<event>', complexity: 'O(1)', execute: graph,
    summary: 'Draws the samples of an event.',
  },
  {
    name: 'latency|reset', group: 'server', since: '2.8.13', arity: -2, flags: FLAGS,
    syntax: '[<event> ...]', complexity: 'O(1)', execute: reset,
    summary: 'Forgets the samples of some events, or of all.',
  },
  {
    name: 'latency|histogram', group: 'server', since: '7.0.0', arity: -2, flags: FLAGS,
    syntax: '[<command> ...]', complexity: 'O(N) in the number of commands', execute: histogram,
    summary: 'Replies how many calls of each command ended within how many microseconds.',
  },
  {
    name: 'latency|doctor', group: 'server', since: '2.8.13', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: doctor,
    summary: 'Describes the recorded events for people.',
  },
];

export const latencyCommands = defineCommands([
  container({
    name: 'latency', group: 'server', since: '2.8.13', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About how long things take.',
  }, SUBCOMMANDS),
]);
