/**
 * The links of one node to its peers: it listens, dials every configured peer, and hands over what
 * they send.
 *
 * - The connection that a node dials carries what it sends; the one that its peer dials carries
 *   what the peer sends. A stream of bulk data has a connection of its own.
 * - Nothing is parsed before the other side has proved itself (handshake.ts), and `judge` has seen
 *   what it says of itself.
 * - Messages of one link arrive in the order in which they were sent, but that those without bodies
 *   overtake large ones. Some may be missing: a link that is down or whose queue is full drops
 *   them, and says so to the sender.
 * - A peer is known by its name. A peer that dials us under a name takes the place of the one
 *   before.
 *
 * A peer that is lost, slow or refused is dialled again for ever and affects no other; only
 * `listen` fails.
 */

import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../io/clock.ts';
import type { Network } from '../../io/network.ts';
import { randomBytes, type RandomSource } from '../../io/random-source.ts';
import { Random } from '../../lib/random.ts';
import { LINK_PING_MS, LINK_STREAM_HEADER_BYTES_MAX } from '../limits.ts';
import type { MemberId } from '../core/entry.ts';
import { FEATURE_LEVEL_FIRST } from '../core/feature-level.ts';
import type { Message } from '../core/message.ts';
import { Connection, noTraffic, type ConnectionUser, type Traffic } from './connection.ts';
import { DialledLink, type DialHost, type DialTarget } from './dialled-link.ts';
import { Greeter, type GreeterHost } from './greeter.ts';
import {
  AcceptorHandshake, DiallerHandshake, NONCE_BYTES,
  type Agreement, type HandshakeInputs, type Purpose,
} from './handshake.ts';
import { InboundLink, type InboundHost } from './inbound-link.ts';
import { IncomingStream, type IncomingStreamHost } from './incoming-stream.ts';
import { LinkError } from './link-error.ts';
import { LinkListener } from './link-listener.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { announceLevel } from './level-in-nonce.ts';
import { encodeFacts, type PeerFacts, type Verdict } from './peer-facts.ts';
import { Peer, type PeerLink } from './peer.ts';
import { OpenSockets, dialSocket, parsePeerAddress, type LinkTls } from './sockets.ts';
import { TroubleLog } from './trouble-log.ts';

/** Streams at a time, each way. A node gives one snapshot to each peer that needs one. */
export const LINK_STREAMS_MAX = 16;

export type Direction = 'dialled' | 'inbound';

export interface LinksOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly secret: string | undefined;
  readonly tls: LinkTls | undefined;
  /** What this node says of itself, asked at each handshake. */
  readonly self: () => PeerFacts;
  /** A reason not to talk to a peer; it is sent to the peer and logged on both sides. */
  readonly judge: (facts: PeerFacts, direction: Direction) => string | undefined;
  /** What this build announces that it knows; from the second level on facts have a standing. */
  readonly featureLevel?: number;
  /** See HandshakeInputs. */
  readonly verdictOn?: (facts: PeerFacts, isFirstWord: boolean) => Verdict | undefined;
  readonly onVerdict?: (from: PeerFacts, verdict: Verdict) => void;
  readonly onMessage: (message: Message) => void;
  /** A link is up, in one direction or the other. */
  readonly onPeer: (facts: PeerFacts) => void;
  /** No link to this peer is left. */
  readonly onLost: (name: string) => void;
  readonly onStream: (from: PeerFacts, header: Uint8Array, stream: IncomingStream) => void;
}

export interface ConfiguredPeer {
  readonly name: string;
  /** host:port */
  readonly address: string;
}

