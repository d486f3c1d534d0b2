/** Peers that do not know who leads now, because their configuration is of another time. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_NETWORK } from '../../../src/io/network.ts';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { NodeRandomSource } from '../../../src/io/node-random-source.ts';
import type { NamedPeer } from '../../../src/raft/core/entry.ts';
import { openRaftEngine } from '../../../src/raft/shell/open-raft-engine.ts';
import { reservePorts } from '../../lib/reserve-ports.ts';
import { eventually } from '../../wire/eventually.ts';
import { ContractPeer } from '../contract/contract-peer.ts';
import { sameLength } from '../contract/contract-steps.ts';
import { FEATURE_LEVEL } from '../../../src/raft/core/feature-level.ts';

let dir: string;
let named: NamedPeer[];
const running: ContractPeer[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-callers-'));
  const ports = await reservePorts(3);
  named = ['a', 'b', 'gone'].map((name, i) => ({
    name, clientAddress: `127.0.0.1:${i + 1}`, peerAddress: `127.0.0.1:${ports[i]}`,
  }));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ engine }) => engine.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function open(name: string, listed: readonly string[]): Promise<ContractPeer> {
  const engine = await openRaftEngine({
    files: new NodeFiles(), dir: join(dir, name), clock: new NodeClock(),
    random: new NodeRandomSource(), network: NODE_NETWORK, log: pino({ level: 'silent' }),
    self: named.find((one) => one.name === name)!,
    members: named.filter((one) => listed.includes(one.name)),
    electionTimeoutMs: 250, heartbeatMs: 50, logBytes: () => 1 << 30, snapshotRate: () => 1 << 30,
    secret: 'open sesame', tls: undefined,
  });
  const peer = new ContractPeer(name, engine);
  running.push(peer);
  peer.start();
  return peer;
}

describe('a new peer', () => {
  it('is let in by a leader that is not in its list', async () => {
    const leader = await open('a', ['a']);
    await eventually('a to have its level', () => leader.engine.featureLevel === FEATURE_LEVEL);
    const newcomer = await open('b', ['b', 'gone']);
    expect(leader.engine.administration?.add(named[1]!)).toBeUndefined();
    await eventually('b to vote', () =>
      leader.engine.status().peers.some(({ name, role }) => name === 'b' && role === 'follower'));
    leader.broadcast('hello');
    leader.engine.flush();
    await sameLength([leader, newcomer], 1);
  });
});
