/** The order at work in a server, on an engine that the test plays. */

import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type {
  OrderedState, TotalOrderBroadcast,
} from '../../src/raft/core/total-order-broadcast.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { PeersFacade } from '../../src/server/peers-facade.ts';
import { RunningOrder } from '../../src/server/running-order.ts';
import type { StorageSide } from '../../src/server/storage-side.ts';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';
import { OrderMarks } from '../../src/cluster/applied-marks.ts';
import { USUAL_LIMITS } from '../../src/cluster/proposal-body.ts';
import { FakePeers } from '../commands/fake-peers.ts';
import { WholeServer } from '../commands/whole-server.ts';

/** An engine without a leader to administer, such as one on a broker. */
class PlayedEngine implements TotalOrderBroadcast {
  readonly capabilities = { durability: 'power', bodyBytesMax: 1_000_000 } as const;
  readonly refusal = undefined;
  readonly waitingBytes = 0;
  readonly clockErrorMs = 0;
  readonly featureLevel = FEATURE_LEVEL;
  readonly knownCommit = 0;
  state: OrderedState | undefined;

  start(state: OrderedState): void {
    this.state = state;
  }

  broadcast(): number {
    return 1;
  }

  readIndex(): number {
    return 1;
  }

  flush(): void {}

  resume(): void {}

  saved(): void {}

  status() {
    return new FakePeers().status();
  }

  async stop(): Promise<void> {}
}

describe('a server on an engine without a leader', () => {
  it('wakes who awaits a position when it is applied, and has nobody to hand over', async () => {
    const server = new WholeServer();
    const { storage, config, clock, engine, table, plumbing: realm } = server;
    const broadcast = new PlayedEngine();
    const peers = { broadcast, marks: await OrderMarks.read(storage, 0) };
    const side = { storage, position: 0, failure: undefined, commitAt: () => {}, sync: () => {} };
    const order = new RunningOrder({
      config, clock, engine, table, keyspace: realm.keyspace, limits: () => USUAL_LIMITS,
      realm, peers, log: pino({ level: 'silent' }), seed: [1, 2],
      side: side as unknown as StorageSide, pool: new OutputPool(), scheduleTurn: () => {},
      holdAll: () => () => {}, adopt: () => {},
      onBug: (error) => { throw error; }, onStoreLost: (error) => { throw error; },
    });
    server.peers = new PeersFacade(config, peers);
    order.start();
    const client = server.connect();
    const reply = client.run('PEERS AWAIT 2 0');
    broadcast.state?.apply(1, undefined);
    expect(client.session.blocking.isBlocked).toBe(true);
    broadcast.state?.apply(2, undefined);
    expect(await reply).toBe('+OK\r\n');
    expect(await client.run('PEERS POSITION')).toBe(':2\r\n');
    expect(await client.run('PEERS TRANSFER b'))
      .toBe('-ERR this order of writes has no leader\r\n');
    await order.stop();
  });
});
