/**
 * Clients that have their keys to themselves, so that a model can say of each reply what it must
 * be: random commands, pipelines and transactions over all that a server can do with keys.
 *
 * After a connection was lost, what had been asked and not answered may have been done or not. The
 * model keeps both in mind. When bytes may still be on their way to a server that lives, they may
 * even be done later: then the client goes on with other keys.
 */

import type { ClientModelOptions } from '../model/client-model.ts';
import { ClientModel } from '../model/client-model.ts';
import { RandomCommands, type Profile as CommandProfile } from '../model/random-commands.ts';
import { describeCommand, describeReply, type Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import type { ClientCounts } from './shared-clients.ts';
import { WALL_START_MS, type SimMachine } from './sim-machine.ts';
import type { SimProcess } from './sim-process.ts';
import { ThinkTime } from './think-time.ts';
import type { Wire } from './wire.ts';

export interface PrivateOptions {
  readonly count: number;
  readonly thinkMs: number;
  /** One client alone may use and change whole databases. */
  readonly isGlobal: boolean;
  readonly model: ClientModelOptions;
  /** Reads see at least what their own connection wrote, not all that was acknowledged. */
  readonly isSequential: boolean;
  /** The power may take what was replied to and not synced. */
  readonly mayLoseReplied: boolean;
}

const COMMANDS: readonly CommandProfile[] = [
  'strings', 'hyperloglogs', 'hashes', 'lists', 'sets', 'sortedSets', 'expiry', 'transactions', 'big', 'mixed',
  'mixed',
];

/** Hangs up when it hears nothing for so long; servers answer before that. */
const PATIENCE_MS = 40_000;
/** A client that has asked nothing for so long waits for what never comes, and finds nothing. */
const SILENT_MS_MAX = 600_000;
/** Once in this many pipelines it hangs up before it was answered. */
const HANG_UP_ONE_IN = 60;
/** Once in this many it has everything synced, where replies may be lost. */
const SAVE_ONE_IN = 20;
const DATABASES = 3;
const VALUE_BYTES_MAX = 100_000;

export class PrivateClients {
  readonly cluster: Cluster;
  readonly host: ClientHost;
  readonly options: PrivateOptions;
  readonly counts: ClientCounts = { commands: 0, answered: 0, refused: 0, unknown: 0 };
  isStopped = false;
  readonly #clients: PrivateClient[] = [];

  constructor(cluster: Cluster, host: ClientHost, options: PrivateOptions) {
    this.cluster = cluster;
    this.host = host;
    this.options = options;
    for (let i = 0; i < options.count; i++) {
      const client = new PrivateClient(this, `p${i}:`, cluster.chance.fork());
      this.#clients.push(client);
      client.next();
    }
  }

  /** Each reads back all that it knows; settles when all have. Stop them first. */
  async readBack(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.readBack()));
  }
}

/** A read failed as it was told to. */
const FAILED_READ = /^ERR cannot .*: simulated$/;
/** For the model: surely not executed. */
const REFUSED: Reply = { kind: 'error', text: 'MISCONF damaged' };

class PrivateClient {
  readonly #all: PrivateClients;
  readonly #name: string;
  readonly #chance: Chance;
  readonly #model: ClientModel;
  readonly #commands: RandomCommands;
  #wire: Wire | undefined;
  #machine: SimMachine | undefined;
  /** That it is connected to. */
  #process: SimProcess | undefined;
  readonly #thinking: ThinkTime;
  #hasHungUp = false;
  #mustStartFresh = false;
  /** Since the last connection; what that means is known when there is a new one. */
  #hasServerEnded = false;
  #powerLosses = 0;
  /** Nothing was asked on this connection. */
  #isNew = true;
  #isSaving = false;
  /** Sequential reads see all that the client was told before: it has written here. */
  #isSynced = false;
  #pipelines = 0;
  #askedAtMs = 0;
  #onIdle: (() => void) | undefined;

