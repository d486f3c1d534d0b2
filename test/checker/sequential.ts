/**
 * Sequential mode: reads are local. Every node applies the same writes in one order, and a read
 * tells the position up to which its node had applied it. Given the order and what the sessions
 * saw, it is checked that
 *
 * - the positions of a session never go back, even when it moves to another node: reads are
 *   monotonic, and a write is ordered after all that its session saw before;
 * - a session reads its own writes: a read is at or after the session's last acknowledged write;
 * - a read sees the state at its position, and nothing else;
 * - an acknowledged write is in the order, at the position that the session was told.
 *
 * That is sequential consistency with the order as its witness: sorted by position, each session's
 * events keep their order and each read sees what the writes before it left. There is no search, so
 * the cost is linear (and a logarithm for each read).
 *
 * A session waits for each reply before its next command. Pipelined commands may share a position
 * and need a finer one.
 */

/** One effect of an entry; the effects of one entry share its position. */
export interface AppliedWrite {
  readonly position: number;
  readonly key: string;
  /** Null: the key is deleted. */
  readonly value: string | null;
}

interface SessionStep {
  readonly session: string;
  /** Where the session was then; for the explanation. */
  readonly node: string;
  readonly key: string;
  /** Of a read: the last entry that the node had applied. Of a write: its entry. */
  readonly position: number;
}

/** A read that was answered. */
export interface SessionRead extends SessionStep {
  readonly kind: 'read';
  readonly value: string | null;
}

/** A write that was acknowledged; one of unknown outcome binds nobody and is left out. */
export interface SessionWrite extends SessionStep {
  readonly kind: 'write';
  /** What the write left there, or undefined if the session was not told (APPEND, say). */
  readonly value: string | null | undefined;
}

export type SessionEvent = SessionRead | SessionWrite;

export type SequentialRule =
  | 'the order has positions that grow'
  | 'positions of a session never go back'
  | 'a session reads its own writes'
  | 'a read sees the state at its position'
  | 'an acknowledged write is in the order';

export type SequentialVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'violation'; readonly rule: SequentialRule; readonly text: string };

/**
 * `order` by position, from 1; `events` of each session in its own order, sessions mixed as you
 * like. The first event that breaks a rule ends the check.
 */
export function checkSequential(
  order: readonly AppliedWrite[], events: readonly SessionEvent[],
): SequentialVerdict {
  const disorder = findDisorder(order);
  if (disorder !== undefined) return disorder;
  const states = new States(order);
  const sessions = new Map<string, Session>();
  for (const event of events) {
    const session = sessions.get(event.session) ?? {};
    const violation = checkProgress(session, event) ?? checkContent(states, event);
    if (violation !== undefined) return violation;
    session.last = event;
    if (event.kind === 'write') session.lastWrite = event;
    sessions.set(event.session, session);
  }
  return { kind: 'ok' };
}

interface Session {
  last?: SessionEvent;
  lastWrite?: SessionWrite;
}

function findDisorder(order: readonly AppliedWrite[]): SequentialVerdict | undefined {
  let last = 0;
  for (const { position, key } of order) {
    if (!Number.isSafeInteger(position) || position < Math.max(last, 1)) {
      const text = `the write of ${JSON.stringify(key)} at ${position} comes after ${last}`;
      return violation('the order has positions that grow', text);
    }
    last = position;
  }
  return undefined;
}

/** A write may not share the position of the event before it, unless that was a write beside it. */
function checkProgress({ last, lastWrite }: Session, event: SessionEvent):
SequentialVerdict | undefined {
  if (!Number.isSafeInteger(event.position) || event.position < 0) {
    return violation('positions of a session never go back', `no position: ${inWords(event)}`);
  }
  if (lastWrite !== undefined && event.kind === 'read' && event.position < lastWrite.position) {
    const text = `${inWords(event)}, which is before its own write: ${inWords(lastWrite)}`;
    return violation('a session reads its own writes', text);
  }
  const isLaterOnly = event.kind === 'write' && last?.kind === 'read';
  if (last !== undefined && event.position < last.position + (isLaterOnly ? 1 : 0)) {
    const text = `${inWords(event)}, after this: ${inWords(last)}`;
    return violation('positions of a session never go back', text);
  }
  return undefined;
}

function checkContent(states: States, event: SessionEvent): SequentialVerdict | undefined {
  const { kind, key, position, value } = event;
  if (kind === 'read' && states.valueAt(key, position) === value) return undefined;
  if (kind === 'write') {
    const effects = states.effectsAt(key, position);
    if (effects.some((effect) => value === undefined || value === effect.value)) return undefined;
  }
  const rule = kind === 'read'
    ? 'a read sees the state at its position'
    : 'an acknowledged write is in the order';
  return violation(rule, `${inWords(event)}, but ${states.around(key, position)}`);
}

/** All states of all keys, by position. */
class States {
  /** By key, in order. */
  readonly #writes = new Map<string, AppliedWrite[]>();

  constructor(order: readonly AppliedWrite[]) {
    for (const write of order) {
      const writes = this.#writes.get(write.key) ?? [];
      if (writes.length === 0) this.#writes.set(write.key, writes);
      writes.push(write);
    }
  }

  /** What the last write of the key at or before the position left. */
  valueAt(key: string, position: number): string | null {
    return this.#writes.get(key)?.[this.#countUpTo(key, position) - 1]?.value ?? null;
  }

  /** All that one entry did to the key. */
  effectsAt(key: string, position: number): readonly AppliedWrite[] {
    const from = this.#countUpTo(key, position - 1);
    return this.#writes.get(key)?.slice(from, this.#countUpTo(key, position)) ?? [];
  }

  /** What the order says of the key there, for people. */
  around(key: string, position: number): string {
    const at = this.#countUpTo(key, position);
    const writes = this.#writes.get(key) ?? [];
    const told = writes.slice(Math.max(0, at - 2), at + 1)
      .map((write) => `${JSON.stringify(write.value)} at ${write.position}`);
    return told.length === 0 ? 'no write of the key is in the order'
      : `the order has ${told.join(', ')}`;
  }

  #countUpTo(key: string, position: number): number {
    const writes = this.#writes.get(key) ?? [];
    let low = 0;
    let high = writes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (writes[middle]!.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function violation(rule: SequentialRule, text: string): SequentialVerdict {
  return { kind: 'violation', rule, text: `${rule}: ${text}` };
}

function inWords({ session, kind, node, key, value, position }: SessionEvent): string {
  const what = value === undefined ? 'something' : JSON.stringify(value);
  const verb = kind === 'read' ? 'reads' : 'writes';
  return `${session} on ${node} ${verb} ${JSON.stringify(key)}: ${what}, position ${position}`;
}
