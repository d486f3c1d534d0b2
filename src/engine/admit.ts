/**
 * May this request run now, must it wait, is it refused? Asked here and nowhere else, in Redis's
 * order: the first gate that is shut decides. Each asks about flags, never about names.
 */

import { quoted, wrongArity } from '../commands/reply-errors.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Clock } from '../io/clock.ts';
import { bytesOfText } from '../lib/escaped-text.ts';
import { SHOWN_ARG_BYTES_MAX } from '../commands/limits.ts';
import type { Args } from '../protocol/args.ts';
import { FEATURE_LEVEL } from '../raft/core/feature-level.ts';
import type { NotServing } from '../raft/core/total-order-broadcast.ts';
import type { Session } from '../session/session.ts';
import type { Pause } from './pause.ts';
import type { RequestOrder } from './request-order.ts';
import type { WriteGate } from './write-gate.ts';

/** How often WATCH looks whether the cluster's feature level has risen. */
export const LEVEL_LOOK_MS = 50;

/**
 * How often it looks before it is refused: for two seconds. A cluster that has just been founded
 * has the level of its builds after RAFT_MEMBERS_EARLY_MS; one with an older build among its
 * members has it only when that is upgraded.
 */
export const LEVEL_LOOKS_MAX = 40;

const NO_AUTH = 'NOAUTH Authentication required.';
const TOO_EARLY =
  'TRYAGAIN not all peers run a build that knows this command: it works when they are upgraded';
const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction';

/** `queue`: it is kept for EXEC. `propose`: it runs where the total order delivers it. */
export type Verdict = 'run' | 'propose' | 'queue' | 'wait' | 'refuse';

export interface AdmitParts {
  readonly clock: Clock;
  readonly gate: WriteGate;
  readonly pause: Pause;
  /** Undefined for a server that stands alone. */
  readonly order: () => RequestOrder | undefined;
}

export class Admit {
  /** Why the last request was refused: the whole text of the error. */
  refusal = '';
  /** What the last one has to wait for; it is to be asked for again then. */
  until: Promise<void> = Promise.resolve();
  readonly #parts: AdmitParts;

  constructor(parts: AdmitParts) {
    this.#parts = parts;
  }

  ask(session: Session, entry: TableEntry | undefined, args: Args): Verdict {
    const { gate, pause } = this.#parts;
    const order = this.#parts.order();
    const text = refusal(session, entry, args, gate, order);
    if (text !== undefined || entry === undefined) return this.#refuse(text ?? '');
    const until = pause.waitFor(entry, session);
    if (until !== undefined) return this.#wait(until);
    if (session.transaction.isOpen && !entry.isImmediate) return 'queue';
    const isOrdered = order !== undefined && mustOrder(session, entry);
    if (isOrdered) {
      const refused = order.refusal(session, entry, args);
      if (refused !== undefined) return this.#refuse(refused);
      const later = this.#waitForLevel(order, session, entry);
      if (later !== undefined) return this.#wait(later);
      if (!hasLevel(order, session, entry)) return this.#refuse(TOO_EARLY);
    }
    if (mustSlowDown(session, entry, gate)) return this.#wait(this.#delay(session));
    if (isOrdered) return 'propose';
    return order === undefined ? 'run' : this.#askToRead(order, session, entry, args);
  }

  #askToRead(
    order: RequestOrder, session: Session, entry: TableEntry, args: Args,
  ): Verdict {
    const { progress } = session;
    const failure = progress.readFailure;
    progress.readFailure = undefined;
    if (failure !== undefined) return this.#refuse(failure);
    const until = this.#waitForLevel(order, session, entry);
    if (until !== undefined) return this.#wait(until);
    return order.mayRead(session, entry, args) ? 'run' : this.#wait(order.waitToRead(session));
  }

  /** Not for ever: WATCH is refused when it runs and the level is too low, a write before. */
  #waitForLevel(
    order: RequestOrder, session: Session, entry: TableEntry,
  ): Promise<void> | undefined {
    const { progress } = session;
    if (hasLevel(order, session, entry) || progress.levelLooks >= LEVEL_LOOKS_MAX) return undefined;
    progress.levelLooks++;
    return this.#sleep(LEVEL_LOOK_MS);
  }

  #refuse(text: string): Verdict {
    this.refusal = text;
    return 'refuse';
  }

  #wait(until: Promise<void>): Verdict {
    this.until = until;
    return 'wait';
  }

  #delay({ progress }: Session): Promise<void> {
    progress.isDelayed = true;
    return this.#sleep(this.#parts.gate.writeDelayMs);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.setTimer(ms, resolve));
  }
}

