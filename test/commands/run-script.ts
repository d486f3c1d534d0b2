/**
 * Runs a script against commands over a keyspace in memory and gives the bytes of each reply, to be
 * compared with a real server's. The families under test bring their commands; `HELPER_COMMANDS`
 * are plain stand-ins for the few of other families that every script needs.
 */

import { Args } from '../../src/protocol/args.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import { CommandTable } from '../../src/commands/table.ts';
import type { Command, Context } from '../../src/commands/command.ts';
import { wrongArity } from '../../src/commands/reply-errors.ts';
import type { ServerPort } from '../../src/commands/server-port.ts';
import type { SessionPort } from '../../src/commands/session-port.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { liveStringCodec } from '../../src/keyspace/live-string.ts';
import { NEED_KEY } from '../../src/keyspace/storage.ts';
import { encodingOf } from '../../src/keyspace/string-encoding.ts';
import { Random } from '../../src/lib/random.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { inertList } from './inert-list.ts';
import { textOf } from '../protocol/text-of.ts';

export class ScriptRunner {
  readonly storage = new MemoryStorage([liveStringCodec]);
  /** 'event key@db' of each keyspace notification. */
  readonly notified: string[] = [];
  /** Options that CONFIG SET of the helper commands changes. */
  readonly config = new Map([['proto-max-bulk-len', '536870912']]);
  readonly #keyspace: Keyspace;
  readonly #table: CommandTable;
  readonly #encoder = new ReplyEncoder(new OutputPool());
  readonly #random = new Random(1, 2);

  constructor(commands: readonly Command[]) {
    this.#table = new CommandTable([commands, HELPER_COMMANDS]);
    this.#keyspace = new Keyspace(this.storage, {
      notify: (_kind, event, db, key) => void this.notified.push(`${event} ${key.latin1()}@${db}`),
    });
  }

  run(script: readonly (readonly string[])[], protocol: 2 | 3 = 2): string[] {
    this.#encoder.protocol = protocol;
    return script.map((words) => {
      this.#runOne(Args.ofBuffers(words.map((word) => Buffer.from(word, 'latin1'))));
      return textOf(this.#encoder);
    });
  }

  #runOne(args: Args): void {
    const entry = this.#table.lookup(args);
    const command = entry?.command;
    if (command === undefined || entry?.action === undefined) throw new Error(`no command ${args.text(0)} here`);
    const { arity, name } = command;
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      return this.#encoder.error(wrongArity(name));
    }
    const keyspace = this.#keyspace;
    keyspace.now = Date.now();
    entry.action({
      args, reply: this.#encoder, keyspace, db: keyspace.db(0), now: keyspace.now,
      random: this.#random, messages: { publish: () => 0, spublish: () => 0 },
      limits: {
        databases: 16, stringBytes: Number(this.config.get('proto-max-bulk-len') ?? 2 ** 29),
      },
      session: {} as SessionPort,
      server: { config: { get: (option: string) => this.config.get(option),
        set: (pairs: readonly (readonly [string, string])[]) => this.#configure(pairs) },
      } as unknown as ServerPort,
    });
  }

  #configure(pairs: readonly (readonly [string, string])[]): undefined {
    for (const [name, value] of pairs) this.config.set(name, value);
  }
}

function helper(
  name: string, arity: number, execute: (ctx: Context) => void,
): Command {
  return {
    name, arity, execute, group: 'generic', summary: 'For tests.', since: '1.0.0', flags: [],
  };
}

const HELPER_COMMANDS: readonly Command[] = [
  helper('rpush', 3, ({ args, db, reply }) => {
    db.putLive(args.at(1), inertList);
    db.notify('n', 'new', args.at(1));
    db.notify('l', 'rpush', args.at(1));
    reply.integer(1);
  }),
  helper('del', 2, ({ args, db, reply }) => {
    const removed = db.remove(args.at(1));
    if (removed) db.notify('g', 'del', args.at(1));
    reply.integer(removed ? 1 : 0);
  }),
  helper('exists', 2, ({ args, db, reply }) => {
    reply.integer(db.read(args.at(1), NEED_KEY) === undefined ? 0 : 1);
  }),
  helper('dbsize', 1, ({ db, reply }) => reply.integer(db.count())),
  helper('pexpiretime', 2, ({ args, db, reply }) => {
    const found = db.find(args.at(1));
    reply.integer(found === undefined ? -2 : found.expireAt || -1);
  }),
  helper('object', 3, ({ args, db, reply }) => {
    const found = db.find(args.at(2));
    if (found === undefined) reply.nil();
    else reply.bulkText(encodingOf(found.value, found.raw));
  }),
  helper('config', 4, ({ args, server, reply }) => {
    server.config.set([[args.text(2), args.text(3)]]);
    reply.ok();
  }),
];
