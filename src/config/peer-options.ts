// tidy: table
/**
 * The options of a server that has peers; a part of the table in options.ts. What they must say
 * together is in check-config.ts, what follows from them in peer-settings.ts.
 */
import { bytes, integer, oneOf, peerName, peers, text } from './kinds.ts';
import { option, withPrivacy } from './option.ts';
import { MiB } from '../lib/size-units.ts';

/** An election and its retry fit several times; a client that waits longer has long given up. */
const BROADCAST_TIMEOUT_MS_DEFAULT = 5000;

/** Below, a single slow fsync on a majority would look like an outage. */
const BROADCAST_TIMEOUT_MS_MIN = 100;

/** Ten minutes: beyond, a partition would only pile up clients that wait. */
const BROADCAST_TIMEOUT_MS_MAX = 600_000;

/** Six heartbeats: rides out a pause of the collector and a slow fsync; still about a second. */
export const ELECTION_TIMEOUT_MS_DEFAULT = 600;

/** Within one machine; below, the timer of a busy event loop alone causes elections. */
export const ELECTION_TIMEOUT_MS_MIN = 50;

/** A minute without writes after every loss of a leader is the most that anyone could want. */
export const ELECTION_TIMEOUT_MS_MAX = 60_000;

/** Ten small messages a second to every peer are not noticed; a round trip fits many times. */
export const HEARTBEAT_INTERVAL_MS_DEFAULT = 100;

/** Below, the timer of a busy event loop is late by as much as the interval. */
export const HEARTBEAT_INTERVAL_MS_MIN = 10;

/** A third of the longest election timeout: a longer one would always be refused. */
export const HEARTBEAT_INTERVAL_MS_MAX = 20_000;

/** At 1000 writes a second of 1 KiB each, four minutes of absence without a snapshot. */
const RAFT_LOG_BYTES_DEFAULT = 256 * MiB;

/**
 * A state of 5 million small keys takes ten seconds, and a quarter of a terabyte an hour. As fast
 * as it can, on a machine without processors to spare, latencies at the leader trebled.
 */
const SNAPSHOT_RATE_DEFAULT = 64 * MiB;

/** Below, the log would outgrow what is held of it before a state of some gigabytes has arrived. */
const SNAPSHOT_RATE_MIN = 1 * MiB;

/** Below, a restart of one peer under load would already cost a snapshot of everything. */
const RAFT_LOG_BYTES_MIN = 16 * MiB;

export const PEER_OPTIONS = {
  node: option(
    peerName,
    '',
    'at-start',
    'Name of this server among the peers; empty for a server that stands alone.',
    'It must have a peer line; a name without peers is refused, so are peers without a name.',
  ),
  peer: option(
    peers,
    [],
    'at-start',
    'One server a line, this one too: its name, its address for clients, its address for peers.',
    'Every server holds all the data; three go on without one of them, five without two.',
  ),
  consistency: option(
    oneOf(['sequential', 'linearizable']),
    'sequential',
    'at-runtime',
    'Whether a read sees at least what its own connection wrote, or all that was acknowledged.',
    'linearizable waits for a majority to answer, once for all reads that wait.',
  ),
  broadcast: option(
    oneOf(['auto', 'raft', 'none']),
    'auto',
    'at-start',
    'What orders writes: raft among peers, none for a single server; auto takes what fits.',
    'raft and none are refused where the peers say otherwise, so that a lost list is noticed.',
  ),
  'go-on-alone': option(
    text,
    '',
    'at-start',
    'Name of a cluster of which all other copies are lost: this one becomes its own, with itself.',
    'The others must never come back, and what only they had acknowledged is lost. ' +
      '"unknown" also makes a cluster of the keys of a server that stood alone: see the README.',
  ),
  'peer-secret': withPrivacy('hidden', option(
    text,
    '',
    'at-start',
    'What peers prove to each other that they know, the same on all of them; empty for nothing.',
    'Without it or TLS, all who reach a peer port may write; with it, give the file mode 600.',
  )),
  'peer-tls-cert-file': option(
    text,
    '',
    'at-start',
    'PEM file of the certificate that this server shows its peers; empty for links in clear.',
    'Goes with the key and the authorities, or not at all; TLS costs CPU for every byte.',
  ),
  'peer-tls-key-file': option(
    text,
    '',
    'at-start',
    'PEM file of the private key of that certificate.',
    'Give it mode 600.',
  ),
  'peer-tls-ca-file': option(
    text,
    '',
    'at-start',
    'PEM file of the authorities that the certificates of peers must be signed by.',
    'A program with a certificate of theirs may be a peer: let them sign nothing else.',
  ),
  'broadcast-timeout': option(
    integer(BROADCAST_TIMEOUT_MS_MIN, BROADCAST_TIMEOUT_MS_MAX),
    BROADCAST_TIMEOUT_MS_DEFAULT,
    'at-runtime',
    'Milliseconds that a write or a linearizable read waits for a majority before its error.',
    'A write that got it may still take effect; higher keeps clients waiting in an outage.',
  ),
  'election-timeout': option(
    integer(ELECTION_TIMEOUT_MS_MIN, ELECTION_TIMEOUT_MS_MAX),
    ELECTION_TIMEOUT_MS_DEFAULT,
    'at-start',
    'Milliseconds without a leader after which a peer campaigns, up to twice as many by chance.',
    'Lower replaces a dead leader sooner; too low, a slow network or disk deposes a live one.',
  ),
  'heartbeat-interval': option(
    integer(HEARTBEAT_INTERVAL_MS_MIN, HEARTBEAT_INTERVAL_MS_MAX),
    HEARTBEAT_INTERVAL_MS_DEFAULT,
    'at-start',
    'Milliseconds between the signs of life of a leader; at most a third of election-timeout.',
    'Lower bears more of them lost, at a small message to every peer each time.',
  ),
  'raft-log-bytes': option(
    bytes(RAFT_LOG_BYTES_MIN),
    RAFT_LOG_BYTES_DEFAULT,
    'at-runtime',
    'Replicated log that stays on disk after it was applied, for peers that were away.',
    'Disk space; a peer that missed more than this gets all the data anew.',
  ),
  'snapshot-rate': option(
    bytes(SNAPSHOT_RATE_MIN),
    SNAPSHOT_RATE_DEFAULT,
    'at-runtime',
    'Bytes a second at which all the data is sent to a peer that is new or was away for long.',
    'Higher brings it back sooner, and costs the clients of the leader more meanwhile.',
  ),
} as const;
