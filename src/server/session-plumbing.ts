/**
 * What sessions of one server share, put together: channels, watched keys, monitors, the executor.
 */

import type { CommandTable } from '../commands/table.ts';
import type { ServerPort } from '../commands/server-port.ts';
import type { Clock } from '../io/clock.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import type { Storage } from '../keyspace/storage.ts';
import { Executor, type CallObserver } from '../session/executor.ts';
import { KeyspaceEvents } from '../session/keyspace-events.ts';
import { Monitors } from '../session/monitors.ts';
import { Pause } from '../session/pause.ts';
import { PubSubHub } from '../session/pub-sub-hub.ts';
import type { Session, SessionRealm } from '../session/session.ts';
import type { StepServices } from '../session/steps-driver.ts';
import { Transaction } from '../session/transaction.ts';
import { WatchedKeys } from '../session/watched-keys.ts';
import type { WriteGate } from '../session/write-gate.ts';

export interface PlumbingParts {
  readonly storage: Storage;
  readonly gate: WriteGate;
  readonly table: CommandTable;
  readonly clock: Clock;
  readonly seed: readonly [number, number];
  readonly observer: CallObserver;
  readonly services: StepServices;
  needsPassword(): boolean;
}

/** The executor needs the ServerPort, and that needs all of this: `connect` closes the circle. */
export class SessionPlumbing implements SessionRealm {
  readonly hub = new PubSubHub();
  readonly watched = new WatchedKeys();
  readonly monitors = new Monitors();
  readonly events: KeyspaceEvents;
  readonly keyspace: Keyspace;
  readonly pause: Pause;
  readonly #parts: PlumbingParts;
  #executor: Executor | undefined;

  /** SPACES_KEY of SYSTEM_SPACE must be in RAM. */
  constructor(parts: PlumbingParts) {
    this.#parts = parts;
    this.events = new KeyspaceEvents(this.watched, this.hub);
    this.keyspace = new Keyspace(parts.storage, this.events);
    this.pause = new Pause(parts.clock);
  }

  connect(server: ServerPort): Executor {
    const { keyspace, monitors, pause } = this;
    this.#executor = new Executor({ ...this.#parts, keyspace, monitors, pause, server });
    return this.#executor;
  }

  get needsPassword(): boolean {
    return this.#parts.needsPassword();
  }

  createTransaction(session: Session): Transaction {
    return new Transaction(this.keyspace, this.watched, (queue, reply) => {
      this.#executor?.runQueued(session, queue, reply);
    });
  }
}
