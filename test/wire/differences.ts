/**
 * Compares what two servers replied to one script, command by command and byte by byte. What may
 * differ between two honest servers is in the table below, each with its reason, and nowhere else.
 */

import { replyEnd } from '../commands/redis-server.ts';

type Words = readonly string[];

interface Exception {
  /** Matched against the words of the command, joined by spaces, in upper case. */
  readonly command: RegExp;
  readonly reason: string;
  readonly isSame: (here: string, there: string) => boolean;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    command: /^(KEYS|HKEYS|HVALS|SMEMBERS|SINTER|SUNION|SDIFF|SPOP|PUBSUB CHANNELS|COMMAND LIST|CONFIG GET)\b/,
    reason: 'both servers iterate a hash table, in an order of their own',
    isSame: (here, there) => sortedElements(here, 1) === sortedElements(there, 1),
  },
  {
    command: /^(HGETALL|HSCAN|ZSCAN)\b|^HRANDFIELD .* WITHVALUES/,
    reason: 'fields of a hash table come in an order of their own, each with its value',
    isSame: (here, there) => sortedPairs(here) === sortedPairs(there),
  },
  {
    command: /^S?SCAN\b/,
    reason: 'keys come in an order of their own, and cursors are places in a table',
    isSame: (here, there) => sortedPage(here) === sortedPage(there),
  },
  {
    command: /^(SCAN|[HSZ]SCAN \S+) (-\d|\d{16})/,
    reason: 'Redis 7.0 takes any 64 bits, and -1 for 2^64 - 1; cursors of dkvs have 48',
    isSame: (here) => here === '-ERR invalid cursor\r\n',
  },
  {
    command: /^(PEXPIREAT|SET|GETEX)\b.* 9223372036854775807/,
    reason: 'records of dkvs keep times up to the year 10889, and later ones are refused',
    isSame: (here) => here.startsWith('-ERR invalid expire time in'),
  },
  {
    command: /^(RANDOMKEY|HRANDFIELD|SRANDMEMBER|ZRANDMEMBER)\b/,
    reason: 'chosen by chance',
    isSame: (here, there) => shapeOf(here) === shapeOf(there),
  },
  {
    command: /^ZINCRBY\b/,
    reason: 'scores have the fewest digits that tell them, and seldom an exponent, since Redis 7.2',
    isSame: (here, there) => numberIn(here) === numberIn(there),
  },
  {
    command: /^OBJECT ENCODING\b/,
    reason: 'small sets that are not all integers are listpacks since Redis 7.2',
    isSame: (here, there) => here.endsWith('\nlistpack\r\n') && there.endsWith('\nhashtable\r\n'),
  },
  {
    command: /^(P?TTL|P?EXPIRETIME|OBJECT IDLETIME)\b/,
    reason: 'the two run one after the other; a second may pass between them',
    isSame: (here, there) => isNear(here, there, 2000),
  },
  {
    command: /^(TIME|LASTSAVE|INFO|MEMORY|CLIENT (ID|INFO|LIST)|HELLO|DEBUG|LATENCY|SLOWLOG GET)\b/,
    reason: 'times, ids, addresses, versions and sizes of this process, and texts for people',
    isSame: (here, there) => here.charAt(0) === there.charAt(0) && !here.startsWith('-'),
  },
  {
    command: /^COMMAND( COUNT| INFO| DOCS|$)/,
    reason: 'dkvs has fewer commands; test/commands compares their facts one by one',
    isSame: (here, there) => here.charAt(0) === there.charAt(0) && !here.startsWith('-'),
  },
];

/** One paragraph for each command to which the replies differ; `total` bytes of each server. */
export function differences(script: readonly Words[], here: string, there: string): string[] {
  const ours = splitReplies(here);
  const theirs = splitReplies(there);
  const found: string[] = [];
  let at = 0;
  script.forEach((words, index) => {
    const end = at + replyCount(words);
    const one = ours.slice(at, end).join('');
    const other = theirs.slice(at, end).join('');
    at = end;
    if (!isSameReply(words, one, other)) found.push(describe(index, words, one, other));
  });
  const rest = [ours.slice(at).join(''), theirs.slice(at).join('')];
  if (rest[0] !== rest[1]) found.push(describe(script.length, ['(after the end)'], ...rest));
  return found;
}

function isSameReply(words: Words, here: string, there: string): boolean {
  if (here === there) return true;
  const line = words.join(' ').toUpperCase();
  return EXCEPTIONS.some(({ command, isSame }) => command.test(line) && isSame(here, there));
}

function describe(index: number, words: Words, here = '', there = ''): string {
  const show = (text: string): string => JSON.stringify(
    text.length > 300 ? `${text.slice(0, 300)}... (${text.length} bytes)` : text,
  );
  return `[${index}] ${show(words.join(' '))}\n  dkvs:  ${show(here)}\n  redis: ${show(there)}`;
}

/** (P|S)SUBSCRIBE replies once for each of its arguments. */
function replyCount(words: Words): number {
  return /^(p|s)?(un)?subscribe$/i.test(words[0] ?? '') ? Math.max(1, words.length - 1) : 1;
}

export function splitReplies(text: string): string[] {
  const replies: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = replyEnd(text, at) ?? text.length;
    replies.push(text.slice(at, end));
    at = end;
  }
  return replies;
}

/** The elements of an aggregate, as bytes; of anything else itself. */
export function elementsOf(reply: string): string[] {
  return /^[*%~>]/.test(reply) ? splitReplies(reply.slice(reply.indexOf('\r\n') + 2)) : [reply];
}

/** Of a bulk string or a double. */
function numberIn(reply: string): number {
  return Number(reply.startsWith('$') ? reply.split('\r\n')[1] : reply.slice(1));
}

function sortedElements(reply: string, groupBy: number): string {
  const elements = elementsOf(reply);
  const groups: string[] = [];
  for (let i = 0; i < elements.length; i += groupBy) {
    groups.push(elements.slice(i, i + groupBy).join(''));
  }
  return reply.slice(0, reply.indexOf('\r\n')) + groups.toSorted().join('');
}

/** A map in RESP3, an array of pairs in either, flat or nested; or a page of them. */
function sortedPairs(reply: string): string {
  const elements = elementsOf(reply);
  const [, page] = elements;
  const isPage = elements.length === 2 && page?.startsWith('*') === true;
  if (isPage && !elements[0]?.startsWith('*')) return `page ${sortedElements(page, 2)}`;
  const isNested = elements[0]?.startsWith('*') === true;
  return sortedElements(reply, isNested ? 1 : 2);
}

function sortedPage(reply: string): string {
  const [cursor = '', page = ''] = elementsOf(reply);
  return `${cursor === '$1\r\n0\r\n' ? 'end' : 'more'} ${sortedElements(page, 1)}`;
}

/** Types and counts without contents. */
function shapeOf(reply: string): string {
  return `${reply.charAt(0)} ${elementsOf(reply).map((element) => element.charAt(0)).join('')}`;
}

function isNear(here: string, there: string, tolerance: number): boolean {
  const [one, other] = [Number(here.slice(1)), Number(there.slice(1))];
  const bothPositive = one >= 0 && other >= 0;
  return here.charAt(0) === there.charAt(0) && bothPositive && Math.abs(one - other) <= tolerance;
}
