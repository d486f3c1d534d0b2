/**
 * A configuration as bytes, in log entries, snapshots and handshakes: JSON in UTF-8, so that
 * whoever looks at a log file can read it.
 *
 *   {"voters":["a:1f"],"outgoing":[],"learners":[],
 *    "members":[{"id":"a:1f","name":"a","clientAddress":"h:1","peerAddress":"h:2"}]}
 *
 * Decoding trusts nothing: bounded, every field of its type, every id that is named has its one
 * member. What is not so gives undefined.
 */

import { CONFIGURATION_BYTES_MAX } from '../../limits.ts';
import type { Configuration, Member, MemberId } from './entry.ts';

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const { voters, outgoing, learners } = configuration;
  const members = configuration.members.map(({ id, name, clientAddress, peerAddress }) => (
    { id, name, clientAddress, peerAddress }
  ));
  const bytes = new TextEncoder().encode(JSON.stringify({ voters, outgoing, learners, members }));
  if (bytes.length <= CONFIGURATION_BYTES_MAX) return bytes;
  throw new RangeError(
    `a configuration of ${bytes.length} bytes, allowed are ${CONFIGURATION_BYTES_MAX}`);
}

export function decodeConfiguration(bytes: Uint8Array): Configuration | undefined {
  if (bytes.length > CONFIGURATION_BYTES_MAX) return undefined;
  const value = parseObject(bytes);
  const voters = toIds(value?.['voters']);
  const outgoing = toIds(value?.['outgoing']);
  const learners = toIds(value?.['learners']);
  const members = toMembers(value?.['members']);
  if (voters === undefined || outgoing === undefined) return undefined;
  if (learners === undefined || members === undefined) return undefined;
  const known = new Set(members.map(({ id }) => id));
  const isConsistent = known.size === members.length
    && [...voters, ...outgoing, ...learners].every((id) => known.has(id));
  return isConsistent ? { voters, outgoing, learners, members } : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(bytes: Uint8Array): Fields | undefined {
  try {
    return toFields(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}

function toFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? value as Fields : undefined;
}

function toIds(value: unknown): MemberId[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ids: readonly unknown[] = value;
  if (!ids.every(isText) || new Set(ids).size !== ids.length) return undefined;
  return ids as MemberId[];
}

function toMembers(value: unknown): Member[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const members = value.map(toMember);
  return members.includes(undefined) ? undefined : members as Member[];
}

function toMember(value: unknown): Member | undefined {
  const fields = toFields(value);
  const id = fields?.['id'];
  const name = fields?.['name'];
  const clientAddress = fields?.['clientAddress'];
  const peerAddress = fields?.['peerAddress'];
  if (!isText(id) || !isText(name)) return undefined;
  if (!isText(clientAddress) || !isText(peerAddress)) return undefined;
  return { id: id as MemberId, name, clientAddress, peerAddress };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
