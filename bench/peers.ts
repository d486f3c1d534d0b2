/**
 * What peers are worth and what they cost: beside etcd, beside a server alone, beside a build
 * without them, when the leader is killed, and when a peer has lost its disk. Every part, and every
 * case of one, runs alone with `--only`.
 *
 * Servers and load share one machine, and all data is on the disk of the temporary folder: with
 * TMPDIR in RAM, no figure of a write means anything.
 */

import { type BenchOptions } from './lib/bench.ts';
import { describeMachine } from './lib/machine.ts';
import { runPeersAlone } from './peers-alone.ts';
import { runPeersEtcd } from './peers-etcd.ts';
import { runPeersFailover } from './peers-failover.ts';
import { runPeersRejoin } from './peers-rejoin.ts';
import { runPeersSeam } from './peers-seam.ts';

const PARTS = [runPeersEtcd, runPeersAlone, runPeersFailover, runPeersSeam, runPeersRejoin];

/** A part that fails does not keep the others from running; throws at the end. */
export async function runPeers(options: BenchOptions): Promise<void> {
  options.print(`machine: ${describeMachine()}`);
  const errors: unknown[] = [];
  for (const part of PARTS) {
    try {
      await part(options);
    } catch (error) {
      errors.push(error);
      options.print(`${part.name} FAILED: ${error instanceof Error ? error.message : `${error}`}`);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} parts failed`);
}
