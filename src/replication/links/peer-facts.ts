/**
 * What a peer says of itself in the handshake, and its bytes: five texts with a u32 length each,
 * u8 1 and the encoded configuration of the founders, or u8 0.
 *
 * Decoding is for bytes whose proof was checked, and still trusts nothing: each text is bounded,
 * UTF-8 and, but for the cluster, not empty. What is not so gives undefined.
 */

import { LINK_FACT_BYTES_MAX } from '../../limits.ts';
import { parseConfiguration, encodeConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, MemberId } from '../core/entry.ts';
import { BodyReader, BodyWriter } from './body.ts';

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
}

const NOTHING = new Uint8Array(0);
const TEXT_HEAD_BYTES = 4;

export function encodeFacts(facts: PeerFacts): Uint8Array {
  const { name, id, clientAddress, peerAddress, cluster, founders } = facts;
  const texts = [name, id, clientAddress, peerAddress, cluster].map(encodeText);
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

export function decodeFacts(bytes: Uint8Array): PeerFacts | undefined {
  const reader = new BodyReader(bytes);
  const name = decodeText(reader.lengthAndBytes());
  const id = decodeText(reader.lengthAndBytes());
  const clientAddress = decodeText(reader.lengthAndBytes());
  const peerAddress = decodeText(reader.lengthAndBytes());
  const cluster = decodeText(reader.lengthAndBytes());
  const founders = reader.flag() ? parseConfiguration(reader.rest()) ?? 'damaged' : undefined;
  if (!reader.isWhole || founders === 'damaged' || cluster === undefined) return undefined;
  if (!isGiven(name) || !isGiven(id) || !isGiven(clientAddress)) return undefined;
  if (!isGiven(peerAddress)) return undefined;
  return { name, id: id as MemberId, clientAddress, peerAddress, cluster, founders };
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
