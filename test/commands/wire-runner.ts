/**
 * Runs a script on a keyspace in memory as a connection would: with the gates that a request
 * passes, databases, commands in steps. Gives the bytes of each reply, to be compared with a real
 * server's.
 */

import { USUAL_LIMITS } from '../../src/cluster/proposal-body.ts';
import { Args } from '../../src/protocol/args.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import type { Command, Context, Provided, Steps, Want } from '../../src/commands/command.ts';
import type { ServerPort } from '../../src/commands/server-port.ts';
import type { SessionPort } from '../../src/commands/session-port.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { Config } from '../../src/config/config.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { Random } from '../../src/lib/random.ts';
import { refusal } from '../../src/engine/admit.ts';
import type { Session } from '../../src/session/session.ts';
import type { WriteGate } from '../../src/engine/write-gate.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { textOf } from '../protocol/text-of.ts';

export class WireRunner {
  readonly storage = new MemoryStorage(LIVE_CODECS);
  /** 'event key@db' of each keyspace notification. */
  readonly notified: string[] = [];
  readonly #config = new Config();
  readonly #keyspace: Keyspace;
  readonly #table: CommandTable;
  readonly #encoder = new ReplyEncoder(new OutputPool());
  readonly #random = new Random(1, 2);
  readonly #session = {
    dbIndex: 0, authenticated: true, isSubscriber: false, protocol: 2,
      transaction: { isOpen: false },
  };

  constructor(commands: readonly Command[]) {
    this.#table = new CommandTable([commands]);
    this.#keyspace = new Keyspace(this.storage, {
      notify: (_kind, event, db, key) => void this.notified.push(`${event} ${key.latin1()}@${db}`),
    });
  }

  async run(script: readonly (readonly string[])[], protocol: 2 | 3 = 2): Promise<string[]> {
    this.#encoder.protocol = protocol;
    const replies: string[] = [];
    for (const words of script) {
      await this.#runOne(Args.ofBuffers(words.map((word) => Buffer.from(word, 'latin1'))));
      replies.push(textOf(this.#encoder));
    }
    return replies;
  }

  async #runOne(args: Args): Promise<void> {
    const entry = this.#table.lookup(args);
    const session = this.#session as unknown as Session;
    const refused = refusal(session, entry, args, {} as WriteGate, undefined);
    if (refused !== undefined || entry === undefined) return this.#encoder.error(refused ?? '');
    this.#keyspace.now = Date.now();
    const context = this.#context(args);
    entry.action?.(context);
    if (entry.command.steps !== undefined) await this.#drive(entry.command.steps(context));
  }

  async #drive(steps: Steps): Promise<void> {
    let next = steps.next();
    while (!next.done) next = steps.next(await provide(next.value, this.#random));
  }

  #context(args: Args): Context {
    const keyspace = this.#keyspace;
    const get = (name: string): string | undefined =>
      this.#config.get((each) => each === name)[0]?.[1];
    return {
      args, reply: this.#encoder, keyspace, db: keyspace.db(this.#session.dbIndex),
      now: keyspace.now, random: this.#random, limits: USUAL_LIMITS,
      messages: { publish: () => 0, spublish: () => 0 },
      session: this.#session as unknown as SessionPort,
      server: { config: { get }, startedAt: keyspace.now } as unknown as ServerPort,
    };
  }
}

async function provide(want: Want, random: Random): Promise<Provided> {
  if (want.kind === 'scan') return want.db.scan(want.cursor, want.count);
  if (want.kind === 'randomKey') return want.db.randomKey(() => random.float());
  return undefined;
}
