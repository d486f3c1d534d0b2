/**
 * Every bench runs, briefly, as `npm run bench` would run it, so that none rots. The figures of
 * such a run mean nothing; that they are there does. The quick tests run those that take a second.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { BENCHES } from '../../bench/catalog.ts';
import { hasCommand, ROOT } from '../../bench/lib/servers.ts';

export const run = promisify(execFile);
export const MAIN = join(ROOT, 'dist/bench/main.js');

/** A bench that starts many servers takes most of a minute on two busy cores. */
const TIMEOUT_MS = 180_000;

/** Lines that each bench must print, with a figure above zero where one is. */
const EXPECTED: Readonly<Record<string, readonly RegExp[]>> = {
  throughput: [/^SET always -P 1 +[1-9]/m, /^SET always -P 16 +[1-9]/m],
  collections: [
    /^LPUSH -P 1 +[1-9]/m, /^ZPOPMIN -P 16 +[1-9]/m, /^RPUSH of small keys -P 16 +[1-9]/m,
    /^ZRANK of a million -P 16 +[1-9]/m,
  ],
  recovery: [
    /^dkvs, kill -9 +\d/m, /^dkvs, clean stop +\d/m, /^redis, AOF as written +\d/m,
    /^redis, AOF rewritten +\d/m, /^dkvs after kill -9 is ready \d+\.\d+ times faster/m,
  ],
  'larger-than-memory': [
    /^-P 16 /m, /^dkvs GET +[1-9]/m, /^bare fs\.read loop +[1-9]/m, /^dkvs \/ bare loop \d/m,
  ],
  overwrite: [/^bytes written per byte +[1-9]/m],
  latency: [/^dkvs, compaction on +\d/m, /^longest pause with compaction \d/m],
  'huge-hash': [/^filled +\d/m, /^HGET after a restart +\d/m, /^longest pause \d/m],
  'index-memory': [
    /^bytes a key, account of the index +[1-9]/m, /^longest pause while growing.* \d/m,
  ],
  peers: [
    ...hasCommand('etcd') ? ['SET', 'SET -P 16', 'linearizable GET'].flatMap((name) => [
      new RegExp(`^${name} on the leader +[1-9]`, 'm'), new RegExp(`^${name} on all +[1-9]`, 'm'),
    ]) : [/^beside etcd: left out/m],
    /^sequential GET +[1-9]/m, /^ceiling, SET +[1-9]/m, /^seam, GET -P 16 +[1-9]/m,
    /^leader killed: writes again after at most [1-9]/m,
    /^wiped peer: it answered .* had caught up after \d+\.[0-9]/m,
    /^wiped peer: p99 during \/ before, SET [0-9]/m,
  ],
  'key-index': [/^memory +[1-9]/m, /^random hit +[1-9]/m],
};

const QUICK: ReadonlySet<string> = new Set(['throughput', 'key-index']);

/** Narrows benches of many cases, so that each takes seconds. */
const ONLY: Readonly<Record<string, string>> = {
  throughput: 'SET always', latency: 'dkvs', 'index-memory': 'dkvs',
};

/** A build beside itself: the comparison runs, and says nothing. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  peers: ['--before', join(ROOT, 'dist')],
};

/** `isQuick`: those that the quick tests run, or the others. */
export function describeBenches(isQuick: boolean): void {
  for (const { name, needs } of BENCHES.filter((bench) => QUICK.has(bench.name) === isQuick)) {
    const missing = needs.filter((program) => !hasCommand(program));
    const title = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
    it.skipIf(missing.length > 0)(`${name} runs and says what it measured${title}`, async () => {
      const only = ONLY[name];
      const args = [MAIN, name, '--smoke', ...only === undefined ? [] : ['--only', only],
        ...MORE[name] ?? []];
      const { stdout } = await run(process.execPath, args, { timeout: TIMEOUT_MS });
      expect(EXPECTED).toHaveProperty([name]);
      for (const line of EXPECTED[name] ?? []) expect(stdout).toMatch(line);
    }, TIMEOUT_MS);
  }
}
