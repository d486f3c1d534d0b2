/**
 * What a person sees when the server is ready: one screen that says where it listens, where the
 * data is, and what a reply will promise. Pure: facts in, text out.
 */
import { formatAmount } from './format-amount.ts';

export interface BannerFacts {
  readonly version: string;
  readonly nodeVersion: string;
  readonly pid: number;
  /** `127.0.0.1:6379`, `[::1]:6379` or the path of a socket. */
  readonly listening: readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  readonly keys: number;
  readonly recoveryMs: number;
  readonly fsync: 'always' | 'everysec' | 'no';
  readonly memoryBytes: number;
  readonly isMemoryAutomatic: boolean;
  /** Other servers of the cluster; none when alone. */
  readonly peers: number;
  /** Undefined when there was none. */
  readonly configFile: string | undefined;
}

const FSYNC_PROMISES = {
  always: 'always: OK means on disk',
  everysec: 'everysec: a power cut may cost the last second, a crash nothing',
  no: 'no: the kernel decides when',
} as const;

/** Ends with a newline. */
export function formatBanner(facts: BannerFacts): string {
  const [first = 'nowhere', ...others] = facts.listening;
  const amount = formatAmount(facts.memoryBytes);
  const promise =
    facts.peers === 0
      ? FSYNC_PROMISES[facts.fsync]
      : `${facts.fsync} here; OK means that a majority has it on disk`;
  const rows: [label: string, text: string][] = [
    ['listening', first],
    ...others.map((place): [string, string] => ['', place]),
    ['data', facts.dataDir],
    ['keys', `${formatCount(facts.keys)}, recovered in ${formatMs(facts.recoveryMs)}`],
    ['fsync', promise],
    ['memory', facts.isMemoryAutomatic ? `${amount}, a quarter of this machine` : amount],
    ['peers', facts.peers === 0 ? 'none: a single server' : String(facts.peers)],
    ['config', facts.configFile ?? 'defaults (config/dkvs.conf explains every option)'],
    ['process', `${facts.pid}, Node ${facts.nodeVersion}`],
  ];
  const body = rows.map(([label, text]) => `  ${label.padEnd(11)}${text}`);
  return ['', `dkvs ${facts.version}`, '', ...body, '', ''].join('\n');
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

function formatMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
