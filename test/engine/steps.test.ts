/** Waits of commands in steps: what ends them, and what is left of them then. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineCommands } from '../../src/commands/command.ts';
import { NetLayer, turns, until, type NetClient } from '../net/net-layer.ts';

let server: NetLayer;
let client: NetClient;
let isThere: boolean;
let looks: number;

const COMMON = { group: 'generic', summary: 'For tests.', since: '1.0.0', flags: [] } as const;

const extra = defineCommands([
  {
    ...COMMON, name: 'awaitit', arity: 2,
    *steps({ args, reply, session }) {
      const isOver = (): boolean => {
        looks += 1;
        return isThere;
      };
      const how = yield { kind: 'block', session, ms: args.int(1) ?? 0, isOver };
      reply.simple(`${String(how)} ${isThere}`);
    },
  },
  {
    ...COMMON, name: 'stumble', arity: 1,
    *steps({ reply, session }) {
      reply.simple('HALF');
      yield { kind: 'block', session, ms: 10 };
      reply.simple('MORE');
      throw new Error('stumbled');
    },
  },
]);

beforeEach(async () => {
  isThere = false;
  looks = 0;
  server = await new NetLayer(extra).listen();
  client = await server.dial();
});

afterEach(async () => {
  await server.close();
  expect(server.bugs).toEqual([]);
});

const blocked = (): number =>
  [...server.clients.connections].filter(({ session }) => session.blocking.isBlocked).length;

describe('a wait for a condition', () => {
  it('ends with progress once it holds, and leaves no timer', async () => {
    for (let round = 0; round < 2; round += 1) {
      isThere = false;
      client.send('AWAITIT 1000');
      await until(() => blocked() === 1, 'it waits');
      server.host.engine.onProgress();
      await turns(3);
      expect([client.received, blocked()]).toEqual(['', 1]);
      isThere = true;
      server.host.engine.onProgress();
      await client.expect('+timeout true');
      expect(server.clock.nextTimerMs()).toBeNull();
    }
  });

  it('ends with its time, and is not looked at any more', async () => {
    client.send('AWAITIT 50');
    await until(() => blocked() === 1, 'it waits');
    server.clock.advance(50);
    await client.expect('+timeout false');
    server.host.engine.onProgress();
    expect(looks).toBe(0);
  });

  it('without a time ends only with the condition, or when it is told', async () => {
    client.send('AWAITIT 0', 'PING');
    await until(() => blocked() === 1, 'it waits');
    expect(server.clock.nextTimerMs()).toBeNull();
    server.clock.advance(100_000);
    await turns(3);
    expect(client.received).toBe('');
    const other = await server.dial();
    other.send('CLIENT UNBLOCK 1 ERROR', 'CLIENT UNBLOCK 1');
    await other.expect(':1', ':0');
    await client.expect('+error false', '+PONG');
  });

  it('of a client that has gone is not looked at any more', async () => {
    client.send('AWAITIT 0');
    await until(() => blocked() === 1, 'it waits');
    server.clients.destroyAll();
    await until(() => server.clients.count === 0, 'it is gone');
    server.host.engine.onProgress();
    expect([looks, server.called]).toEqual([0, []]);
  });
});

describe('a step that throws', () => {
  it('takes back what it wrote, but not what an earlier one did', async () => {
    client.send('STUMBLE', 'PING');
    await until(() => blocked() === 1, 'it waits');
    server.clock.advance(10);
    await client.expect('+HALF', '-ERR stumbled', '+PONG');
    expect(server.crashes.splice(0)).toEqual(['Error: stumbled']);
  });

  it('is not taken when the client was closed meanwhile', async () => {
    client.send('STUMBLE');
    await until(() => blocked() === 1, 'it waits');
    server.clients.destroyAll();
    await until(() => server.clients.count === 0, 'it is gone');
    expect(server.crashes).toEqual([]);
  });
});
