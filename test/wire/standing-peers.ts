/** Three peers of whom some are removed, replaced or put back: what tests of that share. */

import { eventually } from './eventually.ts';
import { PEER_NAMES, type PeerName, type TestPeers } from '../server/test-peers.ts';

/** Asks the leader, as often as it takes; the name of that one. */
export async function atLeader(
  peers: TestPeers, ...words: readonly string[]
): Promise<PeerName> {
  return await eventually(`${words.join(' ')} to succeed`, async () => {
    const name = await peers.leader();
    const client = await peers.connect(name);
    return await client.call(...words) === '+OK\r\n' ? name : undefined;
  });
}

export function others(name: PeerName): [PeerName, PeerName] {
  return PEER_NAMES.filter((each) => each !== name) as [PeerName, PeerName];
}
