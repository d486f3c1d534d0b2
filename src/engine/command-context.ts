/** The one mutable Context: refilled for each request, so that running one makes no object. */

import type { Context, KeyWait, RequestLimits } from '../commands/command.ts';
import type { MessagePort, ServerPort } from '../commands/server-port.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Random } from '../lib/random.ts';
import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import type { Session } from '../session/session.ts';
import type { Environment } from './environment.ts';

export interface ContextParts {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly messages: MessagePort;
}

export class CommandContext implements Context {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly messages: MessagePort;
  readonly random: Random;
  args: Args;
  reply: ReplyWriter;
  db: Database;
  now: number;
  limits: RequestLimits;
  session: Session;
  /** What the request waits for that runs. */
  wait: KeyWait | undefined;

  constructor(parts: ContextParts, random: Random, { session, nowMs, limits }: Environment,
    args: Args) {
    this.keyspace = parts.keyspace;
    this.server = parts.server;
    this.messages = parts.messages;
    this.random = random;
    this.session = session;
    this.args = args;
    this.reply = session.reply;
    this.db = this.keyspace.db(session.dbIndex);
    this.now = nowMs;
    this.limits = limits;
  }

  enter({ session, nowMs, limits }: Environment): void {
    this.session = session;
    this.reply = session.reply;
    this.now = nowMs;
    this.limits = limits;
    this.keyspace.access.isHeld = session.noTouch;
  }

  waitForKeys(wait: KeyWait): void {
    this.wait = wait;
  }

  /** The database is the one selected now: inside EXEC a SELECT may have changed it. */
  refill(args: Args): void {
    this.args = args;
    this.wait = undefined;
    const { dbIndex } = this.session;
    if (this.db.index !== dbIndex) this.db = this.keyspace.db(dbIndex);
  }
}
