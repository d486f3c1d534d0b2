/**
 * A Configuration as bytes: the payload of configuration entries, and a part of each log segment's
 * header and of snapshots.
 *
 *      0  u8  format version: 1 for the first feature level, 2 from the second on
 *      1  u8  number of members; each: id, name, clientAddress, peerAddress,
 *             each of these: u16 bytes, then as many bytes of UTF-8
 *         u8  number of voters; each: u8 its place among the members
 *         u8  number of outgoing voters; the same
 *         u8  number of learners; the same
 *     version 2 only:
 *         u16 feature level, 2 or more
 *         u8  number of invited peers; each: name, clientAddress, peerAddress; as above
 *
 * A build that knows the first level only reads version 1 only, so a configuration of that level is
 * written as such a build writes it.
 *
 * An id is written once, so one that is named and unknown cannot be said. `parseConfiguration`
 * takes bytes from strangers: it allocates no more than they are, and gives undefined for whatever
 * `encodeConfiguration` would not have written. Encoding asserts what entry.ts says of a
 * Configuration.
 */

import { CONFIGURATION_BYTES_MAX, MEMBERS_MAX, MEMBER_TEXT_BYTES_MAX } from './limits.ts';
import { readU16, writeU16 } from '../../lib/words.ts';
import type { Configuration, Member, MemberId, NamedPeer } from './entry.ts';
import {
  FEATURE_LEVEL_FIRST, FEATURE_LEVEL_INVITATIONS, invitedBy, levelOf,
} from './feature-level.ts';

const VERSION_FIRST = 1;
const VERSION = 2;
const LEVEL_MAX = 0xffff;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes, in a buffer of their own. */
export function encodeConfiguration(configuration: Configuration): Buffer {
  const { members, voters, outgoing, learners } = configuration;
  const level = levelOf(configuration);
  const version = level === FEATURE_LEVEL_FIRST ? VERSION_FIRST : VERSION;
  const places = new Map(members.map(({ id }, place) => [id, place]));
  if (places.size !== members.length || members.length > MEMBERS_MAX) {
    throw new Error(`assertion failed: ${members.length} members with ${places.size} ids, ` +
      `at most ${MEMBERS_MAX}`);
  }
  return Buffer.concat([
    Buffer.from([version, members.length]),
    ...members.flatMap(textsOf).map(encodeText),
    ...[voters, outgoing, learners].map((ids) => encodeIds(ids, places)),
    ...encodeFeatures(level, invitedBy(configuration)),
  ]);
}

function encodeFeatures(level: number, invited: readonly NamedPeer[]): Buffer[] {
  if (level === FEATURE_LEVEL_FIRST && invited.length === 0) return [];
  const isAllowed = level >= FEATURE_LEVEL_INVITATIONS && level <= LEVEL_MAX &&
    invited.length <= MEMBERS_MAX;
  if (!isAllowed) {
    throw new Error(`assertion failed: ${invited.length} invited peers, feature level ${level}`);
  }
  const head = Buffer.alloc(3);
  writeU16(head, 0, level);
  head[2] = invited.length;
  const texts = invited.flatMap(({ name, clientAddress, peerAddress }) => {
    return [name, clientAddress, peerAddress];
  });
  return [head, ...texts.map(encodeText)];
}

/** What the bytes say, in memory of its own; undefined if they are no configuration. */
export function parseConfiguration(bytes: Uint8Array): Configuration | undefined {
  if (bytes.length > CONFIGURATION_BYTES_MAX) return undefined;
  const parser = new Parser(bytes);
  const version = parser.byte();
  const members = parser.members();
  const voters = parser.ids(members);
  const outgoing = parser.ids(members);
  const learners = parser.ids(members);
  const lists = { voters, outgoing, learners, members };
  if (version === VERSION_FIRST) return parser.isWhole ? lists : undefined;
  const featureLevel = parser.level();
  const invited = parser.invited();
  if (version !== VERSION || !parser.isWhole) return undefined;
  return { ...lists, featureLevel, invited };
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

  level(): number {
    const level = this.byte() + this.byte() * 256;
    if (level < FEATURE_LEVEL_INVITATIONS) this.#isSound = false;
    return level;
  }

  invited(): NamedPeer[] {
    const invited: NamedPeer[] = [];
    const count = this.byte();
    if (count > MEMBERS_MAX) this.#isSound = false;
    while (this.#isSound && invited.length < count) {
      invited.push({
        name: this.#text(), clientAddress: this.#text(), peerAddress: this.#text(),
      });
    }
    return invited;
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
