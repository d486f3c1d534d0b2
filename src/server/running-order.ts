/**
 * The total order at work in a running server: requests go in at the end of each turn, batches come
 * out and are applied, and now and then it is told how much of that is safely in the store.
 */

import type { ExpiredOfHash } from '../keyspace/expired-fields.ts';
import type { Logger } from 'pino';
import type { RequestLimits } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Clock, Timer } from '../io/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { OutputPool } from '../protocol/output-pool.ts';
import type { Engine } from '../engine/engine.ts';
import { ApplyBatches, type BatchReplies } from '../cluster/apply.ts';
import { createApplySession } from '../cluster/apply-session.ts';
import { DeliveryGate } from '../session/delivery-gate.ts';
import { Proposals } from '../cluster/proposals.ts';
import type { SessionRealm } from '../session/session.ts';
import { StoreError } from '../store/store-error.ts';
import type { PeersSide } from './peers-side.ts';
import { STORE_LOST, type StorageSide } from './storage-side.ts';

/** How often the store's position is made durable, so that the replicated log can be cut. */
const ORDER_SAVE_MS = 1000;

const MESSAGES_LOST = 'UNKNOWN messages are lost for this subscriber: its peer was brought up to ' +
  'date by another; subscribe again';

const UNREADABLE = 'this peer ends: a record that a batch of the order needs cannot be read. If ' +
  'a new start does not help, empty the directory, and it comes back as a new peer that gets all ' +
  'data from the others';

export interface RunningOrderParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly seed: readonly [number, number];
  readonly side: StorageSide;
  readonly peers: PeersSide;
  readonly engine: Engine;
  readonly table: CommandTable;
  readonly keyspace: Keyspace;
  readonly limits: () => RequestLimits;
  readonly realm: SessionRealm;
  readonly pool: OutputPool;
  /** Lets nothing run until the returned function is called. */
  holdAll(): () => void;
  /** The side's storage is another one now. */
  adopt(): void;
  /** State and log may differ: the server must stop, and begin anew from its disk. */
  onBug(error: unknown): void;
  /** What is on disk cannot be read, and without it this peer cannot go on. */
  onStoreLost(error: unknown, what: string): void;
  /** Replies were written: the turn must end. */
  scheduleTurn(): void;
}

export class RunningOrder {
  readonly #parts: RunningOrderParts;
  readonly #order: Proposals;
  readonly #apply: ApplyBatches;
  readonly #deliveries: DeliveryGate;
  #timer: Timer | undefined;
  #saving: Promise<void> | undefined;
  #isStopped = false;
  #isInstalling = false;
  #isPaused = false;

