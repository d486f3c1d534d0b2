/** The total order of a server with peers, opened: before that, nothing listens for clients. */

import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { splitAddress } from '../config/peer-list.ts';
import { chooseBroadcast, findOwnPeer } from '../config/peer-settings.ts';
import type { TotalOrderBroadcast } from '../raft/core/total-order-broadcast.ts';
import type { LinkTls } from '../raft/links/sockets.ts';
import { segmentBytesFor } from '../raft/log/open-raft-log.ts';
import { refuseWithoutPeers } from '../raft/shell/begin-life.ts';
import { openRaftEngine } from '../raft/shell/open-raft-engine.ts';
import { OrderMarks } from '../cluster/applied-marks.ts';
import type { StorageSide } from './storage-side.ts';
import type { World } from './world.ts';

export interface PeersSide {
  readonly broadcast: TotalOrderBroadcast;
  /** How far the store has come. */
  readonly marks: OrderMarks;
}

/**
 * Undefined for a server that stands alone. Rejects when log or address cannot be used, and when a
 * cluster's directory is given to a server without peers.
 */
export async function openPeersSide(
  config: Config, log: Logger, world: World, side: StorageSide,
): Promise<PeersSide | undefined> {
  const { values } = config;
  const self = findOwnPeer(values);
  const dir = `${values.dir}/raft`;
  const files = world.openFiles({ begun: 0, ended: 0 });
  if (self === undefined || chooseBroadcast(values) === 'none') {
    await refuseWithoutPeers(files, values.dir, side.position);
    return undefined;
  }
  const marks = await OrderMarks.read(side.storage, side.position);
  side.storage.logIndex = marks.position;
  const broadcast = await openRaftEngine({
    files,
    dir,
    network: world.network,
    clock: world.clock,
    random: world.random,
    log,
    self,
    members: values.peer,
    electionTimeoutMs: values['election-timeout'],
    heartbeatMs: values['heartbeat-interval'],
    logBytes: () => values['raft-log-bytes'],
    segmentBytes: segmentBytesFor(values['raft-log-bytes']),
    snapshotRate: () => values['snapshot-rate'],
    secret: values['peer-secret'] === '' ? undefined : values['peer-secret'],
    tls: await readTls(config),
    goOnAlone: values['go-on-alone'],
    held: {
      applied: marks.position,
      keys: side.facts().recoveredKeys,
      timeMs: marks.timeMs,
      snapshotMeta: side.snapshotMeta,
      epochOf: (id) => marks.batchIds.find(({ origin }) => origin === id)?.epoch ?? 0,
      takeAs: (position) => takeAs(position, side, marks),
    },
    listen: splitAddress(self.peerAddress),
    ...world.featureLevel !== undefined && { featureLevel: world.featureLevel },
  });
  return { broadcast, marks };
}

async function takeAs(position: number, side: StorageSide, marks: OrderMarks): Promise<void> {
  marks.position = position;
  side.storage.logIndex = position;
  await marks.notePosition(side.storage, () => side.commitAt(position));
  await side.sync();
}

async function readTls({ values }: Config): Promise<LinkTls | undefined> {
  const cert = values['peer-tls-cert-file'];
  if (cert === '') return undefined;
  return {
    cert: await readFile(cert),
    key: await readFile(values['peer-tls-key-file']),
    ca: await readFile(values['peer-tls-ca-file']),
  };
}
