/**
 * One who administers the peers, by the rules of the README: asks the leader, and asks again when
 * that was no use. The machine of the administrator never fails.
 */

import type { Reply } from '../model/reply.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import type { Command, Wire } from './wire.ts';

/** A connection that says nothing for so long is given up. */
const PATIENCE_MS = 12_000;
const AGAIN_MS = 500;

/** What PEERS ADD and REMOVE may answer beside OK and what makes them needless. */
const REFUSALS = new RegExp('^UNKNOWN |^ERR (?:this peer does not (?:lead|take part)|another ' +
  'change of peers is under way|the leader has not committed anything|an invitation needs)');

export class Administrator {
  readonly #cluster: Cluster;
  readonly #host: ClientHost;

  constructor(cluster: Cluster, host: ClientHost) {
    this.#cluster = cluster;
    this.#host = host;
  }

  /** Undefined: the connection ended, or nothing came. */
  ask(machine: SimMachine, command: Command): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      const wire: Wire = this.#host.connect(machine, () => wire.send([command]), {
        onReply: (reply) => {
          resolve(reply);
          wire.destroy();
        },
        onClosed: () => resolve(undefined),
      });
      this.#host.after(PATIENCE_MS, () => wire.destroy());
    });
  }

  /** As one of these servers says, asked one after the other. */
  async findLeader(machines: readonly SimMachine[]): Promise<SimMachine | undefined> {
    for (const machine of machines) {
      if (!machine.isReady) continue;
      const reply = await this.ask(machine, ['PEERS', 'LEADER']);
      const name = reply?.kind === 'array' ? textOf(reply.items[0]) : undefined;
      const found = this.#cluster.machines.find((one) => one.name === name);
      if (found?.isReady === true) return found;
    }
    return undefined;
  }

  /** The role of each peer, by name; empty when there was no reply. */
  async rolesAt(machine: SimMachine): Promise<ReadonlyMap<string, string>> {
    return new Map(await this.#rowsAt(machine));
  }

  /** Whether these servers are all members, as their leader says, and their votes count. */
  async areVoters(machines: readonly SimMachine[]): Promise<boolean> {
    const leader = await this.findLeader(machines);
    const rows = leader === undefined ? [] : await this.#rowsAt(leader);
    // One with a new disk has two rows until the member that it was is gone.
    return rows.length === machines.length && machines.every(({ name }) =>
      rows.some(([one, role]) => one === name && (role === 'leader' || role === 'follower')));
  }

  /** Name and role of each. */
  async #rowsAt(machine: SimMachine): Promise<(readonly [string, string])[]> {
    const reply = await this.ask(machine, ['PEERS', 'STATUS']);
    const rows = reply?.kind === 'array' ? reply.items : [];
    return rows.map((row) => {
      const items = row.kind === 'array' ? row.items.map(textOf) : [];
      return [items[items.indexOf('name') + 1] ?? '', items[items.indexOf('role') + 1] ?? ''];
    });
  }

  /**
   * Has the leader do something: true as soon as it says OK, or that it is so already. A leader
   * that does not know yet that it is none any more cannot say so, because it has to make a write
   * first.
   */
  async insist(
    machines: () => readonly SimMachine[], command: Command, isSo: RegExp, untilMs: number,
    onAsk: (leader: SimMachine) => void,
  ): Promise<boolean> {
    const { scheduler } = this.#cluster;
    while (scheduler.nowMs < untilMs && !this.#cluster.isOver) {
      const any = machines().filter(({ isReady }) => isReady);
      const leader = await this.findLeader(any) ?? any[0];
      if (leader !== undefined && await this.#maySaySo(leader)) {
        onAsk(leader);
        const reply = await this.ask(leader, command);
        this.#cluster.note(`administrator: ${leader.name} ${command.join(' ')}: ` +
          `${JSON.stringify(reply)}`);
        if (reply?.kind === 'simple') return true;
        if (reply?.kind === 'error' && isSo.test(reply.text)) return true;
        if (reply?.kind === 'error' && !REFUSALS.test(reply.text)) {
          this.#cluster.fail(`${leader.name}: ${command.join(' ')} got ${reply.text}`);
        }
      }
      await scheduler.sleep(AGAIN_MS);
    }
    return false;
  }

  async #maySaySo(leader: SimMachine): Promise<boolean> {
    return (await this.ask(leader, ['SET', 'administrator', 'x']))?.kind === 'simple';
  }
}

function textOf(reply: Reply | undefined): string | undefined {
  return reply?.kind === 'bulk' ? reply.bytes : undefined;
}
