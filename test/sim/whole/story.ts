/** A test that tells what happens to simulated servers, step by step, in virtual time. */

import type { Reply } from '../model/reply.ts';
import { Chance } from './chance.ts';
import { ask } from './check-end.ts';
import { ClientHost } from './client-host.ts';
import { Cluster, type ClusterSettings } from './cluster.ts';
import { Scheduler } from './scheduler.ts';
import type { SimMachine } from './sim-machine.ts';
import type { Command } from './wire.ts';

export interface Story {
  readonly cluster: Cluster;
  readonly host: ClientHost;
  /** Commands as one writes them, on a connection of their own, in one pipeline. */
  ask(machine: SimMachine, ...commands: readonly string[]): Promise<Reply[]>;
  sleep(ms: number): Promise<void>;
}

/** Rejects with what the story throws, or with a fault that the servers showed meanwhile. */
export async function tell(
  settings: Partial<ClusterSettings>, story: (told: Story) => Promise<void>, seed = 1,
): Promise<void> {
  const scheduler = new Scheduler();
  const chance = new Chance(seed);
  const cluster = new Cluster(scheduler, chance, {
    servers: 1, tiny: {}, diskMs: 0.1, latencyMs: 0.2, ...settings,
    options: { 'enable-debug-command': 'yes', 'appendfsync': 'always', ...settings.options },
  });
  const host = new ClientHost('127.0.9.1', scheduler, cluster.network, chance.fork());
  const outcome: { error?: Error } = {};
  const split = (line: string): Command => line.split(' ');
  const told: Story = {
    cluster, host,
    ask: (machine, ...commands) => ask(host, machine, commands.map(split)),
    sleep: (ms) => scheduler.sleep(ms),
  };
  const run = async (): Promise<void> => {
    await Promise.all(cluster.machines.map((machine) => cluster.start(machine)));
    await story(told);
  };
  run().catch((error: Error) => {
    outcome.error = error;
  }).finally(() => cluster.end());
  await scheduler.run(() => cluster.isOver);
  if (cluster.fault !== undefined) throw cluster.fault;
  if (outcome.error !== undefined) throw outcome.error;
}
