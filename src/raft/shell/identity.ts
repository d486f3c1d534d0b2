/**
 * Who this peer is, for as long as its data directory lives: the file `member.json` beside the
 * replicated log. Whether a start goes on as that member is decided in begin-life.ts.
 *
 * The last of its fields is the sum of all bytes before it, because a peer with another id, or that
 * counts its starts from a lower number, would do harm. A file without one is of an earlier build.
 */

import { createHash } from 'node:crypto';
import type { Files } from '../../io/files.ts';
import type { RandomSource } from '../../io/random-source.ts';
import { checksumText } from '../../lib/checksum.ts';
import { encodeConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, MemberId } from '../core/entry.ts';

export interface Identity {
  readonly id: MemberId;
  /** The number of this start: greater with each, by up to RAFT_START_STEP_MAX. */
  readonly starts: number;
  /** That of the start before; each start sets it. */
  readonly previousStarts?: number;
  /** The first configuration of its cluster; undefined until that is known. */
  readonly founders: Configuration | undefined;
  /**
   * It has once applied all that was committed when it joined. Absent: founders have, and who
   * has a log from a build that did not say.
   */
  readonly isCaughtUp?: boolean;
  /** Clusters that were given up when this member went on alone. */
  readonly leftBehind?: readonly string[];
  /** The configuration that took it out; gone when it is let in again. */
  readonly removedBy?: number;
  /** Why it must not take part any more, in words: such a directory is not started again. */
  readonly givenUp?: string;
}

export const IDENTITY_FILE = 'member.json';
const VERSION = 1;

/** Undefined when there is none; rejects when it is unreadable or that of another peer. */
export async function readIdentity(
  files: Files, dir: string, name: string,
): Promise<Identity | undefined> {
  const path = `${dir}/${IDENTITY_FILE}`;
  if (!await files.exists(path)) return undefined;
  const identity = parseIdentity(await files.readAll(path), path);
  if (identity.id.startsWith(`${name}:`)) return identity;
  throw new Error(
    `${path} belongs to peer ${identity.id}, and this server is configured as node ${name}: ` +
      'give it the directory of that node, or an empty one',
  );
}

export async function saveIdentity(files: Files, dir: string, identity: Identity): Promise<void> {
  const whole = JSON.stringify({ version: VERSION, ...identity }, undefined, 2);
  const fields = whole.replace(/\n}$/, '');
  const text = `${fields},\n  "sum": "${sumOf(fields)}"\n}\n`;
  await files.writeWhole(`${dir}/${IDENTITY_FILE}`, new TextEncoder().encode(text));
}

function sumOf(text: string): string {
  return checksumText(Buffer.from(text));
}

const SUM = /,\n {2}"sum": "([0-9a-f]{8})"\n}\n$/;

/** Short and the same for the same founders: peers of different clusters do not talk. */
export function clusterOf(founders: Configuration | undefined): string {
  if (founders === undefined) return '';
  return createHash('sha256').update(encodeConfiguration(founders)).digest('hex').slice(0, 16);
}

/** A member that never was: it has promised nothing. */
export function newIdentity(name: string, random: RandomSource): Identity {
  const nonce = random.seed64().map((half) => half.toString(16).padStart(8, '0')).join('');
  return { id: `${name}:${nonce}` as MemberId, starts: 0, founders: undefined };
}

/** Throws when the bytes are no identity; `path` is for the message. */
export function parseIdentity(bytes: Uint8Array, path: string): Identity {
  const text = new TextDecoder().decode(bytes);
  const sum = SUM.exec(text);
  if (sum !== null && sum[1] !== sumOf(text.slice(0, sum.index))) {
    throw new Error(`${path} is damaged: its checksum is wrong`);
  }
  try {
    const value = JSON.parse(text) as Identity & { version: number };
    const isWhole = value.version === VERSION && typeof value.id === 'string' &&
      Number.isSafeInteger(value.starts);
    if (isWhole) return restOf(value);
  } catch {
    // Said below.
  }
  throw new Error(`${path} cannot be read as the identity of a peer (format ${VERSION})`);
}

function restOf(value: Identity): Identity {
  const { id, starts, founders, isCaughtUp, leftBehind, removedBy, givenUp } = value;
  return {
    id, starts, founders,
    ...isCaughtUp !== undefined && { isCaughtUp },
    ...leftBehind !== undefined && { leftBehind },
    ...removedBy !== undefined && { removedBy },
    ...givenUp !== undefined && { givenUp },
  };
}