  constructor(parts: RunningOrderParts) {
    this.#parts = parts;
    const { config, seed, side, peers, engine, keyspace, table, realm, pool, log } = parts;
    const { broadcast, marks } = peers;
    this.#deliveries = new DeliveryGate(broadcast);
    realm.hub.gate = this.#deliveries;
    const host = {
      keyspace, table, runner: engine.runner, prefetch: engine.prefetch,
      applySession: createApplySession(realm, pool),
      commit: (position: number) => {
        this.#commit(position);
        parts.scheduleTurn();
      },
      onFailure: (error: unknown) => {
        log.error({ error }, 'a batch of the total order cannot be applied');
        this.#order.onStopped(error instanceof Error ? error.message : String(error));
        void broadcast.stop();
        // Half of a batch may have changed what is in RAM; only a start from disk mends that.
        if (side.failure !== undefined) return;
        if (error instanceof StoreError) parts.onStoreLost(error, UNREADABLE);
        else parts.onBug(error);
      },
    };
    this.#order = new Proposals({
      broadcast, seed,
      timeoutMs: () => config.values['broadcast-timeout'],
      monotonicMs: () => parts.clock.monotonicMs(),
      isLinearizable: () => config.values.consistency === 'linearizable',
      applied: marks,
      limits: parts.limits,
      onStopped: (text) => engine.blocked.close(text),
      refuse: (session, entry, text) => engine.runner.refuse(session, entry, text),
    });
    this.#apply = new ApplyBatches(host, this.#replies(), marks, {
      get meta() {
        return side.snapshotMeta;
      },
      export: () => side.exportSnapshot(),
      receive: (chunks) => side.receiveSnapshot(chunks),
      install: (meta) => this.#install(meta),
    }, this.#deliveries, () => broadcast.resume());
    engine.order = this.#order;
    broadcast.administration?.watch(() => {
      this.#deliveries.settle();
      this.#closeAtRemoved();
      engine.onProgress();
    });
  }

  /** From here on batches are delivered. */
  start(): void {
    this.#parts.peers.broadcast.start(this.#apply, this.#order);
    this.#startTimer();
  }

  /** The end of a turn. */
  flush(): void {
    this.#order.flush();
  }

  /** The time by which keys are expired when the clock says `nowMs`. */
  readTimeMs(nowMs: number): number {
    return this.#order.readTimeMs(nowMs);
  }

  mayExpire(): boolean {
    return this.#order.mayExpire();
  }

  expire(db: number, keys: readonly Buffer[]): Promise<boolean> {
    return this.#order.expire(db, keys);
  }

  expireFields(db: number, hashes: readonly ExpiredOfHash[]): Promise<boolean> {
    return this.#order.expireFields(db, hashes);
  }

  /** Applies nothing and saves nothing until the returned function is called. */
  async pause(): Promise<() => void> {
    this.#isPaused = true;
    await this.#apply.pause();
    await this.#saving;
    return () => {
      this.#isPaused = false;
      this.#apply.unpause();
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#parts.clock.clearTimer(this.#timer);
    await this.#saving;
    await this.#parts.peers.broadcast.stop();
    await this.#apply.stop();
  }

  /** Clients that wait for a position go on after those that wait for replies. */
  #replies(): BatchReplies {
    const { engine } = this.#parts;
    return {
      takeGroups: (ticket) => this.#order.takeGroups(ticket),
      onApplied: (position) => {
        this.#order.onApplied(position);
        engine.onProgress();
      },
    };
  }

  /** A batch whose frame the log refuses must not count as applied. */
  #commit(position: number): void {
    const { side } = this.#parts;
    side.commitAt(position);
    const { failure } = side;
    if (failure !== undefined) throw new Error(`the store has failed: ${failure}`);
  }

  /** Another store takes the place of this one: nothing runs meanwhile. */
  async #install(meta: Uint8Array): Promise<void> {
    const { side, peers, holdAll, adopt, onStoreLost } = this.#parts;
    const release = holdAll();
    this.#isInstalling = true;
    try {
      await this.#saving;
      await side.installSnapshot(meta);
      adopt();
      await peers.marks.reload(side.storage, side.position);
      this.#closeMissing(side.position);
    } catch (error) {
      // Reads go on with the store that is open again, though the order does not.
      if (side.isLost) onStoreLost(error, STORE_LOST);
      else adopt();
      throw error;
    } finally {
      this.#isInstalling = false;
      release();
    }
  }

  /** What the batches behind the snapshot published is lost for those who listen here. */
  #closeMissing(position: number): void {
    const { realm, log } = this.#parts;
    const missing = realm.hub.missing(position);
    if (missing.size === 0) return;
    log.warn({ subscribers: missing.size, position },
      'a snapshot has taken the place of messages: their subscribers are disconnected');
    for (const subscriber of missing) subscriber.endWith(MESSAGES_LOST);
  }

  /** Nothing comes any more to a peer that was removed: those who listen or wait are told. */
  #closeAtRemoved(): void {
    const { peers: { broadcast: { notServing } }, realm } = this.#parts;
    if (notServing?.code !== 'REMOVED') return;
    for (const subscriber of realm.hub.everybody()) subscriber.endWith(notServing.text);
    this.#parts.engine.blocked.close(notServing.text);
  }

  #startTimer(): void {
    this.#timer = this.#parts.clock.setTimer(ORDER_SAVE_MS, () => {
      this.#saving = this.#save().catch((error: unknown) => {
        this.#parts.log.warn({ error }, 'the position could not be saved');
      });
      void this.#saving.then(() => {
        if (!this.#isStopped) this.#startTimer();
      });
    });
  }

  /** Makes what is applied durable in the store, so that the order may forget it. */
  async #save(): Promise<void> {
    if (this.#isPaused || this.#isInstalling) return;
    const { side, peers } = this.#parts;
    const { broadcast, marks } = peers;
    if (marks.position > side.position) {
      await marks.notePosition(side.storage, () => this.#commit(marks.position));
    }
    const { position } = side;
    await side.sync();
    if (!this.#isStopped) broadcast.saved(position);
  }
}
