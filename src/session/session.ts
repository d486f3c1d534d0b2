/**
 * What the server knows about one connection: database, protocol, authentication, transaction,
 * subscriptions. It knows nothing of sockets: those are behind SessionLink.
 */

import type { ClientFacts, ReplyMode, SessionPort } from '../commands/session-port.ts';
import type { RequestDecoder } from '../protocol/request-decoder.ts';
import type { ReplyEncoder } from '../protocol/reply-encoder.ts';
import type { Monitors } from './monitors.ts';
import type { PubSubHub, Subscriber } from './pub-sub-hub.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Transaction } from './transaction.ts';

/** The connection behind a session. */
export interface SessionLink {
  readonly facts: ClientFacts;
  readonly isUnixSocket: boolean;
  readonly decoder: RequestDecoder;
  readonly reply: ReplyEncoder;
  /** The request whose reply begins at `mark` of `reply` changed something. */
  wrote(mark: number): void;
  /** Something was written into `reply` outside of a request: send it at the end of this turn. */
  wake(): void;
  closeAfterReply(): void;
}

/** What sessions share. */
export interface SessionRealm {
  readonly hub: PubSubHub;
  readonly monitors: Monitors;
  readonly needsPassword: boolean;
  createTransaction(session: Session): Transaction;
}

export class Session implements SessionPort, Subscriber {
  readonly link: SessionLink;
  readonly reply: ReplyEncoder;
  readonly transaction: Transaction;
  readonly subscriptions: Subscriptions;
  readonly #realm: SessionRealm;
  #authenticated: boolean;
  #user = 'default';
  name = '';
  library = { name: '', version: '' };
  dbIndex = 0;
  #replyMode: ReplyMode = 'on';
  #repliesToSkip = 0;
  /** Name of the last command that ran, for CLIENT LIST. */
  lastCommand = 'NULL';
  noEvict = false;
  noTouch = false;
  monitoring = false;

  constructor(link: SessionLink, realm: SessionRealm) {
    this.link = link;
    this.reply = link.reply;
    this.#realm = realm;
    this.transaction = realm.createTransaction(this);
    this.subscriptions = new Subscriptions(realm.hub, this);
    this.#authenticated = !realm.needsPassword;
    link.decoder.authenticated = this.#authenticated;
  }

  get facts(): ClientFacts {
    return this.link.facts;
  }

  get user(): string {
    return this.#user;
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  set authenticated(authenticated: boolean) {
    this.#authenticated = authenticated;
    this.link.decoder.authenticated = authenticated;
  }

  get protocol(): 2 | 3 {
    return this.reply.protocol;
  }

  set protocol(protocol: 2 | 3) {
    this.reply.protocol = protocol;
  }

  get replyMode(): ReplyMode {
    return this.#replyMode;
  }

  /** CLIENT REPLY SKIP drops its own reply and the next one. */
  set replyMode(mode: ReplyMode) {
    this.#replyMode = mode;
    this.#repliesToSkip = mode === 'skip' ? 2 : 0;
  }

  /** A reply was dropped. */
  endSkip(): void {
    if (this.#replyMode === 'skip' && --this.#repliesToSkip === 0) this.#replyMode = 'on';
  }

  get inTransaction(): boolean {
    return this.transaction.isOpen;
  }

  /** In RESP2 a subscribed connection can send little else: replies and messages look alike. */
  get isSubscriber(): boolean {
    return this.subscriptions.count > 0;
  }

  get flagLetters(): string {
    let letters = '';
    if (this.monitoring) letters += 'O';
    if (this.isSubscriber) letters += 'P';
    if (this.transaction.isOpen) letters += 'x';
    if (this.transaction.touched) letters += 'd';
    if (this.noEvict) letters += 'e';
    if (this.noTouch) letters += 'T';
    if (this.link.isUnixSocket) letters += 'U';
    return letters === '' ? 'N' : letters;
  }

  startMonitoring(): void {
    this.monitoring = true;
    this.#realm.monitors.add(this);
  }

  closeAfterReply(): void {
    this.link.closeAfterReply();
  }

  reset(): void {
    this.#leaveShared();
    this.transaction.discard();
    this.authenticated = !this.#realm.needsPassword;
    this.#user = 'default';
    this.name = '';
    this.dbIndex = 0;
    this.protocol = 2;
    this.replyMode = 'on';
    this.noEvict = false;
    this.noTouch = false;
  }

  /** The connection is gone: nothing may reach it any more. */
  end(): void {
    this.#leaveShared();
    this.transaction.discard();
  }

  deliver(channel: Buffer, message: Buffer): void {
    const { reply } = this;
    reply.push(3);
    reply.bulkText('message');
    reply.bulk(channel);
    reply.bulk(message);
    this.link.wake();
  }

  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void {
    const { reply } = this;
    reply.push(4);
    reply.bulkText('pmessage');
    reply.bulk(pattern);
    reply.bulk(channel);
    reply.bulk(message);
    this.link.wake();
  }

  /** A line of MONITOR. */
  deliverLine(line: string): void {
    this.reply.simple(line);
    this.link.wake();
  }

  #leaveShared(): void {
    this.subscriptions.clear();
    if (this.monitoring) this.#realm.monitors.remove(this);
    this.monitoring = false;
  }
}
