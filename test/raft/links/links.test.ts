import { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Message } from '../../../src/raft/core/message.ts';
import type { PeerLink } from '../../../src/raft/links/peer.ts';
import { bytes } from './messages.ts';
import {
  closed, dialRaw, linkedPair, node, propose, until,
} from './test-node.ts';

interface Writev {
  _writev(chunks: readonly unknown[], done: () => void): void;
}

describe('links between peers', () => {
  it('carry messages both ways, with the sender and receiver filled in', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    expect(a.send(b, 1)).toBe(true);
    expect(b.send(a, 2)).toBe(true);
    await until(() => a.messages.length + b.messages.length === 2);
    expect(b.messages).toEqual([a.heartbeat(b, 1)]);
    expect(a.messages).toEqual([b.heartbeat(a, 2)]);
  });

  it('keep the order of what was sent, small and large', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    const sent = Array.from({ length: 300 }, (_, n): Message => (
      n % 7 === 0 ? propose(a, b, bytes(n === 147 ? 150_000 : n, n)) : a.heartbeat(b, n)
    ));
    for (const [n, message] of sent.entries()) {
      expect(a.links.send(b.id, message)).toBe(true);
      if (n % 50 === 0) a.links.flush();
    }
    await until(() => b.messages.length === sent.length);
    expect(b.messages).toEqual(sent);
  });

  it('write what one turn sends at once, when told or at its end', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    await until(() => a.peer('b').roundTripMs !== undefined && b.peer('a').roundTripMs !== undefined);
    const writes = vi.spyOn(Socket.prototype as unknown as Writev, '_writev');
    onTestFinished(() => writes.mockRestore());
    for (let round = 0; round < 100; round += 1) a.send(b, round);
    expect(writes).not.toHaveBeenCalled();
    a.links.flush();
    expect(writes.mock.calls.map(([chunks]) => chunks.length)).toEqual([100]);
    for (let round = 100; round < 150; round += 1) a.send(b, round);
    await until(() => b.messages.length === 150);
    expect(writes.mock.calls.map(([chunks]) => chunks.length)).toEqual([100, 50]);
    expect(b.rounds()).toEqual(Array.from({ length: 150 }, (_, round) => round));
  });

  it('tell who is there, for INFO', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    await until(() => a.peer('b').roundTripMs !== undefined);
    const peer = a.peer('b');
    expect(peer).toMatchObject({ name: 'b', id: b.id, connected: true, isHeard: true, dropped: 0 });
    expect(peer.since).toBeGreaterThan(1.7e12);
    expect(peer.lastContactAt).toBeGreaterThanOrEqual(peer.since!);
    const ofB = (): PeerLink => b.peer('a');
    await until(() => a.peer('b').bytesIn === ofB().bytesOut && a.peer('b').bytesOut === ofB().bytesIn);
    expect(ofB().bytesIn).toBeGreaterThan(100);
    expect(a.met).toEqual([b.facts, b.facts]);
    expect(a.lost).toEqual([]);
  });

  it('come back after the other side restarts, as another member if it lost its data', async () => {
    const a = node('a');
    const first = node('b');
    await linkedPair(a, first);
    const { port } = first.links;
    await first.links.close();
    await until(() => a.lost.length > 0);
    expect(a.lost).toEqual(['b']);
    expect(a.send(first, 1)).toBe(false);
    expect(a.peer('b')).toMatchObject({ connected: false, dropped: 1 });

    const second = await node('b', { life: 2 }).listen(port);
    await second.meet(a);
    await until(() => a.isLinkedWith('b'));
    expect(a.send(first, 2)).toBe(false);
    expect(a.send(second, 3)).toBe(true);
    await until(() => second.messages.length > 0);
    expect(second.rounds()).toEqual([3]);
  });

  it('follow a peer to another address', async () => {
    const a = node('a');
    const before = node('b');
    await linkedPair(a, before);
    const after = await node('b').listen();
    a.dial(after);
    await after.meet(a);
    await until(() => a.isLinkedWith('b'));
    a.send(after, 1);
    await until(() => after.messages.length === 1);
    expect(before.messages).toEqual([]);
  });

  it('follow the list of peers at run time', async () => {
    const [a, b, c] = [node('a'), node('b'), node('c')];
    await linkedPair(a, b);
    await c.listen();
    c.dial(a);
    a.dial(b, c);
    await until(() => a.isLinkedWith('c'));
    expect(a.isLinkedWith('b')).toBe(true);
    a.dial(c);
    await until(() => a.lost.includes('b'));
    expect(a.send(b, 1)).toBe(false);
    expect(a.send(c, 2)).toBe(true);
    await until(() => c.messages.length === 1);
  });

  it('say only what is true: facts that changed are stated anew', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    a.facts = { ...a.facts, cluster: 'c1' };
    a.links.refresh();
    await until(() => b.met.filter(({ cluster }) => cluster === 'c1').length >= 2);
    await until(() => a.isLinkedWith('b') && b.isLinkedWith('a'));
    const met = b.met.length;
    a.links.refresh();
    a.send(b, 1);
    await until(() => b.messages.length === 1);
    expect(b.met.length).toBe(met);
    expect(a.warnings()).toEqual([]);
  });

  it('say anew whether this peer is a member, and only then', async () => {
    const [a, b] = [node('a'), node('b')];
    const standing = { starts: 1, lastIndex: 0, leftBehind: [], verdict: undefined };
    a.facts = { ...a.facts, standing: { ...standing, memberAt: undefined } };
    await linkedPair(a, b);
    for (const memberAt of [7, 8]) {
      a.facts = { ...a.facts, standing: { ...standing, memberAt } };
      const before = b.met.length;
      a.links.review();
      const isNews = memberAt === 7;
      if (isNews) await until(() => b.met.length >= before + 2);
      await until(() => a.isLinkedWith('b') && b.isLinkedWith('a'));
      a.send(b, memberAt);
      await until(() => b.rounds().includes(memberAt));
      expect(b.met.length > before).toBe(isNews);
    }
    expect(a.warnings()).toEqual([]);
  });

  it('do not warn of one that goes before it has said a word', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    const [silent, talking] = [dialRaw(a), dialRaw(a)];
    await until(() => a.links.strangers === 2);
    silent.destroy();
    await until(() => a.links.strangers === 1);
    expect(a.warnings()).toEqual([]);
    talking.end('hello, who is there?');
    await until(() => a.links.strangers === 0);
    expect(a.warnings()).toHaveLength(1);
  });

  it('end when told, with every socket closed', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    const stranger = dialRaw(a);
    await until(() => a.links.strangers === 1);
    await a.links.close();
    await closed(stranger);
    expect(a.links.peers()).toEqual([]);
    expect(a.send(b, 1)).toBe(false);
    expect(a.lost).toEqual([]);
    await until(() => b.lost.includes('a'));
  });

  it('fail to listen on a port that is taken', async () => {
    const a = await node('a').listen();
    await expect(node('b').listen(a.links.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
