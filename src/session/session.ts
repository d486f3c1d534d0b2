/**
 * What the server knows about one connection: database, protocol, authentication, transaction,
 * subscriptions. It knows nothing of sockets: those are behind SessionLink.
 *
 * Messages (pub/sub, MONITOR) that arrive while a reply is being written, as when EXEC publishes to
 * its own connection, wait until it is whole: inside it a client would take them for elements.
 */

import type { ClientFacts, ReplyMode, SessionPort } from '../commands/session-port.ts';
import type { Args } from '../protocol/args.ts';
import type { RequestDecoder } from '../protocol/request-decoder.ts';
import type { ReplyEncoder } from '../protocol/reply-encoder.ts';
import { Blocking } from './blocking.ts';
import type { Monitors } from './monitors.ts';
import type { PubSubHub, Subscriber } from './pub-sub-hub.ts';
import { RequestProgress } from './progress.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Transaction } from './transaction.ts';
import { TurnReplies } from './turn-replies.ts';

/** The connection behind a session. */
export interface SessionLink {
  /** Never given twice while the server runs. */
  readonly id: number;
  readonly facts: ClientFacts;
  readonly isUnixSocket: boolean;
  readonly decoder: RequestDecoder;
  readonly reply: ReplyEncoder;
  /** Bytes that have come from the client. */
  readonly arrivedBytes: number;
  /** How many of them come up to the end of this request of the batch that was decoded last. */
  bytesThrough(args: Args): number;
  /** It is not about to be closed, and the client keeps up with its replies. */
  readonly mayTakeMore: boolean;
  /** Something was written into `reply` outside of a request: send it at the end of this turn. */
  wake(): void;
  closeAfterReply(): void;
  /**
   * Its unsent replies may rest on what was not made: those of this turn become the error `text`,
   * if there is one and they can be told; else it is closed at once.
   */
  lose(text?: string): void;
}

export interface SessionRealm {
  readonly hub: PubSubHub;
  readonly monitors: Monitors;
  readonly needsPassword: boolean;
  createTransaction(): Transaction;
  /** Whether a watched key has changed, as far as that can be told without reading the disk. */
  isTouched(transaction: Transaction): boolean;
}

export class Session implements SessionPort, Subscriber {
  readonly link: SessionLink;
  readonly reply: ReplyEncoder;
  readonly transaction: Transaction;
  readonly subscriptions: Subscriptions;
  readonly blocking = new Blocking();
  readonly turnReplies = new TurnReplies();
  readonly #realm: SessionRealm;
  #authenticated: boolean;
  /** There are no others. */
  readonly user = 'default';
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
  wantsLatest: boolean | undefined;
  /** Requests within the first so many bytes from the client may read: see cluster/. */
  readableBytes = -1;
  readonly progress = new RequestProgress();
  #isEnded = false;
  /** Replies under way; EXEC's has those of its commands inside. */
  #replying = 0;
  /** Messages that wait for the end of the reply. */
  #deferred: (() => void)[] = [];

  constructor(link: SessionLink, realm: SessionRealm) {
    this.link = link;
    this.reply = link.reply;
    this.#realm = realm;
    this.transaction = realm.createTransaction();
    this.subscriptions = new Subscriptions(realm.hub, this);
    this.#authenticated = !realm.needsPassword;
    link.decoder.authenticated = this.#authenticated;
  }

  get facts(): ClientFacts {
    return this.link.facts;
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

  /** SKIP drops its own reply and the next one; while replies are off it means nothing. */
  set replyMode(mode: ReplyMode) {
    if (mode === 'skip' && this.#replyMode === 'off') return;
    this.#replyMode = mode;
    this.#repliesToSkip = mode === 'skip' ? 2 : 0;
  }

  /** A reply was dropped. */
  endSkip(): void {
    if (this.#replyMode === 'skip' && --this.#repliesToSkip === 0) this.#replyMode = 'on';
  }

  /** The connection is gone, or about to be: it gets nothing any more and starts nothing. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isReplying(): boolean {
    return this.#replying > 0;
  }

  beginReply(): void {
    this.#replying++;
  }

  endReply(): void {
    if (--this.#replying > 0 || this.#deferred.length === 0) return;
    for (const deliver of this.#deferred.splice(0)) deliver();
  }

  get inTransaction(): boolean {
    return this.transaction.isOpen;
  }

  /** Of the replies under way the outer one is EXEC's, and what runs now is in its queue. */
  get inExec(): boolean {
    return this.#replying > 1;
  }

  /** In RESP2 a subscribed connection can send little else: replies and messages look alike. */
  get isSubscriber(): boolean {
    return this.subscriptions.count > 0 || this.subscriptions.shardChannels.size > 0;
  }

  /** Nothing about this client changes what a command does or where its reply goes. */
  get isPlain(): boolean {
    return this.#authenticated && this.#replyMode === 'on' && !this.transaction.isOpen &&
      !this.isSubscriber;
  }

  get flagLetters(): string {
    let letters = '';
    if (this.monitoring) letters += 'O';
    if (this.isSubscriber) letters += 'P';
    if (this.transaction.isOpen) letters += 'x';
    if (this.blocking.isBlocked) letters += 'b';
    if (this.#realm.isTouched(this.transaction)) letters += 'd';
    if (this.link.isUnixSocket) letters += 'U';
    if (this.noEvict) letters += 'e';
    if (this.noTouch) letters += 'T';
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
    this.name = '';
    this.dbIndex = 0;
    this.protocol = 2;
    // As in Redis a SKIP outlives it, and takes its reply.
    if (this.#replyMode === 'off') this.replyMode = 'on';
    this.noEvict = false;
    this.noTouch = false;
    this.wantsLatest = undefined;
  }

  /** The connection is gone. May be called again, after a request that was still under way. */
  end(): void {
    this.#isEnded = true;
    this.blocking.forbid();
    this.#leaveShared();
    this.transaction.discard();
    this.progress.forget();
  }

  deliver(channel: Buffer, message: Buffer): void {
    this.#push('message', [channel, message]);
  }

  deliverShard(channel: Buffer, message: Buffer): void {
    this.#push('smessage', [channel, message]);
  }

  deliverPattern(pattern: Buffer, channel: Buffer, message: Buffer): void {
    this.#push('pmessage', [pattern, channel, message]);
  }

  endWith(error: string): void {
    if (this.#isEnded) return;
    if (this.isReplying) {
      this.#deferred.push(() => this.endWith(error));
      return;
    }
    this.reply.error(error);
    this.link.closeAfterReply();
    this.link.wake();
  }

  /** A line of MONITOR. Unlike messages, CLIENT REPLY OFF silences it. */
  deliverLine(line: string): void {
    if (this.#isEnded || this.#replyMode === 'off') return;
    if (this.isReplying) {
      this.#deferred.push(() => this.deliverLine(line));
      return;
    }
    this.reply.simple(line);
    this.link.wake();
  }

  #push(kind: string, parts: readonly Buffer[]): void {
    if (this.#isEnded) return;
    if (this.isReplying) {
      this.#deferred.push(() => this.#push(kind, parts));
      return;
    }
    const { reply } = this;
    reply.push(parts.length + 1);
    reply.bulkText(kind);
    for (const part of parts) reply.bulk(part);
    this.link.wake();
  }

  #leaveShared(): void {
    this.subscriptions.clear();
    if (this.monitoring) this.#realm.monitors.remove(this);
    this.monitoring = false;
  }
}
