/**
 * The layer cluster/ of one peer, on the engine over a keyspace in memory, without net, store and
 * composition: what applies batches and, when it is given an order, the way of requests into it.
 * The test gives batches, ends turns, and says when cold records come.
 */

import { ByteRange } from '../../src/lib/byte-range.ts';
import type { MemberId } from '../../src/raft/core/entry.ts';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';
import type {
  OrderedBatch, TotalOrderBroadcast,
} from '../../src/raft/core/total-order-broadcast.ts';
import type { Command } from '../../src/commands/command.ts';
import { Args } from '../../src/protocol/args.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ApplyBatches, type StateSnapshots } from '../../src/cluster/apply.ts';
import { createApplySession } from '../../src/cluster/apply-session.ts';
import { DeliveryGate } from '../../src/session/delivery-gate.ts';
import { OrderMarks } from '../../src/cluster/applied-marks.ts';
import {
  ORDERED_COMMAND, ORDERED_LIMITS, OrderedBody, USUAL_LIMITS, encodeLimits, type OrderedKind,
} from '../../src/cluster/proposal-body.ts';
import type { PendingGroup } from '../../src/cluster/open-batch.ts';
import { Proposals } from '../../src/cluster/proposals.ts';
import type { RequestOrder } from '../../src/engine/request-order.ts';
import type { KeyToLoad } from '../../src/keyspace/storage.ts';
import type { Session } from '../../src/session/session.ts';
import { EngineLayer, type LayerClient } from '../engine/engine-layer.ts';

/** The requests of a batch, each a line of words or the words. */
export type Line = string | readonly string[];

export interface BodyRequest {
  readonly kind?: OrderedKind;
  /** Number of the connection at the peer that it came from. */
  readonly session?: number;
  readonly db?: number;
  readonly commands: readonly Line[];
}

export function argsOf(line: Line): Args {
  const words = typeof line === 'string' ? line.split(' ') : line;
  return Args.ofBuffers(words.map((word) => Buffer.from(word, 'latin1')));
}

export function bodyOf(...requests: readonly (Line | BodyRequest)[]): Uint8Array {
  const body = new OrderedBody();
  body.add(ORDERED_LIMITS, 0, 0, [encodeLimits(USUAL_LIMITS)]);
  for (const request of requests) {
    const isLine = typeof request === 'string' || Array.isArray(request);
    const { kind = ORDERED_COMMAND, session = 7, db = 0, commands } = isLine
      ? { commands: [request as Line] } : request as BodyRequest;
    body.add(kind, session, db, commands.map(argsOf));
  }
  return body.take();
}

export function batchOf(
  position: number, body: Uint8Array, more: Partial<OrderedBatch> = {},
): OrderedBatch {
  const id = { origin: 'other:1' as MemberId, epoch: 1, number: position };
  return { position, timeMs: 1_800_000_000_000, seed: [1, position], body, id, ticket: undefined,
    ...more };
}

export class ClusterLayer {
  readonly server: EngineLayer;
  readonly marks: OrderMarks;
  readonly apply: ApplyBatches;
  /** Positions of the frames. */
  readonly commits: number[] = [];
  limits = USUAL_LIMITS;
  readonly failures: unknown[] = [];
  /** Who waits, by ticket; for tests without an engine. */
  readonly groups = new Map<number, readonly PendingGroup[]>();
  readonly applied: number[] = [];
  resumed = 0;
  timeoutMs = 1000;
  /** Without an engine; undefined is not known. */
  knownCommit: number | undefined = 0;
  leaderSince: number | undefined = 0;
  monotonicMs = (): number => 0;
  isLinearizable = false;
  /** What is said of the next commit; it throws then. */
  commitError: Error | undefined;
  readonly order: Proposals | undefined;
  /** For a test to change; none is expected. */
  readonly snapshots: { -readonly [Key in keyof StateSnapshots]: StateSnapshots[Key] } = {
    meta: undefined, export: noSnapshot, receive: noSnapshot, install: noSnapshot,
  };
  readonly applySession: Session;
  #loads: (() => void)[] | undefined;
  #loadError: Error | undefined;

