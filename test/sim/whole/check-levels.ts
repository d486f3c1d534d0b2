/**
 * Whether replicated logs hold only what the feature level in force has, and what the build that
 * reads them knows: an older build could not read the rest.
 */

import {
  ORDERED_FIELD_EXPIRY, ORDERED_LIMITS, ORDERED_WATCHED, readOrderedRequests,
} from '../../../src/cluster/proposal-body.ts';
import { allCommands } from '../../../src/commands/all-commands.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import type { Args } from '../../../src/protocol/args.ts';
import { parseConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { LogEntry } from '../../../src/raft/core/entry.ts';
import {
  FEATURE_LEVEL, FEATURE_LEVEL_COLLECTIONS, FEATURE_LEVEL_VERSIONS, levelOf,
} from '../../../src/raft/core/feature-level.ts';
import { decodeProposal } from '../../../src/raft/core/proposal.ts';
import { entryAt } from '../../../src/raft/log/record.ts';
import { scanSegment } from '../../../src/raft/log/scan-segment.ts';
import { decodeSegmentHeader, parseSegmentFileName } from '../../../src/raft/log/segment-header.ts';
import type { SimFiles } from '../sim-files.ts';
import type { Cluster } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';

const DIR = '/data/raft';
const TABLE = new CommandTable(allCommands);

export function checkLevels(cluster: Cluster): void {
  for (const machine of cluster.members) {
    checkLevelsOf(machine, (message) => cluster.fail(message));
  }
}

export function checkLevelsOf(machine: SimMachine, fail: Cluster['fail']): void {
  const { disk, name, featureLevel = FEATURE_LEVEL } = machine;
  for (const file of disk.namesIn(DIR)) {
    if (parseSegmentFileName(file) === undefined) continue;
    const found = findTooNew(disk, `${DIR}/${file}`, featureLevel);
    if (found !== undefined) fail(`${name}: ${found}`);
  }
}

/** What a build that knows `known` cannot read, or what was proposed too early. */
function findTooNew(disk: SimFiles, path: string, known: number): string | undefined {
  const bytes = disk.contentOf(path);
  const decoded = decodeSegmentHeader(bytes);
  if (typeof decoded === 'string') return undefined;
  const { header, bytes: headerBytes } = decoded;
  let level = levelOf(header.base.configuration);
  let found = level > known ? `${path} begins with level ${level}` : undefined;
  scanSegment({ ...header, bytes, headerBytes }, (record, at) => {
    if (record.entryKind === undefined || found !== undefined) return;
    const entry = entryAt(bytes, at, record, record.entryKind);
    level = levelAfter(entry, level);
    if (level > known) found = `entry ${entry.index} has level ${level}, the build ${known}`;
    else if (level < FEATURE_LEVEL_VERSIONS && isDated(entry)) {
      found = `entry ${entry.index} says what limits it or was watched, at level ${level}`;
    } else if (level < FEATURE_LEVEL_COLLECTIONS && isOfCollections(entry)) {
      found = `entry ${entry.index} has a command that is too new for level ${level}`;
    }
  });
  return found;
}

function levelAfter({ kind, payload }: LogEntry, level: number): number {
  const configuration = kind === 'configuration' ? parseConfiguration(payload) : undefined;
  return configuration === undefined ? level : levelOf(configuration);
}

/** It has commands that builds of a lower level do not know, or lets collections be cut. */
function isOfCollections({ kind, payload }: LogEntry): boolean {
  const proposal = kind === 'batch' ? decodeProposal(payload) : undefined;
  if (proposal === undefined) return false;
  return readOrderedRequests(proposal.body).some(({ commands, kind }) => kind === ORDERED_LIMITS
    ? commands[0]!.count > 2
    : kind === ORDERED_FIELD_EXPIRY || commands.some(isNew));
}

function isNew(args: Args): boolean {
  return (TABLE.lookup(args)?.featureLevel ?? 0) >= FEATURE_LEVEL_COLLECTIONS;
}

function isDated({ kind, payload }: LogEntry): boolean {
  const proposal = kind === 'batch' ? decodeProposal(payload) : undefined;
  if (proposal === undefined) return false;
  return readOrderedRequests(proposal.body)
    .some((request) => request.kind === ORDERED_LIMITS || request.kind === ORDERED_WATCHED);
}
