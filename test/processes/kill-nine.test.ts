import { afterEach, beforeEach, describe, it } from 'vitest';
import { RealPeers } from '../server/real-peers.ts';
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
  it('lose nothing when all are killed at once', { timeout: 120_000 }, async () => {
    await underLoad(peers, async (load) => {
      await Promise.all(SERVERS.map((i) => peers.kill(i)));
      await Promise.all(SERVERS.map((i) => peers.launch(i)));
      await answers(load, 300);
    });
  });
});
