/** Faults that the simulator found, each as a short story. */

import { describe, expect, it } from 'vitest';
import { tell } from './story.ts';

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
        expect(reply, line).toMatchObject({ kind: 'error', text: expect.stringMatching(/^MISCONF/) });
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
