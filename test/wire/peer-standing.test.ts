/** What a peer answers that is not, not yet, or not any more one of its cluster. */

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers, type PeerName } from '../server/test-peers.ts';
import { TestServer } from '../server/test-server.ts';
import { atLeader, others } from './standing-peers.ts';
import type { WireClient } from './wire-client.ts';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';

let peers: TestPeers;

beforeEach(async () => {
  peers = await TestPeers.start({ 'broadcast-timeout': 2000 });
});

afterEach(() => peers.stop());

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
    const leader = await atLeader(peers, 'SET', 'k', 'old');
    const [gone] = others(leader);
    const subscriber = await peers.connect(gone);
    await subscriber.call('SUBSCRIBE', 'news');
    await atLeader(peers, 'PEERS', 'REMOVE', gone);
    await expectRemoved(gone);
    await subscriber.closed();
    const client = await peers.connect(gone);
    expect(await client.call('SUBSCRIBE', 'news')).toMatch(REMOVED);
    expect(await client.call('PUBLISH', 'news', 'x')).toMatch(REMOVED);
  });

  it('learns it from the others when it was away, and knows it after a restart', async () => {
    const leader = await atLeader(peers, 'SET', 'k', 'old');
    const [gone] = others(leader);
    await eventually('the cluster to have its feature level', async () => {
      return await field(await peers.connect(leader), 'order_feature_level') === String(FEATURE_LEVEL);
    });
    await peers.close(gone);
    await atLeader(peers, 'PEERS', 'REMOVE', gone);
    await peers.listen(gone);
    await expectRemoved(gone);
    await peers.close(gone);
    for (const name of others(gone)) await peers.close(name);
    await peers.listen(gone);
    await expectRemoved(gone);
  });

  it('is let in again when it is invited, with what it has missed', async () => {
    const leader = await atLeader(peers, 'SET', 'k', 'old');
    const [gone] = others(leader);
    await atLeader(peers, 'PEERS', 'REMOVE', gone);
    await expectRemoved(gone);
    await atLeader(peers, 'SET', 'k', 'new');
    await atLeader(peers, 'PEERS', 'ADD', gone, peers.address(gone), peers.peerAddress(gone));
    const client = await peers.connect(gone);
    await eventually(`${gone} to answer again`, async () => {
      return await client.call('GET', 'k') === '$3\r\nnew\r\n';
    });
  });
});

describe('a peer with a new disk', () => {
  it('is called what it is, and answers LOADING until it has what the others have', async () => {
    const leader = await atLeader(peers, 'SET', 'k', 'v');
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
    const first = await atLeader(peers, ...added);
    const [next] = others(first);
    await eventually('another to lead', async () => {
      if (await peers.leader() === next) return true;
      const client = await peers.connect(await peers.leader());
      await client.call('PEERS', 'TRANSFER', next);
      return false;
    });
    const client = await peers.connect(next);
    expect(await roles(client)).toMatchObject({ d: 'invited' });
    await atLeader(peers, 'PEERS', 'REMOVE', 'd');
    for (const name of PEER_NAMES) {
      const one = await peers.connect(name);
      await eventually(`${name} not to show it`, async () => !('d' in await roles(one)));
    }
  });
});

describe('the directory of a peer', () => {
  it('is refused without its peers, and whole afterwards', async () => {
    const [name] = others(await atLeader(peers, 'SET', 'k', 'v'));
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
    const [name] = others(await atLeader(peers, 'SET', 'k', 'v'));
    await peers.close(name);
    rmSync(join(peers.dir(name), 'raft'), { recursive: true });
    await expect(peers.listen(name)).rejects.toMatchObject({
      code: 'EINCOMPLETE', message: expect.stringContaining('the replicated log in raft/ is miss'),
    });
    mkdirSync(peers.dir(name), { recursive: true });
  });
});
