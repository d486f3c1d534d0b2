/**
 * Replies of a server as plain data, in RESP2 and RESP3. Bytes are strings in latin1: one character
 * for each byte. An integer is a number while that is exact, else a bigint; `integer` decides.
 */

export type Reply =
  | { readonly kind: 'simple'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number | bigint }
  | { readonly kind: 'bulk'; readonly bytes: string }
  | { readonly kind: 'nil' }
  | { readonly kind: 'nilArray' }
  | { readonly kind: 'double'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bigNumber'; readonly text: string }
  | { readonly kind: 'verbatim'; readonly bytes: string }
  | { readonly kind: 'array' | 'set' | 'push'; readonly items: readonly Reply[] }
  | { readonly kind: 'map'; readonly items: readonly Reply[] };

export const OK: Reply = { kind: 'simple', text: 'OK' };
export const QUEUED: Reply = { kind: 'simple', text: 'QUEUED' };
export const NIL: Reply = { kind: 'nil' };
export const NIL_ARRAY: Reply = { kind: 'nilArray' };

export function integer(value: number | bigint): Reply {
  const isSafe = typeof value === 'bigint' && BigInt.asIntN(54, value) === value;
  return { kind: 'integer', value: isSafe ? Number(value) : value };
}

export function bulk(bytes: string): Reply {
  return { kind: 'bulk', bytes };
}

export function failure(text: string): Reply {
  return { kind: 'error', text };
}

export function array(items: readonly Reply[]): Reply {
  return { kind: 'array', items };
}

/** The bytes of a bulk or verbatim string; undefined for everything else. */
export function bytesOf(reply: Reply | undefined): string | undefined {
  return reply?.kind === 'bulk' || reply?.kind === 'verbatim' ? reply.bytes : undefined;
}

/** The items of an array, a set or a map (key, value, key, …); undefined for everything else. */
export function itemsOf(reply: Reply): readonly Reply[] | undefined {
  switch (reply.kind) {
    case 'array': case 'set': case 'map': return reply.items;
    default: return undefined;
  }
}

/** The items of a list of bulks, as strings; undefined when it is anything else. */
export function textsOf(reply: Reply): string[] | undefined {
  const texts: string[] = [];
  for (const item of itemsOf(reply) ?? [NIL]) {
    if (item.kind !== 'bulk') return undefined;
    texts.push(item.bytes);
  }
  return texts;
}

/** Whether two replies are equal to the last byte; the order of all items counts. */
export function sameReply(one: Reply, other: Reply): boolean {
  if (one === other) return true;
  switch (one.kind) {
    case 'simple': case 'error': case 'double': case 'bigNumber':
      return other.kind === one.kind && other.text === one.text;
    case 'integer': case 'boolean':
      return other.kind === one.kind && other.value === one.value;
    case 'bulk': case 'verbatim':
      return other.kind === one.kind && other.bytes === one.bytes;
    case 'nil': case 'nilArray':
      return other.kind === one.kind;
    case 'array': case 'set': case 'push': case 'map':
      return other.kind === one.kind && sameItems(one.items, other.items);
    default:
      return one satisfies never;
  }
}

function sameItems(ones: readonly Reply[], others: readonly Reply[]): boolean {
  return ones.length === others.length &&
    ones.every((one, i) => sameReply(one, others[i] ?? NIL));
}

const SHOWN_BYTES_MAX = 60;
const SHOWN_ITEMS_MAX = 12;

/** A short text for people; long strings and lists are cut. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case 'simple': return `+${reply.text}`;
    case 'error': return `-${reply.text}`;
    case 'integer': return `:${reply.value}`;
    case 'bulk': case 'verbatim': return describeBytes(reply.bytes);
    case 'nil': return 'nil';
    case 'nilArray': return 'nil array';
    case 'double': return `,${reply.text}`;
    case 'boolean': return `#${reply.value}`;
    case 'bigNumber': return `(${reply.text}`;
    case 'array': case 'set': case 'push': case 'map': return describeItems(reply);
    default: return reply satisfies never;
  }
}

function describeItems({ kind, items }: Extract<Reply, { items: readonly Reply[] }>): string {
  const shown = items.slice(0, SHOWN_ITEMS_MAX).map(describeReply);
  if (items.length > shown.length) shown.push(`… ${items.length} items`);
  return `${kind === 'array' ? '' : kind}[${shown.join(', ')}]`;
}

/** Bytes as JSON quotes them; of a long string its beginning, its length and a sum. */
export function describeBytes(bytes: string): string {
  if (bytes.length <= SHOWN_BYTES_MAX) return JSON.stringify(bytes);
  const start = JSON.stringify(bytes.slice(0, SHOWN_BYTES_MAX / 2));
  return `${start}… (${bytes.length} bytes, sum ${hashText(bytes).toString(16)})`;
}

export function describeCommand(command: readonly string[]): string {
  return command.map((word) => (/^[\w*?:.+-]+$/.test(word) && word.length <= SHOWN_BYTES_MAX
    ? word : describeBytes(word))).join(' ');
}

const HASHED_CHARACTERS_MAX = 512;

/** A number that equal texts share. Long texts are sampled, so unequal ones may share it too. */
export function hashText(text: string): number {
  const step = Math.max(1, Math.floor(text.length / HASHED_CHARACTERS_MAX));
  let hash = text.length | 0;
  for (let at = 0; at < text.length; at += step) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  return hash >>> 0;
}
