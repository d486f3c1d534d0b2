/** What a peer answers that is not, not yet, or not any more one of its cluster. */

import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers, type PeerName } from '../server/test-peers.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

let peers: TestPeers;

beforeEach(async () => {
  peers = await TestPeers.start({ 'broadcast-timeout': 2000 });
});

afterEach(() => peers.stop());

/** Where a test keeps a copy of a peer's directory. */
function olderOf(name: PeerName): string {
  return join(peers.dir(name), '..', `older-${name}`);
}

/** Asks whoever leads, as often as it takes. */
async function atLeader(...words: readonly string[]): Promise<PeerName> {
  return await eventually(`${words.join(' ')} to succeed`, async () => {
    const name = await peers.leader();
    const client = await peers.connect(name);
    return await client.call(...words) === '+OK\r\n' ? name : undefined;
  });
}

function others(name: PeerName): [PeerName, PeerName] {
  return PEER_NAMES.filter((each) => each !== name) as [PeerName, PeerName];
}

async function field(client: WireClient, name: string): Promise<string | undefined> {
  const info = await client.call('INFO');
  return info.split('\r\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
}

/** The roles that a peer's STATUS shows. */
async function roles(client: WireClient): Promise<Record<string, string>> {
  const info = await client.call('INFO', 'replication');
  const rows = [...info.matchAll(/^peer\d+:name=(\w+),role=(\w+)/gm)];
  return Object.fromEntries(rows.map(([, name, role]) => [name, role]));
}

describe('a peer that was removed', () => {
  const REMOVED = /^-REMOVED this peer was taken out of the cluster by configuration \d+/;

  async function expectRemoved(name: PeerName): Promise<void> {
    const client = await peers.connect(name);
    await eventually(`${name} to say so`, async () => REMOVED.test(await client.call('GET', 'k')));
    expect(await client.call('SET', 'k', 'x')).toMatch(REMOVED);
    expect(await client.call('ECHO', 'it runs')).toContain('it runs');
    expect(await field(client, 'order_role')).toBe('removed');
    expect(Number(await field(client, 'order_removed_by'))).toBeGreaterThan(0);
    expect(await field(client, 'loading')).toBe('0');
    expect(await roles(client)).toMatchObject({ [name]: 'removed' });
  }

  it('answers no more with its data, while it is there', async () => {
    const leader = await atLeader('SET', 'k', 'old');
    const [gone] = others(leader);
    const subscriber = await peers.connect(gone);
    await subscriber.call('SUBSCRIBE', 'news');
    await atLeader('PEERS', 'REMOVE', gone);
    await expectRemoved(gone);
    await subscriber.closed();
    const client = await peers.connect(gone);
    expect(await client.call('SUBSCRIBE', 'news')).toMatch(REMOVED);
    expect(await client.call('PUBLISH', 'news', 'x')).toMatch(REMOVED);
  });

  it('learns it from the others when it was away, and knows it after a restart', async () => {
    const leader = await atLeader('SET', 'k', 'old');
    const [gone] = others(leader);
    await eventually('the cluster to have its feature level', async () => {
      return await field(await peers.connect(leader), 'order_feature_level') === '2';
    });
    await peers.close(gone);
    await atLeader('PEERS', 'REMOVE', gone);
    await peers.listen(gone);
    await expectRemoved(gone);
    await peers.close(gone);
    for (const name of others(gone)) await peers.close(name);
    await peers.listen(gone);
    await expectRemoved(gone);
  });

  it('is let in again when it is invited, with what it has missed', async () => {
    const leader = await atLeader('SET', 'k', 'old');
    const [gone] = others(leader);
    await atLeader('PEERS', 'REMOVE', gone);
    await expectRemoved(gone);
    await atLeader('SET', 'k', 'new');
    await atLeader('PEERS', 'ADD', gone, peers.address(gone), peers.peerAddress(gone));
    const client = await peers.connect(gone);
    await eventually(`${gone} to answer again`, async () => {
      return await client.call('GET', 'k') === '$3\r\nnew\r\n';
    });
  });
});

describe('a peer with a new disk', () => {
  it('is called what it is, and answers LOADING until it has what the others have', async () => {
    const leader = await atLeader('SET', 'k', 'v');
    const [wiped, other] = others(leader);
    await peers.close(wiped);
    peers.wipe(wiped);
    await peers.close(other);
    await peers.listen(wiped);
    const client = await peers.connect(wiped);
    // Alone with the leader it is no voter, and there is no majority to let it in.
    expect(await client.call('GET', 'k')).toMatch(/^-LOADING this peer /);
    expect(await client.call('SET', 'k', 'w')).toMatch(/^-LOADING this peer /);
    client.send(['MULTI'], ['GET', 'k'], ['EXEC']);
    expect((await client.replies(3)).join('')).toMatch(/^\+OK\r\n-LOADING [^]*-EXECABORT /);
    for (const words of [['ECHO', '1'], ['PEERS', 'STATUS'], ['CONFIG', 'GET', 'port'], ['HELLO']]) {
      expect(await client.call(...words)).not.toMatch(/^-/);
    }
    expect(await field(client, 'loading')).toBe('1');
    const leading = await peers.connect(leader);
    await eventually('the leader to call it joining', async () => {
      return (await roles(leading))[wiped] === 'joining';
    });
    await peers.listen(other);
    await eventually('it to have caught up', async () => {
      return await client.call('GET', 'k') === '$1\r\nv\r\n';
    });
    expect(await field(client, 'loading')).toBe('0');
  });

  it('that has nothing but its name left founds no cluster and loses no write', async () => {
    const leader = await peers.leader();
    const [partial, away] = others(leader);
    await peers.close(away);
    await atLeaderOf(leader, partial);
    await peers.close(leader);
    await peers.close(partial);
    const raft = join(peers.dir(partial), 'raft');
    for (const file of readdirSync(raft)) if (file !== 'member.json') rmSync(join(raft, file));
    for (const file of readdirSync(peers.dir(partial))) {
      if (file !== 'raft') rmSync(join(peers.dir(partial), file), { recursive: true });
    }
    await peers.listen(partial);
    await peers.listen(away);
    const client = await peers.connect(away);
    expect(await client.call('SET', 'y', '1')).toMatch(/^-NOQUORUM /);
    await peers.listen(leader);
    for (const name of PEER_NAMES) {
      const one = await peers.connect(name);
      await eventually(`${name} to have what was acknowledged`, async () => {
        return await one.call('GET', 'x') === '$8\r\nprecious\r\n';
      });
    }
  });

  async function atLeaderOf(...names: readonly PeerName[]): Promise<void> {
    const client = await peers.connect(names[0]!);
    await eventually('a majority of two to take a write', async () => {
      return await client.call('SET', 'x', 'precious') === '+OK\r\n';
    });
  }
});

describe('an invitation', () => {
  it('is known to the next leader, and shown, and can be withdrawn', async () => {
    const added = ['PEERS', 'ADD', 'd', '127.0.0.1:1', '127.0.0.1:2'];
    const first = await atLeader(...added);
    const [next] = others(first);
    await eventually('another to lead', async () => {
      if (await peers.leader() === next) return true;
      const client = await peers.connect(await peers.leader());
      await client.call('PEERS', 'TRANSFER', next);
      return false;
    });
    const client = await peers.connect(next);
    expect(await roles(client)).toMatchObject({ d: 'invited' });
    await atLeader('PEERS', 'REMOVE', 'd');
    for (const name of PEER_NAMES) {
      const one = await peers.connect(name);
      await eventually(`${name} not to show it`, async () => !('d' in await roles(one)));
    }
  });
});

describe('the directory of a peer', () => {
  it('is refused without its peers, and whole afterwards', async () => {
    const [name] = others(await atLeader('SET', 'k', 'v'));
    await peers.close(name);
    const alone = new TestServer({ dir: peers.dir(name) });
    await expect(alone.listen()).rejects.toMatchObject({
      code: 'ENOTALONE', message: expect.stringContaining(`as ${name}:`),
    });
    await peers.listen(name);
    const client = await peers.connect(name);
    await eventually(`${name} to take writes`, async () => {
      return await client.call('SET', 'k', 'w') === '+OK\r\n';
    });
  });

  it('is refused when only the data is left of it', async () => {
    const [name] = others(await atLeader('SET', 'k', 'v'));
    await peers.close(name);
    rmSync(join(peers.dir(name), 'raft'), { recursive: true });
    await expect(peers.listen(name)).rejects.toMatchObject({
      code: 'EINCOMPLETE', message: expect.stringContaining('the replicated log in raft/ is miss'),
    });
    mkdirSync(peers.dir(name), { recursive: true });
  });

  it('goes on alone when a person says so, and the others stop when they come back', async () => {
    const leader = await atLeader('SET', 'k', 'v');
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
    for (let i = 0; i < 8; i++) await atLeader('SET', `long${i}`, 'x'.repeat(1_000_000));
    await atLeader('SET', 'k', 'v');
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
    await atLeader('SET', 'first', '1');
    await peers.close('b');
    cpSync(peers.dir('b'), olderOf('b'), { recursive: true });
    await peers.listen('b');
    await peers.close('c');
    await atLeader('SET', 'lost', '1');
    await atLeader('SET', 'lost too', '1');
    for (const name of ['a', 'b'] as const) await peers.close(name);
    peers.wipe('b');
    cpSync(olderOf('b'), peers.dir('b'), { recursive: true });
    for (const name of ['b', 'c'] as const) await peers.listen(name);
    await atLeader('SET', 'new', '1');
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
    await atLeader('SET', 'k', 'old');
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
    await atLeader('SET', 'first', '1');
    await atLeader('PEERS', 'REMOVE', late);
    await peers.close(late);
    peers.wipe(late);
    for (const name of rest) {
      await peers.close(name);
      cpSync(peers.dir(name), olderOf(name), { recursive: true });
    }
    await Promise.all(rest.map((name) => peers.listen(name)));
    await atLeader('PEERS', 'ADD', late, peers.address(late), peers.peerAddress(late));
    await peers.listen(late);
    const get = async (): Promise<string> => (await peers.connect(late)).call('GET', 'first');
    await eventually('the newcomer to answer', async () => await get() === '$1\r\n1\r\n');
    await atLeader('SET', 'lost', '1');
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
