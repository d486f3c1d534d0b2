/**
 * Going on from the one disk that is left, when a majority of the cluster is lost for good: this
 * member becomes the only one of a new cluster, with all that its store and its log hold.
 *
 * - It gets a new id and a new founders' configuration, so a new cluster's name: peers of the old
 *   one, should they come back, are refused a link, and those that hear why stop for good
 *   (peer-standing.ts). They must not come back all the same: a majority of them that never meets
 *   this one would go on by itself.
 * - What it cannot know is lost: writes that were acknowledged by others only.
 * - Entries that it holds are kept, committed or not: their clients may have had an OK.
 * - The keys of a server that stood alone become the state at position 1: a peer that joins gets it
 *   as a snapshot, since no log leads there.
 * - It is asked for by the name of the cluster that is given up, so that the option, left in a
 *   file, does nothing at the next start.
 *
 * The log first, `member.json` last: cut off in between, the same start does it again.
 */

import { encodeConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, LogEntry, MemberId } from '../core/entry.ts';
import { levelOf } from '../core/feature-level.ts';
import { parseLogBase } from '../core/log-base-codec.ts';
import type { RaftLog } from '../log/raft-log.ts';
import { installedBase, type HeldState, type LifeParts } from './held-state.ts';
import { clusterOf, newIdentity, saveIdentity, type Identity } from './identity.ts';
import { PeerDirectoryError } from './peer-directory-error.ts';

/** For a directory that has lost the name of its cluster. */
export const UNKNOWN_CLUSTER = 'unknown';

/** Of keys that came from no order. */
const FIRST_POSITION = 1;

/** Undefined when it is not asked for, or was done at an earlier start. */
export async function goOnAlone(
  parts: LifeParts, old: Identity | undefined,
): Promise<Identity | undefined> {
  const wanted = parts.goOnAlone;
  if (wanted === '' || old?.leftBehind?.includes(wanted) === true) return undefined;
  const cluster = clusterOf(old?.founders) || UNKNOWN_CLUSTER;
  const { held, raftLog } = parts;
  const isEmpty = held === undefined ||
    (held.applied === 0 && held.keys === 0 && raftLog.isFresh);
  if (wanted !== cluster || isEmpty) {
    throw new PeerDirectoryError('EALONE', `go-on-alone names cluster ${wanted}, and this ` +
      `directory ${isEmpty ? 'is empty' : `belongs to cluster ${cluster}`}: its data is as it was`);
  }
  const fresh = newIdentity(parts.self.name, parts.random);
  const configuration = onlyMember(parts, fresh.id);
  const isFirst = held.applied === 0 && raftLog.isFresh;
  if (isFirst) await held.takeAs(FIRST_POSITION);
  const state = isFirst ? { ...held, applied: FIRST_POSITION } : held;
  await writeMembership(parts, state, configuration);
  const identity: Identity = {
    id: fresh.id, starts: 1, founders: configuration, isCaughtUp: true,
    leftBehind: [...old?.leftBehind ?? [], cluster],
  };
  await saveIdentity(parts.files, parts.dir, identity);
  parts.log.warn(`this peer goes on alone, as cluster ${clusterOf(configuration)}: no copy of ` +
    `cluster ${cluster} may come back`);
  return identity;
}

function onlyMember({ self }: LifeParts, id: MemberId): Configuration {
  const { name, clientAddress, peerAddress } = self;
  const member = { id, name, clientAddress, peerAddress };
  return { voters: [id], outgoing: [], learners: [], members: [member] };
}

/** Behind what the log holds, or where there is no log that goes on from the store: anew. */
async function writeMembership(
  { raftLog, dir }: LifeParts, held: HeldState, configuration: Configuration,
): Promise<void> {
  const { applied, snapshotMeta } = held;
  const goesOn = !raftLog.isFresh && applied <= raftLog.lastIndex &&
    installedBase(raftLog, snapshotMeta) === undefined;
  if (!raftLog.isFresh && applied < raftLog.base.index) {
    throw new PeerDirectoryError('EINCOMPLETE', `${dir}: the store has applied position ` +
      `${applied}, and the replicated log begins behind ${raftLog.base.index}: what lies between ` +
      'is on no disk here, so this peer cannot go on alone');
  }
  if (!goesOn) return await beginBehind(raftLog, held, configuration);
  const term = Math.max(raftLog.hardState.term, raftLog.lastTerm) + 1;
  const newest = raftLog.configurations().at(-1)!.configuration;
  const entry: LogEntry = {
    index: raftLog.lastIndex + 1, term, timeMs: raftLog.lastTimeMs, kind: 'configuration',
    payload: encodeConfiguration({ ...configuration, featureLevel: levelOf(newest) }),
  };
  const ticket = raftLog.append([entry], { term, votedFor: undefined });
  raftLog.flush();
  await raftLog.whenDurable(ticket);
}

async function beginBehind(
  raftLog: RaftLog, { applied, timeMs, snapshotMeta }: HeldState, configuration: Configuration,
): Promise<void> {
  const meta = snapshotMeta === undefined ? undefined : parseLogBase(snapshotMeta);
  const known = raftLog.isFresh ? 0 : Math.max(raftLog.hardState.term, raftLog.lastTerm);
  const term = Math.max(known, meta?.term ?? 0) + 1;
  await raftLog.reset({ index: applied, term, timeMs, configuration }, {
    term, votedFor: undefined,
  });
}
