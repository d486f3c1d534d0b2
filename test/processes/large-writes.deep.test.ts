import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WireClient } from '../wire/wire-client.ts';
import { RealPeers } from '../server/real-peers.ts';

const VALUE = 'x'.repeat(15 << 20);
const DEADLINE_MS = 120_000;

let peers: RealPeers;

beforeEach(async () => {
  // As many cores as there are servers are not needed, but none may be starved for a second.
  peers = await RealPeers.start(3, undefined, [
    '--broadcast-timeout', '100000', '--election-timeout', '3000',
  ]);
});

afterEach(() => peers.stop());

async function term(client: WireClient): Promise<string | undefined> {
  return /order_term:(\d+)/.exec(await client.call('INFO', 'replication'))?.[1];
}

describe('writes of 15 MiB', () => {
  it('at once cost no leader, asked of the leader or not', { timeout: 400_000 }, async () => {
    const leader = await peers.leader();
    const probe = await WireClient.connect(peers.addresses[leader]!);
    const before = await term(probe);
    for (const [at, count] of [[leader, 4], [(leader + 1) % 3, 4]] as const) {
      const clients = await Promise.all(Array.from({ length: count }, () => {
        return WireClient.connect(peers.addresses[at]!);
      }));
      for (const [i, client] of clients.entries()) client.send(['SET', `large ${i}`, VALUE]);
      const replies = await Promise.all(clients.map((client) => client.reply(DEADLINE_MS)));
      expect(replies).toEqual(replies.map(() => '+OK\r\n'));
      for (const client of clients) client.close();
      expect(await term(probe)).toBe(before);
    }
    probe.close();
  });
});
