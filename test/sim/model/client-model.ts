/**
 * All that is known about the keys of one client, which no other client touches. The caller tells
 * what was sent and what came back; the model says whether that can be right.
 *
 * What is known is a list of hypotheses: models of the keyspace, one of which is what the server
 * has. A reply that no hypothesis explains is wrong. When a command may or may not have run, there
 * are hypotheses for both. With too many of them, or when nothing can be known, the model gives up:
 * `isTooUncertain` says so, and the caller goes on with `startFresh` and other keys.
 *
 * Soundness comes first: a server that is right is never called wrong.
 *
 *     const model = new ClientModel({ clockSlackMs: 1 });
 *     model.send(['INCR', 'k'], clock.nowMs());
 *     …
 *     const verdict = model.receive(decoder.next(), clock.nowMs());
 *     if (verdict.kind === 'wrong') throw new Error(verdict.description);
 */

import { InFlight, type AskedCommand } from './in-flight.ts';
import { describeExpectation, type Expectation } from './expectation.ts';
import { explain, findCommand, type Setting } from './explain.ts';
import { distinct, KeyspaceModel } from './keyspace-model.ts';
import { isRefusal, isUnknown } from './refusals.ts';
import { describeCommand, describeReply, type Reply } from './reply.ts';
import { isHash } from './value.ts';
import {
  endTransaction, isSameSession, nameOf, NEW_SESSION, stepOf, type Command, type SessionModel,
  type Step,
} from './session-model.ts';

export interface ClientModelOptions {
  /** How many databases the server has. */
  readonly databases?: number;
  /** By how much the server's wall clock and that of the caller may differ, either way. */
  readonly clockSlackMs?: number;
  /** False when a server's clock may go back, or when servers with different clocks answer. */
  readonly isDeathFinal?: boolean;
  /** A command that got no reply, or UNKNOWN, may take effect at any later time: with peers. */
  readonly mayExecuteLater?: boolean;
  /** EXEC may find that a watched key changed although nothing did: a peer took a snapshot. */
  readonly mayFailExec?: boolean;
  /** Of commands in flight at a disconnect some may have been refused and later ones not. */
  readonly mayRefuse?: boolean;
  /** Notes the states since `markDurable`: needed for `crashed` with replies that may be lost. */
  readonly keepsHistory?: boolean;
  /** With more hypotheses than this, `isTooUncertain`. */
  readonly hypothesesMax?: number;
  /** With more than this the model gives up. */
  readonly hypothesesHardMax?: number;
}

export type Verdict =
  | { readonly kind: 'right' }
  /** The server said that it did not do it. */
  | { readonly kind: 'refused' }
  /** The server said that it does not know whether it did it. */
  | { readonly kind: 'unknown' }
  /** It concerns keys of which nothing is known any more. */
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'wrong'; readonly description: string };

const RIGHT: Verdict = { kind: 'right' };
const UNCHECKED: Verdict = { kind: 'unchecked' };
const SHOWN_HYPOTHESES_MAX = 4;

export class ClientModel {
  readonly #options: Required<ClientModelOptions>;
  readonly #inFlight = new InFlight();
  #session: SessionModel = NEW_SESSION;
  #hypotheses: readonly KeyspaceModel[];
  /** States since the last durable one, oldest first; a crash may bring them back. */
  #history: KeyspaceModel[] = [];
  /** States that UNKNOWN has left open, and that the next start of the server decides. */
  #limbo: readonly KeyspaceModel[] = [];
  /** While UNKNOWN follows UNKNOWN: the hypotheses in which all of them were executed. */
  #allExecuted: readonly KeyspaceModel[] | undefined;
  readonly #abandoned = new Set<string>();
  readonly #knownKeys = new Set<string>();
  readonly #usedDatabases = new Set<number>([0]);
  #hasGivenUp = false;
  /** A key is watched of which nothing is known any more: EXEC may find that it changed. */
  #watchesUnknown = false;
  /** False when it is not known whether MULTI is open, or which database is selected. */
  #isSessionKnown = true;

