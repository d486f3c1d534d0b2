/**
 * The layer commands/ and what is below it: `execute` of one command after the other on a keyspace
 * in memory, without engine, sessions, disk or time.
 *
 * `run('SET', 'k', 'v')` gives the reply as a JS tree (see test/protocol/recording-reply.ts).
 */

import { USUAL_LIMITS } from '../../src/cluster/proposal-body.ts';
import { Args } from '../../src/protocol/args.ts';
import type { Command, Context, KeyWait } from '../../src/commands/command.ts';
import type { ServerPort } from '../../src/commands/server-port.ts';
import type { SessionPort } from '../../src/commands/session-port.ts';
import type { CollectionLimits } from '../../src/keyspace/collection/limits.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import type { LiveCodec } from '../../src/keyspace/live-value.ts';
import { liveStringCodec } from '../../src/keyspace/live-string.ts';
import { Random } from '../../src/lib/random.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';

export interface CommandsLayerOptions {
  readonly commands: readonly Command[];
  readonly codecs?: readonly LiveCodec[];
  readonly server?: Partial<ServerPort>;
  readonly session?: Partial<SessionPort>;
  readonly protocol?: 2 | 3;
  readonly collectionLimits?: CollectionLimits;
}

/** Everything that a test of a command family needs; the clock stands still until told. */
export class CommandsLayer {
  storage: MemoryStorage;
  readonly keyspace: Keyspace;
  /** 'event key@db' of each keyspace notification. */
  readonly notified: string[] = [];
  now = 1_700_000_000_000;
  dbIndex = 0;
  limits = USUAL_LIMITS;
  protocol: 2 | 3;
  /** What the last command that blocks would wait for. */
  wait: KeyWait | undefined;
  readonly random = new Random(1, 2);
  readonly #table = new Map<string, Command>();
  readonly #options: CommandsLayerOptions;

  constructor(options: CommandsLayerOptions) {
    this.#options = options;
    this.protocol = options.protocol ?? 2;
    for (const command of options.commands) {
      this.#table.set(command.name, command);
      for (const sub of command.subcommands ?? []) this.#table.set(sub.name, sub);
    }
    this.storage = new MemoryStorage([liveStringCodec, ...(options.codecs ?? [])]);
    this.keyspace = new Keyspace(this.storage, {
      notify: (_kind, event, db, key) => void this.notified.push(`${event} ${key.latin1()}@${db}`),
    }, options.collectionLimits);
  }

  /** Goes on with what replaying bases and deltas gives. */
  restart(): void {
    this.storage = this.storage.reopened();
    this.keyspace.adopt(this.storage);
  }

  /** The reply of a synchronous command; a command in steps needs `runSteps`. */
  run(...parts: readonly (string | Buffer | number)[]): unknown {
    const { command, context, reply } = this.#prepare(parts);
    const action = command.apply ?? command.execute;
    if (action === undefined) throw new Error(`${command.name} runs in steps`);
    action(context);
    return reply.value;
  }

  async runSteps(...parts: readonly (string | Buffer | number)[]): Promise<unknown> {
    const { command, context, reply } = this.#prepare(parts);
    if (command.steps === undefined) return this.run(...parts);
    const steps = command.steps(context);
    let next = steps.next();
    while (!next.done) {
      const want = next.value;
      if (want.kind === 'scan') next = steps.next(await want.db.scan(want.cursor, want.count));
      else if (want.kind === 'randomKey') {
        next = steps.next(await want.db.randomKey(() => this.random.float()));
      } else next = steps.next(undefined);
    }
    return reply.value;
  }

  #prepare(parts: readonly (string | Buffer | number)[]) {
    const args = Args.of(...parts.map((part) => (typeof part === 'number' ? `${part}` : part)));
    const name = args.text(0).toLowerCase();
    const parent = this.#table.get(name);
    const sub = parent?.subcommands && args.count > 1
      ? this.#table.get(`${name}|${args.text(1).toLowerCase()}`)
      : undefined;
    const command = sub ?? parent;
    if (command === undefined) throw new Error(`no command ${name} in this layer`);
    const reply = new RecordingReply(this.protocol);
    this.keyspace.now = this.now;
    this.wait = undefined;
    const context: Context = {
      args, reply, keyspace: this.keyspace, db: this.keyspace.db(this.dbIndex),
      now: this.now, random: this.random, limits: this.limits,
      messages: this.#options.server?.pubsub ?? { publish: () => 0, spublish: () => 0 },
      session: (this.#options.session ?? {}) as SessionPort,
      waitForKeys: (wait) => void (this.wait = wait),
      server: (this.#options.server ?? {}) as ServerPort,
    };
    return { command, context, reply };
  }
}
