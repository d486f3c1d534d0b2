/** What becomes of a peer's directory that goes on alone, or that is an older copy. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers, type PeerName } from '../server/test-peers.ts';
import { TestServer } from '../server/test-server.ts';
import { atLeader, others } from './standing-peers.ts';

let peers: TestPeers;

beforeEach(async () => {
  peers = await TestPeers.start({ 'broadcast-timeout': 2000 });
});

afterEach(() => peers.stop());

/** Where a test keeps a copy of a peer's directory. */
function olderOf(name: PeerName): string {
  return join(peers.dir(name), '..', `older-${name}`);
}

describe('the directory of a peer', () => {
  it('goes on alone when a person says so, and the others stop when they come back', async () => {
    const leader = await atLeader(peers, 'SET', 'k', 'v');
    const [last, other] = others(leader);
    const client = await peers.connect(last);
    await eventually('it to have the write', async () => (await client.call('GET', 'k')) !== '$-1\r\n');
    for (const name of PEER_NAMES) await peers.close(name);
    const alone = new TestServer({ dir: peers.dir(last) });
    const text = await alone.listen().then(() => '', (error: unknown) => String(error));
    const cluster = /belongs to a cluster \((\w+),/.exec(text)![1]!;
    await expect(peers.listen(last, { 'go-on-alone': 'another' }))
      .rejects.toMatchObject({ code: 'EALONE' });
    await peers.listen(last, { 'go-on-alone': cluster });
    const only = await peers.connect(last);
    await eventually('it to take writes by itself', async () => {
      return await only.call('SET', 'n', '1') === '+OK\r\n';
    });
    expect(await only.call('GET', 'k')).toBe('$1\r\nv\r\n');
    await peers.listen(other);
    const back = await peers.connect(other);
    await eventually('the other to stop for good', async () => {
      return (await back.call('GET', 'k')).startsWith('-REMOVED this peer takes no part');
    });
    expect(await back.call('SET', 'k', 'x')).toMatch(/^-REMOVED /);
    await peers.close(other);
    await expect(peers.listen(other)).rejects.toMatchObject({ code: 'EGIVENUP' });
    peers.wipe(other);
    await peers.listen(other);
    await eventually('it to be invited', async () => {
      const words = ['PEERS', 'ADD', other, peers.address(other), peers.peerAddress(other)];
      return await only.call(...words) === '+OK\r\n';
    });
    const again = await peers.connect(other);
    await eventually('it to have the data', async () => {
      return await again.call('GET', 'n') === '$1\r\n1\r\n';
    });
  });

  it('makes a cluster of the data of a server that stood alone', async () => {
    for (const name of PEER_NAMES) {
      await peers.close(name);
      peers.wipe(name);
    }
    const alone = new TestServer({ dir: peers.dir('a') });
    await alone.listen();
    const client = await alone.connect();
    expect(await client.call('SET', 'counter', '41')).toBe('+OK\r\n');
    await alone.close();
    await expect(peers.listen('a')).rejects.toMatchObject({
      code: 'EFOREIGN', message: expect.stringContaining('has 1 keys of a server that stood alone'),
    });
    await peers.listen('a', { 'go-on-alone': 'unknown' });
    const first = await peers.connect('a');
    for (const name of ['b', 'c'] as const) {
      await peers.listen(name);
      let reply = '';
      await eventually(() => `it to be invited: ${reply}`, async () => {
        const words = ['PEERS', 'ADD', name, peers.address(name), peers.peerAddress(name)];
        reply = await first.call(...words);
        // The OK of an earlier try may have come too late, and it is in since.
        return /^\+OK|is a peer already/.test(reply);
      });
      const joined = await peers.connect(name);
      await eventually('it to have the data', async () => {
        return await joined.call('GET', 'counter') === '$2\r\n41\r\n';
      });
    }
    const last = await peers.connect('c');
    expect(await last.call('INCR', 'counter')).toBe(':42\r\n');
    // A majority has it; this peer may come to it later.
    await eventually('the first to have it too', async () => {
      return await first.call('GET', 'counter') === '$2\r\n42\r\n';
    });
  });

  it('lets others in when it went on alone, and all of them have other addresses', async () => {
    // More than one message brings to the newcomer: it knows the peers of before for a while.
    for (let i = 0; i < 8; i++) await atLeader(peers, 'SET', `long${i}`, 'x'.repeat(1_000_000));
    await atLeader(peers, 'SET', 'k', 'v');
    await peers.caughtUp(...PEER_NAMES);
    await peers.closeAll();
    const ports = await reservePorts(4);
    const lineOf = (name: string, i: number): string[] =>
      [name, `127.0.0.1:${ports[i]}`, `127.0.0.1:${ports[i + 2]}`];
    const [a, b] = [lineOf('a', 0), lineOf('b', 1)];
    const first = new TestServer({ dir: peers.dir('a') });
    const second = new TestServer();
    try {
      const refusal = await first.listen().then(() => '', (error: unknown) => String(error));
      const cluster = /belongs to a cluster \((\w+),/.exec(refusal)![1]!;
      await first.listen({ 'node': 'a', 'port': ports[0]!, 'peer': a, 'go-on-alone': cluster });
      const client = await first.connect();
      let reply = '';
      await eventually(() => `b to be invited: ${reply}`, async () => {
        reply = await client.call('PEERS', 'ADD', ...b);
        return /^\+OK|is a peer already/.test(reply);
      });
      await second.listen({ node: 'b', port: ports[1]!, peer: [...a, ...b] });
      const joined = await second.connect();
      await eventually('b to have the data', async () => {
        return await joined.call('GET', 'k') === '$1\r\nv\r\n';
      });
      expect(await joined.call('SET', 'k', 'w')).toBe('+OK\r\n');
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });

  it('takes no part any more when its leader has something else than was agreed', async () => {
    await atLeader(peers, 'SET', 'first', '1');
    await peers.close('b');
    cpSync(peers.dir('b'), olderOf('b'), { recursive: true });
    await peers.listen('b');
    await peers.close('c');
    await atLeader(peers, 'SET', 'lost', '1');
    await atLeader(peers, 'SET', 'lost too', '1');
    for (const name of ['a', 'b'] as const) await peers.close(name);
    peers.wipe('b');
    cpSync(olderOf('b'), peers.dir('b'), { recursive: true });
    for (const name of ['b', 'c'] as const) await peers.listen(name);
    await atLeader(peers, 'SET', 'new', '1');
    // Both know that it is agreed upon, so that both notice if one does.
    await peers.caughtUp('b', 'c');
    await peers.listen('a');
    const [a, b, c] = await Promise.all(PEER_NAMES.map((name) => peers.connect(name)));
    let said: string[] = [];
    const hasNoticed = (reply = ''): boolean =>
      /^-REMOVED .* older cop/.test(reply);
    // Whoever comes to lead: those who had agreed upon something else stop.
    await eventually(() => `some to notice, and they say ${said.join(' ')}`, async () => {
      said = await Promise.all([a, b, c].map((client) => client!.call('GET', 'lost')));
      return hasNoticed(said[0]) || (hasNoticed(said[1]) && hasNoticed(said[2]));
    });
    if (hasNoticed(said[0])) {
      expect(await a!.call('SET', 'k', 'v')).toMatch(/^-REMOVED /);
      expect(await c!.call('GET', 'new')).toBe('$1\r\n1\r\n');
    } else {
      expect(await a!.call('SET', 'k', 'v')).toMatch(/^-(NOQUORUM|UNKNOWN) /);
      expect(await a!.call('GET', 'lost')).toBe('$1\r\n1\r\n');
    }
  });

  it('takes no part any more when it is an older copy, and answers nothing wrongly', async () => {
    await atLeader(peers, 'SET', 'k', 'old');
    await Promise.all(PEER_NAMES.map((name) => peers.close(name)));
    cpSync(peers.dir('a'), olderOf('a'), { recursive: true });
    await Promise.all(PEER_NAMES.map((name) => peers.listen(name)));
    await peers.leader();
    let a = await peers.connect('a');
    for (let i = 0; i < 50; i++) expect(await a.call('SET', 'k', `new ${i}`)).toBe('+OK\r\n');
    await Promise.all(PEER_NAMES.map((name) => peers.close(name)));
    peers.wipe('a');
    cpSync(olderOf('a'), peers.dir('a'), { recursive: true });
    await Promise.all(PEER_NAMES.map((name) => peers.listen(name)));
    a = await peers.connect('a');
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    a.send(...keys.map((key) => ['SET', key, 'x']));
    const replies = await a.replies(keys.length);
    await eventually('it to say so', async () => {
      return /^-REMOVED .* an older copy/.test(await a.call('GET', 'k'));
    });
    const b = await peers.connect('b');
    // It has just started: what others acknowledged comes in its time.
    await eventually('b to have all', async () =>
      await b.call('GET', 'k') === '$6\r\nnew 49\r\n');
    await b.call('PEERS', 'READS', 'LINEARIZABLE');
    for (const [i, key] of keys.entries()) {
      if (replies[i] === '+OK\r\n') expect(await b.call('GET', key)).toBe('$1\r\nx\r\n');
    }
  });

  it('takes no part any more when a majority has forgotten that it was let in', async () => {
    const [late, ...rest] = PEER_NAMES;
    await atLeader(peers, 'SET', 'first', '1');
    await atLeader(peers, 'PEERS', 'REMOVE', late);
    await peers.close(late);
    peers.wipe(late);
    for (const name of rest) {
      await peers.close(name);
      cpSync(peers.dir(name), olderOf(name), { recursive: true });
    }
    await Promise.all(rest.map((name) => peers.listen(name)));
    await atLeader(peers, 'PEERS', 'ADD', late, peers.address(late), peers.peerAddress(late));
    await peers.listen(late);
    const get = async (): Promise<string> => (await peers.connect(late)).call('GET', 'first');
    await eventually('the newcomer to answer', async () => await get() === '$1\r\n1\r\n');
    await atLeader(peers, 'SET', 'lost', '1');
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) await peers.close(name);
    for (const name of rest) {
      peers.wipe(name);
      cpSync(olderOf(name), peers.dir(name), { recursive: true });
    }
    await Promise.all(PEER_NAMES.map((name) => peers.listen(name)));
    // Unless it can tell by the number of a start that one of the others is a copy: then that stops.
    await eventually('it, or another, to say so', async () => {
      const clients = await Promise.all(PEER_NAMES.map((name) => peers.connect(name)));
      const said = await Promise.all(clients.map((client) => client.call('GET', 'first')));
      return said.some((reply) => /^-REMOVED .* older cop/.test(reply));
    });
  });
});
