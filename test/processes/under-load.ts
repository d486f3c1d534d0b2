/**
 * Trouble for servers while clients use them, and at its end the proof that nothing was lost: the
 * history is linearizable, reads of every key through every server included; all servers hold the
 * same; everything acknowledged is there, and nothing that was refused.
 */

import { expect } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import { mustBeLinearizable } from '../checker/linearizability.ts';
import { stringModel } from '../checker/models.ts';
import { Load } from './load.ts';
import { mustHoldTheSame } from './peer-content.ts';
import { takesWrites, type RealPeers } from '../server/real-peers.ts';

const CLIENTS_PER_SERVER = 3;

/** So many more requests are answered: the cluster lives. */
export async function answers(load: Load, more: number): Promise<void> {
  const before = load.answered;
  await eventually(`${more} more answers`, () => load.answered >= before + more);
}

/** `trouble` ends when all servers are there again. */
export async function underLoad(
  peers: RealPeers, trouble: (load: Load) => Promise<void>,
): Promise<Load> {
  const { addresses } = peers;
  const load = new Load(addresses);
  const troubled = async (): Promise<void> => {
    try {
      await answers(load, 100);
      await trouble(load);
    } finally {
      load.stop();
    }
  };
  // Both to their ends, so that nothing is done to servers that the test has stopped.
  const ends = await Promise.allSettled(
    [load.run(addresses.length * CLIENTS_PER_SERVER), troubled()],
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  await Promise.all(addresses.map((address) => takesWrites(address)));
  await load.readAll();
  mustBeLinearizable(stringModel, load.history.operations());
  load.ledger.mustAgreeWith((await mustHoldTheSame(addresses)).ledger);
  expect(load.ledger.acknowledged).toBeGreaterThan(0);
  return load;
}
