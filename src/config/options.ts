// tidy: table
/**
 * Every option that changes something in dkvs. One table feeds the parser, CONFIG GET, SET and
 * REWRITE, and the test that config/dkvs.conf explains them all with their true defaults.
 *
 * To add one: an entry here, a paragraph in config/dkvs.conf, and for a bound its default as a
 * named constant with its reason. Names that Redis has keep its meaning and its default; where a
 * default differs, the price says why.
 */
import {
  BULK_BYTES_MAX_DEFAULT, DATABASES_DEFAULT, DATABASES_MAX, HLL_SPARSE_BYTES_MAX_DEFAULT,
  QUERY_BUFFER_BYTES_MAX_DEFAULT, SEGMENT_START_BYTES_MAX, SLOWLOG_ENTRIES_MAX_DEFAULT,
} from './limits.ts';
import {
  bytes,
  clamped,
  decimal,
  eventClasses,
  integer,
  oneOf,
  outputLimits,
  permissions,
  text,
  wordList,
  yesNo,
} from './kinds.ts';
import { option, withPrivacy, type ValuesOf } from './option.ts';
import { PEER_OPTIONS } from './peer-options.ts';
import { MiB } from '../lib/size-units.ts';

/** `hz`: from this to that, as in Redis; a value beyond becomes the nearest. */
const HZ_MIN = 1;
const HZ_MAX = 500;

/** Most addresses of `bind`; the same bound as Redis. */
const BIND_ADDRESSES_MAX = 16;

/** Default of `maxclients`; as Redis. Each costs a descriptor and its buffers. */
const CLIENTS_MAX_DEFAULT = 10_000;

/** Default of `tcp-backlog`; as Redis. The kernel cuts it to net.core.somaxconn. */
const TCP_BACKLOG_DEFAULT = 511;

/**
 * Defaults of `client-output-buffer-limit`. Redis leaves normal clients unbounded; here a client
 * that does not read its replies must not be able to take the server's memory. Requests are not
 * read beyond UNSENT_BYTES_PAUSE, so only single large replies get near these bounds: the hard one
 * lets twice the longest value pass, the soft one any value that is read at 4 MiB a second.
 */
const NORMAL_OUTPUT_HARD_BYTES_DEFAULT = 1024 * MiB;
const NORMAL_OUTPUT_SOFT_BYTES_DEFAULT = 256 * MiB;
const NORMAL_OUTPUT_SOFT_SECONDS_DEFAULT = 60;
const REPLICA_OUTPUT_HARD_BYTES_DEFAULT = 256 * MiB;
const REPLICA_OUTPUT_SOFT_BYTES_DEFAULT = 64 * MiB;
const REPLICA_OUTPUT_SOFT_SECONDS_DEFAULT = 60;
const PUBSUB_OUTPUT_HARD_BYTES_DEFAULT = 32 * MiB;
const PUBSUB_OUTPUT_SOFT_BYTES_DEFAULT = 8 * MiB;
const PUBSUB_OUTPUT_SOFT_SECONDS_DEFAULT = 60;

/** Default of `tracking-table-max-keys`: keys remembered for client-side caching; as Redis. */
const TRACKED_KEYS_MAX_DEFAULT = 1_000_000;

/** Default of `segment-bytes`: 1 TiB is 16 Ki files, and copying one takes less than a second. */
export const SEGMENT_BYTES_DEFAULT = 64 * MiB;
export const SEGMENT_BYTES_MIN = 1 * MiB;

/** Default of `hot-tail-bytes`: what was written last is read from RAM; half a default segment. */
const HOT_TAIL_BYTES_DEFAULT = 32 * MiB;
export const HOT_TAIL_BYTES_MIN = 1 * MiB;

/** Default of `disk-reserve-bytes`: one segment, so that a full disk can still be compacted. */
export const DISK_RESERVE_BYTES_DEFAULT = 64 * MiB;

/** Default of `compaction-min-bytes`: a log smaller than four segments is not worth compacting. */
const COMPACTION_MIN_BYTES_DEFAULT = 256 * MiB;

/**
 * Default of `compaction-disk-ratio`: log and hints, a running compaction's outputs included, take
 * at most this many times the live bytes. Disk against write amplification: with values of 256
 * bytes 1.5 costs 1.9 bytes written per byte under uniform overwrites, 1.3 would cost 2.9, 1.6
 * costs 1.7, 2.0 costs 1.3 (store/compaction/DECISIONS.md).
 */
export const COMPACTION_DISK_RATIO_MAX = 1.5;

const INT32_MAX = 2 ** 31 - 1;