  constructor(options: ClientModelOptions = {}) {
    this.#options = {
      databases: 16, clockSlackMs: 0, isDeathFinal: true, mayFailExec: false,
      mayExecuteLater: false, mayRefuse: false, keepsHistory: false, hypothesesMax: 64,
      hypothesesHardMax: 1000, ...options,
    };
    this.#hypotheses = [new KeyspaceModel(this.#options.databases)];
  }

  get hypothesisCount(): number {
    return this.#hypotheses.length;
  }

  /** The caller should disconnect, call `startFresh`, and go on with other keys. */
  get isTooUncertain(): boolean {
    return this.#hasGivenUp || this.#hypotheses.length > this.#options.hypothesesMax;
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  get isInTransaction(): boolean {
    return this.#session.queue !== undefined;
  }

  get db(): number {
    return this.#session.db;
  }

  /** Keys that are not checked any more. The generator should use others. */
  abandonedKeys(): ReadonlySet<string> {
    return this.#abandoned;
  }

  /** The command that asks for the next piece of a SCAN that is not at its end. */
  scanToContinue(): string[] | undefined {
    const scan = this.#hypotheses[0]?.scan;
    if (scan?.cursor === undefined || scan.db !== this.#session.db) return undefined;
    return ['SCAN', scan.cursor, 'MATCH', scan.filter];
  }

  // ---- Commands and replies ---------------------------------------------------------------------

  send(command: Command, nowMs: number): void {
    this.#inFlight.add(command, nowMs);
    this.#noteNames(command);
  }

  /** The reply of the oldest command in flight. */
  receive(reply: Reply, nowMs: number): Verdict {
    const asked = this.#inFlight.take();
    if (asked === undefined) {
      if (isRefusal(reply)) return { kind: 'refused' };
      return { kind: 'wrong', description: `nothing was asked, ${describeReply(reply)} came` };
    }
    if (isRefusal(reply)) return this.#onRefused(asked);
    if (isUnknown(reply)) return this.#onUnknown(asked, nowMs);
    if (!this.#isSessionKnown) return UNCHECKED;
    this.#allExecuted = undefined;
    const step = stepOf(this.#session, asked.command);
    if (this.#isFailedExec(asked, reply)) return RIGHT;
    if (!this.#isUnchecked(asked.command, step)) return this.#check(asked, step, reply, nowMs);
    if (nameOf(asked.command) === 'WATCH') this.#watchesUnknown = true;
    return this.#skip(step, reply);
  }

  #isFailedExec({ command }: AskedCommand, { kind }: Reply): boolean {
    const mayFail = this.#watchesUnknown || (this.#options.mayFailExec &&
      this.#hypotheses.some((model) => [...model.watched].length > 0));
    const isFailed = nameOf(command) === 'EXEC' && (kind === 'nil' || kind === 'nilArray');
    if (!mayFail || !isFailed) return false;
    this.#endWatch();
    this.#session = endTransaction(this.#session);
    return true;
  }

  #check(asked: AskedCommand, step: Step, reply: Reply, nowMs: number): Verdict {
    const setting = this.#setting(asked.sentMs, nowMs);
    const before = this.#hasGivenUp ? [this.#empty()] : this.#hypotheses;
    const models: KeyspaceModel[] = [];
    const unmet: (readonly Expectation[])[] = [];
    let { db } = this.#session;
    for (const model of before) {
      const found = explain(model, setting, reply, (execution) => step.run(execution, reply));
      if (found.isIncomplete) return this.#giveUpAt(step);
      if (found.models.length > 0) ({ db } = found);
      else if (unmet.length < SHOWN_HYPOTHESES_MAX) unmet.push(found.unmet);
      for (const each of found.models) models.push(each);
    }
    if (models.length === 0) return this.#wrong(asked, reply, nowMs, unmet);
    this.#session = { ...step.next, db };
    if (!this.#hasGivenUp) this.#set(models);
    return RIGHT;
  }

  #wrong(
    { command, sentMs }: AskedCommand, reply: Reply, nowMs: number,
    unmet: readonly (readonly Expectation[])[],
  ): Verdict {
    const expected = unmet.map((each, i) =>
      `  hypothesis ${i + 1}: ${each.map(describeExpectation).join(' or ')}`);
    const description = [
      `${describeCommand(command)} (database ${this.#session.db}, sent ${sentMs}, now ${nowMs})`,
      `  got ${describeReply(reply)}`, `  of ${this.#hypotheses.length} hypotheses:`, ...expected,
    ].join('\n');
    return { kind: 'wrong', description };
  }

  // ---- What is not checked ----------------------------------------------------------------------

  #isUnchecked(command: Command, { runs }: Step): boolean {
    const concerns = runs.length > 0 && nameOf(command) !== 'SELECT';
    if (this.#hasGivenUp && concerns) return true;
    if (this.#abandoned.size === 0) return false;
    return runs.some((run) => {
      const found = findCommand(run);
      if (found?.isGlobal === true && !found.isWrite) return true;
      return found?.keys(run).some((key) => this.#abandoned.has(key)) ?? false;
    });
  }

  /** What the commands change depends on keys that are not known, so those are lost too. */
  #skip(step: Step, reply: Reply): Verdict {
    this.#abandonAll(step.runs);
    const didRun = reply.kind !== 'error' && reply.kind !== 'nil' && reply.kind !== 'nilArray';
    const wasExec = step.next.queue === undefined && this.#session.queue !== undefined;
    const db = wasExec && didRun ? this.#dbAfter(this.#session.db, step.runs) : this.#session.db;
    if (wasExec) this.#endWatch();
    this.#session = { ...step.next, db };
    return UNCHECKED;
  }

  #dbAfter(before: number, commands: readonly Command[]): number {
    let db = before;
    for (const command of commands) {
      const to = nameOf(command) === 'SELECT' ? Number(command[1]) : db;
      if (Number.isInteger(to) && to >= 0 && to < this.#options.databases) db = to;
    }
    return db;
  }

  /** The keys that these commands may have changed are not checked any more. */
  #abandonAll(commands: readonly Command[]): void {
    const keys = new Set<string>();
    for (const command of commands) {
      const found = findCommand(command);
      if (found?.isWrite !== true) continue;
      if (found.isGlobal) this.#giveUp();
      for (const key of found.keys(command)) if (!this.#abandoned.has(key)) keys.add(key);
    }
    if (keys.size === 0) return;
    for (const key of keys) this.#abandoned.add(key);
    this.#mapAll((model) => model.forget(keys));
  }

  // ---- Refused, or not known --------------------------------------------------------------------

  #onRefused({ command }: AskedCommand): Verdict {
    const isOpen = this.#session.queue !== undefined;
    if (nameOf(command) === 'EXEC') {
      this.#endWatch();
      this.#session = endTransaction(this.#session);
    } else if (isOpen && nameOf(command) !== 'DISCARD') {
      this.#session = { ...this.#session, isBroken: true };
    } else this.#mapHypotheses((model) => model.doubtWatch());
    return { kind: 'refused' };
  }

  #onUnknown(asked: AskedCommand, nowMs: number): Verdict {
    const step = stepOf(this.#session, asked.command);
    const isExec = step.next.queue === undefined && this.#session.queue !== undefined;
    if (this.#options.mayExecuteLater) this.#abandonAll(step.runs);
    else if (!this.#hasGivenUp) this.#forkUnknown(asked, step, nowMs);
    const hasSelect = isExec && step.runs.some((command) => nameOf(command) === 'SELECT');
    if (hasSelect || (!isExec && step.next !== this.#session)) this.#loseSession();
    if (isExec) {
      this.#endWatch();
      this.#session = endTransaction(this.#session);
    }
    return { kind: 'unknown' };
  }

  /** A log keeps what comes first: if a later UNKNOWN was executed, so was the one before it. */
  #forkUnknown(asked: AskedCommand, step: Step, nowMs: number): void {
    const base = this.#allExecuted ?? this.#hypotheses;
    const executed = this.#runUnseen(base, step, this.#setting(asked.sentMs, nowMs));
    if (executed === undefined) return this.#giveUp();
    this.#allExecuted = executed;
    const before = this.#hypotheses;
    this.#set([...before, ...executed]);
    this.#limbo = distinct([...this.#limbo, ...before, ...executed]);
  }

  /** What the models may be after a step whose reply is not known; undefined if too much. */
  #runUnseen(
    models: readonly KeyspaceModel[], step: Step, setting: Setting,
  ): KeyspaceModel[] | undefined {
    const found: KeyspaceModel[] = [];
    for (const model of models) {
      const after = explain(model, setting, undefined, (execution) =>
        step.run(execution, undefined));
      if (after.isIncomplete) return undefined;
      for (const each of after.models) found.push(each);
    }
    return found.length > this.#options.hypothesesHardMax ? undefined : distinct(found);
  }

  // ---- Disconnects and crashes ------------------------------------------------------------------

  /**
   * The connection is closed, and the server has done what it will ever do for it (with
   * `mayExecuteLater`: or may still do it). Of the commands in flight any first ones were executed.
   */
  disconnected(nowMs: number): void {
    this.#loseInFlight(nowMs);
    this.#resetSession();
  }

  /**
   * The server stopped and lost what is not on disk. With `keepsReplied` that is nothing that it
   * had replied to; otherwise everything since some moment after `markDurable` may be lost.
   */
  crashed({ keepsReplied }: { readonly keepsReplied: boolean }, nowMs: number): void {
    if (!keepsReplied && !this.#options.keepsHistory) {
      throw new Error('ClientModel: replies can be lost only with the option keepsHistory');
    }
    this.#loseInFlight(nowMs);
    const lost = keepsReplied ? [] : this.#history;
    this.#history = [];
    if (!this.#hasGivenUp) this.#set([...this.#hypotheses, ...this.#limbo, ...lost]);
    this.#history = [];
    this.#limbo = [];
    this.forgetScan();
    this.#resetSession();
  }

  /** It goes on with another server: cursors are good for the one that gave them. */
  forgetScan(): void {
    this.#mapHypotheses((model) => { model.scan = undefined; });
  }

  /** What was replied until now survives a crash. */
  markDurable(): void {
    this.#history = [];
  }

  #loseInFlight(nowMs: number): void {
    const asked = this.#inFlight.takeAll();
    if (this.#hasGivenUp) return;
    if (this.#options.mayExecuteLater) {
      const queue = asked.some(({ command }) => nameOf(command) === 'EXEC')
        ? this.#session.queue ?? [] : [];
      return this.#abandonAll([...queue, ...asked.map(({ command }) => command)]);
    }
    let states: readonly UnseenState[] = [{ session: this.#session, models: this.#hypotheses }];
    const all = [...this.#hypotheses];
    for (const { command, sentMs } of asked) {
      const after = this.#advanceAll(states, command, sentMs, nowMs);
      if (after === undefined) return this.#giveUp();
      for (const { models } of after) for (const model of models) all.push(model);
      states = this.#options.mayRefuse ? merged([...states, ...after]) : after;
      const total = states.reduce((sum, { models }) => sum + models.length, 0);
      if (total > this.#options.hypothesesHardMax) return this.#giveUp();
    }
    this.#set(all);
  }

  /** Each state after one more command, which was executed; undefined if too much. */
  #advanceAll(
    states: readonly UnseenState[], command: Command, sentMs: number, nowMs: number,
  ): UnseenState[] | undefined {
    const after: UnseenState[] = [];
    for (const { session, models } of states) {
      const step = stepOf(session, command);
      if (this.#isUnchecked(command, step)) {
        this.#abandonAll(step.runs);
        after.push({ session: step.next, models });
        continue;
      }
      const setting = { ...this.#setting(sentMs, nowMs), db: session.db };
      const found = this.#runUnseen(models, step, setting);
      if (found === undefined) return undefined;
      // WATCH decides whether EXEC ran, and with it which database what follows means.
      const isAmbiguous = nameOf(command) === 'EXEC' && step.runs.some((run) =>
        nameOf(run) === 'SELECT');
      if (isAmbiguous) return undefined;
      const db = this.#dbAfter(session.db, step.runs);
      after.push({ session: { ...step.next, db }, models: found });
    }
    return after;
  }

  #resetSession(): void {
    this.#endWatch();
    this.#allExecuted = undefined;
    this.#isSessionKnown = true;
    this.#session = NEW_SESSION;
  }

  #endWatch(): void {
    this.#watchesUnknown = false;
    this.#mapHypotheses((model) => model.unwatch());
  }

  // ---- Starting over ----------------------------------------------------------------------------

  /** Forgets everything: all keys until now are abandoned. Not while commands are in flight. */
  startFresh(): void {
    if (this.#inFlight.count > 0) throw new Error('ClientModel: commands are in flight');
    for (const key of this.#knownKeys) this.#abandoned.add(key);
    this.#knownKeys.clear();
    this.#history = [];
    this.#limbo = [];
    this.#allExecuted = undefined;
    this.#hasGivenUp = false;
    this.#hypotheses = [this.#empty()];
  }

  /** Commands that read all there may be. Not inside MULTI, nor while commands are in flight. */
  readBack(): string[][] {
    const commands: string[][] = [];
    for (const db of this.#usedDatabases) {
      commands.push(['SELECT', `${db}`]);
      for (const key of this.#knownKeys) {
        if (!this.#abandoned.has(key)) commands.push(...this.#readKey(db, key));
      }
    }
    commands.push(['SELECT', `${this.#session.db}`]);
    return commands;
  }

  #readKey(db: number, key: string): string[][] {
    const types = new Set(this.#hypotheses.map((model) => model.get(db, key)?.type));
    const commands = [['TYPE', key]];
    if (types.has('hash')) commands.push(['HGETALL', key], ...this.#askExpiries(db, key));
    if (types.has('list')) commands.push(['LRANGE', key, '0', '-1']);
    if (types.has('set')) commands.push(['SMEMBERS', key]);
    if (types.has('zset')) commands.push(['ZRANGE', key, '0', '-1', 'WITHSCORES']);
    if (types.has('string') || types.has(undefined)) commands.push(['GET', key]);
    commands.push(['PEXPIRETIME', key]);
    return commands;
  }

  /** Of fields that may expire, if there are some. */
  #askExpiries(db: number, key: string): string[][] {
    const names = new Set<string>();
    for (const model of this.#hypotheses) {
      const value = model.get(db, key)?.value;
      if (value === undefined || !isHash(value)) continue;
      for (const [name, { expiry }] of value) if (expiry !== undefined) names.add(name);
    }
    return names.size === 0 ? [] : [['HPEXPIRETIME', key, 'FIELDS', `${names.size}`, ...names]];
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #setting(sentMs: number, nowMs: number): Setting {
    const { clockSlackMs, isDeathFinal } = this.#options;
    const { db, protocol } = this.#session;
    const earliestMs = Math.floor(sentMs) - clockSlackMs;
    const latestMs = Math.ceil(nowMs) + clockSlackMs;
    return { db, protocol, isDeathFinal, window: { earliestMs, latestMs } };
  }

  #set(models: readonly KeyspaceModel[]): void {
    const before = this.#hypotheses;
    if (models.length === 1 && models[0] === before[0] && before.length === 1) return;
    if (this.#options.keepsHistory) for (const model of before) this.#history.push(model);
    this.#hypotheses = distinct(models);
    const { hypothesesHardMax } = this.#options;
    if (this.#history.length > 2 * hypothesesHardMax) this.#history = distinct(this.#history);
    const isTooMuch = this.#hypotheses.length > hypothesesHardMax ||
      this.#history.length > 2 * hypothesesHardMax;
    if (isTooMuch) this.#giveUp();
  }

  #giveUp(): void {
    this.#hasGivenUp = true;
    this.#hypotheses = [];
    this.#history = [];
    this.#limbo = [];
    this.#allExecuted = undefined;
  }

  #giveUpAt(step: Step): Verdict {
    this.#loseSession();
    this.#session = step.next;
    return UNCHECKED;
  }

  /** Until the next connection nothing can be said about any reply. */
  #loseSession(): void {
    this.#giveUp();
    this.#isSessionKnown = false;
  }

  #empty(): KeyspaceModel {
    return new KeyspaceModel(this.#options.databases);
  }

  #mapHypotheses(change: (model: KeyspaceModel) => void): void {
    this.#hypotheses = distinct(this.#hypotheses.map((model) => changed(model, change)));
  }

  #mapAll(change: (model: KeyspaceModel) => void): void {
    this.#mapHypotheses(change);
    this.#history = distinct(this.#history.map((model) => changed(model, change)));
    this.#limbo = distinct(this.#limbo.map((model) => changed(model, change)));
    this.#allExecuted = this.#allExecuted?.map((model) => changed(model, change));
  }

  #noteNames(command: Command): void {
    const found = findCommand(command);
    if (found === undefined) return;
    for (const key of found.keys(command)) this.#knownKeys.add(key);
    const name = nameOf(command);
    const at = name === 'COPY' ? command.findIndex((word) => word.toUpperCase() === 'DB') + 1 : 0;
    const words = name === 'SELECT' || name === 'SWAPDB' ? command.slice(1)
      : name === 'MOVE' ? command.slice(2, 3) : at > 0 ? command.slice(at, at + 1) : [];
    for (const word of words) {
      const db = Number(word);
      if (Number.isInteger(db) && db >= 0 && db < this.#options.databases) {
        this.#usedDatabases.add(db);
      }
    }
  }
}

interface UnseenState {
  readonly session: SessionModel;
  readonly models: readonly KeyspaceModel[];
}

/** Each session once: what most commands leave behind does not depend on which of them ran. */
function merged(states: readonly UnseenState[]): UnseenState[] {
  const bySession: { readonly session: SessionModel; models: readonly KeyspaceModel[] }[] = [];
  for (const { session, models } of states) {
    const same = bySession.find((one) => isSameSession(one.session, session));
    if (same === undefined) bySession.push({ session, models });
    else same.models = [...same.models, ...models];
  }
  return bySession.map(({ session, models }) => ({ session, models: distinct(models) }));
}

function changed(model: KeyspaceModel, change: (model: KeyspaceModel) => void): KeyspaceModel {
  const copy = model.clone();
  change(copy);
  return copy.isChanged ? copy : model;
}
