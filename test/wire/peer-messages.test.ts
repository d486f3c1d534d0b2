/** What subscribers of a peer hear that is behind the others. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers, type PeerName } from '../server/test-peers.ts';

let peers: TestPeers;
let late: PeerName;
let writer: PeerName;

beforeEach(async () => {
  peers = await TestPeers.start({ 'notify-keyspace-events': 'KEA' });
  const leader = await peers.leader();
  [late, writer] = PEER_NAMES.filter((name) => name !== leader) as [PeerName, PeerName];
});

afterEach(() => peers.stop());

describe('a subscriber of a peer that catches up', () => {
  it('hears what is published from now on, and no message or event of the past', async () => {
    await peers.close(late);
    const publisher = await peers.connect(writer);
    for (let i = 0; i < 200; i++) {
      publisher.send(['PUBLISH', 'news', `old ${i}`], ['SET', `k${i}`, 'v']);
      await publisher.reply();
      await publisher.reply();
    }
    await peers.listen(late);
    const listener = await peers.connect(late);
    await listener.call('PSUBSCRIBE', '*');
    const probe = await peers.connect(late);
    await eventually('the last old write to be there', async () => {
      return await probe.call('EXISTS', 'k199') === ':1\r\n';
    });
    await publisher.call('PUBLISH', 'news', 'of today');
    const message = ['pmessage', '*', 'news', 'of today'];
    expect(await listener.reply())
      .toBe(`*4\r\n${message.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`);
  });
});