export const OPTIONS = {
  // ---- Network ---------------------------------------------------------------------------------
  bind: option(
    wordList(BIND_ADDRESSES_MAX),
    ['127.0.0.1', '-::1'],
    'at-start',
    'Addresses to listen on; * and ::* mean every one; a leading - lets an address be missing.',
    'Every address that strangers reach needs requirepass and a firewall in front of it.',
  ),
  port: option(
    integer(0, 65535),
    6379,
    'at-start',
    'TCP port; 0 lets the system pick a free one, which the start banner names.',
    'Redis takes 0 for "no TCP"; here an empty bind says that, and 0 serves tests and embedding. ' +
      'A node whose port is not given takes that of its own client address in peer.',
  ),
  unixsocket: option(
    text,
    '',
    'at-start',
    'Path of a Unix socket to listen on as well; empty for none.',
    'Cheaper than loopback TCP; every user who may open the file is a client.',
  ),
  unixsocketperm: option(
    permissions,
    0,
    'at-start',
    'Permissions of the Unix socket in octal, such as 700; 0 leaves them to the umask.',
    'Wider permissions admit other users of the machine.',
  ),
  'tcp-backlog': option(
    integer(0, INT32_MAX),
    TCP_BACKLOG_DEFAULT,
    'at-start',
    'Connections that may wait to be accepted.',
    'The kernel cuts it to net.core.somaxconn; too small a value drops bursts of connections.',
  ),
  'tcp-keepalive': option(
    integer(0, INT32_MAX),
    300,
    'at-runtime',
    'Seconds of silence after which the kernel probes a connection; 0 never.',
    'Lower finds dead clients sooner at the price of a packet; it holds for new connections.',
  ),
  timeout: option(
    integer(0, INT32_MAX),
    0,
    'at-runtime',
    'Seconds after which an idle client is disconnected; 0 never.',
    'Connection pools that keep idle connections will see them closed.',
  ),
  maxclients: option(
    integer(1, INT32_MAX),
    CLIENTS_MAX_DEFAULT,
    'at-runtime',
    'Connections served at one time; the next one is told so and closed.',
    'Each costs a file descriptor and its buffers.',
  ),
  'protected-mode': option(
    yesNo,
    true,
    'at-runtime',
    'Refuse clients from other machines while no password is set.',
    'Turning it off without a password gives everybody everything.',
  ),
  'proto-max-bulk-len': option(
    bytes(1 * MiB, BULK_BYTES_MAX_DEFAULT),
    BULK_BYTES_MAX_DEFAULT,
    'at-runtime',
    'Longest argument of a command, and so the longest string.',
    'One client may make the server hold that many bytes; the log format sets the ceiling.',
  ),
  'client-query-buffer-limit': option(
    bytes(1 * MiB),
    QUERY_BUFFER_BYTES_MAX_DEFAULT,
    'at-runtime',
    'Bytes of one unfinished command that are kept for a client.',
    'Lower protects memory; higher admits longer MSET and HSET commands.',
  ),
  'client-output-buffer-limit': option(
    outputLimits,
    {
      normal: {
        hardBytes: NORMAL_OUTPUT_HARD_BYTES_DEFAULT,
        softBytes: NORMAL_OUTPUT_SOFT_BYTES_DEFAULT,
        softSeconds: NORMAL_OUTPUT_SOFT_SECONDS_DEFAULT,
      },
      replica: {
        hardBytes: REPLICA_OUTPUT_HARD_BYTES_DEFAULT,
        softBytes: REPLICA_OUTPUT_SOFT_BYTES_DEFAULT,
        softSeconds: REPLICA_OUTPUT_SOFT_SECONDS_DEFAULT,
      },
      pubsub: {
        hardBytes: PUBSUB_OUTPUT_HARD_BYTES_DEFAULT,
        softBytes: PUBSUB_OUTPUT_SOFT_BYTES_DEFAULT,
        softSeconds: PUBSUB_OUTPUT_SOFT_SECONDS_DEFAULT,
      },
    },
    'at-runtime',
    'Bytes that a client may leave unread: hard limit, soft limit, seconds above the soft one.',
    'Redis leaves normal clients unbounded; here one that never reads is dropped, not fed RAM.',
  ),

  // ---- Security --------------------------------------------------------------------------------
  requirepass: withPrivacy('masked', option(
    text,
    '',
    'at-runtime',
    'Password of the default user; empty for none.',
    'Clients must send AUTH first. The file then holds a secret: give it mode 600.',
  )),
  'enable-debug-command': option(
    oneOf(['no', 'yes', 'local']),
    'no',
    'at-start',
    'Whether DEBUG may be used: by nobody, by all, or by clients of this machine.',
    'DEBUG can stop the server for seconds or end it.',
  ),

  // ---- Data on disk ----------------------------------------------------------------------------
  dir: option(
    text,
    'data',
    'at-start',
    'Directory of the log; made when missing; relative to the working directory.',
    'One server a directory: a second one on it refuses to start.',
  ),
  appendfsync: option(
    oneOf(['everysec', 'always', 'no']),
    'everysec',
    'at-runtime',
    'When a write reaches the disk: before its reply, within a second, or when the kernel likes.',
    'always waits for the disk; everysec can lose a second to a power cut; no can lose more.',
  ),
  'segment-bytes': option(
    bytes(SEGMENT_BYTES_MIN, SEGMENT_START_BYTES_MAX),
    SEGMENT_BYTES_DEFAULT,
    'at-start',
    'Size at which a log file is sealed and the next one begun.',
    'Smaller means more files; larger means more to copy before any space comes back.',
  ),
  'disk-reserve-bytes': option(
    bytes(),
    DISK_RESERVE_BYTES_DEFAULT,
    'at-runtime',
    'Free space below which writes are refused, so that the compactor can still work.',
    'Below one segment, a full disk may not be able to free itself.',
  ),
  'damaged-records': option(
    oneOf(['refuse', 'report']),
    'refuse',
    'at-start',
    'Damage that a start meets: refuse it, or name every damaged place and start without them.',
    'report gives up what is damaged, for good; a peer always refuses: let it start empty instead.',
  ),
  'compaction-disk-ratio': option(
    decimal(1.05, 100),
    COMPACTION_DISK_RATIO_MAX,
    'at-runtime',
    'Log and hints are compacted before they are this many times as large as the live data.',
    'Lower saves disk and rewrites more: at 1.3, 1.5 and 2 about 2.9, 1.9 and 1.3 bytes a byte.',
  ),
  'compaction-min-bytes': option(
    bytes(),
    COMPACTION_MIN_BYTES_DEFAULT,
    'at-runtime',
    'Log size below which nothing is compacted.',
    'Higher leaves more dead bytes on disk and in the time of a restart.',
  ),

  // ---- Peers -----------------------------------------------------------------------------------
  ...PEER_OPTIONS,

  // ---- Memory ----------------------------------------------------------------------------------
  maxmemory: option(
    bytes(),
    0,
    'at-runtime',
    'Budget of index, in-memory tail and caches; 0 takes a quarter of the machine.',
    'Not a limit of the data, which lives on disk: less means more reads from disk.',
  ),
  'maxmemory-policy': option(
    oneOf(
      ['noeviction'],
      'dkvs keeps what does not fit in memory on disk, so it never evicts a key',
    ),
    'noeviction',
    'at-runtime',
    'What happens to keys when memory is full: nothing, they are on disk.',
    'To use dkvs as a cache, give its keys an expiry.',
  ),
  'hot-tail-bytes': option(
    bytes(HOT_TAIL_BYTES_MIN),
    HOT_TAIL_BYTES_DEFAULT,
    'at-start',
    'The newest part of the log, kept in RAM: what was written last is read without the disk.',
    'Taken from maxmemory, of which it is at most a quarter.',
  ),
  'read-cache-bytes': option(
    bytes(),
    0,
    'at-start',
    'Values read from disk that stay in RAM; 0 takes what maxmemory leaves.',
    'Taken from maxmemory; the kernel caches the files as well.',
  ),

  // ---- Keys ------------------------------------------------------------------------------------
  databases: option(
    integer(1, DATABASES_MAX),
    DATABASES_DEFAULT,
    'at-start',
    'Databases that SELECT may choose.',
    'Fewer only hides the others, which keep their keys; peers take what each of them allows.',
  ),
  hz: option(
    clamped(HZ_MIN, HZ_MAX),
    10,
    'at-runtime',
    'How often a second the background work runs: expiry, idle clients, statistics.',
    'Higher removes expired keys sooner and uses more CPU when idle.',
  ),
  'active-expire-effort': option(
    integer(1, 10),
    1,
    'at-runtime',
    'How hard expired keys that nobody reads are looked for.',
    'Each step spends more CPU on it; an expired key is never served at any setting.',
  ),
  'notify-keyspace-events': option(
    eventClasses,
    '',
    'at-runtime',
    'Classes of events published when keys change: K E g $ l s h z x e t d m n, or A.',
    'Every matching write publishes one or two messages more.',
  ),
  'tracking-table-max-keys': option(
    integer(0),
    TRACKED_KEYS_MAX_DEFAULT,
    'at-runtime',
    'Keys remembered for client-side caching; 0 unlimited.',
    'It changes nothing yet: CLIENT TRACKING is refused.',
  ),

  // ---- Encodings: what OBJECT ENCODING answers -------------------------------------------------
  'hash-max-listpack-entries': option(
    integer(0),
    512,
    'at-runtime',
    'Fields up to which a hash calls itself a listpack.',
    'Changes what OBJECT ENCODING says, not how a hash is kept.',
    ['hash-max-ziplist-entries'],
  ),
  'hash-max-listpack-value': option(
    integer(0),
    64,
    'at-runtime',
    'Bytes of a field or value up to which a hash calls itself a listpack.',
    'Changes what OBJECT ENCODING says, not how a hash is kept.',
    ['hash-max-ziplist-value'],
  ),
  'list-max-listpack-size': option(
    integer(-5, INT32_MAX),
    -2,
    'at-runtime',
    'Size up to which a list calls itself a listpack: -1 to -5 for 4 to 64 KB, else elements.',
    'Changes what OBJECT ENCODING says, not how a list is kept.',
    ['list-max-ziplist-size'],
  ),
  'set-max-intset-entries': option(
    integer(0),
    512,
    'at-runtime',
    'Members up to which a set of integers calls itself an intset.',
    'Changes what OBJECT ENCODING says, not how a set is kept.',
  ),
  'set-max-listpack-entries': option(
    integer(0),
    128,
    'at-runtime',
    'Members up to which another set calls itself a listpack, as since Redis 7.2.',
    'Changes what OBJECT ENCODING says, not how a set is kept.',
  ),
  'set-max-listpack-value': option(
    integer(0),
    64,
    'at-runtime',
    'Bytes of a member up to which a set calls itself a listpack, as since Redis 7.2.',
    'Changes what OBJECT ENCODING says, not how a set is kept.',
  ),
  'zset-max-listpack-entries': option(
    integer(0),
    128,
    'at-runtime',
    'Members up to which a sorted set calls itself a listpack.',
    'Changes what OBJECT ENCODING says, not how a sorted set is kept.',
    ['zset-max-ziplist-entries'],
  ),
  'zset-max-listpack-value': option(
    integer(0),
    64,
    'at-runtime',
    'Bytes of a member up to which a sorted set calls itself a listpack.',
    'Changes what OBJECT ENCODING says, not how a sorted set is kept.',
    ['zset-max-ziplist-value'],
  ),

  // ---- HyperLogLogs ----------------------------------------------------------------------------
  'hll-sparse-max-bytes': option(
    bytes(),
    HLL_SPARSE_BYTES_MAX_DEFAULT,
    'at-runtime',
    'Bytes up to which a HyperLogLog is kept sparse; a larger one is dense, of 12 KiB.',
    'Higher saves memory where few elements are counted; PFADD has more to search then.',
  ),

  // ---- Watching the server ---------------------------------------------------------------------
  loglevel: option(
    oneOf(['debug', 'verbose', 'notice', 'warning', 'nothing']),
    'notice',
    'at-runtime',
    'How much is logged.',
    'verbose and debug also log each round of compaction and each connection that broke.',
  ),
  logfile: option(
    text,
    '',
    'at-start',
    'File to append the log of the server to; empty for standard output.',
    'Rotate it with copytruncate, or send SIGHUP after moving it.',
  ),
  'log-format': option(
    oneOf(['auto', 'json', 'text']),
    'auto',
    'at-start',
    'Lines for people, JSON for machines; auto: text on a terminal, JSON elsewhere.',
    'text is laid out in the process and costs more CPU a line.',
  ),
  'slowlog-log-slower-than': option(
    integer(-1),
    10_000,
    'at-runtime',
    'Microseconds above which a command enters SLOWLOG; 0 all of them, -1 none.',
    '0 costs a copy of every command.',
  ),
  'slowlog-max-len': option(
    integer(0),
    SLOWLOG_ENTRIES_MAX_DEFAULT,
    'at-runtime',
    'Entries that SLOWLOG keeps.',
    'RAM for the arguments that each entry keeps.',
  ),
  'latency-monitor-threshold': option(
    integer(0),
    0,
    'at-runtime',
    'Milliseconds above which an event enters LATENCY; 0 never.',
    'One comparison an event.',
  ),
  'shutdown-timeout': option(
    integer(0, INT32_MAX),
    10,
    'at-runtime',
    'Seconds that a stopping server gives its clients, its peers and its disk to finish.',
    'When it runs out, what appendfsync has promised still holds; the next start takes longer.',
  ),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type ConfigValues = ValuesOf<typeof OPTIONS>;
