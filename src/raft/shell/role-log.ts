/** Says in the log what people want to know of elections: who leads, and when nobody does. */

import type { Logger } from 'pino';
import type { MemberId } from '../core/entry.ts';
import type { RaftStatus } from '../core/event.ts';

export class RoleLog {
  readonly #log: Logger;
  readonly #id: MemberId;
  #leader: MemberId | undefined;
  #term = 0;
  #configuration: RaftStatus['configuration'] | undefined;
  #missing = '';

  constructor(log: Logger, id: MemberId) {
    this.#log = log;
    this.#id = id;
  }

  /** Call it whenever something may have changed. */
  note({ leader, term, configuration }: RaftStatus): void {
    if (configuration !== this.#configuration) this.#noteMembers(configuration);
    if (leader === this.#leader && term === this.#term) return;
    const before = this.#leader;
    this.#leader = leader;
    this.#term = term;
    if (leader === this.#id) this.#log.info({ term }, 'this peer leads now');
    else if (leader !== undefined) this.#log.info({ term }, `${nameOf(leader)} leads now`);
    else if (before === this.#id) {
      this.#log.warn({ term }, 'this peer leads no more: no majority, or a newer leader');
    } else if (before !== undefined) {
      this.#log.warn({ term }, `lost the leader ${nameOf(before)}; no writes until there is one`);
    }
  }

  /** Told once for each set of peers that a cluster waits for. */
  noteMissing(missing: readonly string[]): void {
    const names = missing.join(', ');
    if (names === this.#missing) return;
    this.#missing = names;
    this.#log.info(`the first start of a cluster needs every peer; waiting for ${names}`);
  }

  #noteMembers(configuration: RaftStatus['configuration']): void {
    const before = this.#configuration;
    this.#configuration = configuration;
    // It is another object with the same peers whenever the log is cut.
    if (before === undefined || rolesOf(before) === rolesOf(configuration)) return;
    const { voters, outgoing, learners } = configuration;
    this.#log.info({ voters, outgoing, learners }, 'the peers change');
  }
}

/** The name in a member's id. */
export function nameOf(id: string): string {
  return id.slice(0, id.indexOf(':'));
}

/** A peer as an administrator is told of it; who was removed does not know where later ones are. */
export function placeOf(name: string, clientAddress: string | undefined): string {
  return clientAddress === undefined ? name : `${name} at ${clientAddress}`;
}

function rolesOf({ voters, outgoing, learners }: RaftStatus['configuration']): string {
  return JSON.stringify([voters, outgoing, learners]);
}
