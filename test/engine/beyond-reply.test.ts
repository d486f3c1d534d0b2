/** Strings that a reply cannot hold: the request is refused before any of them is read from disk. */

import { afterEach, describe, expect, it } from 'vitest';
import { Args } from '../../src/protocol/args.ts';
import { REPLY_BYTES_MAX } from '../../src/protocol/limits.ts';
import { ClusterLayer, turns } from '../cluster/cluster-layer.ts';
import { EngineLayer } from './engine-layer.ts';
import { LocalCluster } from '../raft/contract/local-order.ts';
import { SimClock } from '../sim/sim-clock.ts';

const MiB = 1024 * 1024;
const TOO_MANY = ['MGET', ...Array.from({ length: 3000 }, (_, i) => `k${i}`)];
const REFUSED = `-ERR the reply has more than ${REPLY_BYTES_MAX} bytes and is not built; ` +
  'what the request changes was changed\r\n';

/** All keys k0 ... are said to hold so many bytes, and are only on disk; they are one byte long. */
function fill({ storage, plumbing }: EngineLayer, bytes: number): void {
  const { space } = plumbing.keyspace.db(0);
  for (const key of TOO_MANY.slice(1)) {
    storage.put(space, Args.of(key).at(0), Args.of('v').at(0), 0, false);
    storage.coldKeys.add(key);
  }
  storage.stringBytesMin = () => bytes;
}

describe('a reply that would be too large', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  it('is refused before anything is read', async () => {
    const server = new EngineLayer();
    fill(server, MiB);
    const client = server.connect();
    expect(await client.run(TOO_MANY)).toBe(REFUSED);
    expect(server.storage.coldKeys.size).toBe(3000);
    expect(server.refusals).toEqual(['ERR']);
  });

  it('is refused in a burst, where the requests around it run', async () => {
    const server = new EngineLayer();
    fill(server, MiB);
    const client = server.connect();
    const batch = [['GET', 'k1'], TOO_MANY, ['GET', 'k2']].map((words) => Args.of(...words));
    for (let taken = 0; taken < batch.length; await server.engine.wait) {
      const rest = batch.slice(taken);
      taken += server.engine.serve(client.session, rest, rest.length, 1);
    }
    expect(client.heard()).toBe(`$1\r\nv\r\n${REFUSED}$1\r\nv\r\n`);
    expect(server.storage.coldKeys.size).toBe(2998);
  });

  it('is refused in a transaction, where the requests around it run', async () => {
    const server = new EngineLayer();
    fill(server, MiB);
    const client = server.connect();
    for (const words of [['MULTI'], ['GET', 'k1'], TOO_MANY, ['GET', 'k2']]) await client.run(words);
    expect(await client.run('EXEC')).toBe(`*3\r\n$1\r\nv\r\n${REFUSED}$1\r\nv\r\n`);
    expect(server.storage.coldKeys.size).toBe(2998);
  });

  it('is refused in a transaction that peers order, which changes the same on all', async () => {
    const cluster = new LocalCluster(['a'], new SimClock(), 4 * MiB);
    const engine = cluster.open('a');
    stops.push(() => engine.stop());
    const peer = await ClusterLayer.create(engine);
    await turns(2);
    fill(peer.server, MiB);
    const client = peer.connect();
    for (const words of [['MULTI'], ['SET', 'new', 'v'], TOO_MANY]) await client.run(words);
    expect(await peer.run(client, 'EXEC')).toBe(`*2\r\n+OK\r\n${REFUSED}`);
    expect(peer.server.storage.coldKeys.size).toBe(3000);
    expect(await client.run(['GET', 'new'])).toBe('$1\r\nv\r\n');
  });

  it('is built when one key less would make it small enough', async () => {
    const server = new EngineLayer();
    fill(server, MiB);
    const client = server.connect();
    const most = TOO_MANY.slice(0, 1 + 1025);
    expect(await client.run(most)).toBe(`*1025\r\n${'$1\r\nv\r\n'.repeat(1025)}`);
    expect(await client.run(TOO_MANY.slice(0, 1 + 1026))).toBe(REFUSED);
  });
});
