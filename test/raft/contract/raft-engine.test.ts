import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { NODE_NETWORK } from '../../../src/io/network.ts';
import { NodeRandomSource } from '../../../src/io/node-random-source.ts';
import { openRaftEngine } from '../../../src/raft/shell/open-raft-engine.ts';
import { reservePorts } from '../../lib/reserve-ports.ts';
import {
  describeBroadcast, type BroadcastCluster, type ClusterNeeds,
} from './describe-broadcast.ts';

const NAMES = ['a', 'b', 'c'] as const;

/** Segments of the log; what is saved in one is forgotten with it. */
const SMALL_SEGMENT_BYTES = 4096;

async function makeCluster({ isPatient, isForgetful }: ClusterNeeds): Promise<BroadcastCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-raft-'));
  const ports = await reservePorts(NAMES.length);
  const members = NAMES.map((name, i) => ({
    name, clientAddress: `127.0.0.1:${i + 1}`, peerAddress: `127.0.0.1:${ports[i]}`,
  }));
  return {
    open: (name) => openRaftEngine({
      files: new NodeFiles(), dir: join(dir, name), clock: new NodeClock(),
      random: new NodeRandomSource(), network: NODE_NETWORK, log: pino({ level: 'silent' }),
      self: members.find((member) => member.name === name)!, members,
      electionTimeoutMs: isPatient ? 4000 : 250, heartbeatMs: 50,
      logBytes: () => (isForgetful ? 0 : 1 << 30),
      ...isForgetful && { segmentBytes: SMALL_SEGMENT_BYTES },
      snapshotRate: () => 1 << 30,
      secret: 'open sesame', tls: undefined,
    }),
    remove: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

describeBroadcast('Raft on loopback, with logs on disk', makeCluster);
