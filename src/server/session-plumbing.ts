/**
 * What sessions of one server share, put together: channels, monitors, the engine.
 */

import type { RequestLimits } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import type { ServerPort } from '../commands/server-port.ts';
import type { Clock } from '../io/clock.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import type { CollectionLimits } from '../keyspace/collection/limits.ts';
import type { Storage } from '../keyspace/storage.ts';
import type { CallObserver } from '../engine/accounts.ts';
import { Engine } from '../engine/engine.ts';
import { KeyspaceEvents } from '../session/keyspace-events.ts';
import { Monitors } from '../session/monitors.ts';
import { Pause } from '../engine/pause.ts';
import { PubSubHub } from '../session/pub-sub-hub.ts';
import type { SessionRealm } from '../session/session.ts';
import type { StepServices } from '../engine/steps.ts';
import { Transaction, isTouchedInRam, type WatchCount } from '../session/transaction.ts';
import type { WriteGate } from '../engine/write-gate.ts';

export interface PlumbingParts {
  readonly storage: Storage;
  readonly gate: WriteGate;
  readonly table: CommandTable;
  readonly clock: Clock;
  readonly seed: readonly [number, number];
  readonly collectionLimits?: CollectionLimits | undefined;
  readonly observer: CallObserver;
  readonly services: StepServices;
  readonly limits: () => RequestLimits;
  needsPassword(): boolean;
}

/** The engine needs the ServerPort, and that needs all of this: `connect` closes the circle. */
export class SessionPlumbing implements SessionRealm {
  readonly hub = new PubSubHub();
  readonly watched: WatchCount = { count: 0 };
  readonly monitors = new Monitors();
  readonly events: KeyspaceEvents;
  readonly keyspace: Keyspace;
  readonly pause: Pause;
  readonly #parts: PlumbingParts;

  /** SPACES_KEY of SYSTEM_SPACE must be in RAM. */
  constructor(parts: PlumbingParts) {
    this.#parts = parts;
    this.events = new KeyspaceEvents(this.hub);
    this.keyspace = new Keyspace(parts.storage, this.events, parts.collectionLimits);
    this.pause = new Pause(parts.clock);
  }

  connect(server: ServerPort): Engine {
    const { hub, keyspace, monitors, pause } = this;
    return new Engine({ ...this.#parts, keyspace, messages: hub, monitors, pause, server });
  }

  get needsPassword(): boolean {
    return this.#parts.needsPassword();
  }

  createTransaction(): Transaction {
    return new Transaction(this.keyspace, this.watched);
  }

  isTouched({ watched }: Transaction): boolean {
    return isTouchedInRam(this.keyspace, watched);
  }
}
