/** The machine on which the simulated clients run. It never fails; its clock is right. */

import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import { CLIENT_PORT, type SimMachine } from './sim-machine.ts';
import type { NetworkHost, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { Wire, type WireUser } from './wire.ts';

export class ClientHost implements NetworkHost {
  readonly host: string;
  readonly isOn = true;
  readonly process: SimProcess;
  readonly #network: SimNetwork;

  constructor(host: string, scheduler: Scheduler, network: SimNetwork, chance: Chance) {
    this.host = host;
    this.#network = network;
    const nowMs = (): number => scheduler.nowMs;
    this.process = new SimProcess(scheduler, chance, {
      wallMs: nowMs, monotonicMs: nowMs, untilMs: (ms) => ms,
    });
    network.add(this);
  }

  connect(machine: SimMachine, onConnect: () => void, user: WireUser): Wire {
    const network = this.#network.of(this.process, this);
    const options = { host: machine.host, port: CLIENT_PORT };
    return new Wire((ready) => network.connect(options, ready), onConnect, user);
  }

  after(delayMs: number, run: () => void): void {
    this.process.plan(this.process.scheduler.nowMs + delayMs, run);
  }
}
