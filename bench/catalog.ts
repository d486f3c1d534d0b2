/** All benches, in the order in which they are listed. To add one: a file, a line here. */

import { COLLECTIONS } from './collections.ts';
import { runHugeHash } from './huge-hash.ts';
import { runIndexMemory } from './index-memory.ts';
import { runLargerThanMemory } from './larger-than-memory.ts';
import { runLatency } from './latency.ts';
import { type Bench, type BenchOptions, roundsOf } from './lib/bench.ts';
import { run as runOverwrite } from './overwrite.ts';
import { runPeers } from './peers.ts';
import { runRecovery } from './recovery.ts';
import { runThroughput, type ThroughputOptions } from './lib/throughput.ts';
import { THROUGHPUT } from './throughput.ts';
import { run as runValueIndex } from './key-index.ts';

const SMOKE_SCALE = 0.001;

function throughputOptions(options: BenchOptions): ThroughputOptions {
  const { only, print, smoke } = options;
  return {
    rounds: roundsOf(options), scale: smoke ? SMOKE_SCALE : 1, print,
    ...only === undefined ? {} : { only },
  };
}

export const BENCHES: readonly Bench[] = [
  {
    name: 'throughput',
    summary: 'redis-benchmark against dkvs, redis-server and js-redis-server, alternating',
    needs: ['redis-server', 'redis-benchmark'],
    run: (options) => runThroughput(THROUGHPUT, throughputOptions(options)),
  },
  {
    name: 'collections',
    summary: 'the same for lists, hashes, sets and sorted sets: small, and of a million elements',
    needs: ['redis-server', 'redis-benchmark'],
    run: (options) => runThroughput(COLLECTIONS, throughputOptions(options)),
  },
  {
    name: 'recovery',
    summary: 'from kill -9 or a clean stop to PONG with ten million keys, beside Redis and its AOF',
    needs: ['redis-server'],
    run: runRecovery,
  },
  {
    name: 'larger-than-memory',
    summary: 'GET from eight times the memory budget, against a bare loop of fs.read',
    needs: ['redis-benchmark'],
    run: runLargerThanMemory,
  },
  {
    name: 'overwrite',
    summary: 'five times the dataset overwritten: write amplification, disk, latency, pauses',
    needs: [],
    run: ({ smoke, keys, print }) =>
      runOverwrite({ smoke, print, ...keys === undefined ? {} : { keys } }),
  },
  {
    name: 'latency',
    summary: 'SET and GET at a fixed rate with compaction on and off, over sockets, beside Redis',
    needs: [],
    run: runLatency,
  },
  {
    name: 'huge-hash',
    summary: 'the longest pauses while a hash of a million fields is filled, changed and read cold',
    needs: [],
    run: runHugeHash,
  },
  {
    name: 'index-memory',
    summary: 'RAM a key and the longest pause of a server that takes twenty million keys',
    needs: [],
    run: runIndexMemory,
  },
  {
    name: 'peers',
    summary: 'three peers beside etcd and beside one server; a leader killed, a peer wiped',
    needs: ['redis-benchmark'],
    run: runPeers,
  },
  {
    name: 'key-index',
    summary: 'the key index alone: memory, insert, hit, miss, removal, scan, dump and load',
    needs: [],
    run: ({ smoke, keys, print }) =>
      Promise.resolve(runValueIndex({ smoke, print, ...keys === undefined ? {} : { keys } })),
  },
];
