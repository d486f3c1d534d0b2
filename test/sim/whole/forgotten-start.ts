/** What a peer makes of a copy of its directory that is older than its last start. */

import { describe, expect, it } from 'vitest';
import type { ClusterSettings } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import { tell } from './story.ts';

const PEERS: Partial<ClusterSettings> = {
  servers: 3,
  options: { 'peer-secret': 'open sesame', 'heartbeat-interval': 100, 'election-timeout': 600 },
};
const OK = { kind: 'simple', text: 'OK' };
const WRITES = Array.from({ length: 100 }, (_, i) => `SET key:${i} ${'x'.repeat(500)}`);

/**
 * What the first peer says, with a directory that does not know its last start, to a cluster whose
 * other peers know of that start only what the order has.
 */
async function saysWithOlderDirectory(raftLogBytes: number, seed: number): Promise<string> {
  let said = '';
  await tell({ ...PEERS, tiny: { 'raft-log-bytes': raftLogBytes } }, async (told) => {
    const { ask, cluster, sleep } = told;
    const [one, ...others] = cluster.machines as [SimMachine, ...SimMachine[]];
    await sleep(3000);
    await one.stop();
    const copy = one.copyDisk();
    await cluster.start(one);
    await sleep(3000);
    for (let round = 0; round < 4; round++) {
      expect(await ask(one, ...WRITES)).toEqual(WRITES.map(() => OK));
      await sleep(2000);
    }
    for (const machine of cluster.machines) await machine.stop();
    one.putBack(copy);
    await Promise.all(others.map((machine) => cluster.start(machine)));
    await sleep(3000);
    await cluster.start(one);
    await sleep(3000);
    const [reply] = await ask(one, 'GET key:1');
    said = reply?.kind === 'error' ? reply.text : JSON.stringify(reply);
  }, seed);
  return said;
}

/** `raftLogBytes` decides whether the others still have what it proposed as entries. */
export function describeForgottenStart(where: string, raftLogBytes: number): void {
  describe('a peer that has forgotten what it proposed', () => {
    it(`says so when it meets that ${where}, whatever the number of its start is`, async () => {
      const said = await Promise.all([1, 2, 3, 4].map((seed) =>
        saysWithOlderDirectory(raftLogBytes, seed)));
      for (const text of said) expect(text).toMatch(/^REMOVED .* an older copy/);
      // By chance: a lower number than that of the start that it has forgotten, or a higher one.
      expect(said).toContainEqual(expect.stringMatching(/says that this is its start/));
      expect(said).toContainEqual(expect.stringMatching(/the order has what this peer proposed/));
    });
  });
}
