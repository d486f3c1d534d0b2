/** What a peer that sends its state keeps of its log meanwhile. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_BASE, type MemberId } from '../../../src/raft/core/entry.ts';
import { Progress } from '../../../src/raft/core/progress.ts';
import type { OrderedState } from '../../../src/raft/core/total-order-broadcast.ts';
import type { Links } from '../../../src/raft/links/links.ts';
import {
  SnapshotTransfer, RAFT_HELD_SILENT_MS,
} from '../../../src/raft/shell/snapshot-transfer.ts';
import { turns } from '../../cluster/cluster-layer.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { idOf } from '../core/members.ts';

const [b, c] = [idOf('b'), idOf('c')];

let position: number;
/** Ends the stream to a member, or fails it. */
let ends: Map<MemberId, (error?: Error) => void>;
let progress: Map<MemberId, Progress>;
let transfer: SnapshotTransfer;

const links = {
  openStream: async (to: MemberId) => ({
    write: async () => {},
    end: () => new Promise<void>((resolve, reject) => {
      ends.set(to, (error) => (error === undefined ? resolve() : reject(error)));
    }),
    abort: () => {},
  }),
} as unknown as Links;

const state = {
  exportSnapshot: async () => ({
    position, chunks: async function* () {}, release: async () => {},
  }),
} as unknown as OrderedState;

function heldFrom(nowMs = 0): number {
  return transfer.heldFrom(progress, nowMs);
}

async function send(to: MemberId, at: number): Promise<void> {
  position = at;
  progress.get(to)!.becomeSnapshot();
  transfer.send(to);
  await turns(2);
}

async function end(to: MemberId, error?: Error): Promise<void> {
  ends.get(to)!(error);
  await turns(2);
}

beforeEach(() => {
  ends = new Map();
  progress = new Map([b, c].map((id) => [id, new Progress(id, 1, 0)]));
  transfer = new SnapshotTransfer({
    links, clock: new SimClock(), bytesPerSecond: () => 1e6, log: pino({ level: 'silent' }), state: () => state,
    baseAt: (index) => ({ ...EMPTY_BASE, index, term: 1 }),
    onSent: (to) => progress.get(to)!.becomeProbe(),
    onReceived: () => ({ isWanted: false }),
  });
});

describe('what follows a state in the log', () => {
  it('is kept while that is sent and installed, until its receiver follows the log', async () => {
    expect(heldFrom()).toBe(Infinity);
    await send(b, 100);
    expect(heldFrom()).toBe(100);
    await end(b);
    expect(progress.get(b)!.state).toBe('probe');
    expect(heldFrom()).toBe(100);
    progress.get(b)!.becomeStream();
    expect(heldFrom()).toBe(Infinity);
  });

  it('is kept for all who are sent one', async () => {
    await send(b, 100);
    await send(c, 200);
    expect(heldFrom()).toBe(100);
    await end(b);
    progress.get(b)!.becomeStream();
    expect(heldFrom()).toBe(200);
  });

  it('is not kept when the sending failed, or for somebody who is not a member any more', async () => {
    await send(b, 100);
    await end(b, new Error('the link is gone'));
    expect(heldFrom()).toBe(Infinity);
    await send(c, 200);
    await end(c);
    progress.delete(c);
    expect(heldFrom()).toBe(Infinity);
  });

  it('is not kept for somebody who has fallen silent, but while it is sent it is', async () => {
    await send(b, 100);
    expect(heldFrom(RAFT_HELD_SILENT_MS)).toBe(100);
    await end(b);
    expect(heldFrom(RAFT_HELD_SILENT_MS - 1)).toBe(100);
    expect(heldFrom(RAFT_HELD_SILENT_MS)).toBe(Infinity);
  });
});
