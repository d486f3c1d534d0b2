/** What the driver of a replica gives to state, outcome and links, and hears back. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseLogBase } from '../../../src/raft/core/log-base-codec.ts';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import type { DriverPorts } from '../../../src/raft/core/replica-driver.ts';
import { driverPorts, marksOf } from '../../../src/raft/shell/driver-ports.ts';
import { turns } from '../../cluster/cluster-layer.ts';
import { configurationOf } from '../log/helpers.ts';

const B = 'b:1' as MemberId;
const IDS = [{ origin: B, epoch: 2, number: 9 }];
const NOW = { monotonicMs: 1, wallMs: 2 };

let calls: unknown[][];
let fault: Error | undefined;
let ports: DriverPorts;
const state = {
  applied: 7, isBusy: true, batchIds: IDS,
  apply: (...args: unknown[]) => void calls.push(['apply', ...args]),
  installSnapshot: async (meta: Uint8Array) => {
    calls.push(['installSnapshot', parseLogBase(meta)]);
    if (fault !== undefined) throw fault;
  },
};

beforeEach(() => {
  calls = [];
  fault = undefined;
  const note = (name: string) => (...args: unknown[]): void => void calls.push([name, ...args]);
  const names = ['onSkipped', 'onExpired', 'onReadIndex', 'onReadIndexFailed', 'onStopped'];
  ports = driverPorts({
    log: 'log', state, outcome: Object.fromEntries(names.map((name) => [name, note(name)])),
    links: { send: note('send'), isBehind: (to: MemberId) => to === B },
    logger: pino({ level: 'silent' }), sendSnapshot: note('sendSnapshot'),
    onInstalled: note('onInstalled'), onFailure: note('onFailure'), now: () => NOW,
  } as unknown as Parameters<typeof driverPorts>[0]);
});

it('passes on what is sent, asked and told', () => {
  const message = { kind: 'vote', to: B } as unknown as Message;
  ports.send(message);
  ports.sendSnapshot(B);
  ports.outcome.onSkipped([1]);
  ports.outcome.onExpired(2, true);
  ports.outcome.onReadIndex(3, 4);
  ports.outcome.onReadIndexFailed(5);
  expect(calls).toEqual([
    ['send', B, message], ['sendSnapshot', B], ['onSkipped', [1]], ['onExpired', 2, true],
    ['onReadIndex', 3, 4], ['onReadIndexFailed', 5],
  ]);
  expect([ports.isBehind?.(B), ports.isBehind?.('c:1' as MemberId), ports.now()])
    .toEqual([true, false, NOW]);
  expect([ports.state.applied, ports.state.isBusy, ports.log]).toEqual([7, true, 'log']);
});

it('gives the state each batch with all that it carries, or a position alone', () => {
  const body = new Uint8Array([1]);
  const proposal = { origin: B, epoch: 2, number: 9, seed: [5, 6], body };
  ports.state.apply(8, { timeMs: 1000, ticket: 3, proposal } as never);
  ports.state.apply(9, undefined);
  expect(calls).toEqual([
    ['apply', 8, { position: 8, timeMs: 1000, seed: [5, 6], body, id: proposal, ticket: 3 }],
    ['apply', 9, undefined],
  ]);
});

describe('a snapshot', () => {
  const configuration = configurationOf('a', 'b');
  const snapshot = { index: 50, indexTerm: 4, timeMs: 900, configuration } as Snapshot;
  const base = { index: 50, term: 4, timeMs: 900, configuration };

  it('is installed, and then the replica knows which batches it has', async () => {
    ports.state.install(snapshot, (marks) => void calls.push(['done', marks]));
    await turns(1);
    expect(calls).toEqual([
      ['installSnapshot', base], ['done', [[B, { epoch: 2, number: 9 }]]], ['onInstalled'],
    ]);
    expect(marksOf(state as never)).toEqual([[B, { epoch: 2, number: 9 }]]);
  });

  it('that cannot be installed is a failure, and the replica goes on with nothing', async () => {
    fault = new Error('no space');
    ports.state.install(snapshot, (marks) => void calls.push(['done', marks]));
    await turns(1);
    expect(calls).toEqual([['installSnapshot', base], ['onFailure', fault]]);
  });
});
