/**
 * Links on loopback with everything that they say recorded, a line between two of them that a test
 * can cut, and a way to wait for what must come.
 */

import { randomBytes } from 'node:crypto';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { LINK_FRAME_BYTES_MAX } from '../../../src/raft/limits.ts';
import { NODE_NETWORK } from '../../../src/io/network.ts';
import { NodeRandomSource } from '../../../src/io/node-random-source.ts';
import { NodeClock } from '../../../src/io/node-clock.ts';
import type { Clock } from '../../../src/io/clock.ts';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { IncomingStream } from '../../../src/raft/links/incoming-stream.ts';
import { FrameDecoder } from '../../../src/raft/links/frame.ts';
import { DiallerHandshake, type Purpose } from '../../../src/raft/links/handshake.ts';
import { Links, type LinksOptions } from '../../../src/raft/links/links.ts';
import type { PeerFacts } from '../../../src/raft/links/peer-facts.ts';
import type { PeerLink } from '../../../src/raft/links/peer.ts';

/** Settles when the condition holds; the test's own timeout is what bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

export function factsOf(name: string, life = 1): PeerFacts {
  const id = `${name}:${String(life).padStart(16, '0')}` as MemberId;
  return {
    name, id, clientAddress: `${name}.test:6379`, peerAddress: `${name}.test:7379`, cluster: '',
    founders: undefined,
  };
}

type Given = Partial<Pick<LinksOptions, 'secret' | 'tls' | 'judge' | 'onStream' | 'onMessage'>>
  & { readonly clock?: Clock; readonly life?: number };

interface LogLine {
  readonly level: number;
  readonly peer?: string;
  readonly reason?: string;
  readonly msg: string;
}

export class TestNode {
  facts: PeerFacts;
  readonly links: Links;
  readonly messages: Message[] = [];
  readonly met: PeerFacts[] = [];
  readonly lost: string[] = [];
  readonly streams: IncomingStream[] = [];
  readonly log: LogLine[] = [];

  constructor(name: string, given: Given = {}) {
    this.facts = factsOf(name, given.life);
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        this.log.push(JSON.parse(line.toString()) as LogLine);
        done();
      },
    });
    this.links = new Links({
      network: NODE_NETWORK,
      clock: given.clock ?? new NodeClock(),
      random: new NodeRandomSource(),
      log: pino({ level: 'debug' }, sink),
      secret: 'secret' in given ? given.secret : 'open sesame',
      tls: given.tls,
      self: () => this.facts,
      judge: given.judge ?? (() => undefined),
      onMessage: given.onMessage ?? ((message) => void this.messages.push(message)),
      onPeer: (facts) => void this.met.push(facts),
      onLost: (lost) => void this.lost.push(lost),
      onStream: given.onStream ?? ((_from, _header, stream) => void this.streams.push(stream)),
    });
  }

  get id(): MemberId {
    return this.facts.id;
  }

  get address(): string {
    return `127.0.0.1:${this.links.port}`;
  }

  async listen(port = 0): Promise<this> {
    await this.links.listen('127.0.0.1', port);
    return this;
  }

  peer(name: string): PeerLink {
    const found = this.links.peers().find((each) => each.name === name);
    if (found === undefined) throw new Error(`no peer ${name}`);
    return found;
  }

  warnings(): string[] {
    return this.log.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  }

  /** Dials the others; settles when messages can go both ways. */
  async meet(...others: readonly TestNode[]): Promise<void> {
    this.dial(...others);
    await until(() => others.every(({ facts }) => this.isLinkedWith(facts.name)));
  }

  dial(...others: readonly TestNode[]): void {
    this.links.setPeers(others.map(({ facts, address }) => ({ name: facts.name, address })));
  }

  isLinkedWith(name: string): boolean {
    const peer = this.links.peers().find((each) => each.name === name);
    return peer?.connected === true && peer.isHeard;
  }

  heartbeat(to: TestNode, round: number): Message {
    return { from: this.id, to: to.id, term: 1, kind: 'heartbeat', commit: 0, round };
  }

  send(to: TestNode, round: number): boolean {
    return this.links.send(to.id, this.heartbeat(to, round));
  }

  rounds(): number[] {
    return this.messages.map((message) => (message.kind === 'heartbeat' ? message.round : -1));
  }
}

