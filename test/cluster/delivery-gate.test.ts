/** Who hears what batches publish. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DeliveryGate } from '../../src/session/delivery-gate.ts';
import type { LayerClient } from '../engine/engine-layer.ts';
import { bodyOf, ClusterLayer } from './cluster-layer.ts';

let peer: ClusterLayer;

beforeEach(async () => {
  peer = await ClusterLayer.create();
});

async function subscriber(command = 'SUBSCRIBE news'): Promise<LayerClient> {
  const client = peer.connect();
  await client.run(command);
  return client;
}

/** One batch a position; messages are the positions. */
function publish(count: number): void {
  const first = (peer.applied.at(-1) ?? 0) + 1;
  for (let i = first; i < first + count; i++) peer.give(bodyOf(`PUBLISH news m${i}`));
}

function heardBy(client: LayerClient): string[] {
  return client.heard().match(/m\d+(?=\r\n)/g) ?? [];
}

describe('a subscriber', () => {
  it('does not hear batches that were known to be committed when it subscribed', async () => {
    peer.knownCommit = 3;
    const late = await subscriber();
    publish(5);
    expect(heardBy(late)).toEqual(['m4', 'm5']);
  });

  it('by pattern hears no older batches either', async () => {
    peer.knownCommit = 3;
    const late = await subscriber('PSUBSCRIBE new*');
    publish(4);
    expect(heardBy(late)).toEqual(['m4']);
  });

  it('that was there before hears all of them', async () => {
    const early = await subscriber();
    peer.knownCommit = 3;
    const late = await subscriber();
    publish(3);
    expect([heardBy(early), heardBy(late)]).toEqual([['m1', 'm2', 'm3'], []]);
  });

  it('of a peer without a leader begins when the peer hears one', async () => {
    peer.knownCommit = undefined;
    const client = await subscriber();
    publish(2);
    peer.knownCommit = 4;
    peer.server.plumbing.hub.gate!.settle();
    publish(4);
    expect(heardBy(client)).toEqual(['m5', 'm6']);
  });

  it('does not hear what may have been committed before a new leader led', async () => {
    peer.knownCommit = 1;
    peer.leaderSince = undefined;
    const client = await subscriber();
    publish(2);
    // The entry with which it began to lead is there, and one of its own is committed with it.
    [peer.knownCommit, peer.leaderSince] = [5, 4];
    publish(3);
    expect(heardBy(client)).toEqual(['m5']);
  });

  it('begins anew when it subscribes again, and does not when it was subscribed', async () => {
    const client = await subscriber();
    peer.knownCommit = 2;
    await client.run('SUBSCRIBE news');
    publish(1);
    expect(heardBy(client)).toEqual(['m1']);
    await client.run('UNSUBSCRIBE news');
    await client.run('SUBSCRIBE news');
    publish(2);
    expect(heardBy(client)).toEqual(['m3']);
  });

  it('is counted by PUBLISH only when it hears the message', async () => {
    peer.knownCommit = 1;
    await subscriber();
    const { hub } = peer.server.plumbing;
    hub.gate!.enter(1);
    expect(hub.publish(Buffer.from('news'), Buffer.from('x'))).toBe(0);
    hub.gate!.leave();
    expect(hub.publish(Buffer.from('news'), Buffer.from('x'))).toBe(1);
  });
});

describe('a snapshot in the place of batches', () => {
  it('leaves a gap for those who would have heard them, and for nobody else', async () => {
    const early = await subscriber();
    peer.knownCommit = 7;
    const late = await subscriber();
    peer.knownCommit = undefined;
    const unsettled = await subscriber('PSUBSCRIBE *');
    [peer.knownCommit, peer.leaderSince] = [6, undefined];
    const heard = await subscriber();
    const missing = peer.server.plumbing.hub.missing(7);
    expect([early, late, unsettled, heard].map(({ session }) => missing.has(session)))
      .toEqual([true, false, false, true]);
  });

  it('ends a connection with an error', async () => {
    const client = await subscriber();
    client.heard();
    client.session.endWith('UNKNOWN messages are lost');
    expect(client.heard()).toBe('-UNKNOWN messages are lost\r\n');
  });
});

describe('a delivery gate', () => {
  it('forgets a subscription that ends before it has begun', () => {
    const heard: { knownCommit: number | undefined; leaderSince: number | undefined } =
      { knownCommit: undefined, leaderSince: 0 };
    const gate = new DeliveryGate(heard);
    const subscription = gate.begin();
    gate.end(subscription);
    heard.knownCommit = 5;
    gate.settle();
    expect(subscription.since).toBeUndefined();
  });
});
