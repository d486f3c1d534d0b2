/** A state of another peer was installed, and the start of the log behind it was cut off. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockingBudget } from '../../../src/io/blocking-budget.ts';
import { NODE_NETWORK } from '../../../src/io/network.ts';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { NodeRandomSource } from '../../../src/io/node-random-source.ts';
import { EMPTY_BASE, type Configuration, type MemberId } from '../../../src/raft/core/entry.ts';
import { encodeLogBase } from '../../../src/raft/core/log-base-codec.ts';
import { openRaftLog } from '../../../src/raft/log/open-raft-log.ts';
import { saveIdentity } from '../../../src/raft/shell/identity.ts';
import { openRaftEngine } from '../../../src/raft/shell/open-raft-engine.ts';
import type { RaftEngine } from '../../../src/raft/shell/raft-engine.ts';
import { reservePorts } from '../../lib/reserve-ports.ts';
import { eventually } from '../../wire/eventually.ts';
import { ContractPeer } from '../contract/contract-peer.ts';

const files = new NodeFiles();
const clock = new NodeClock();
const ID = 'b:1' as MemberId;

let dir: string;
let founders: Configuration;
let engine: RaftEngine;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-mended-'));
  const ports = await reservePorts(2);
  const [a, b] = ['a', 'b'].map((name, i) => ({
    name, clientAddress: `127.0.0.1:${i + 1}`, peerAddress: `127.0.0.1:${ports[i]}`,
  })) as [Founder, Founder];
  const id = 'a:1' as MemberId;
  founders = { voters: [id], outgoing: [], learners: [], members: [{ id, ...a }] };
  const log = await openRaftLog(files, dir, {
    events: { onDurable: () => {}, onFailure: () => {} }, clock, onNoteFailure: () => {},
    syncBudget: new BlockingBudget(clock, 0),
  });
  await log.reset(EMPTY_BASE, { term: 0, votedFor: undefined });
  await log.close();
  await saveIdentity(files, dir, { id: ID, starts: 1, founders, isCaughtUp: false });
  engine = await openRaftEngine({
    files, dir, clock, random: new NodeRandomSource(), network: NODE_NETWORK,
    log: pino({ level: 'silent' }), self: b, members: [a, b], electionTimeoutMs: 250,
    heartbeatMs: 50, logBytes: () => 1 << 30, snapshotRate: () => 1 << 30, secret: undefined,
    tls: undefined,
  });
});

afterEach(async () => {
  await engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Founder = Omit<Configuration['members'][number], 'id'>;

describe('a member whose log is behind its state', () => {
  it('goes on from the state, also when it hears of another member at once', async () => {
    const meta = encodeLogBase({ index: 5, term: 1, timeMs: 7, configuration: founders });
    const peer = new ContractPeer('b', engine, { applied: 5, batches: [], meta });
    peer.start();
    engine.onPeer({ ...founders.members[0]!, cluster: 'of a', founders });
    await eventually('it to take part', () => engine.refusal === undefined);
    expect(engine.status()).toMatchObject({ committed: 5, lastPosition: 5 });
    expect(peer.stopReason).toBeUndefined();
  });
});