/** Two that dial each other and are linked. */
export async function linkedPair(a: TestNode, b: TestNode): Promise<void> {
  await Promise.all([a.listen(), b.listen()]);
  await Promise.all([a.meet(b), b.meet(a)]);
}

/** A line that passes bytes on to a port until it is told not to. */
export class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isSilent = false;
  connections = 0;
  /** Bytes from the one who dialled, before they go on. */
  alter = (chunk: Buffer): Buffer => chunk;
  /** From the one who dialled. */
  bytesPerSecond = Infinity;

  private constructor(port: () => number) {
    this.#server = createServer((near) => {
      this.connections += 1;
      const far = connect(port(), '127.0.0.1');
      this.#join(near, far, (chunk) => this.alter(chunk));
      this.#join(far, near, (chunk) => chunk);
    });
  }

  static async open(port: () => number): Promise<Line> {
    const line = new Line(port);
    await new Promise<void>((resolve) => {
      line.#server.listen(0, '127.0.0.1', resolve);
    });
    return line;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Swallows everything, says nothing, closes nothing: a partition. */
  goSilent(): void {
    this.#isSilent = true;
  }

  /** New connections work again; those of before stay dead. */
  heal(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.removeAllListeners('data').resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #join(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer): void {
    this.#sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (this.#isSilent) return;
      const waitMs = chunk.length * 1000 / this.bytesPerSecond;
      if (!to.write(pass(chunk))) {
        from.pause();
        to.once('drain', () => from.resume());
      } else if (waitMs > 0) {
        from.pause();
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          from.resume();
        }, waitMs);
        this.#timers.add(timer);
      }
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!this.#isSilent) to.destroy();
    });
  }
}

/** Closed when the test ends, as are a line and a socket; the last one first. */
export function node(...given: ConstructorParameters<typeof TestNode>): TestNode {
  const made = new TestNode(...given);
  onTestFinished(() => made.links.close());
  return made;
}

export async function line(port: () => number): Promise<Line> {
  const made = await Line.open(port);
  onTestFinished(() => made.close());
  return made;
}

export function dialRaw(to: TestNode, allowHalfOpen = false): Socket {
  const socket = connect({ host: '127.0.0.1', port: to.links.port, allowHalfOpen });
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.resume().once('close', () => resolve());
  });
}

type Identified = Pick<TestNode, 'id'>;

export function propose(from: Identified, to: Identified, payload: Uint8Array): Message {
  return { from: from.id, to: to.id, term: 1, kind: 'propose', payloads: [payload] };
}

interface RogueGiven {
  readonly facts?: PeerFacts;
  readonly purpose?: Purpose;
  /** Keeps its side open when the other ends. */
  readonly allowHalfOpen?: boolean;
}

/** A peer with the secret, in the test's hand: settles when the handshake is done. */
export async function rogue(to: TestNode, given: RogueGiven = {}): Promise<Socket> {
  const { facts = factsOf('r'), purpose = 'link', allowHalfOpen = false } = given;
  const socket = dialRaw(to, allowHalfOpen);
  const handshake = new DiallerHandshake(purpose, {
    secret: 'open sesame', nonce: randomBytes(32), self: () => facts, judge: () => undefined,
  });
  socket.write(handshake.start());
  const decoder = new FrameDecoder(LINK_FRAME_BYTES_MAX);
  let isAgreed = false;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      decoder.feed(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        if (isAgreed) continue;
        const step = handshake.onFrame(frame);
        if (step.send !== undefined) socket.write(step.send);
        isAgreed = step.kind === 'agreed';
        if (isAgreed) resolve();
      }
    });
  });
  return socket;
}
