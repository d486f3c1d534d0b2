import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealPeers, takesWrites } from '../server/real-peers.ts';
import { answers, underLoad } from './under-load.ts';

const SERVERS = [0, 1, 2];

let peers: RealPeers;

beforeEach(async () => {
  peers = await RealPeers.start(SERVERS.length);
});

afterEach(async () => {
  await peers.stop();
});

describe('three servers as processes', () => {
  it('lose nothing when each is killed with kill -9 in turn', { timeout: 120_000 }, async () => {
    const load = await underLoad(peers, async (load) => {
      for (const i of SERVERS) {
        await peers.kill(i);
        await answers(load, 200);
        await peers.launch(i);
        await takesWrites(peers.addresses[i]!);
        await answers(load, 200);
      }
    });
    expect(load.answered).toBeGreaterThan(1000);
  });

  it('never read what is old when one is stopped and goes on', { timeout: 120_000 }, async () => {
    await underLoad(peers, async (load) => {
      for (const i of SERVERS) {
        peers.signal(i, 'SIGSTOP');
        await answers(load, 300);
        peers.signal(i, 'SIGCONT');
        await answers(load, 200);
      }
    });
  });

  it('let a server in again that has lost its disk', { timeout: 120_000 }, async () => {
    await underLoad(peers, async (load) => {
      await peers.kill(1);
      peers.wipe(1);
      await answers(load, 100);
      await peers.launch(1);
      await takesWrites(peers.addresses[1]!);
      // It counts again: with another one gone there is a majority.
      await answers(load, 500);
      await peers.kill(2);
      await answers(load, 300);
      await peers.launch(2);
      await takesWrites(peers.addresses[2]!);
    });
  });
});
