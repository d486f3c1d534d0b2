/**
 * What a peer says of itself in the handshake, and its bytes: five texts with a u32 length each,
 * u8 1 and the encoded configuration of the founders, or u8 0.
 *
 * To a peer that announces a feature level (level-in-nonce.ts) it says more. Behind the texts:
 *
 *   u32 bytes of the founders' configuration, and that configuration; 0 bytes: none
 *   u48 starts, u48 last index
 *   u8 1 and the u48 index of the newest configuration in which it is a member, or u8 0
 *   u8 number of clusters that it left behind, texts
 *   u8 verdict on the receiver: 0 none, 1 removed, 2 superseded, 3 outdated; then its u48 index and
 *      its text
 *
 * Decoding is for bytes whose proof was checked, and still trusts nothing: each text is bounded,
 * UTF-8 and, but for the cluster, not empty. What is not so gives undefined.
 */

import { parseConfiguration, encodeConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, MemberId } from '../core/entry.ts';
import { BodyReader, BodyWriter } from './body.ts';

/** One name or address in what a peer says of itself. A host name has 253 characters at most. */
const LINK_FACT_BYTES_MAX = 512;

export interface PeerFacts {
  /** As configured: `a`. */
  readonly name: string;
  readonly id: MemberId;
  /** host:port for clients and for peers. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** '' while it belongs to none. */
  readonly cluster: string;
  readonly founders: Configuration | undefined;
  /** The highest feature level that its build knows. */
  readonly featureLevel?: number;
  /** Absent when a peer of the first feature level speaks, or is spoken to. */
  readonly standing?: Standing;
}

export interface Standing {
  /** The number of its start: greater with each. */
  readonly starts: number;
  /** Of its log. */
  readonly lastIndex: number;
  /** Of the newest configuration that it knows if that has it as a member. */
  readonly memberAt: number | undefined;
  /** Clusters that were given up when this one went on alone. */
  readonly leftBehind: readonly string[];
  /** Why the receiver has no place in the cluster; undefined when nothing is known against it. */
  readonly verdict: Verdict | undefined;
}

/**
 * `removed`: by the configuration at `index`. `superseded`: its cluster was given up. `outdated`:
 * its directory is an older copy, which has forgotten something that it promised.
 */
export interface Verdict {
  readonly kind: 'removed' | 'superseded' | 'outdated';
  readonly index: number;
  readonly text: string;
}

const NOTHING = new Uint8Array(0);
const TEXT_HEAD_BYTES = 4;
const VERDICTS = ['removed', 'superseded', 'outdated'] as const;

/** For a peer of the first feature level. */
export function encodeFacts(facts: PeerFacts): Uint8Array {
  const texts = textsOf(facts);
  const { founders } = facts;
  const configuration = founders === undefined ? NOTHING : encodeConfiguration(founders);
  const textBytes = texts.reduce((sum, { length }) => sum + TEXT_HEAD_BYTES + length, 0);
  const buf = new Uint8Array(textBytes + 1 + configuration.length);
  const writer = new BodyWriter(buf, 0);
  for (const text of texts) writer.lengthAndBytes(text);
  writer.flag(founders !== undefined);
  writer.bytes(configuration);
  writer.finish();
  return buf;
}

/** With the standing, for a peer that announces a feature level. */
export function encodeStanding(facts: PeerFacts, standing: Standing): Uint8Array {
  const { founders } = facts;
  const { starts, lastIndex, memberAt, leftBehind, verdict } = standing;
  const configuration = founders === undefined ? NOTHING : encodeConfiguration(founders);
  const texts = textsOf(facts);
  const clusters = leftBehind.map(encodeText);
  const reason = encodeText(verdict?.text ?? '');
  const textBytes = [...texts, configuration, ...clusters, reason]
    .reduce((sum, { length }) => sum + TEXT_HEAD_BYTES + length, 0);
  const buf = new Uint8Array(textBytes + 21 + (memberAt === undefined ? 0 : 6));
  const writer = new BodyWriter(buf, 0);
  for (const text of texts) writer.lengthAndBytes(text);
  writer.lengthAndBytes(configuration);
  writer.u48(starts);
  writer.u48(lastIndex);
  writer.flag(memberAt !== undefined);
  if (memberAt !== undefined) writer.u48(memberAt);
  writer.u8(clusters.length);
  for (const cluster of clusters) writer.lengthAndBytes(cluster);
  writer.u8(verdict === undefined ? 0 : VERDICTS.indexOf(verdict.kind) + 1);
  writer.u48(verdict?.index ?? 0);
  writer.lengthAndBytes(reason);
  writer.finish();
  return buf;
}

export function decodeFacts(bytes: Uint8Array): PeerFacts | undefined {
  const reader = new BodyReader(bytes);
  const texts = readTexts(reader);
  const founders = reader.flag() ? parseConfiguration(reader.rest()) ?? 'damaged' : undefined;
  if (!reader.isWhole || founders === 'damaged' || texts === undefined) return undefined;
  return { ...texts, founders };
}

/** What `encodeStanding` wrote. */
export function decodeStanding(bytes: Uint8Array): PeerFacts | undefined {
  const reader = new BodyReader(bytes);
  const texts = readTexts(reader);
  const configuration = reader.lengthAndBytes();
  const founders = configuration.length === 0
    ? undefined : parseConfiguration(configuration) ?? 'damaged';
  const starts = reader.u48();
  const lastIndex = reader.u48();
  const memberAt = reader.flag() ? reader.u48() : undefined;
  const leftBehind = Array.from({ length: reader.u8() }, () => readText(reader));
  const verdict = readVerdict(reader);
  if (!reader.isWhole || founders === 'damaged' || texts === undefined) return undefined;
  if (verdict === 'damaged' || !leftBehind.every(isGiven)) return undefined;
  return { ...texts, founders, standing: { starts, lastIndex, memberAt, leftBehind, verdict } };
}

function textsOf({ name, id, clientAddress, peerAddress, cluster }: PeerFacts): Uint8Array[] {
  return [name, id, clientAddress, peerAddress, cluster].map(encodeText);
}

function readTexts(reader: BodyReader): Omit<PeerFacts, 'founders'> | undefined {
  const name = readText(reader);
  const id = readText(reader);
  const clientAddress = readText(reader);
  const peerAddress = readText(reader);
  const cluster = readText(reader);
  if (!isGiven(name) || !isGiven(id) || !isGiven(clientAddress)) return undefined;
  if (!isGiven(peerAddress) || cluster === undefined) return undefined;
  return { name, id: id as MemberId, clientAddress, peerAddress, cluster };
}

function readVerdict(reader: BodyReader): Verdict | undefined | 'damaged' {
  const number = reader.u8();
  const index = reader.u48();
  const text = readText(reader);
  if (number === 0) return undefined;
  const kind = VERDICTS[number - 1];
  return kind === undefined || text === undefined ? 'damaged' : { kind, index, text };
}

function readText(reader: BodyReader): string | undefined {
  return decodeText(reader.lengthAndBytes());
}

function encodeText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= LINK_FACT_BYTES_MAX) return bytes;
  throw new RangeError(`${text}: ${bytes.length} bytes, allowed are ${LINK_FACT_BYTES_MAX}`);
}

function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.length > LINK_FACT_BYTES_MAX) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
