/** What tests of the contract do again and again. Each wait has a deadline. */

import { expect } from 'vitest';
import { eventually } from '../../wire/eventually.ts';
import type { ContractPeer } from './contract-peer.ts';

/** Until each of them takes part, and knows all that was delivered so far. */
export async function ready(...peers: readonly ContractPeer[]): Promise<void> {
  for (const peer of peers) {
    await eventually(`${peer.name} takes part`, () => peer.engine.refusal === undefined);
    await eventually(`${peer.name} has a read index`, async () => {
      const id = peer.readIndex(500);
      peer.engine.flush();
      await eventually('an outcome', () => peer.readIndexes.has(id) || peer.failedReadIndexes.has(id));
      return peer.readIndexes.has(id);
    });
  }
}

/** `count` batches from each, a few at a time; waits until each peer has had its own. */
export async function broadcastFromAll(
  peers: readonly ContractPeer[], count: number, suffix = '',
): Promise<string[]> {
  const texts: string[] = [];
  const tickets: (readonly [ContractPeer, number])[] = [];
  for (let i = 0; i < count; i++) {
    for (const peer of peers) {
      const text = `${peer.name}${i}${suffix}`;
      texts.push(text);
      tickets.push([peer, peer.broadcast(text)]);
      if (i % 3 === 2 || i === count - 1) peer.engine.flush();
    }
    if (i % 7 === 6) await turns(1);
  }
  await eventually('all are delivered at home', () => {
    return tickets.every(([peer, ticket]) => peer.delivered.has(ticket));
  });
  return texts;
}

export async function sameLength(peers: readonly ContractPeer[], count: number): Promise<void> {
  for (const peer of peers) {
    await eventually(() => `${count} batches on ${peer.name}, there are ${peer.batches.length}`,
      () => peer.batches.length >= count, 30_000);
    expect(peer.batches.length).toBe(count);
  }
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
