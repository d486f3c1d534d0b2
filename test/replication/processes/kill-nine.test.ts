import { afterEach, describe, expect, it } from 'vitest';
import { mustBeLinearizable } from '../checker/linearizability.ts';
import { stringModel } from '../checker/models.ts';
import { eventually } from '../../wire/eventually.ts';
import { WireClient } from '../../wire/wire-client.ts';
import { Load } from './load.ts';
import { ProcessPeers, takesWrites } from './process-peers.ts';

const CLIENTS = 9;

let peers: ProcessPeers | undefined;

afterEach(async () => {
  await peers?.stop();
  peers = undefined;
});

/** So many more requests are answered: the cluster lives. */
async function answers(load: Load, more: number): Promise<void> {
  const before = load.answered;
  await eventually(`${more} more answers`, () => load.answered >= before + more);
}

/** Everything that each server holds; linearizable reads, so that all have everything. */
async function content(port: number): Promise<string> {
  const client = await WireClient.connect({ port });
  try {
    const keys = (await client.call('KEYS', '*')).split('\r\n').filter((one) => one.startsWith('k'));
    const values: string[] = [];
    for (const key of keys.sort()) values.push(`${key}=${await client.call('GET', key)}`);
    return values.join('\n');
  } finally {
    client.close();
  }
}

async function underLoad(trouble: (load: Load, all: ProcessPeers) => Promise<void>): Promise<Load> {
  peers = await ProcessPeers.start();
  const load = new Load(peers.ports);
  const running = load.run(CLIENTS);
  await answers(load, 200);
  await trouble(load, peers);
  load.stop();
  await running;
  mustBeLinearizable(stringModel, load.history.operations());
  for (const port of peers.ports) await takesWrites(port);
  const contents = await Promise.all(peers.ports.map(content));
  expect(contents[0]).not.toBe('');
  expect(new Set(contents).size).toBe(1);
  return load;
}

describe('three servers as processes', () => {
  it('lose nothing when each is killed with kill -9 in turn', { timeout: 120_000 }, async () => {
    const load = await underLoad(async (under, all) => {
      for (const i of [0, 1, 2]) {
        await all.kill(i);
        await answers(under, 200);
        await all.launch(i);
        await takesWrites(all.ports[i]!);
        await answers(under, 200);
      }
    });
    expect(load.answered).toBeGreaterThan(1000);
  });

  it('lose nothing when all are killed at once', { timeout: 120_000 }, async () => {
    await underLoad(async (under, all) => {
      await Promise.all([0, 1, 2].map((i) => all.kill(i)));
      await Promise.all([0, 1, 2].map((i) => all.launch(i)));
      await answers(under, 300);
    });
  });

  it('never read what is old when one is stopped and goes on', { timeout: 120_000 }, async () => {
    await underLoad(async (under, all) => {
      for (const i of [0, 1, 2]) {
        all.signal(i, 'SIGSTOP');
        await answers(under, 300);
        all.signal(i, 'SIGCONT');
        await answers(under, 200);
      }
    });
  });

  it('let a server in again that has lost its disk', { timeout: 120_000 }, async () => {
    await underLoad(async (under, all) => {
      await all.kill(1);
      all.wipe(1);
      await answers(under, 100);
      await all.launch(1);
      await takesWrites(all.ports[1]!);
      // It counts again: with another one gone there is a majority.
      await answers(under, 500);
      await all.kill(2);
      await answers(under, 300);
      await all.launch(2);
      await takesWrites(all.ports[2]!);
    });
  });
});
