import { describe, expect, it } from 'vitest';
import { FAKE_PEER_OPTIONS, FakeOrder } from '../../server/fake-order.ts';
import { TestServer } from '../../server/test-server.ts';
import { eventually } from '../../wire/eventually.ts';
import type { WireClient } from '../../wire/wire-client.ts';

const NO_PEERS = '-ERR this server has no peers\r\n';

async function start(options = {}) {
  const peers = new FakeOrder();
  const server = await TestServer.inMemory({ ...FAKE_PEER_OPTIONS, ...options }, peers);
  peers.apply(20);
  const [client, other] = [await server.connect(), await server.connect()];
  return { server, client, other, peers };
}

async function connectAlone(): Promise<WireClient> {
  return (await TestServer.inMemory()).connect();
}

/** Resolves when the first client waits for what it asked for. */
async function isBlocked(other: WireClient): Promise<void> {
  await eventually('the client to wait', async () => {
    return (await other.run('CLIENT LIST ID 1')).includes(' flags=b ');
  });
}

/** Fields of INFO's section Replication. */
async function replication(client: WireClient): Promise<Map<string, string>> {
  const text = await client.ask('INFO replication') as string;
  return new Map(text.split('\r\n').filter((line) => line.includes(':')).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

describe('PEERS on a server without peers', () => {
  it('refuses what makes no sense there', async () => {
    const client = await connectAlone();
    const commands = ['LEADER', 'POSITION', 'AWAIT 1', 'READS', 'READS default', 'TRANSFER b'];
    for (const command of commands) expect(await client.run(`PEERS ${command}`)).toBe(NO_PEERS);
  });

  it('has nobody to tell of, and help', async () => {
    const client = await connectAlone();
    expect(await client.run('PEERS')).toBe('*0\r\n');
    expect(await client.run('PEERS STATUS')).toBe('*0\r\n');
    expect(await client.run('PEERS HELP')).toContain('+AWAIT <position> [<milliseconds>]\r\n');
    expect(await client.run('PEERS NOSUCH')).toMatch(/^-ERR unknown subcommand 'NOSUCH'/);
  });
});

describe('PEERS STATUS', () => {
  it('tells all that is known of each peer', async () => {
    const { client } = await start();
    await client.run('HELLO 3');
    const [self, other, last] = await client.ask('PEERS STATUS') as Map<string, unknown>[];
    expect(Object.fromEntries(self!)).toEqual({
      name: 'a', id: 'a:0123456789abcdef', role: 'leader', self: true, connected: true,
      'client-address': '127.0.0.1:6379', 'peer-address': '127.0.0.1:16379', position: 20, lag: 1,
      'last-contact-ms': 0, 'round-trip-ms': 0,
    });
    expect(other?.get('round-trip-ms')).toBe(0.25);
    expect([last?.get('name'), last?.get('self'), last?.get('lag')]).toEqual(['c', false, 6]);
  });

  it('is a flat array for each in RESP2, and what PEERS alone replies', async () => {
    const { client } = await start();
    const flat = await client.ask('PEERS') as unknown[][];
    expect(flat.map((peer) => peer.length)).toEqual([22, 22, 22]);
    expect(flat[1]?.slice(0, 8))
      .toEqual(['name', 'b', 'id', 'b:0123456789abcdef', 'role', 'follower', 'self', 0]);
    expect(await client.ask('PEERS STATUS')).toEqual(flat);
  });
});

describe('PEERS LEADER', () => {
  it('replies who leads, and nil when nobody does', async () => {
    const { client, peers } = await start();
    peers.follow();
    expect(await client.ask('PEERS LEADER')).toEqual(['b', '127.0.0.1:6380']);
    peers.order = { ...peers.order, leader: '' };
    expect(await client.run('PEERS LEADER')).toBe('*-1\r\n');
  });
});

describe('PEERS POSITION and AWAIT', () => {
  it('replies what is applied here, but not beside writes in EXEC', async () => {
    const { client } = await start();
    expect(await client.run('PEERS POSITION')).toBe(':20\r\n');
    await client.run('MULTI');
    expect(await client.run('PEERS POSITION')).toMatch(/^-ERR Command not allowed inside/);
  });

  it('goes on at once when the position is applied', async () => {
    const { client } = await start();
    for (const position of [0, 19, 20]) {
      expect(await client.run(`PEERS AWAIT ${position}`)).toBe('+OK\r\n');
    }
  });

  it('waits until it is applied, and is woken then', async () => {
    const { client, other, peers } = await start();
    const reply = client.run('PEERS AWAIT 22 0');
    await isBlocked(other);
    peers.apply(21);
    await isBlocked(other);
    peers.apply(22);
    expect(await reply).toBe('+OK\r\n');
    expect(await other.run('CLIENT LIST ID 1')).toContain(' flags=N ');
  });

  it('replies TIMEOUT after its own time, or else that of a broadcast', async () => {
    for (const [command, ms] of [['PEERS AWAIT 22 70', 70], ['PEERS AWAIT 22', 5000]] as const) {
      const { client, other, peers, server } = await start();
      const reply = client.run(command);
      await isBlocked(other);
      server.clock.advance(ms - 1);
      await isBlocked(other);
      server.clock.advance(1);
      expect(await reply).toBe('-TIMEOUT this peer has applied position 20, not 22\r\n');
      peers.apply(22);
      expect(await client.run('PING')).toBe('+PONG\r\n');
    }
  });

  it('does not wait in EXEC, and CLIENT UNBLOCK ends it', async () => {
    const { client, other } = await start();
    await client.run('MULTI');
    await client.run('PEERS AWAIT 22 0');
    expect(await client.run('EXEC')).toMatch(/^\*1\r\n-TIMEOUT /);
    const reply = client.run('PEERS AWAIT 22 0');
    await isBlocked(other);
    await other.run('CLIENT UNBLOCK 1 ERROR');
    expect(await reply).toMatch(/^-UNBLOCKED /);
  });

  it('checks its arguments', async () => {
    const { client } = await start();
    for (const args of ['x', '-1', '9007199254740993', '1 x', '1 -1', '1 2 3']) {
      expect(await client.run(`PEERS AWAIT ${args}`)).toMatch(/^-ERR /);
    }
  });
});

describe('PEERS READS', () => {
  it('sets how this connection reads, until it goes back to what is configured', async () => {
    const { client } = await start();
    expect(await client.ask('PEERS READS')).toBe('sequential');
    expect(await client.run('PEERS READS linearizable')).toBe('+OK\r\n');
    expect(await client.ask('PEERS READS')).toBe('linearizable');
    await client.run('CONFIG SET consistency linearizable');
    expect(await client.run('PEERS READS SEQUENTIAL')).toBe('+OK\r\n');
    expect(await client.ask('PEERS READS')).toBe('sequential');
    expect(await client.run('PEERS READS DEFAULT')).toBe('+OK\r\n');
    expect(await client.ask('PEERS READS')).toBe('linearizable');
    expect(await client.run('PEERS READS stale')).toBe('-ERR syntax error\r\n');
    expect(await client.run('PEERS READS DEFAULT 1')).toBe('-ERR syntax error\r\n');
  });
});

describe('PEERS TRANSFER', () => {
  it('asks the order to hand over, or replies why it cannot', async () => {
    const { client, peers } = await start();
    expect(await client.run('PEERS TRANSFER c')).toBe('+OK\r\n');
    peers.transferRefusal = 'only the leader hands over: ask b at 127.0.0.1:6380';
    expect(await client.run('PEERS TRANSFER c'))
      .toBe('-ERR only the leader hands over: ask b at 127.0.0.1:6380\r\n');
    expect(peers.transfers).toEqual(['c', 'c']);
  });
});

describe('ROLE with peers', () => {
  it('is master with the connected peers as replicas, whoever leads', async () => {
    const { client, peers } = await start();
    expect(await client.ask('ROLE')).toEqual([
      'master', 20, [['127.0.0.1', '6380', '20'], ['127.0.0.1', '6381', '15']],
    ]);
    peers.follow();
    peers.change('b', { isConnected: false });
    expect(await client.ask('ROLE')).toEqual(['master', 20, [['127.0.0.1', '6381', '-1']]]);
  });
});

describe('WAIT with peers', () => {
  it('replies at once what a majority means, or more if the leader knows of more', async () => {
    const { client, peers } = await start();
    expect(await client.run('WAIT 1 0')).toBe(':1\r\n');
    expect(await client.run('WAIT 0 0')).toBe(':1\r\n');
    peers.change('c', { position: 20 });
    expect(await client.run('WAIT 1 0')).toBe(':2\r\n');
    expect(await client.run('WAITAOF 1 2 0')).toBe('*2\r\n:1\r\n:2\r\n');
    peers.follow();
    expect(await client.run('WAIT 1 0')).toBe(':1\r\n');
  });

  it('waits for more than a majority until the leader hears of them', async () => {
    const { client, other, peers } = await start();
    const reply = client.run('WAIT 2 60000');
    await isBlocked(other);
    peers.apply(30);
    peers.change('c', { position: 19 });
    await isBlocked(other);
    peers.change('c', { position: 20 });
    peers.change('b', { position: 30 });
    expect(await reply).toBe(':2\r\n');
  });

  it('waits no longer than a write does when no time is given', async () => {
    const { client, other, peers, server } = await start();
    peers.follow();
    const reply = client.run('WAIT 2 0');
    await isBlocked(other);
    server.clock.advance(4999);
    await isBlocked(other);
    server.clock.advance(1);
    expect(await reply).toBe(':1\r\n');
  });

  it('does not count a peer without a vote among a majority', async () => {
    const { client, peers } = await start();
    peers.follow();
    peers.change('c', { role: 'learner' });
    expect(await client.run('WAIT 1 0')).toBe(':1\r\n');
    peers.change('a', { role: 'learner' });
    peers.change('c', { role: 'follower' });
    expect(await client.run('WAIT 1 0')).toBe(':2\r\n');
  });
});

describe('INFO replication with peers', () => {
  it('is that of a master for tools, and tells of the order', async () => {
    const { client, peers } = await start();
    peers.waitingBytes = 17;
    const fields = await replication(client);
    expect([...fields].filter(([name]) => !/^(master_|second_|repl_)/.test(name))).toEqual([
      ['role', 'master'], ['connected_slaves', '2'],
      ['slave0', 'ip=127.0.0.1,port=6380,state=online,offset=20,lag=2'],
      ['slave1', 'ip=127.0.0.1,port=6381,state=online,offset=15,lag=0'],
      ['node', 'a'], ['engine', 'raft'], ['order_role', 'leader'], ['order_term', '3'],
      ['order_leader', 'a'], ['order_last_position', '21'], ['order_committed', '20'],
      ['order_applied', '20'], ['order_waiting_bytes', '17'],
      ['order_feature_level', '3'], ['order_serving', 'yes'],
      ['order_clock_error_ms', '0'], ['order_time_ahead_ms', '0'],
      ['peer0', 'name=a,role=leader,position=20,lag=1,connected=1,last_contact_ms=0'],
      ['peer1', 'name=b,role=follower,position=20,lag=1,connected=1,last_contact_ms=2500'],
      ['peer2', 'name=c,role=follower,position=15,lag=6,connected=1,last_contact_ms=9'],
    ]);
    expect(fields.get('master_repl_offset')).toBe('20');
  });

  it('stays a master where another peer leads', async () => {
    const { client, peers } = await start();
    peers.follow();
    const fields = await replication(client);
    expect([fields.get('role'), fields.get('order_role'), fields.get('order_leader')])
      .toEqual(['master', 'follower', 'b']);
  });

  it('says nothing of an order on a server that stands alone', async () => {
    const fields = await replication(await connectAlone());
    expect([...fields.keys()].filter((name) => /^(order_|peer|slave\d)/.test(name))).toEqual([]);
  });
});

describe('PEERS ADD and REMOVE', () => {
  it('pass on what was asked for', async () => {
    const { client, peers } = await start();
    peers.committed = ['a', 'd'];
    expect(await client.run('PEERS ADD d 127.0.0.1:1 127.0.0.1:2')).toBe('+OK\r\n');
    expect(await client.run('PEERS REMOVE b')).toBe('+OK\r\n');
    expect(peers.changes).toEqual(['+d 127.0.0.1:1 127.0.0.1:2', '-b']);
  });

  it.each([
    ['PEERS ADD d 127.0.0.1:1 127.0.0.1:2', ['a', 'b', 'c', 'd']], ['PEERS REMOVE b', ['a', 'c']],
  ])('reply when a majority has the change: %s', async (line, committed) => {
    const { client, other, peers } = await start();
    const reply = client.run(line);
    await isBlocked(other);
    peers.change('b', {});
    await isBlocked(other);
    peers.committed = committed;
    peers.change('b', {});
    expect(await reply).toBe('+OK\r\n');
  });

  it.each([
    'PEERS ADD d 127.0.0.1:1 127.0.0.1:2', 'PEERS REMOVE b',
  ])('reply UNKNOWN when no majority has it in time: %s', async (line) => {
    const { client, other, peers, server } = await start();
    const reply = client.run(line);
    peers.committed = undefined;
    await isBlocked(other);
    server.clock.advance(5000);
    expect(await reply).toMatch(/^-UNKNOWN no majority of peers confirmed this within 5000 ms/);
  });

  it('reply why not', async () => {
    const { client, peers } = await start();
    peers.changeRefusal = 'another change of peers is under way';
    const refusal = '-ERR another change of peers is under way\r\n';
    expect(await client.run('PEERS ADD d 127.0.0.1:1 127.0.0.1:2')).toBe(refusal);
    expect(await client.run('PEERS REMOVE b')).toBe(refusal);
  });

  it('refuse a peer whose name or address cannot be', async () => {
    const { client, peers } = await start();
    expect(await client.run('PEERS ADD d/ 127.0.0.1:1 127.0.0.1:2')).toMatch(/^-ERR .*d\//);
    expect(await client.run('PEERS ADD d 127.0.0.1 127.0.0.1:2')).toMatch(/^-ERR .*127\.0\.0\.1/);
    expect(peers.changes).toEqual([]);
  });
});
