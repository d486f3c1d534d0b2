/**
 * Which quick tests are run for the mutants of a folder: those of its own, and of what stands on
 * it. Left out are tests of the built program, which a mutant is not in, those that compare with
 * another server, and those that take longer than ten seconds or compute much: code that may be
 * mutated everywhere is many times slower.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const TOO_FAR = [
  /^test\/(?:bench|checker|cli|clients|config|crash|mutation|processes|tidy)\//,
  /beside-redis|-redis\.test|command-arguments|key-specs/,
  new RegExp('^test/wire/(?:as-redis|blocking|compare|connection|damaged-records|error-traits|' +
    'latency-graph|many-arguments|memory-budget|peer-clients|peer-minority|peer-standing|' +
    'raw-bytes|shutdown|small-memory|synced-tail)\\.'),
  /^test\/raft\/contract\/raft-engine|^test\/sim\/whole\/no-real-world/,
  /choose-simulation|amplification|key-index-bench|planted-faults/,
  /\.deep\.test\.ts$/,
];

/** Computes for ten seconds, and comes past nothing but its folder. */
const OWN_ONLY = /^test\/store\/index\/key-index/;

/** The longest name that a folder begins with counts. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  '': ['test/lib', 'test/io', 'test/protocol', 'test/keyspace', 'test/commands', 'test/observe'],
  'cluster': ['test/cluster', 'test/engine', 'test/wire'],
  'engine': ['test/engine', 'test/commands', 'test/net', 'test/cluster', 'test/wire'],
  'net': ['test/net', 'test/engine', 'test/session', 'test/wire'],
  'raft': ['test/raft', 'test/cluster', 'test/wire/peers.test.ts'],
  'session': ['test/session', 'test/net', 'test/engine', 'test/commands', 'test/cluster',
    'test/wire'],
  'store': ['test/store', 'test/keyspace'],
};

/** `folder` below src; paths below `root`. */
export function testsOf(root: string, folder: string): string[] {
  const name = Object.keys(TESTS)
    .filter((each) => each === '' || folder === each || folder.startsWith(`${each}/`))
    .reduce((longest, each) => each.length > longest.length ? each : longest);
  return (TESTS[name] ?? []).flatMap((each) => filesOf(root, each))
    .filter((path) => path.endsWith('.test.ts') && !TOO_FAR.some((pattern) => pattern.test(path)))
    .filter((path) => !OWN_ONLY.test(path) || path.startsWith(`test/${folder}/`));
}

function filesOf(root: string, path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [path];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .map((name) => `${path}/${name.replaceAll('\\', '/')}`).toSorted();
}