/** Whether all peers know what the request does. */
function hasLevel(
  { featureLevel }: RequestOrder, { transaction }: Session, entry: TableEntry,
): boolean {
  if (featureLevel >= FEATURE_LEVEL) return true;
  if (!entry.runsQueued) return featureLevel >= entry.featureLevel;
  return transaction.queue.every((queued) => featureLevel >= queued.entry.featureLevel);
}

/** With peers it has to take place on all of them; EXEC has if something in its queue has. */
export function mustOrder({ transaction }: Session, entry: TableEntry): boolean {
  if (!entry.runsQueued) return entry.isOrdered;
  return transaction.isOpen && !transaction.broken &&
    transaction.queue.some((queued) => queued.entry.isOrdered);
}

/** Writers are slowed, once each, before the disk is full, so that the compactor can catch up. */
function mustSlowDown({ progress }: Session, entry: TableEntry, gate: WriteGate): boolean {
  return gate.writeDelayMs > 0 && entry.isWrite && !entry.frees && !progress.isDelayed;
}

/** Whether the server answers for its data; with peers it may not. See RequestOrder. */
export interface ServingGate {
  readonly notServing: NotServing | undefined;
}

/** The text of the error that refuses this request, or undefined to go on. */
export function refusal(
  session: Session, entry: TableEntry | undefined, args: Args, gate: WriteGate,
  order: ServingGate | undefined,
): string | undefined {
  if (entry === undefined) return unknownCommand(args);
  if (!entry.takes(args.count) || lacksSubcommand(entry, args)) return wrongShape(entry, args);
  if (!session.authenticated && !entry.allowedWithoutAuth) return NO_AUTH;
  if (entry.deniedInMulti && session.transaction.isOpen) return NOT_IN_MULTI;
  const shut = entry.runsQueued ? queueRefusal(session, gate) : writeRefusal(entry, gate);
  if (shut !== undefined) return shut;
  const why = order?.notServing;
  if (why !== undefined && needsOthers(session, entry, why)) return why.text;
  if (session.isSubscriber && session.protocol === 2 && !entry.allowedSubscribed) {
    return onlyForSubscribers(entry);
  }
  return undefined;
}

function writeRefusal(entry: TableEntry, gate: WriteGate): string | undefined {
  if (entry.deniedWhenFull && gate.memoryRefusal !== undefined) return gate.memoryRefusal;
  if (!entry.isWrite) return entry.readsData ? gate.readRefusal : undefined;
  return entry.frees ? gate.freeingRefusal : gate.refusal;
}

/** Messages are ordered as well, so a peer that takes no part has none. */
function needsOthers(session: Session, entry: TableEntry, why: NotServing): boolean {
  if (needsData(session, entry)) return true;
  return (entry.isOrdered || entry.repliesByPush) && why.code === 'REMOVED';
}

function needsData({ transaction }: Session, entry: TableEntry): boolean {
  if (!entry.allowedLoading) return true;
  return entry.runsQueued && transaction.queue.some((queued) => !queued.entry.allowedLoading);
}

/** What was queued while writes were taken may meet a gate that has been shut since. */
function queueRefusal({ transaction }: Session, gate: WriteGate): string | undefined {
  if (gate.refusal === undefined && gate.memoryRefusal === undefined) return undefined;
  if (transaction.broken) return undefined;
  for (const { entry } of transaction.queue) {
    const text = writeRefusal(entry, gate);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** A command of subcommands, and the request names none of them; COMMAND runs also without. */
function lacksSubcommand(entry: TableEntry, args: Args): boolean {
  return isContainer(entry) || (entry.subcommands.size > 0 && args.count > 1);
}

function isContainer({ command }: TableEntry): boolean {
  return command.execute === undefined && command.apply === undefined &&
    command.steps === undefined;
}

function wrongShape(entry: TableEntry, args: Args): string {
  const { name } = entry.command;
  if (entry.subcommands.size === 0 || args.count < 2) return wrongArity(name);
  if (entry.takes(args.count) === false && !isContainer(entry)) return wrongArity(name);
  const word = quoted(args, 1);
  return `ERR unknown subcommand '${word}'. Try ${name.toUpperCase()} HELP.`;
}

function unknownCommand(args: Args): string {
  let others = '';
  let left = SHOWN_ARG_BYTES_MAX;
  for (let i = 1; i < args.count && left > 0; i++) {
    const one = `'${quoted(args, i, left)}' `;
    others += one;
    left -= bytesOfText(one).length;
  }
  const name = quoted(args, 0);
  return `ERR unknown command '${name}', with args beginning with: ${others}`;
}

function onlyForSubscribers({ command }: TableEntry): string {
  return `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / ` +
    '(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';
}
