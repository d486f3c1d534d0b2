/**
 * Whether a start goes on as the member that its directory says, comes as a new one, or is refused.
 *
 * A member has promised things: votes and entries that it has acknowledged are in the replicated
 * log, and its name is in `member.json`. With any part of that missing it must not vote under its
 * old id, and it must not found a cluster as if it had none. The store tells what there has been:
 *
 *   member.json | log            | store           |
 *   ------------|----------------|-----------------|--------------------------------------------
 *   none        | none           | empty           | a new member
 *   any         | any            | keys, and none  | refused: they are of a server that stood alone
 *   any         | none           | has a position  | refused: the log is missing
 *   none        | there          | any             | refused: member.json is missing
 *   no founders | none           | empty           | goes on: it has never spoken for itself
 *   founders    | none           | empty           | a new member: it has forgotten its votes
 *   founders    | holds position |                 | goes on
 *   founders    | does not       |                 | refused: the store or the log is an older copy
 *   older than what the store saw of it            | refused: member.json is an older copy
 *
 * Nothing is deleted: what is left may be the last copy. A person empties the directory, or goes on
 * from it alone (go-on-alone.ts).
 */

import { FEATURE_LEVEL, levelOf } from '../core/feature-level.ts';
import { RAFT_START_STEP_MAX } from '../limits.ts';
import type { RaftLog } from '../log/raft-log.ts';
import type { Files } from '../../io/files.ts';
import { parseSegmentFileName } from '../log/segment-header.ts';
import { goOnAlone, UNKNOWN_CLUSTER } from './go-on-alone.ts';
import { installedBase, type HeldState, type LifeParts } from './held-state.ts';
import {
  clusterOf, IDENTITY_FILE, newIdentity, parseIdentity, readIdentity, saveIdentity, type Identity,
} from './identity.ts';
import { PeerDirectoryError } from './peer-directory-error.ts';

/** Counts this start, durably. Rejects with PeerDirectoryError. */
export async function beginLife(parts: LifeParts): Promise<Identity> {
  const { files, dir, self, raftLog } = parts;
  const old = await readIdentity(files, dir, self.name);
  refuseUnknownLevel(parts);
  const alone = await goOnAlone(parts, old);
  if (alone !== undefined) return alone;
  if (old?.givenUp !== undefined) {
    throw new PeerDirectoryError('EGIVENUP', `${old.givenUp}; ${EMPTY_IT}`);
  }
  refuseForeignKeys(parts);
  const missing = findMissing(old, raftLog, parts.held);
  if (missing !== undefined) {
    throw new PeerDirectoryError('EINCOMPLETE', `${dir}: ${missing}. A peer that has forgotten ` +
      `what it promised must not go on as if it had not: bring the files back that belong ` +
      `together, or ${EMPTY_IT}; if this is the last copy, see go-on-alone in config/dkvs.conf`);
  }
  const isForgetful = old?.founders !== undefined && raftLog.isFresh;
  if (isForgetful) {
    parts.log.warn(`the replicated log of ${old.id} is gone, and with it what it has voted: ` +
      'this peer comes back as a new member');
  }
  const goesOn = old !== undefined && !isForgetful ? old : newIdentity(self.name, parts.random);
  const step = 1 + parts.random.seed64()[0] % RAFT_START_STEP_MAX;
  const identity = { ...withFounders(goesOn, raftLog), starts: goesOn.starts + step };
  await saveIdentity(files, dir, identity);
  return { ...identity, previousStarts: goesOn.starts };
}

/**
 * A directory that belongs to a cluster takes no writes alone: the others would never hear of them,
 * and later its data would differ from theirs. Rejects with PeerDirectoryError.
 */