export class Links implements DialHost, InboundHost, IncomingStreamHost, GreeterHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly troubles: TroubleLog;
  readonly #options: LinksOptions;
  readonly #sockets = new OpenSockets();
  readonly #listener: LinkListener;
  readonly #peers = new Map<string, Peer>();
  readonly #greeters = new Set<Greeter>();
  readonly #outgoing = new Set<OutgoingStream>();
  readonly #incoming = new Set<IncomingStream>();
  /** Links with messages that were not handed to their sockets. */
  readonly #unflushed = new Set<DialledLink>();
  #isFlushDue = false;
  #ticker: Timer;
  #isClosed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.random = new Random(...options.random.seed64());
    this.troubles = new TroubleLog(options.log, options.clock);
    const { network, tls } = options;
    const onSocket = (socket: Socket): void => this.#greet(socket);
    this.#listener = new LinkListener(
      { network, tls, sockets: this.#sockets, troubles: this.troubles, onSocket });
    this.#ticker = this.clock.setTimer(LINK_PING_MS, () => this.#tick());
  }

  /** Fails with Node's error: EADDRINUSE, EACCES, EADDRNOTAVAIL ... Port 0 picks a free one. */
  listen(host: string, port: number): Promise<void> {
    return this.#listener.open(host, port);
  }

  /** 0 while it does not listen. */
  get port(): number {
    return this.#listener.port;
  }

  /** Connections that have not proved themselves. */
  get strangers(): number {
    return this.#listener.strangers;
  }

  /** All peers that are to be dialled, without this node itself. New ones are, gone ones closed. */
  setPeers(configured: readonly ConfiguredPeer[]): void {
    const targets = new Map(configured.map((each) => [each.name, toTarget(each)]));
    for (const peer of this.#peers.values()) {
      const target = targets.get(peer.name);
      if (target === undefined) this.#forget(peer);
      else if (!isSameTarget(peer.dialled?.target, target)) this.#stopDialling(peer);
    }
    for (const target of targets.values()) this.#dialPeer(target);
  }

  /**
   * False when the message is dropped: there is no link to `to`, its queue is full, or the message
   * is too large. What is sent in one turn of the event loop leaves in one write.
   */
  send(to: MemberId, message: Message): boolean {
    for (const { id, dialled } of this.#peers.values()) {
      if (id === to) return dialled?.send(message) ?? false;
    }
    return false;
  }

  /** Whether a heartbeat that is sent now overtakes bodies that were sent before. */
  isBehind(to: MemberId): boolean {
    for (const { id, dialled } of this.#peers.values()) {
      if (id === to) return dialled?.isBehind === true;
    }
    return false;
  }

  /** What was sent so far leaves now, not at the end of the event loop's turn. */
  flush(): void {
    this.#isFlushDue = false;
    if (this.#isClosed) return;
    for (const link of this.#unflushed) link.flush();
    this.#unflushed.clear();
  }

  /** Facts about this node changed: links on which it said something else begin anew. */
  refresh(): void {
    const self = this.#options.self();
    const facts = encodeFacts(self);
    const isStale = (stated: PeerFacts | undefined): boolean => stated !== undefined &&
      (isMember(stated) !== isMember(self) || !Buffer.from(facts).equals(encodeFacts(stated)));
    const reason = 'this node has news about itself';
    for (const greeter of this.#greeters) if (isStale(greeter.stated)) greeter.stop(reason);
    for (const { dialled, inbound } of this.#peers.values()) {
      if (isStale(inbound?.agreement.self)) inbound?.stop(reason);
      if (isStale(dialled?.stated)) dialled?.restart(reason);
    }
  }

  /**
   * Ends the links of peers that have no place in the cluster any more: each is told so anew. And
   * those on which this peer has said something of itself that is not so any more: a peer that
   * waits to be let in dials back only whom it knows as a member.
   */
  review(): void {
    this.refresh();
    const { verdictOn } = this.#options;
    for (const { dialled, inbound } of this.#peers.values()) {
      if (inbound === undefined) continue;
      const verdict = verdictOn?.(inbound.agreement.facts, false);
      if (verdict === undefined) continue;
      inbound.stop(verdict.text);
      dialled?.restart(verdict.text);
    }
  }

  peers(): PeerLink[] {
    return Array.from(this.#peers.values(), (peer) => peer.describe());
  }

  /**
   * A stream of its own for bulk data. Fails with a LinkError. `header` is the first thing that the
   * receiver sees.
   */
  async openStream(to: MemberId, header: Uint8Array): Promise<OutgoingStream> {
    if (header.length > LINK_STREAM_HEADER_BYTES_MAX) {
      throw new RangeError(
        `a header of ${header.length} bytes, allowed are ${LINK_STREAM_HEADER_BYTES_MAX}`);
    }
    if (this.#isClosed) throw new LinkError('CLOSED', 'this node closed its links');
    const peer = [...this.#peers.values()].find(({ id }) => id === to);
    const target = peer?.dialled?.target;
    if (target === undefined) throw new LinkError('UNREACHABLE', `no link to ${to}`);
    if (this.#outgoing.size >= LINK_STREAMS_MAX) {
      throw new LinkError('UNREACHABLE', `${LINK_STREAMS_MAX} streams are open already`);
    }
    const stream = new OutgoingStream({
      to,
      header,
      connect: (user) => this.dial(target, 'stream', user, noTraffic()),
      onOver: (over) => this.#outgoing.delete(over),
    });
    this.#outgoing.add(stream);
    return await stream.opened();
  }

  /** Ends everything; settles when the last socket is closed. No callback comes afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.clock.clearTimer(this.#ticker);
    this.#listener.close();
    for (const { dialled, inbound } of this.#peers.values()) {
      dialled?.stop();
      inbound?.stop('this node closed its links');
    }
    this.#peers.clear();
    for (const greeter of this.#greeters) greeter.stop('this node closed its links');
    for (const stream of [...this.#outgoing, ...this.#incoming]) stream.close();
    await this.#sockets.destroy();
  }

  // ---- What links and streams need --------------------------------------------------------------

  dial(target: DialTarget, purpose: Purpose, user: ConnectionUser, traffic: Traffic): Connection {
    const judge = (facts: PeerFacts): string | undefined => {
      const { name } = target;
      if (facts.name !== name) return `dialled for peer ${name}, found peer ${facts.name}`;
      return this.#options.judge(facts, 'dialled');
    };
    const handshake = new DiallerHandshake(purpose, this.#inputs(judge));
    const { network, tls } = this.#options;
    const socket = dialSocket(network, target.address, tls, () => connection.begin());
    this.#sockets.add(socket);
    const connection = new Connection(socket, handshake, this.clock, user, traffic);
    return connection;
  }

  onDialledUp(link: DialledLink, facts: PeerFacts): void {
    const peer = this.#peers.get(link.target.name);
    if (peer === undefined) return;
    peer.id = facts.id;
    this.#options.log.info({ peer: peer.name, id: facts.id }, 'link to peer is up');
    this.#options.onPeer(facts);
  }

  onDialledDown(link: DialledLink): void {
    const peer = this.#peers.get(link.target.name);
    if (peer?.dialled === link) this.#maybeLost(peer);
  }

  flushLater(link: DialledLink): void {
    this.#unflushed.add(link);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.clock.soon(() => this.flush());
  }

  onMessage(message: Message): void {
    if (!this.#isClosed) this.#options.onMessage(message);
  }

  onInboundDown(link: InboundLink): void {
    const peer = this.#peers.get(link.agreement.facts.name);
    if (peer?.inbound !== link) return;
    peer.inbound = undefined;
    this.#maybeLost(peer);
    if (peer.dialled === undefined) this.#peers.delete(peer.name);
  }

  onStream(from: PeerFacts, header: Uint8Array, stream: IncomingStream): void {
    this.#options.onStream(from, header, stream);
  }

  onIncomingOver(stream: IncomingStream): void {
    this.#incoming.delete(stream);
  }

  onGreeted(greeter: Greeter, connection: Connection, agreement: Agreement): void {
    this.#greeters.delete(greeter);
    this.#listener.trust(connection.socket);
    if (agreement.purpose === 'link') this.#adoptLink(connection, agreement);
    else this.#adoptStream(connection, agreement);
  }

  onGreeterOver(greeter: Greeter): void {
    this.#greeters.delete(greeter);
  }

  // -----------------------------------------------------------------------------------------------

  #greet(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const judge = (facts: PeerFacts): string | undefined => this.#options.judge(facts, 'inbound');
    const handshake = new AcceptorHandshake(this.#inputs(judge));
    this.#greeters.add(new Greeter(socket, handshake, this));
  }

  #inputs(judge: HandshakeInputs['judge']): HandshakeInputs {
    const { secret, self, verdictOn, onVerdict, featureLevel, random } = this.#options;
    const fresh = randomBytes(random, NONCE_BYTES);
    const nonce = announceLevel(fresh, featureLevel ?? FEATURE_LEVEL_FIRST);
    return {
      secret, self, judge, nonce,
      ...verdictOn !== undefined && { verdictOn },
      ...onVerdict !== undefined && { onVerdict },
    };
  }

  #adoptLink(connection: Connection, agreement: Agreement): void {
    const { name, id } = agreement.facts;
    const peer = this.#peers.get(name) ?? new Peer(name);
    this.#peers.set(name, peer);
    const before = peer.inbound;
    peer.inbound = new InboundLink(connection, agreement, this);
    peer.id = id;
    connection.handOver(peer.inbound, peer.traffic);
    peer.inbound.announce();
    before?.stop('the peer dialled again');
    peer.dialled?.onPeerSeen(id);
    this.#options.log.info({ peer: name, id }, 'link from peer is up');
    this.#options.onPeer(agreement.facts);
  }

  #adoptStream(connection: Connection, agreement: Agreement): void {
    const stream = new IncomingStream(connection, agreement, this);
    connection.handOver(stream, noTraffic());
    this.#incoming.add(stream);
    if (this.#incoming.size <= LINK_STREAMS_MAX) return;
    connection.refuse(`${LINK_STREAMS_MAX} streams are open already`);
  }

  #dialPeer(target: DialTarget): void {
    const peer = this.#peers.get(target.name) ?? new Peer(target.name);
    this.#peers.set(target.name, peer);
    peer.dialled ??= new DialledLink(target, this, peer.traffic);
    peer.dialled.dial();
  }

  /** Its address is another now. */
  #stopDialling(peer: Peer): void {
    peer.dialled?.stop();
    peer.dialled = undefined;
  }

  #forget(peer: Peer): void {
    peer.dialled?.stop();
    peer.inbound?.stop('this peer is no longer configured');
    this.#peers.delete(peer.name);
  }

  #maybeLost(peer: Peer): void {
    if (this.#isClosed || peer.isConnected) return;
    this.#options.log.info({ peer: peer.name }, 'no link with peer is left');
    this.#options.onLost(peer.name);
  }

  #tick(): void {
    this.#ticker = this.clock.setTimer(LINK_PING_MS, () => this.#tick());
    for (const { dialled, inbound } of this.#peers.values()) {
      dialled?.tick();
      inbound?.tick();
    }
    for (const stream of [...this.#outgoing, ...this.#incoming]) stream.tick();
  }
}

function toTarget({ name, address }: ConfiguredPeer): DialTarget {
  const parsed = parsePeerAddress(address);
  if (parsed !== undefined) return { name, address: parsed };
  throw new RangeError(`peer ${name}: ${address} is not host:port`);
}

function isSameTarget(one: DialTarget | undefined, other: DialTarget): boolean {
  return one?.address.host === other.address.host && one.address.port === other.address.port;
}

function isMember({ standing }: PeerFacts): boolean {
  return standing?.memberAt !== undefined;
}
