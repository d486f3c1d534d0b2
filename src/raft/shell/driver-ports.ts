/** What the driver of a replica works on in a running server: log, state, outcome and links. */

import type { Logger } from 'pino';
import type { MemberId } from '../core/entry.ts';
import type { Now } from '../core/event.ts';
import { encodeLogBase } from '../core/log-base-codec.ts';
import type { Snapshot } from '../core/message.ts';
import type { OriginMark } from '../core/duplicate-detection.ts';
import type { DriverPorts, LogPort, StatePort } from '../core/replica-driver.ts';
import type { OrderedState, OrderOutcome } from '../core/total-order-broadcast.ts';
import type { Links } from '../links/links.ts';

export interface DriverPortsParts {
  readonly log: LogPort;
  readonly state: OrderedState;
  readonly outcome: OrderOutcome;
  readonly links: Links;
  readonly logger: Logger;
  sendSnapshot(to: MemberId): void;
  /** A state has taken the place of the one before. */
  onInstalled(): void;
  onFailure(error: unknown): void;
  now(): Now;
}

export function driverPorts(parts: DriverPortsParts): DriverPorts {
  const { log, outcome, links } = parts;
  return {
    log,
    state: statePort(parts),
    outcome: {
      onSkipped: (tickets) => outcome.onSkipped(tickets),
      onExpired: (ticket, mayApply) => outcome.onExpired(ticket, mayApply),
      onReadIndex: (id, index) => outcome.onReadIndex(id, index),
      onReadIndexFailed: (id) => outcome.onReadIndexFailed(id),
    },
    send: (message) => void links.send(message.to, message),
    isBehind: (to) => links.isBehind(to),
    sendSnapshot: (to) => parts.sendSnapshot(to),
    now: () => parts.now(),
  };
}

/** The last batch of each member that a state holds. */
export function marksOf({ batchIds }: OrderedState): (readonly [MemberId, OriginMark])[] {
  return batchIds.map(({ origin, epoch, number }) => [origin, { epoch, number }]);
}

function statePort(parts: DriverPortsParts): StatePort {
  const { state } = parts;
  return {
    get applied() {
      return state.applied;
    },
    get isBusy() {
      return state.isBusy;
    },
    apply: (position, delivery) => {
      if (delivery === undefined) return state.apply(position, undefined);
      const { timeMs, ticket, proposal } = delivery;
      const { seed, body } = proposal;
      state.apply(position, { position, timeMs, seed, body, id: proposal, ticket });
    },
    install: (snapshot, done) => {
      install(parts, snapshot).then(() => {
        done(marksOf(state));
        parts.onInstalled();
      }).catch((error: unknown) => parts.onFailure(error));
    },
  };
}

async function install({ state, logger }: DriverPortsParts, snapshot: Snapshot): Promise<void> {
  const { index, indexTerm: term, timeMs, configuration } = snapshot;
  logger.info({ index }, 'a snapshot is installed');
  await state.installSnapshot(encodeLogBase({ index, term, timeMs, configuration }));
}
