/**
 * `peer <name> <client host:port> <peer host:port>`: the servers that keep one order of writes,
 * this one included. Lines of a file add up; an empty value empties the list.
 *
 * Invariants of a list: at most PEERS_MAX; names differ; all addresses of all peers differ, of both
 * sorts together; an address is in one spelling (lower case, shortest IPv6, plain port), so that it
 * may be compared as text. Names are not resolved: two names of one machine count as two hosts.
 *
 * A refusal names everything that is wrong with a peer, so that one start is enough to see it all.
 */
import { PEERS_MAX } from './limits.ts';
import { accept, refuse, type Parsed } from './parsed.ts';

/** A peer's name is in member ids, in the log and in every table of peers. */
export const PEER_NAME_CHARS_MAX = 32;

/** The longest name that DNS can hold. */
export const HOST_NAME_CHARS_MAX = 253;

export interface Peer {
  readonly name: string;
  /** host:port for clients; IPv6 in brackets. */
  readonly clientAddress: string;
  /** host:port for the other peers; IPv6 in brackets. */
  readonly peerAddress: string;
}

export interface HostAndPort {
  /** Without brackets, as a socket takes it. */
  readonly host: string;
  readonly port: number;
}

const WORDS_PER_PEER = 3;
const PORT_MAX = 65_535;
const NAME = new RegExp(`^[A-Za-z0-9_-]{1,${PEER_NAME_CHARS_MAX}}$`);
const HOST_NAME = new RegExp(`^[a-z0-9_][a-z0-9._-]{0,${HOST_NAME_CHARS_MAX - 1}}$`, 'i');
const BRACKETED = /^\[[0-9a-f:.]+\]$/i;
const EVERY_ADDRESS = ['0.0.0.0', '[::]'];

export const NAME_ALLOWED = `1 to ${PEER_NAME_CHARS_MAX} letters, digits, - and _`;

/** The peers of `words` behind those of `before`; all or none of them. */
export function parsePeers(
  words: readonly string[],
  before: readonly Peer[],
): Parsed<readonly Peer[]> {
  if (words.length === 1 && words[0] === '') return accept([]);
  if (words.length === 0 || words.length % WORDS_PER_PEER !== 0) {
    return refuse(`a peer has three words, <name> <host:port> <host:port>: got ${words.length}`);
  }
  const peers = [...before];
  const reasons: string[] = [];
  for (let i = 0; i < words.length; i += WORDS_PER_PEER) {
    const parsed = parsePeer(words.slice(i, i + WORDS_PER_PEER));
    reasons.push(...(parsed.ok ? findClashes(parsed.value, peers) : [parsed.reason]));
    if (parsed.ok) peers.push(parsed.value);
  }
  if (peers.length > PEERS_MAX) {
    reasons.push(`this makes ${peers.length} peers, and at most ${PEERS_MAX} are allowed`);
  }
  return reasons.length === 0 ? accept(peers) : refuse(reasons.join('; '));
}

function parsePeer([name = '', client = '', peer = '']: readonly string[]): Parsed<Peer> {
  const named = parsePeerName(name);
  const forClients = parseAddress(client);
  const forPeers = parseAddress(peer);
  if (named.ok && forClients.ok && forPeers.ok) {
    return accept({ name, clientAddress: forClients.value, peerAddress: forPeers.value });
  }
  const reasons = [named, forClients, forPeers].flatMap((each) => (each.ok ? [] : [each.reason]));
  return refuse(reasons.join('; '));
}

export function parsePeerName(name: string): Parsed<string> {
  return NAME.test(name) ? accept(name) : refuse(`'${name}' is not a name: ${NAME_ALLOWED}`);
}

/** What keeps `peer` out of a list that holds `others`. */
function findClashes(peer: Peer, others: readonly Peer[]): string[] {
  const { name, clientAddress, peerAddress } = peer;
  const reasons: string[] = [];
  if (others.some((other) => other.name === name)) {
    reasons.push(`the name '${name}' is given to two peers`);
  }
  if (clientAddress === peerAddress) {
    reasons.push(`peer '${name}' has ${peerAddress} for both clients and peers: give it two ports`);
  }
  for (const address of new Set([clientAddress, peerAddress])) {
    const owner = others.find((other) => isAddressOf(other, address));
    if (owner !== undefined) reasons.push(`${address} already belongs to peer '${owner.name}'`);
  }
  return reasons;
}

function isAddressOf({ clientAddress, peerAddress }: Peer, address: string): boolean {
  return clientAddress === address || peerAddress === address;
}

/** host:port in its one spelling. */
function parseAddress(text: string): Parsed<string> {
  const at = text.lastIndexOf(':');
  if (at < 0) return refuse(`'${text}' has no port: expected host:port`);
  const host = spellHost(text.slice(0, at));
  const port = /^\d{1,5}$/.test(text.slice(at + 1)) ? Number(text.slice(at + 1)) : 0;
  if (host === undefined) {
    return refuse(`'${text}' has no valid host: expected a name, an IPv4 address or [IPv6]`);
  }
  if (port < 1 || port > PORT_MAX) {
    return refuse(`'${text}' has no valid port: expected 1 to ${PORT_MAX}`);
  }
  if (EVERY_ADDRESS.includes(host)) {
    return refuse(`'${text}' means every address: expected one that the other servers reach`);
  }
  return accept(`${host}:${port}`);
}

/** A URL knows the one spelling of IPv4 and IPv6; it would take much else, hence the patterns. */
function spellHost(host: string): string | undefined {
  if (!HOST_NAME.test(host) && !BRACKETED.test(host)) return undefined;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

/** `address` is one of a Peer. */
export function splitAddress(address: string): HostAndPort {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at < 0 || port < 1) throw new Error(`not the address of a peer: ${address}`);
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port };
}

/** The words of one line for each peer. */
export function listPeers(peers: readonly Peer[]): readonly (readonly string[])[] {
  if (peers.length === 0) return [['']];
  return peers.map(({ name, clientAddress, peerAddress }) => [name, clientAddress, peerAddress]);
}
