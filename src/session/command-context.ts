/** The one mutable Context: refilled for each command, so that running one makes no object. */

import type { Context } from '../commands/command.ts';
import type { ServerPort } from '../commands/server-port.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Random } from '../lib/random.ts';
import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import type { Session } from './session.ts';

export class CommandContext implements Context {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly random: Random;
  args: Args;
  reply: ReplyWriter;
  db: Database;
  now = 0;
  session: Session;

  constructor(
    keyspace: Keyspace, server: ServerPort, random: Random, session: Session, args: Args,
  ) {
    this.keyspace = keyspace;
    this.server = server;
    this.random = random;
    this.session = session;
    this.args = args;
    this.reply = session.reply;
    this.db = keyspace.db(session.dbIndex);
    keyspace.access.isHeld = session.noTouch;
  }

  /** The database is the one selected now: inside EXEC a SELECT may have changed it. */
  refill(session: Session, args: Args, now: number): void {
    this.session = session;
    this.args = args;
    this.reply = session.reply;
    const { keyspace } = this;
    this.db = keyspace.db(session.dbIndex);
    keyspace.access.isHeld = session.noTouch;
    this.now = now;
  }
}
