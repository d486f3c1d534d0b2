/** What clients and tools are told by three servers that are peers. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { PEER_NAMES, TestPeers, type PeerName } from '../server/test-peers.ts';
import type { WireClient } from './wire-client.ts';

async function start(options = {}): Promise<[TestPeers, Record<PeerName, WireClient>]> {
  const peers = await TestPeers.start(options);
  const [a, b, c] = await Promise.all(PEER_NAMES.map((name) => peers.connect(name)));
  return [peers, { a: a!, b: b!, c: c! }];
}

async function position(client: WireClient): Promise<number> {
  return Number((await client.call('PEERS', 'POSITION')).slice(1));
}

async function replication(client: WireClient): Promise<Map<string, string>> {
  const lines = (await client.call('INFO', 'replication')).split('\r\n');
  return new Map(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

describe('three peers', () => {
  let peers: TestPeers;
  let clients: Record<PeerName, WireClient>;
  let leader: PeerName;
  let others: PeerName[];
  beforeAll(async () => {
    [peers, clients] = await start({ 'broadcast-timeout': 2000 });
  });
  afterAll(() => peers?.stop());
  const findLeader = async (): Promise<void> => {
    leader = await peers.leader();
    others = PEER_NAMES.filter((name) => name !== leader);
  };

  it('let a client that moves see on another what it wrote, after AWAIT', async () => {
    for (let i = 0; i < 20; i++) {
      const [from, to] = [PEER_NAMES[i % 3]!, PEER_NAMES[(i + 1) % 3]!];
      await clients[from].call('SET', 'moving', `${i}`);
      const seen = await position(clients[from]);
      expect(await clients[to].call('PEERS', 'AWAIT', `${seen}`)).toBe('+OK\r\n');
      expect(await clients[to].call('GET', 'moving')).toContain(`\r\n${i}\r\n`);
    }
  });

  it('make nothing that a connection sent behind its QUIT', async () => {
    const client = await peers.connect('a');
    client.send(['SET', 'last', '1'], ['QUIT'], ['SET', 'last', '2'], ['SET', 'more', '1']);
    expect(await client.untilClosed()).toBe('+OK\r\n+OK\r\n');
    expect(await clients.a.call('MGET', 'last', 'more')).toBe('*2\r\n$1\r\n1\r\n$-1\r\n');
  });

  it('run what is sent behind an EXEC that selects in the database that it selects', async () => {
    for (const name of PEER_NAMES) {
      const client = await peers.connect(name);
      client.send(
        ['SET', `before ${name}`, '0'], ['MULTI'], ['SELECT', '1'], ['SET', `in ${name}`, '1'],
        ['EXEC'], ['SET', `behind ${name}`, '2'], ['MULTI'], ['SELECT', '0'], ['EXEC'],
        ['SET', `at the end ${name}`, '3'], ['SET', `and after ${name}`, '4'],
      );
      expect((await client.replies(11)).join('')).not.toContain('-');
    }
    await peers.caughtUp(...PEER_NAMES);
    for (const name of PEER_NAMES) {
      const client = await peers.connect(name);
      for (const each of PEER_NAMES) {
        const keys = [`before ${each}`, `at the end ${each}`, `and after ${each}`];
        expect(await client.call('EXISTS', ...keys)).toBe(':3\r\n');
      }
      await client.call('SELECT', '1');
      for (const each of PEER_NAMES) {
        expect(await client.call('EXISTS', `in ${each}`, `behind ${each}`)).toBe(':2\r\n');
      }
    }
  });

  it('wake who awaits a position when it is applied, and no sooner', async () => {
    await findLeader();
    const [to, from] = [clients[others[0]!], clients[others[1]!]];
    const next = await position(from) + 1;
    // Far ahead: on a busy machine another may come to lead, and that takes a position.
    expect(await to.call('PEERS', 'AWAIT', `${next + 1000}`, '50')).toMatch(/^-TIMEOUT /);
    const reply = to.call('PEERS', 'AWAIT', `${next}`, '0');
    await from.call('SET', 'k', 'v');
    expect(await reply).toBe('+OK\r\n');
  });

  it('are read as each connection says', async () => {
    for (const mode of ['LINEARIZABLE', 'SEQUENTIAL', 'DEFAULT']) {
      expect(await clients.a.call('PEERS', 'READS', mode)).toBe('+OK\r\n');
      await clients.b.call('SET', 'read', mode);
      const seen = await clients.a.call('GET', 'read');
      if (mode === 'LINEARIZABLE') expect(seen).toContain(mode);
    }
    expect(await clients.a.call('PEERS', 'READS')).toContain('\r\nsequential\r\n');
  });

  it('are masters to tools, and one of them says that it leads', async () => {
    // On a busy machine another may come to lead between two of these.
    await eventually('all to name the one that leads', async () => {
      await findLeader();
      const told = await Promise.all(PEER_NAMES.map((name) => replication(clients[name])));
      expect(told.map((fields) => [fields.get('node'), fields.get('role')]))
        .toEqual(PEER_NAMES.map((name) => [name, 'master']));
      const leaders = told.filter((fields) => fields.get('order_role') === 'leader');
      return leaders.map((fields) => fields.get('node')).join() === leader &&
        told.every((fields) => fields.get('order_leader') === leader);
    });
    const role = await clients[others[0]!].call('ROLE');
    expect(role).toMatch(/^\*3\r\n\$6\r\nmaster\r\n:\d+\r\n\*2\r\n/);
    expect(role).toContain(`\r\n${peers.port(leader)}\r\n`);
  });

  it('tell the leader where each of them is, and WAIT for all of them', async () => {
    for (let i = 0; i < 20; i++) {
      // One that leads no more does not hear of all.
      await eventually('the leader to know that all have it', async () => {
        await findLeader();
        clients[leader].send(['SET', 'k', `${i}`], ['WAIT', '2', '1000']);
        const replies = await clients[leader].replies(2);
        return replies.join('') === '+OK\r\n:2\r\n';
      });
    }
    expect(await clients[others[0]!].call('WAIT', '1', '0')).toBe(':1\r\n');
    expect(await clients[others[0]!].call('WAITAOF', '1', '1', '0')).toBe('*2\r\n:1\r\n:1\r\n');
    await eventually('the leader to see everybody there', async () => {
      const fields = await replication(clients[leader]);
      return ['peer0', 'peer1', 'peer2'].every((name) => fields.get(name)?.includes(',lag=0,'));
    });
  });

  it('hand leadership over to the one that is named, by the leader only', async () => {
    await findLeader();
    const [next, other] = others as [PeerName, PeerName];
    expect(await clients[other].call('PEERS', 'TRANSFER', next)).toBe(
      `-ERR only the leader hands over: ask ${leader} at ${peers.address(leader)}\r\n`);
    expect(await clients[leader].call('PEERS', 'TRANSFER', next)).toBe('+OK\r\n');
    await eventually('the named one to lead', async () => (await peers.leader()) === next);
    expect(await clients[leader].call('SET', 'k', 'after')).toBe('+OK\r\n');
    expect(await clients[next].call('PEERS', 'LEADER'))
      .toBe(`*2\r\n$1\r\n${next}\r\n$${peers.address(next).length}\r\n${peers.address(next)}\r\n`);
  });
});

describe('peers that are left', () => {
  it('tell of who is gone, and alone refuse all but sequential reads', async () => {
    const [peers, clients] = await start({ 'broadcast-timeout': 300 });
    try {
      const leader = await peers.leader();
      const [gone, left] = PEER_NAMES.filter((name) => name !== leader) as [PeerName, PeerName];
      const isSet = (name: PeerName, value: string): Promise<boolean> =>
        clients[name].call('SET', 'k', value).then((reply) => reply === '+OK\r\n');
      // The timeout is short for the end of this test: a busy machine may need more than one try.
      await eventually('the first write', () => isSet(left, 'v'));
      await peers.close(gone);
      await eventually('a write without it', () => isSet(leader, 'v2'));
      expect(await clients[leader].call('WAIT', '2', '100')).toBe(':1\r\n');
      await eventually('the leader to miss it', async () => {
        const fields = await replication(clients[leader]);
        return fields.get('connected_slaves') === '1';
      });
      expect(await clients[leader].call('PEERS', 'TRANSFER', gone))
        .toBe(`-ERR ${gone} is not connected\r\n`);
      expect(await position(clients[left])).toBeGreaterThan(0);
      const seen = `${await position(clients[leader])}`;
      expect(await clients[left].call('PEERS', 'AWAIT', seen, '10000')).toBe('+OK\r\n');
      await peers.close(leader);
      expect(await clients[left].call('GET', 'k')).toContain('v2');
      await clients[left].call('PEERS', 'READS', 'LINEARIZABLE');
      expect(await clients[left].call('GET', 'k')).toMatch(/^-NOQUORUM /);
      expect(await clients[left].call('SET', 'k', 'v3')).toMatch(/^-(NOQUORUM|UNKNOWN) /);
      await eventually('it to miss the leader', async () => {
        return await clients[left].call('PEERS', 'LEADER') === '*-1\r\n';
      });
    } finally {
      await peers.stop();
    }
  });
});
