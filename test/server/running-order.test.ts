/** The order at work in a server, on an engine that the test plays. */

import { describe, expect, it } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import { FAKE_PEER_OPTIONS, FakeOrder } from './fake-order.ts';
import { TestServer } from './test-server.ts';

describe('a server on an engine without a leader, such as one on a broker', () => {
  it('wakes who awaits a position when it is applied, and has nobody to hand over', async () => {
    const order = new FakeOrder();
    order.administration = undefined;
    const server = await TestServer.inMemory(FAKE_PEER_OPTIONS, order);
    const [client, other] = [await server.connect(), await server.connect()];
    const isBlocked = async (): Promise<boolean> =>
      (await other.run('CLIENT LIST ID 1')).includes(' flags=b ');
    const reply = client.run('PEERS AWAIT 2 0');
    await eventually('it to wait', isBlocked);
    order.apply(1);
    expect(await isBlocked()).toBe(true);
    order.apply(2);
    expect(await reply).toBe('+OK\r\n');
    expect(await client.run('PEERS POSITION')).toBe(':2\r\n');
    expect(await client.run('PEERS TRANSFER b'))
      .toBe('-ERR this order of writes has no leader\r\n');
    await server.stop();
  });
});
