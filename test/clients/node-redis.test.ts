/** An application with node-redis, in RESP2 and RESP3. */

import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import { TestServer } from '../server/test-server.ts';

for (const RESP of [2, 3] as const) {
  describe(`node-redis in RESP${RESP}`, () => {
    let dkvs: TestServer;
    let client: ReturnType<typeof create>;

    const create = () => createClient({
      url: `redis://default:secret@127.0.0.1:${dkvs.port}/3`, RESP, name: 'my-application',
    });

    beforeAll(async () => {
      dkvs = await TestServer.start({ requirepass: 'secret' });
      client = create();
      client.on('error', () => {});
      await client.connect();
    });
    afterAll(async () => {
      client.destroy();
      await dkvs.stop();
    });

    it('authenticates, chooses its database and gives its name', async () => {
      expect(await client.clientGetName()).toBe('my-application');
      const { db, resp } = await client.clientInfo();
      expect({ db, resp }).toEqual({ db: 3, resp: RESP });
    });

    it('keeps strings and hashes', async () => {
      expect(await client.set('key', 'välue', { expiration: { type: 'EX', value: 100 } }))
        .toBe('OK');
      expect(await client.get('key')).toBe('välue');
      expect(await client.set('key', 'other', { condition: 'NX' })).toBeNull();
      expect(await client.hSet('hash', { one: '1', two: '2' })).toBe(2);
      expect({ ...await client.hGetAll('hash') }).toEqual({ one: '1', two: '2' });
      expect(await client.hmGet('hash', ['one', 'three'])).toEqual(['1', null]);
      expect(await client.incrByFloat('float', 0.5)).toBe('0.5');
      expect(await client.expire('key', 1000, 'GT')).toBe(1);
      expect(await client.getEx('key', { type: 'PERSIST' })).toBe('välue');
      expect(await client.ttl('key')).toBe(-1);
    });

    it('pipelines what is asked in one turn', async () => {
      const asked = Array.from({ length: 5000 }, (_, i) => client.set(`n:${i}`, `${i}`));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['OK']));
    });

    it('iterates over all keys and fields', async () => {
      const keys = new Set<string>();
      for await (const page of client.scanIterator({ MATCH: 'n:*', COUNT: 500 })) {
        for (const key of page) keys.add(key);
      }
      expect(keys.size).toBe(5000);
      const fields: string[] = [];
      for await (const page of client.hScanIterator('hash')) {
        for (const { field, value } of page) fields.push(`${field}=${value}`);
      }
      expect(fields.toSorted()).toEqual(['one=1', 'two=2']);
    });

    it('runs transactions', async () => {
      const replies = await client.multi().set('t', '1').incr('t').hGetAll('hash').exec();
      expect(replies[1]).toBe(2);
      expect({ ...replies[2] }).toEqual({ one: '1', two: '2' });
      await client.watch('t');
      const other = client.duplicate();
      await other.connect();
      await other.set('t', '9');
      await expect(client.multi().set('t', '10').exec()).rejects.toThrow(/watched keys/);
      other.destroy();
    });

    it('subscribes beside a second connection', async () => {
      const subscriber = client.duplicate();
      await subscriber.connect();
      const heard: string[] = [];
      await subscriber.subscribe('c', (message) => { heard.push(message); });
      await subscriber.pSubscribe('c*', (message, channel) => {
        heard.push(`${channel} ${message}`);
      });
      expect(await client.publish('c', 'hi')).toBe(2);
      await eventually('both messages', () => heard.length === 2);
      expect(heard.toSorted()).toEqual(['c hi', 'hi']);
      subscriber.destroy();
    });

    it('rejects with the errors of the server', async () => {
      await expect(client.hGet('key', 'f')).rejects.toThrow(/^WRONGTYPE/);
      await expect(client.sendCommand(['NOSUCH', 'x'])).rejects.toThrow(/unknown command 'NOSUCH'/);
    });
  });
}

it('node-redis is told when the password is wrong', async () => {
  const dkvs = await TestServer.start({ requirepass: 'secret' });
  try {
    const url = `redis://default:wrong@127.0.0.1:${dkvs.port}`;
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await expect(client.connect()).rejects.toThrow(/^WRONGPASS/);
  } finally {
    await dkvs.stop();
  }
});
