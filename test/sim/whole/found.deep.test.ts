/** Faults that the simulator found, over every operation of the disk that can fail. */

import { describe, expect, it } from 'vitest';
import { describeReply, type Reply } from '../model/reply.ts';
import type { SimMachine } from './sim-machine.ts';
import { tell } from './story.ts';

describe('a reload that cannot read the disk', () => {
  const broken = { 'segment-bytes': 8192, 'hot-tail-bytes': 16_384 };
  const fill = Array.from({ length: 200 }, (_, i) => `SET key:${i} ${'x'.repeat(200)}`);

  it.each(['open', 'read'] as const)('takes one failure of %s wherever it comes', async (op) => {
    await tell({ tiny: broken }, async ({ ask, cluster }) => {
      const machine = cluster.machines[0]!;
      await ask(machine, ...fill);
      for (let nth = 1; nth <= 60; nth++) {
        machine.disk.fail({ op, nth, times: 1, code: 'EIO' });
        const [reloaded, count] = await ask(machine, 'DEBUG RELOAD', 'DBSIZE');
        machine.disk.heal();
        expect(reloaded, `failure ${nth}`).toEqual({ kind: 'simple', text: 'OK' });
        expect(count, `failure ${nth}`).toEqual({ kind: 'integer', value: 200 });
      }
    });
  });
});

describe('a snapshot that cannot be installed at once', () => {
  const tiny = { 'raft-log-bytes': 20_000, 'segment-bytes': 8192, 'hot-tail-bytes': 16_384 };
  const KEYS = ['key:7', 'key:99'];
  const fill = (value: string): string[] =>
    Array.from({ length: 100 }, (_, i) => `SET key:${i} ${value.padEnd(600, 'x')}`);
  const valueOf = (reply: Reply | undefined): string =>
    reply?.kind === 'bulk' ? reply.bytes.replace(/x+$/, '') : describeReply(reply!);

  it.each(['rename', 'unlink', 'list'] as const)('leaves a whole store: %s fails', async (op) => {
    await tell({ servers: 3, tiny }, async ({ ask, cluster, sleep }) => {
      const [first, , late] = cluster.machines as [SimMachine, SimMachine, SimMachine];
      const read = async (): Promise<string[]> =>
        (await ask(late, ...KEYS.map((key) => `GET ${key}`))).map(valueOf);
      await sleep(3000);
      await ask(first, ...fill('0'));
      await sleep(500);
      for (let nth = 1; nth <= 4; nth += 1) {
        const before = await read();
        late.kill();
        for (let i = 0; i < 3; i += 1) {
          await ask(first, ...fill(`${nth}`));
          await sleep(1500);
        }
        await cluster.start(late);
        late.disk.fail({ op, nth, times: 1, code: 'EIO' });
        await sleep(8000);
        late.disk.heal();
        await sleep(2000);
        const now = KEYS.map(() => `${nth}`);
        const [role] = await ask(late, 'INFO replication');
        const hasStopped = role?.kind === 'bulk' && role.bytes.includes('order_role:stopped');
        expect(await read(), `failure ${nth}`).toEqual(hasStopped ? before : now);
        late.kill();
        await cluster.start(late);
        await sleep(5000);
        expect(await read(), `behind failure ${nth}`).toEqual(now);
      }
    });
  });
});
