/**
 * What options must say together. Each option by itself has passed its kind before; here are the
 * contradictions between them, all of them at once, so that one start shows every one.
 *
 * Pure, and the defaults contradict nothing: of the options of a conflict one at least was given.
 */
import type { ConfigValues, OptionName } from './options.ts';

/** One or two heartbeats may be lost before a follower doubts its leader. */
export const HEARTBEATS_PER_ELECTION_TIMEOUT_MIN = 3;

export interface Conflict {
  /** Every option it looks at. The first of them that was given is the one to show. */
  readonly options: readonly (OptionName | 'user')[];
  readonly reason: string;
  /** Completes "allowed: ...". */
  readonly allowed: string;
}

/** `user` has no effect of its own, but may contradict one that has. */
export type CheckedValues = ConfigValues & { readonly user?: string };

type Check = (values: CheckedValues) => Conflict | undefined;

const CHECKS: readonly Check[] = [
  checkNode, checkBroadcast, checkTlsFiles, checkHeartbeats, checkUser,
];

export function findConflicts(values: CheckedValues): Conflict[] {
  return CHECKS.map((check) => check(values)).filter((conflict) => conflict !== undefined);
}

function checkNode({ node, peer }: ConfigValues): Conflict | undefined {
  const names = peer.map(({ name }) => name);
  const allowed = `node with one of the names ${names.join(', ')}`;
  if (node === '' && names.length === 0) return undefined;
  if (node === '') {
    const reason = `${countPeers(names)} given, but no node says which of them is this server`;
    return { options: ['peer', 'node'], reason, allowed };
  }
  if (names.length === 0) {
    const reason = `node '${node}' is given, but no peer`;
    const lines = 'a peer line for each server, this one included; or no node';
    return { options: ['node', 'peer'], reason, allowed: lines };
  }
  if (names.includes(node)) return undefined;
  const reason = `node '${node}' is not one of the peers`;
  return { options: ['node', 'peer'], reason, allowed };
}

function countPeers(names: readonly string[]): string {
  return names.length === 1 ? '1 peer is' : `${names.length} peers are`;
}

function checkBroadcast({ broadcast, peer }: ConfigValues): Conflict | undefined {
  const options = ['broadcast', 'peer'] as const;
  if (broadcast === 'raft' && peer.length === 0) {
    return { options, reason: 'broadcast raft needs peers, and none are given', allowed: FITTING };
  }
  if (broadcast === 'none' && peer.length > 0) {
    const reason = `broadcast none would leave the ${peer.length} given peers without the writes`;
    return { options, reason, allowed: FITTING };
  }
  return undefined;
}

const FITTING = 'auto; raft with peers; none without';

const TLS_FILES = ['peer-tls-cert-file', 'peer-tls-key-file', 'peer-tls-ca-file'] as const;

function checkTlsFiles(values: ConfigValues): Conflict | undefined {
  const given = TLS_FILES.filter((name) => values[name] !== '');
  const missing = TLS_FILES.filter((name) => values[name] === '');
  if (given.length === 0 || missing.length === 0) return undefined;
  return {
    options: [...given, ...missing],
    reason: `TLS between peers lacks ${missing.join(' and ')}`,
    allowed: `all of ${TLS_FILES.join(', ')}; or none of them`,
  };
}

function checkHeartbeats(values: ConfigValues): Conflict | undefined {
  const electionMs = values['election-timeout'];
  const heartbeatMs = values['heartbeat-interval'];
  const heartbeatMsMax = Math.floor(electionMs / HEARTBEATS_PER_ELECTION_TIMEOUT_MIN);
  if (heartbeatMs <= heartbeatMsMax) return undefined;
  const electionMsMin = heartbeatMs * HEARTBEATS_PER_ELECTION_TIMEOUT_MIN;
  const found = `heartbeat-interval ${heartbeatMs} is more than a third`;
  const allowed = `heartbeat-interval up to ${heartbeatMsMax}`;
  return {
    options: ['heartbeat-interval', 'election-timeout'],
    reason: `${found} of election-timeout ${electionMs}`,
    allowed: `${allowed}, or election-timeout from ${electionMsMin}`,
  };
}

/** The password of the default user is `requirepass`; a `user` line must say the same. */
function checkUser({ user = '', requirepass }: CheckedValues): Conflict | undefined {
  if (user === '') return undefined;
  const options = ['user', 'requirepass'] as const;
  const isOpen = user.split(' ').some((rule) => rule.toLowerCase() === 'nopass');
  if (isOpen === (requirepass === '')) return undefined;
  const reason = isOpen
    ? 'nopass contradicts requirepass' : 'the default user needs its password as requirepass';
  return { options, reason, allowed: 'nopass without requirepass; or requirepass without nopass' };
}