  constructor(all: PrivateClients, name: string, chance: Chance) {
    this.#all = all;
    this.#name = name;
    this.#chance = chance;
    const { isGlobal, model, thinkMs } = all.options;
    this.#thinking = new ThinkTime(all.host, chance, thinkMs, () => this.#go());
    this.#model = new ClientModel(model);
    this.#commands = new RandomCommands({
      random: chance.random(), prefix: name, profile: chance.choose(COMMANDS),
      databases: DATABASES, valueBytesMax: VALUE_BYTES_MAX,
      mayUseGlobal: isGlobal, mayChangeGlobal: isGlobal, mayExpireFields: true,
    });
  }

  next(): void {
    this.#thinking.begin();
  }

  #go(): void {
    if (this.#onIdle !== undefined && this.#model.inFlight === 0) return this.#onIdle();
    if (this.#wire === undefined) return this.#connect();
    if (this.#model.inFlight === 0 && !this.#isSaving) this.#pipeline();
  }

  async readBack(): Promise<void> {
    const { cluster } = this.#all;
    if (cluster.scheduler.nowMs - this.#askedAtMs > SILENT_MS_MAX) {
      cluster.fail(`${this.#name} has asked nothing since ${this.#askedAtMs} ms`);
    }
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.next();
    });
    while (this.#wire === undefined || !this.#isSynced) {
      if (this.#wire === undefined) this.#connect();
      else if (this.#model.inFlight === 0) this.#sync();
      await this.#all.cluster.scheduler.sleep(1000);
    }
    const commands = this.#model.isTooUncertain ? [] : this.#model.readBack();
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (commands.length === 0) resolve();
      else this.#send(commands);
    });
  }

  get #nowMs(): number {
    return WALL_START_MS + this.#all.cluster.scheduler.nowMs;
  }

  /** The machine of the last connection, since that was made. */
  get #hasLostPower(): boolean {
    return this.#machine !== undefined && this.#machine.powerLosses !== this.#powerLosses;
  }

  #connect(): void {
    const { cluster, host } = this.#all;
    const machines = cluster.ready;
    if (machines.length === 0) return this.next();
    const machine = this.#chance.choose(machines);
    // One that was stopping had let its clients go before the power went.
    if (this.#hasServerEnded || this.#hasLostPower) this.#onServerEnded();
    if (machine !== this.#machine) this.#model.forgetScan();
    this.#machine = machine;
    this.#powerLosses = machine.powerLosses;
    this.#process = machine.process;
    this.#hasHungUp = false;
    this.#isNew = true;
    this.#isSynced = !this.#all.options.isSequential;
    this.#wire = host.connect(machine, () => this.next(), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: () => this.#onClosed(),
    });
  }

  /** The power may also have gone while the server started again. */
  #onServerEnded(): void {
    this.#hasServerEnded = false;
    const keepsReplied = !this.#all.options.mayLoseReplied || !this.#hasLostPower;
    this.#model.crashed({ keepsReplied }, this.#nowMs);
  }

  #pipeline(): void {
    if (this.#all.isStopped && !this.#model.isInTransaction) return this.next();
    const { mayLoseReplied } = this.#all.options;
    if (!this.#isSynced) return this.#sync();
    const isNew = this.#isNew;
    this.#isNew = false;
    if (isNew && this.#model.hypothesisCount > 1) return this.#send(this.#model.readBack());
    if (mayLoseReplied && !this.#model.isInTransaction && this.#chance.oneIn(SAVE_ONE_IN)) {
      this.#isSaving = true;
      return this.#ask([['SAVE']]);
    }
    if (this.#model.isTooUncertain) {
      this.#mustStartFresh = true;
      return this.#wire!.destroy();
    }
    this.#commands.replaceKeys(this.#model.abandonedKeys());
    const scan = this.#model.isInTransaction ? undefined : this.#model.scanToContinue();
    const commands = scan === undefined ? this.#commands.nextPipeline(this.#nowMs) : [scan];
    this.#send(commands);
  }

  /** A write is ordered behind all that was acknowledged, and this connection sees it. */
  #sync(): void {
    this.#send([['SET', `${this.#name}sync${this.#pipelines}`, 'x']]);
  }

  #send(commands: readonly string[][]): void {
    for (const command of commands) this.#model.send(command, this.#nowMs);
    this.#all.counts.commands += commands.length;
    this.#ask(commands);
  }

  /** Sends them, and hangs up when replies do not come: a connection may be half-open. */
  #ask(commands: readonly string[][]): void {
    const { cluster, host } = this.#all;
    cluster.detail(() => `${this.#name} ${commands.map(describeCommand).join('; ')}`);
    this.#pipelines += 1;
    this.#askedAtMs = cluster.scheduler.nowMs;
    const number = this.#pipelines;
    this.#wire!.send(commands);
    const isImpatient = this.#onIdle === undefined && this.#chance.oneIn(HANG_UP_ONE_IN);
    const patienceMs = isImpatient ? this.#chance.between(0, 20) : PATIENCE_MS;
    const isSure = cluster.isPeace && !isImpatient;
    host.after(patienceMs, () => {
      const isWaiting = this.#model.inFlight > 0 || this.#isSaving;
      if (this.#pipelines !== number || !isWaiting) return;
      if (isSure) cluster.fail(`${this.#name} got no reply though all is well`);
      this.#hasHungUp = true;
      this.#wire?.destroy();
    });
  }

  #onReply(reply: Reply): void {
    const { cluster, counts, isStopped } = this.#all;
    cluster.detail(() => `${this.#name} got ${describeReply(reply)}`);
    if (this.#isSaving) {
      this.#isSaving = false;
      if (reply.kind === 'simple') this.#model.markDurable();
      return this.next();
    }
    const isRefused = reply.kind === 'error' && this.#namesDamage(reply.text);
    const verdict = this.#model.receive(isRefused ? REFUSED : reply, this.#nowMs);
    switch (verdict.kind) {
      case 'right': case 'unchecked':
        counts.answered += 1;
        this.#isSynced = true;
        break;
      case 'refused': counts.refused += 1; break;
      case 'unknown': counts.unknown += 1; break;
      case 'wrong':
        if (this.#isFailedRead(reply)) {
          this.#giveUpKeys();
          break;
        }
        cluster.fail(`${this.#name} on ${this.#machine?.name}: ${verdict.description}\n` +
          `(the reply was ${describeReply(reply)})`);
        break;
      default: verdict satisfies never;
    }
    if (this.#model.inFlight > 0) return;
    if (cluster.sendsAway(this.#machine!, reply)) return this.#wire?.destroy();
    if (isStopped && this.#onIdle !== undefined) this.#onIdle();
    else this.next();
  }

  /** A read failed that was made to, perhaps one in the middle of EXEC. */
  #isFailedRead(reply: Reply): boolean {
    if (reply.kind === 'array') return reply.items.some((item) => this.#isFailedRead(item));
    return reply.kind === 'error' &&
      (FAILED_READ.test(reply.text) || this.#namesDamage(reply.text));
  }

  #namesDamage(text: string): boolean {
    return this.#machine !== undefined && this.#all.cluster.isDamageNamed(this.#machine, text);
  }

  /** What a failed read has left of a pipeline or transaction is not followed. */
  #giveUpKeys(): void {
    this.#hasHungUp = true;
    this.#wire?.destroy();
  }

  /** Not in the middle of a transaction, of which nothing would be known. */
  #startFresh(): void {
    this.#mustStartFresh = false;
    this.#model.startFresh();
    this.#commands.startFresh();
  }

  #onClosed(): void {
    this.#wire = undefined;
    this.#isSaving = false;
    if (this.#machine?.process !== this.#process) this.#hasServerEnded = true;
    else {
      if (this.#hasHungUp && this.#model.inFlight > 0) this.#mustStartFresh = true;
      this.#model.disconnected(this.#nowMs);
      if (this.#mustStartFresh) this.#startFresh();
    }
    this.#commands.disconnected();
    this.next();
  }
}
