/** Faults that the simulator found, each as a short story. */

import { describe, expect, it } from 'vitest';
import { describeReply } from '../model/reply.ts';
import type { SimMachine } from './sim-machine.ts';
import { tell } from './story.ts';

describe('a reload that cannot read the disk', () => {
  const broken = { 'segment-bytes': 8192, 'hot-tail-bytes': 16_384 };
  const fill = Array.from({ length: 200 }, (_, i) => `SET key:${i} ${'x'.repeat(200)}`);

  it('is tried again, and loses nothing', async () => {
    await tell({ tiny: broken }, async ({ ask, cluster }) => {
      const machine = cluster.machines[0]!;
      await ask(machine, ...fill);
      for (const op of ['open', 'read', 'list', 'write', 'create'] as const) {
        machine.disk.fail({ op, times: 3, code: 'EIO' });
        const replies = await ask(machine, 'DEBUG RELOAD', 'SET after 1', 'DBSIZE');
        machine.disk.heal();
        expect(replies[0], op).toEqual({ kind: 'simple', text: 'OK' });
        expect(replies[2], op).toEqual({ kind: 'integer', value: 201 });
      }
      machine.cutPower();
      await cluster.start(machine);
      expect(await ask(machine, 'DBSIZE')).toEqual([{ kind: 'integer', value: 201 }]);
    });
  });

  it.each(['open', 'read'] as const)('takes one failure of %s wherever it comes', async (op) => {
    await tell({ tiny: broken }, async ({ ask, cluster }) => {
      const machine = cluster.machines[0]!;
      await ask(machine, ...fill);
      for (let nth = 1; nth <= 15; nth++) {
        machine.disk.fail({ op, nth, times: 1, code: 'EIO' });
        const [reloaded, count] = await ask(machine, 'DEBUG RELOAD', 'DBSIZE');
        machine.disk.heal();
        expect(reloaded, `failure ${nth}`).toEqual({ kind: 'simple', text: 'OK' });
        expect(count, `failure ${nth}`).toEqual({ kind: 'integer', value: 200 });
      }
    });
  });

  it('ends the server when it never works, and the next start has everything', async () => {
    await tell({ tiny: broken }, async ({ ask, cluster, sleep }) => {
      const machine = cluster.machines[0]!;
      const ends: string[] = [];
      cluster.onEnded = (_machine, error) => ends.push(error.message) > 0;
      await ask(machine, ...fill);
      machine.disk.fail({ op: 'read', times: 1e9, code: 'EIO' });
      await ask(machine, 'DEBUG RELOAD');
      await sleep(1000);
      machine.disk.heal();
      expect(ends).toHaveLength(1);
      await cluster.start(machine);
      expect(await ask(machine, 'DBSIZE')).toEqual([{ kind: 'integer', value: 200 }]);
    });
  });
});

describe('a server whose log cannot be written any more', () => {
  it('serves reads, of keys that have expired too', async () => {
    await tell({}, async ({ ask, cluster, sleep }) => {
      const machine = cluster.machines[0]!;
      await ask(machine, 'DEBUG SET-ACTIVE-EXPIRE 0', 'SET a 1', 'SET b 2 PX 500', 'HSET h f 1');
      machine.disk.fail({ op: 'write', times: 1, code: 'EIO' });
      await ask(machine, 'SET c 3');
      await sleep(1000);
      const replies = await ask(machine, 'SET c 3', 'MGET a b', 'GET b', 'TTL b', 'DEL a');
      expect(replies.map((reply) => (reply.kind === 'error' ? reply.text.slice(0, 8) : reply)))
        .toEqual([
          'MISCONF ', { kind: 'array', items: [{ kind: 'bulk', bytes: '1' }, { kind: 'nil' }] },
          { kind: 'nil' }, { kind: 'integer', value: -2 }, 'MISCONF ',
        ]);
    });
  });

  it('refuses reads that could show what a power loss takes', async () => {
    await tell({}, async ({ ask, cluster, sleep }) => {
      const machine = cluster.machines[0]!;
      await ask(machine, 'SET a old');
      machine.disk.fail({ op: 'datasync', path: '.log', times: 1, code: 'EIO' });
      const lost = await ask(machine, 'SET a new');
      expect(lost.every((reply) => reply.kind === 'error')).toBe(true);
      for (const line of ['GET a', 'MGET a b', 'EXISTS a', 'DBSIZE', 'KEYS *']) {
        const [reply] = await ask(machine, line);
        expect(reply, line).toMatchObject({
          kind: 'error', text: expect.stringMatching(/^MISCONF/),
        });
      }
      expect(await ask(machine, 'PING')).toEqual([{ kind: 'simple', text: 'PONG' }]);
      machine.cutPower();
      await cluster.start(machine);
      await sleep(10);
      const [after] = await ask(machine, 'GET a');
      expect(['old', 'new']).toContain(after?.kind === 'bulk' ? after.bytes : after);
    });
  });
});

describe('a transaction that meets a record that cannot be read', () => {
  it('leaves the connection in the database in which it was', async () => {
    await tell({ tiny: { 'segment-bytes': 8192, 'hot-tail-bytes': 16_384 } },
      async ({ ask, cluster }) => {
        const machine = cluster.machines[0]!;
        await ask(machine, 'SELECT 1', `SET long ${'x'.repeat(4000)}`);
        machine.cutPower();
        await cluster.start(machine);
        machine.disk.fail({ op: 'read', times: 1e9, code: 'EIO' });
        const replies = await ask(
          machine, 'SET where zero', 'MULTI', 'SELECT 1', 'SET where one', 'GET long', 'EXEC',
          'GET where');
        machine.disk.heal();
        expect(describeReply(replies.at(-2)!)).toMatch(/^-ERR/);
        expect(describeReply(replies.at(-1)!)).toBe('"zero"');
      });
  });
});

describe('a peer that stops while a client waits for a key', () => {
  it('does not answer what the client sent behind', async () => {
    await tell({ servers: 3 }, async ({ cluster, host, sleep }) => {
      const [machine] = cluster.machines as [SimMachine];
      await sleep(3000);
      for (const afterMs of [0, 0.5, 1, 3]) {
        const replies: string[] = [];
        const closed = new Promise<void>((resolve) => {
          const wire = host.connect(machine, () => wire.send([['BLPOP', 'k', '0'], ['PING']]), {
            onReply: (reply) => replies.push(describeReply(reply)),
            onClosed: resolve,
          });
        });
        await sleep(1 + afterMs);
        await machine.stop();
        await closed;
        expect(replies, `stopped after ${afterMs} ms`).toEqual([]);
        await cluster.start(machine);
        await sleep(2000);
      }
    });
  });
});
