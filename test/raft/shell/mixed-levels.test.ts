/** Peers whose builds know different feature levels, and how they are exchanged one at a time. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { NODE_NETWORK } from '../../../src/io/network.ts';
import { NodeRandomSource } from '../../../src/io/node-random-source.ts';
import { openRaftEngine } from '../../../src/raft/shell/open-raft-engine.ts';
import { reservePorts } from '../../lib/reserve-ports.ts';
import { eventually } from '../../wire/eventually.ts';
import { ContractPeer, NEW_STATE, type KeptState } from '../contract/contract-peer.ts';
import { ready, sameLength } from '../contract/contract-steps.ts';

const NAMES = ['a', 'b', 'c'] as const;

let dir: string;
let ports: number[];
const running = new Map<string, ContractPeer>();

async function open(
  name: string, featureLevel: number, kept: KeptState = NEW_STATE,
): Promise<ContractPeer> {
  const members = NAMES.map((each, i) => ({
    name: each, clientAddress: `127.0.0.1:${i + 1}`, peerAddress: `127.0.0.1:${ports[i]}`,
  }));
  const engine = await openRaftEngine({
    files: new NodeFiles(), dir: join(dir, name), clock: new NodeClock(),
    random: new NodeRandomSource(), network: NODE_NETWORK, log: pino({ level: 'silent' }),
    self: members.find((member) => member.name === name)!, members,
    electionTimeoutMs: 250, heartbeatMs: 50, logBytes: () => 1 << 30, snapshotRate: () => 1 << 30,
    secret: 'open sesame', tls: undefined, featureLevel,
  });
  const peer = new ContractPeer(name, engine, kept);
  running.set(name, peer);
  peer.start();
  return peer;
}

async function exchange(name: string, featureLevel: number): Promise<ContractPeer> {
  const { engine } = running.get(name)!;
  await engine.stop();
  return await open(name, featureLevel, running.get(name)!.kept);
}

function levels(): (number | undefined)[] {
  return NAMES.map((name) => running.get(name)!.engine.featureLevel);
}

/** A batch of each; until all have all of them. */
async function work(sofar: number): Promise<number> {
  const peers = [...running.values()];
  await ready(...peers);
  for (const peer of peers) {
    peer.broadcast(`${peer.name} ${sofar}`);
    peer.engine.flush();
  }
  await sameLength(peers, sofar + peers.length);
  return sofar + peers.length;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-levels-'));
  ports = await reservePorts(NAMES.length);
});

afterEach(async () => {
  await Promise.all([...running.values()].map(({ engine }) => engine.stop()));
  running.clear();
  rmSync(dir, { recursive: true, force: true });
});

describe('peers of different builds', () => {
  it('have the level of the oldest, and the next one when the last is exchanged', async () => {
    for (const name of NAMES) await open(name, 1);
    let count = await work(0);
    for (const name of ['a', 'b'] as const) {
      await exchange(name, 2);
      count = await work(count);
      expect(levels()).toEqual([1, 1, 1]);
    }
    await exchange('c', 2);
    await eventually('all to have level 2', () => levels().every((level) => level === 2));
    await work(count);
  });

  it('do not let in a build that does not know their level', async () => {
    for (const name of NAMES) await open(name, 2);
    await work(0);
    await eventually('all to have level 2', () => levels().every((level) => level === 2));
    const { kept, engine } = running.get('c')!;
    await engine.stop();
    running.delete('c');
    await expect(open('c', 1, kept)).rejects.toMatchObject({ code: 'ELEVEL' });
    rmSync(join(dir, 'c'), { recursive: true });
    const old = await open('c', 1);
    const [a] = running.values();
    await eventually('a to hear why there is no link', () => {
      const { peers } = a!.engine.status();
      return peers.find(({ name }) => name === 'c')?.isConnected === false;
    });
    expect(old.engine.refusal).toBe('the peers have not met yet');
    expect(old.engine.notServing?.text).toMatch(/^LOADING /);
  });
});
