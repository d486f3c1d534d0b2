/**
 * The engine and what is below it, over a keyspace in memory, without net, store and composition:
 * for tests of engine/ and, through test/cluster/cluster-layer.ts, of cluster/, which say when a
 * turn ends, what is cold and when it comes. The clock stands until the test moves it. Whole
 * servers are in test/server.
 */

import { allCommands } from '../../src/commands/all-commands.ts';
import type { Command } from '../../src/commands/command.ts';
import type { PeersPort } from '../../src/commands/peers-port.ts';
import type { ServerPort } from '../../src/commands/server-port.ts';
import type { ClientFacts } from '../../src/commands/session-port.ts';
import { USUAL_LIMITS } from '../../src/cluster/proposal-body.ts';
import { CommandTable } from '../../src/commands/table.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { StepServices } from '../../src/engine/steps.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { Args } from '../../src/protocol/args.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import { RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { SessionPlumbing } from '../../src/server/session-plumbing.ts';
import { Session, type SessionLink } from '../../src/session/session.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { textOf } from '../protocol/text-of.ts';
import { SimClock } from '../sim/sim-clock.ts';

const OPEN_GATE = {
  refusal: undefined, freeingRefusal: undefined, readRefusal: undefined,
  memoryRefusal: undefined, writeDelayMs: 0,
  commit: () => 0, acknowledged: 0, onAcknowledged: () => {}, onLost: () => {},
} as const;

const NO_SERVICES: StepServices = {
  sync: async () => {}, save: async () => {}, saveInBackground: () => {}, stall: () => {},
  compact: () => {}, reload: async () => {},
  checkIndex: async () => ({ slots: 0, chains: 0, records: 0, segments: 0, findings: [] }),
};

/** One client, as a test sees it: `run` gives the bytes of a reply, `heard` those of messages. */
export class LayerClient implements SessionLink {
  readonly isUnixSocket = false;
  readonly decoder = new RequestDecoder();
  readonly reply = new ReplyEncoder(new OutputPool());
  readonly session: Session;
  readonly #server: EngineLayer;
  readonly id: number;
  readonly #connectedAt: number;
  readonly arrivedBytes = 0;
  readonly mayTakeMore = true;
  readonly address: string;
  isLost = false;
  /** It is to be closed when what was written is sent. */
  isClosed = false;

  constructor(server: EngineLayer, id: number) {
    this.#server = server;
    this.id = id;
    this.#connectedAt = server.clock.nowMs();
    this.address = `127.0.0.1:${50_000 + id}`;
    this.session = new Session(this, server.plumbing);
  }

  get facts(): ClientFacts {
    return {
      id: this.id, address: this.address, localAddress: '127.0.0.1:6379', fd: -1,
      connectedAt: this.#connectedAt, lastCommandAt: this.#server.clock.nowMs(),
      lastCommand: this.session.lastCommand, libraryName: '', libraryVersion: '',
      queryBufferBytes: 0, queryBufferFreeBytes: 0, requestBytes: 0,
      outputBytes: this.reply.length, bytesIn: 0, bytesOut: 0,
    };
  }

  bytesThrough(): number {
    return 0;
  }

  wake(): void {}

  closeAfterReply(): void {
    this.isClosed = true;
  }

  lose(): void {
    this.isLost = true;
  }

  /** Its connection ends. */
  kill(): void {
    this.session.end();
  }

  /** The bytes of the reply, as latin1; a line of words stands for its words. */
  async run(command: string | readonly string[]): Promise<string> {
    const words = typeof command === 'string' ? command.split(' ') : command;
    const args = Args.ofBuffers(words.map((word) => Buffer.from(word, 'latin1')));
    await this.#server.serve(this.session, args);
    return this.heard();
  }

  /** The reply as a tree of JS values. */
  async ask(command: string | readonly string[]): Promise<unknown> {
    const bytes = Buffer.from(await this.run(command), 'latin1');
    const recorded = new RecordingReply(this.session.protocol);
    decodeReplies(bytes, recorded);
    return recorded.value;
  }

  /** What was written since the last time. */
  heard(): string {
    return textOf(this.reply);
  }
}

export class EngineLayer {
  readonly clock = new SimClock();
  readonly storage = new MemoryStorage(LIVE_CODECS);
  readonly table: CommandTable;
  readonly plumbing: SessionPlumbing;
  readonly engine: Engine;
  /** First words of errors that requests were refused with. */
  readonly refusals: string[] = [];
  /** How often each command was called. */
  readonly calls = new Map<string, number>();
  peers: Partial<PeersPort> | undefined;
  #nextId = 1;

  /** `password`: what AUTH has to give; `extra`: further commands that it knows. */
  constructor(password?: string, extra: readonly Command[] = []) {
    this.table = new CommandTable([...allCommands, extra]);
    this.plumbing = new SessionPlumbing({
      storage: this.storage, gate: OPEN_GATE, table: this.table, clock: this.clock, seed: [1, 2],
      observer: {
        called: ({ command: { name } }, _us, failed) => {
          this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
          if (failed !== undefined) this.refusals.push(failed.split(' ', 1)[0]!);
        },
        calledOften: () => {},
        wantsEach: true,
        isSlow: () => false,
        refused: (_entry, text) => void this.refusals.push(text.split(' ', 1)[0]!),
        crashed: () => {},
      },
      services: NO_SERVICES,
      limits: () => USUAL_LIMITS,
      needsPassword: () => password !== undefined,
    });
    this.engine = this.plumbing.connect(this.#createPort(password));
  }

  /** What a connection does with one request: asks again until it was taken and answered. */
  async serve(session: Session, args: Args): Promise<void> {
    for (let taken = 0; taken === 0 && !session.isEnded;) {
      taken = this.engine.serve(session, [args], 1, this.clock.nowMs());
      await this.engine.wait;
    }
    await session.progress.replied;
  }

  connect(): LayerClient {
    return new LayerClient(this, this.#nextId++);
  }

  #createPort(password: string | undefined): ServerPort {
    const port: Partial<ServerPort> = {
      pubsub: this.plumbing.hub,
      needsPassword: password !== undefined,
      checkPassword: (_user, given) => given.toString() === password,
    };
    Object.defineProperty(port, 'peers', { get: () => this.peers });
    return port as ServerPort;
  }
}
