/** What a server makes of damage at rest: single stories, and that the simulator makes them. */

import { describe, expect, it } from 'vitest';
import type { ClusterSettings } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import { tell } from './story.ts';

const TINY = { 'segment-bytes': 8192, 'hot-tail-bytes': 16_384, 'raft-log-bytes': 20_000 };
const PEERS: Partial<ClusterSettings> = {
  servers: 3, tiny: TINY,
  options: { 'peer-secret': 'open sesame', 'heartbeat-interval': 100, 'election-timeout': 600 },
};
const FILL = Array.from({ length: 100 }, (_, i) => `SET key:${i} ${'x'.repeat(200)}`);

/** Flips a bit of `text` where a segment of the store has it last. */
function flip({ disk }: SimMachine, text: string): void {
  for (const path of disk.paths().toReversed()) {
    if (!/^\/data\/[0-9]+\.(?:log|pack)$/.test(path)) continue;
    const at = Buffer.from(disk.contentOf(path)).lastIndexOf(text);
    if (at === -1) continue;
    disk.damage(path, at, 1);
    return;
  }
  throw new Error(`no segment has ${text}`);
}

describe('a peer with a damaged record that a batch needs', () => {
  it('ends, says which file it is, and comes back as new', async () => {
    await tell(PEERS, async ({ ask, cluster, sleep }) => {
      const [one, , other] = cluster.machines as [SimMachine, SimMachine, SimMachine];
      const ends: string[] = [];
      const lines: string[] = [];
      cluster.isDamageNamed = (_machine, text) => lines.push(text) > 0;
      cluster.onEnded = (_machine, error) => ends.push(error.message) > 0;
      await sleep(3000);
      await ask(one, 'SET damaged needle', ...FILL);
      await sleep(3000);
      await other.stop();
      flip(other, 'needle');
      await cluster.start(other);
      expect(await ask(one, 'APPEND damaged !')).toEqual([{ kind: 'integer', value: 7 }]);
      await sleep(3000);
      expect(ends).toEqual([expect.stringMatching(/^\/data\/\d+\.(log|pack) is damaged at byte/)]);
      expect(lines.some((line) => line.includes('this peer ends: a record'))).toBe(true);
      other.wipe();
      await cluster.start(other);
      await sleep(3000);
      expect(await ask(other, 'GET damaged')).toEqual([{ kind: 'bulk', bytes: 'needle!' }]);
    });
  });
});
