/**
 * A Configuration as bytes: the payload of configuration entries, and a part of each log segment's
 * header and of snapshots.
 *
 *      0  u8  format version, 1
 *      1  u8  number of members; each: id, name, clientAddress, peerAddress,
 *             each of these: u16 bytes, then as many bytes of UTF-8
 *         u8  number of voters; each: u8 its place among the members
 *         u8  number of outgoing voters; the same
 *         u8  number of learners; the same
 *
 * An id is written once, so one that is named and unknown cannot be said. `parseConfiguration`
 * takes bytes from strangers: it allocates no more than they are, and gives undefined for whatever
 * `encodeConfiguration` would not have written. Encoding asserts what entry.ts says of a
 * Configuration.
 */

import { CONFIGURATION_BYTES_MAX, MEMBERS_MAX, MEMBER_TEXT_BYTES_MAX } from '../../limits.ts';
import { readU16, writeU16 } from '../../lib/words.ts';
import type { Configuration, Member, MemberId } from './entry.ts';

const VERSION = 1;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes, in a buffer of their own. */
export function encodeConfiguration(configuration: Configuration): Buffer {
  const { members, voters, outgoing, learners } = configuration;
  const places = new Map(members.map(({ id }, place) => [id, place]));
  if (places.size !== members.length || members.length > MEMBERS_MAX) {
    throw new Error(`assertion failed: ${members.length} members with ${places.size} ids, ` +
      `at most ${MEMBERS_MAX}`);
  }
  return Buffer.concat([
    Buffer.from([VERSION, members.length]),
    ...members.flatMap(textsOf).map(encodeText),
    ...[voters, outgoing, learners].map((ids) => encodeIds(ids, places)),
  ]);
}

/** What the bytes say, in memory of its own; undefined if they are no configuration. */
export function parseConfiguration(bytes: Uint8Array): Configuration | undefined {
  if (bytes.length > CONFIGURATION_BYTES_MAX) return undefined;
  const parser = new Parser(bytes);
  const isKnown = parser.byte() === VERSION;
  const members = parser.members();
  const voters = parser.ids(members);
  const outgoing = parser.ids(members);
  const learners = parser.ids(members);
  return isKnown && parser.isWhole ? { voters, outgoing, learners, members } : undefined;
}

function textsOf({ id, name, clientAddress, peerAddress }: Member): string[] {
  return [id, name, clientAddress, peerAddress];
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  if (bytes > MEMBER_TEXT_BYTES_MAX) {
    throw new Error(`assertion failed: ${bytes} bytes for "${text}", ` +
      `at most ${MEMBER_TEXT_BYTES_MAX}`);
  }
  const buf = Buffer.alloc(2 + bytes);
  writeU16(buf, 0, bytes);
  buf.write(text, 2);
  return buf;
}

function encodeIds(ids: readonly MemberId[], places: ReadonlyMap<MemberId, number>): Buffer {
  if (new Set(ids).size !== ids.length) {
    throw new Error(`assertion failed: a member is named twice among ${ids.join(', ')}`);
  }
  return Buffer.from([ids.length, ...ids.map((id) => {
    const place = places.get(id);
    if (place === undefined) throw new Error(`assertion failed: ${id} is no member`);
    return place;
  })]);
}

/** Takes one thing after the other; after the first that is wrong, nothing is whole any more. */
class Parser {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isSound = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Everything was sound, and nothing is left. */
  get isWhole(): boolean {
    return this.#isSound && this.#at === this.#bytes.length;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) return this.#reject(0);
    this.#at += 1;
    return this.#bytes[this.#at - 1]!;
  }

  members(): Member[] {
    const members: Member[] = [];
    const count = this.byte();
    if (count > MEMBERS_MAX) this.#isSound = false;
    while (this.#isSound && members.length < count) {
      const id = this.#text() as MemberId;
      members.push({
        id, name: this.#text(), clientAddress: this.#text(), peerAddress: this.#text(),
      });
    }
    if (new Set(members.map(({ id }) => id)).size !== members.length) this.#isSound = false;
    return members;
  }

  ids(members: readonly Member[]): MemberId[] {
    const ids = new Set<MemberId>();
    for (let left = this.byte(); this.#isSound && left > 0; left -= 1) {
      const member = members[this.byte()];
      if (member === undefined || ids.has(member.id)) this.#isSound = false;
      else ids.add(member.id);
    }
    return [...ids];
  }

  #text(): string {
    if (this.#at + 2 > this.#bytes.length) return this.#reject('');
    const start = this.#at + 2;
    const end = start + readU16(this.#bytes, this.#at);
    if (end > this.#bytes.length || end - start > MEMBER_TEXT_BYTES_MAX) return this.#reject('');
    this.#at = end;
    try {
      return UTF8.decode(this.#bytes.subarray(start, end));
    } catch {
      return this.#reject('');
    }
  }

  #reject<T>(nothing: T): T {
    this.#isSound = false;
    return nothing;
  }
}
