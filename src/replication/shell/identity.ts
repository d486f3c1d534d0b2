/**
 * Who this peer is, for as long as its data directory lives: the file `member.json` beside the
 * replicated log. A peer without one is new: it has promised nothing and is another member than any
 * before it.
 */

import { createHash } from 'node:crypto';
import type { Files } from '../../io/files.ts';
import type { RandomSource } from '../../io/random-source.ts';
import { encodeConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, MemberId } from '../core/entry.ts';

export interface Identity {
  readonly id: MemberId;
  /** How often this member was started, this time included. */
  readonly starts: number;
  /** The first configuration of its cluster; undefined until that is known. */
  readonly founders: Configuration | undefined;
}

const FILE = 'member.json';
const VERSION = 1;

/** Reads the identity, or makes one; counts this start, durably. Rejects when it is unreadable. */
export async function beginLife(
  files: Files, dir: string, name: string, random: RandomSource,
): Promise<Identity> {
  const path = `${dir}/${FILE}`;
  const old = await files.exists(path) ? parse(await files.readAll(path), path) : undefined;
  if (old !== undefined && !old.id.startsWith(`${name}:`)) {
    throw new Error(
      `${path} belongs to peer ${old.id}, and this server is configured as node ${name}: ` +
        'give it the directory of that node, or an empty one',
    );
  }
  const identity = old === undefined
    ? { id: newId(name, random), starts: 1, founders: undefined }
    : { ...old, starts: old.starts + 1 };
  await saveIdentity(files, dir, identity);
  return identity;
}

export async function saveIdentity(files: Files, dir: string, identity: Identity): Promise<void> {
  const text = JSON.stringify({ version: VERSION, ...identity }, undefined, 2);
  await files.writeWhole(`${dir}/${FILE}`, new TextEncoder().encode(`${text}\n`));
}

/** Short and the same for the same founders: peers of different clusters do not talk. */
export function clusterOf(founders: Configuration | undefined): string {
  if (founders === undefined) return '';
  return createHash('sha256').update(encodeConfiguration(founders)).digest('hex').slice(0, 16);
}

function newId(name: string, random: RandomSource): MemberId {
  const nonce = random.seed64().map((half) => half.toString(16).padStart(8, '0')).join('');
  return `${name}:${nonce}` as MemberId;
}

function parse(bytes: Uint8Array, path: string): Identity {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Identity & { version: number };
    const isWhole = value.version === VERSION && typeof value.id === 'string' &&
      Number.isSafeInteger(value.starts);
    if (isWhole) return { id: value.id, starts: value.starts, founders: value.founders };
  } catch {
    // Said below.
  }
  throw new Error(`${path} cannot be read as the identity of a peer (format ${VERSION})`);
}