  private constructor(
    marks: OrderMarks, engine: TotalOrderBroadcast | undefined, extra: readonly Command[],
  ) {
    this.server = new EngineLayer(undefined, extra);
    this.marks = marks;
    const { engine: requests, plumbing, table } = this.server;
    plumbing.hub.gate = new DeliveryGate(engine ?? this);
    this.applySession = createApplySession(plumbing, new OutputPool());
    const host = {
      keyspace: plumbing.keyspace, table, runner: requests.runner, prefetch: requests.prefetch,
      applySession: this.applySession,
      commit: (position: number) => {
        if (this.commitError !== undefined) throw this.commitError;
        this.commits.push(position);
      },
      onFailure: (error: unknown) => {
        this.failures.push(error);
        this.order?.onStopped(String(error));
      },
    };
    this.order = engine === undefined ? undefined : this.#createOrder(engine);
    const replies = this.order ?? {
      takeGroups: (ticket: number | undefined) => this.groups.get(ticket ?? -1) ?? [],
      onApplied: () => {},
    };
    this.apply = new ApplyBatches(host, {
      takeGroups: (ticket) => replies.takeGroups(ticket),
      onApplied: (position) => {
        this.applied.push(position);
        replies.onApplied(position);
      },
    }, marks, this.snapshots, plumbing.hub.gate, () => {
      this.resumed++;
      engine?.resume();
    });
    requests.order = this.order ?? noOrder(marks);
    if (this.order !== undefined) engine?.start(this.apply, this.order);
  }

  #createOrder(broadcast: TotalOrderBroadcast): Proposals {
    return new Proposals({
      broadcast, seed: [3, 4],
      timeoutMs: () => this.timeoutMs,
      monotonicMs: () => this.monotonicMs(),
      isLinearizable: () => this.isLinearizable,
      applied: this.marks,
      limits: () => this.limits,
      onStopped: (text) => this.server.engine.blocked.close(text),
      refuse: (session, entry, text) => this.server.engine.runner.refuse(session, entry, text),
    });
  }

  /** `extra`: further commands that it knows. */
  static async create(
    engine?: TotalOrderBroadcast, extra: readonly Command[] = [],
  ): Promise<ClusterLayer> {
    const { storage } = new EngineLayer();
    return new ClusterLayer(await OrderMarks.read(storage, 0), engine, extra);
  }

  connect(): LayerClient {
    return this.server.connect();
  }

  /** Applies batches of these requests, one a position, from the next one on. */
  give(...bodies: readonly Uint8Array[]): void {
    for (const body of bodies) {
      const position = (this.applied.at(-1) ?? 0) + 1;
      this.apply.apply(position, batchOf(position, body));
    }
  }

  /** Sends a request and ends the turn; the reply comes when it is ordered and applied. */
  run(client: LayerClient, line: Line): Promise<string> {
    const reply = client.run(line);
    this.order?.flush();
    return reply;
  }

  /** From now on loads wait for `arrive`. */
  holdLoads(): void {
    const { storage } = this.server;
    const load = storage.load.bind(storage);
    this.#loads = [];
    storage.load = async (keys: readonly KeyToLoad[]): Promise<() => void> => {
      await new Promise<void>((resolve) => void this.#loads!.push(resolve));
      if (this.#loadError !== undefined) throw this.#loadError;
      return load(keys);
    };
  }

  /** Loads under way. */
  get loading(): number {
    return this.#loads?.length ?? 0;
  }

  async arrive(error?: Error): Promise<void> {
    this.#loadError = error;
    for (const resolve of this.#loads!.splice(0)) resolve();
    await turns(3);
  }

  /** What is stored, by database and key, as text that two peers can be compared by. */
  digest(): string {
    return [...linesOf(this.server, 'system', 0), ...dataLines(this.server)].join('\n');
  }
}

/** The same without what a server keeps for itself, and without keys whose time is over. */
export function dataOf(server: EngineLayer, nowMs: number): string {
  return dataLines(server, nowMs).join('\n');
}

function dataLines(server: EngineLayer, nowMs = -1): string[] {
  return server.plumbing.keyspace.databases.flatMap(
    ({ index, space }) => linesOf(server, `db${index}`, space, nowMs));
}

function linesOf({ storage }: EngineLayer, name: string, space: number, nowMs = -1): string[] {
  const lines: string[] = [];
  for (const key of [...storage.spaces.get(space)?.keys() ?? []].toSorted()) {
    const found = storage.find(space, new ByteRange(Buffer.from(key, 'latin1')), 0 as never);
    if (typeof found !== 'object') throw new Error(`${key} is cold`);
    const { live, value, type, expireAt } = found;
    if (expireAt > 0 && expireAt <= nowMs) continue;
    const bytes = live === undefined ? value.copy() : live.encodeBase();
    lines.push(`${name} ${key} ${type} ${expireAt} ${bytes.toString('latin1')}`);
  }
  return lines;
}

async function noSnapshot(): Promise<never> {
  throw new Error('no snapshot is expected');
}

/** Nothing goes in here; batches come from the test. */
function noOrder(marks: OrderMarks): RequestOrder {
  return {
    notServing: undefined,
    featureLevel: FEATURE_LEVEL,
    get timeMs() {
      return marks.timeMs;
    },
    readTimeMs: (nowMs) => Math.max(nowMs, marks.timeMs),
    refusal: () => undefined,
    propose: async () => {},
    attempt: () => {},
    proposeTransaction: async () => {},
    mayRead: () => true,
    waitToRead: async () => {},
    expire: async () => false,
  };
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
