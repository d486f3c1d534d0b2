/** What a peer that sends its state keeps of its log meanwhile; and how states leave and come. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_BASE, type MemberId } from '../../../src/raft/core/entry.ts';
import { Progress } from '../../../src/raft/core/progress.ts';
import type { OrderedState } from '../../../src/raft/core/total-order-broadcast.ts';
import { encodeLogBase } from '../../../src/raft/core/log-base-codec.ts';
import type { IncomingStream } from '../../../src/raft/links/incoming-stream.ts';
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

describe('a state that leaves', () => {
  let sent: string[];
  let steps: string[];
  let clock: SimClock;
  let chunks: number[];
  /** Bytes a second. */
  let rate: number;
  /** What goes wrong, at which step. */
  let fault: string | undefined;
  let sender: SnapshotTransfer;

  const mayFail = async (step: string): Promise<void> => {
    steps.push(step);
    if (fault === step) throw new Error(`no ${step}`);
  };

  beforeEach(() => {
    sent = [];
    steps = [];
    chunks = [10];
    rate = 1e9;
    fault = undefined;
    clock = new SimClock();
    const failing = {
      openStream: async () => {
        await mayFail('open');
        return {
          write: (chunk: Uint8Array) => mayFail(`write ${chunk.length}`),
          end: () => mayFail('end'),
          abort: () => void steps.push('abort'),
        };
      },
    } as unknown as Links;
    const exported = {
      position: 100,
      chunks: async function* () {
        for (const bytes of chunks) yield new Uint8Array(bytes);
      },
      release: async () => void steps.push('release'),
    };
    sender = new SnapshotTransfer({
      links: failing, clock, bytesPerSecond: () => rate, log: pino({ level: 'silent' }),
      state: () => fault === 'state' ? undefined
        : ({ exportSnapshot: async () => exported }) as unknown as OrderedState,
      baseAt: (index) => fault === 'base' ? undefined : { ...EMPTY_BASE, index, term: 1 },
      onSent: (to, index, isOk) => void sent.push(`${to} ${index} ${isOk}`),
      onReceived: () => ({ isWanted: false }),
    });
  });

  const WHOLE = ['open', 'write 10', 'end', 'release'];

  it.each([
    ['state', []], ['base', ['release']], ['open', ['open', 'release']],
    ['write 10', ['open', 'write 10', 'abort', 'release']],
    ['end', ['open', 'write 10', 'end', 'abort', 'release']],
  ])('and fails at its %s is let go, and another may leave', async (step, expected) => {
    fault = step;
    sender.send(b);
    await turns(3);
    expect([steps, sent]).toEqual([expected, [`${b} 0 false`]]);
    expect(sender.heldFrom(progress, 0)).toBe(Infinity);
    fault = undefined;
    steps.length = 0;
    sender.send(b);
    await turns(3);
    expect([steps, sent[1]]).toEqual([WHOLE, `${b} 100 true`]);
  });

  it('leaves once for a member, however often that is asked for', async () => {
    sender.send(b);
    sender.send(b);
    sender.send(c);
    await turns(3);
    expect(sent.toSorted()).toEqual([`${b} 100 true`, `${c} 100 true`]);
    sender.send(b);
    await turns(3);
    expect(sent).toHaveLength(3);
  });

  it('goes no faster than it may', async () => {
    chunks = [1000, 1000, 1000];
    rate = 1000;
    sender.send(b);
    for (let i = 0; i < 40 && sent.length === 0; i += 1) {
      await turns(2);
      clock.advance(100);
    }
    expect(sent).toEqual([`${b} 100 true`]);
    expect(clock.monotonicMs()).toBeGreaterThan(1900);
  });
});

describe('a state that arrives', () => {
  let answers: string[];
  let aborts: string[];
  let staged: string[];
  let isWanted: boolean;
  /** Of the state that is received: its position, or why it cannot be. */
  let outcome: number | Error;
  let hasState: boolean;
  let receiver: SnapshotTransfer;

  beforeEach(() => {
    answers = [];
    aborts = [];
    staged = [];
    isWanted = hasState = true;
    outcome = 50;
    receiver = new SnapshotTransfer({
      links, clock: new SimClock(), bytesPerSecond: () => 1e6, log: pino({ level: 'silent' }),
      state: () => hasState ? receiving : undefined, baseAt: () => undefined, onSent: () => {},
      onReceived: (from, { index }) => {
        staged.push(`${from} ${index}`);
        return { isWanted };
      },
    });
  });

  const receiving = {
    receiveSnapshot: async () => {
      if (typeof outcome !== 'number') throw outcome;
      return outcome;
    },
  } as unknown as OrderedState;

  async function arrive(header = encodeLogBase({ ...EMPTY_BASE, index: 50, term: 2 })) {
    receiver.receive(b, header, {
      answer: (bytes: Uint8Array) => void answers.push(bytes.join()),
      abort: (reason: string) => void aborts.push(reason),
    } as unknown as IncomingStream);
    await turns(2);
  }

  it('is staged, and the next one may come when it is installed', async () => {
    await arrive();
    expect([answers, staged, aborts]).toEqual([['1'], [`${b} 50`], []]);
    await arrive();
    expect(aborts).toEqual(['not ready for a snapshot']);
    receiver.installed();
    await arrive();
    expect(staged).toHaveLength(2);
  });

  it('and is not wanted makes room for the next one at once', async () => {
    isWanted = false;
    await arrive();
    await arrive();
    expect([staged.length, aborts]).toEqual([2, []]);
  });

  it.each([
    ['cannot be stored', new Error('no space'), 'no space'],
    ['is of another position', 49, 'a snapshot of position 49 came as one of 50'],
  ])('and %s is refused, and the next one may come', async (_what, how, reason) => {
    outcome = how;
    await arrive();
    expect([aborts, answers, staged]).toEqual([[reason], [], []]);
    outcome = 50;
    await arrive();
    expect(staged).toHaveLength(1);
  });

  it('before there is a state, or with a header that cannot be read, is refused', async () => {
    hasState = false;
    await arrive();
    hasState = true;
    await arrive(new Uint8Array([9]));
    expect(aborts).toEqual(['not ready for a snapshot', 'the header is unreadable']);
    await arrive();
    expect(staged).toHaveLength(1);
  });
});
