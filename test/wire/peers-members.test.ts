import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers } from '../server/test-peers.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

let peers: TestPeers;
let newcomer: TestServer;
let ports: number[];

beforeEach(async () => {
  peers = await TestPeers.start();
  ports = await reservePorts(2);
  newcomer = new TestServer();
});

afterEach(async () => {
  await newcomer.stop();
  await peers.stop();
});

/** Asks whoever leads, as often as it takes: on a busy machine the leader may change. */
async function atLeader(words: readonly string[], wanted = '+OK\r\n'): Promise<WireClient> {
  return await eventually(`${words.join(' ')} to be answered ${wanted}`, async () => {
    const client = await peers.connect(await peers.leader());
    return await client.call(...words) === wanted ? client : undefined;
  });
}

async function roles(client: WireClient): Promise<string> {
  const info = await client.call('INFO', 'replication');
  const lines = info.split('\r\n').filter((line) => /^peer\d/.test(line));
  return lines.map((line) => line.replace(/^.*name=(\w+).*role=(\w+).*$/, '$1 $2')).join(', ');
}

describe('the peers of a running cluster', () => {
  it('let in one that is new, which gets everything and votes', async () => {
    const leader = await peers.connect(await peers.leader());
    await leader.call('SET', 'before', '1');
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    await newcomer.listen({
      node: 'd', port: ports[0]!, peer: [...peers.peerOption, 'd', ...addresses],
    });
    const added = ['PEERS', 'ADD', 'd', ...addresses];
    await atLeader(added);
    await eventually('d to vote', async () => /d (follower|leader)/.test(await roles(leader)));
    await atLeader(added, '-ERR d is a peer already\r\n');
    const client = await newcomer.connect();
    expect(await client.call('SET', 'after', '2')).toBe('+OK\r\n');
    expect(await client.call('MGET', 'before', 'after')).toBe('*2\r\n$1\r\n1\r\n$1\r\n2\r\n');
    // The others' reads are sequential: what another peer acknowledged comes in its time.
    await eventually('the leader to apply it', async () =>
      await leader.call('GET', 'after') === '$1\r\n2\r\n');
  });

  it('go on without one that is taken out', async () => {
    const name = await peers.leader();
    const leader = await peers.connect(name);
    const other = PEER_NAMES.find((each) => each !== name)!;
    expect(await leader.call('PEERS', 'REMOVE', 'nobody')).toBe('-ERR there is no peer nobody\r\n');
    expect(await leader.call('PEERS', 'REMOVE', other)).toBe('+OK\r\n');
    await eventually(`${other} to be gone`, async () => {
      return (await roles(leader)).split(', ').every((one) => !one.startsWith(`${other} `));
    });
    expect(await leader.call('SET', 'without', '1')).toBe('+OK\r\n');
  });

  it('are changed by the leader only, which the others name', async () => {
    const name = await peers.leader();
    const follower = await peers.connect(PEER_NAMES.find((each) => each !== name)!);
    expect(await follower.call('PEERS', 'REMOVE', name))
      .toBe(`-ERR this peer does not lead: ask ${name} at ${peers.address(name)}\r\n`);
  });
});