export async function refuseWithoutPeers(
  files: Files, dataDir: string, position: number,
): Promise<void> {
  const dir = `${dataDir}/raft`;
  const names = await files.exists(dir) ? await files.list(dir) : [];
  const isMember = names.includes(IDENTITY_FILE) ||
    names.some((name) => parseSegmentFileName(name) !== undefined);
  if (!isMember && position === 0) return;
  throw new PeerDirectoryError('ENOTALONE', `${dataDir}: this directory belongs to a cluster` +
    `${await describeMember(files, dir)}, and this server was started without its peers: alone ` +
    'it would take writes that they never get. Give it its lines of node and peer; if all other ' +
    'copies are lost for good, its own line of peer and go-on-alone, see config/dkvs.conf');
}

async function describeMember(files: Files, dir: string): Promise<string> {
  const path = `${dir}/${IDENTITY_FILE}`;
  if (!await files.exists(path)) return ` (${UNKNOWN_CLUSTER})`;
  const { id, founders } = parseIdentity(await files.readAll(path), path);
  return ` (${clusterOf(founders) || UNKNOWN_CLUSTER}, as ${id})`;
}

/** They are in no order, so the other peers would never get them. */
function refuseForeignKeys({ dir, held }: LifeParts): void {
  if (held === undefined || held.applied > 0 || held.keys === 0) return;
  throw new PeerDirectoryError('EFOREIGN', `${dir}: the store beside it has ${held.keys} keys of ` +
    'a server that stood alone: no other peer would get them. To begin a cluster with them, see ' +
    'go-on-alone in config/dkvs.conf; else empty the directory, and this peer begins without them');
}

const EMPTY_IT = 'empty the directory, and this peer comes back as a new one that gets all ' +
  'data from the others';

/** What is not there of what belongs together; undefined when a start may go on, or be new. */
function findMissing(
  identity: Identity | undefined, raftLog: RaftLog, held: HeldState | undefined,
): string | undefined {
  const applied = held?.applied ?? 0;
  if (raftLog.isFresh) {
    return applied > 0
      ? `the store has applied position ${applied}, and the replicated log in raft/ is missing`
      : undefined;
  }
  if (identity === undefined) return 'raft/member.json is missing, and the replicated log is there';
  const isBegun = raftLog.lastIndex > 0 || raftLog.hardState.term > 0;
  if (identity.founders === undefined && isBegun) {
    return 'raft/member.json is older than the replicated log';
  }
  const epoch = held?.epochOf(identity.id) ?? 0;
  if (epoch > identity.starts) {
    return `raft/ is an older copy: it knows of start ${identity.starts}, the store of start ` +
      `${epoch}`;
  }
  return held === undefined ? undefined : findGap(raftLog, held);
}

function findGap(raftLog: RaftLog, { applied, snapshotMeta }: HeldState): string | undefined {
  const installed = installedBase(raftLog, snapshotMeta)?.index;
  const first = installed ?? raftLog.base.index;
  const last = installed ?? raftLog.lastIndex;
  if (applied < first) {
    return `the store has applied position ${applied}, and the replicated log begins behind ` +
      `${first}: the store is missing, or an older copy`;
  }
  if (applied <= last) return undefined;
  return `the store has applied position ${applied}, and the replicated log ends at ${last}: ` +
    'its end is missing, or raft/ is an older copy';
}

/** A crash came between the first entry of the log and the name of the cluster. */
function withFounders(identity: Identity, raftLog: RaftLog): Identity {
  if (identity.founders !== undefined || raftLog.isFresh) return identity;
  const { configuration } = raftLog.base;
  if (!configuration.voters.includes(identity.id)) return identity;
  return { ...identity, founders: configuration, isCaughtUp: true };
}

function refuseUnknownLevel({ raftLog, featureLevel = FEATURE_LEVEL }: LifeParts): void {
  if (raftLog.isFresh) return;
  const level = levelOf(raftLog.configurations().at(-1)!.configuration);
  if (level <= featureLevel) return;
  throw new PeerDirectoryError('ELEVEL', `the cluster has feature level ${level}, and this build ` +
    `knows up to ${featureLevel}: start a newer build, as on the other peers`);
}
