/**
 * Options that may be others at each start, and of each peer. What depends on them is not what
 * commands do, so the model knows nothing of them, and peers hold the same.
 *
 * Limits of single commands (proto-max-bulk-len, databases) are above what the clients ask for.
 */

import type { Chance } from './chance.ts';
import type { MachineOptions, TinySizes } from './sim-machine.ts';

export interface OtherOptions {
  readonly options: MachineOptions;
  readonly tiny: TinySizes;
}

export function otherOptions(chance: Chance, isAlone: boolean): OtherOptions {
  return {
    options: {
      'hz': chance.choose([1, 10, 100]),
      'active-expire-effort': chance.choose([1, 10]),
      'databases': chance.choose([16, 17, 1024]),
      'proto-max-bulk-len': chance.choose(['8mb', '64mb', '512mb']),
      'compaction-disk-ratio': chance.choose([1.1, 1.5, 4]),
      'read-cache-bytes': chance.choose([0, 100_000, 1_000_000]),
      'notify-keyspace-events': chance.choose(['', 'KEA']),
      'hash-max-listpack-entries': chance.choose([2, 512]),
      'hll-sparse-max-bytes': chance.choose([30, 3000]),
      ...!isAlone && peerOptions(chance),
    },
    tiny: {
      'segment-bytes': chance.choose([4096, 16_384, 131_072, 1_000_000]),
      'hot-tail-bytes': chance.choose([8192, 65_536, 1_000_000]),
      'compaction-min-bytes': chance.choose([8192, 100_000, 1_000_000]),
      'maxmemory': chance.choose([11_000_000, 12_000_000, 20_000_000]),
      ...!isAlone && { 'raft-log-bytes': chance.choose([10_000, 100_000, 2_000_000]) },
    },
  };
}

/** Replies rest on the majority, whatever becomes of the store. */
function peerOptions(chance: Chance): MachineOptions {
  return {
    'appendfsync': chance.choose(['always', 'everysec', 'no']),
    'consistency': chance.choose(['sequential', 'linearizable']),
    'broadcast-timeout': chance.choose([2000, 5000, 8000]),
    'snapshot-rate': chance.choose(['1mb', '64mb']),
  };
}
