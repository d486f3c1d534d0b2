// tidy: table
/**
 * Directives of Redis that change nothing in dkvs. A redis.conf in use holds dozens of them; they
 * are checked, kept for CONFIG GET and CONFIG SET, and named once each at start, so that nobody
 * believes in a setting that does nothing.
 *
 * A directive whose silent loss would harm its user (TLS, renamed commands, users) is refused
 * instead, with the reason: either every value, or every value but the harmless one.
 */
import {
  bytes, defaultUser, integer, oneOf, percentiles, saveRules, text, wordList, yesNo,
} from './kinds.ts';
import { accepted, option, withPrivacy, type OptionTable } from './option.ts';

const SNAPSHOT = 'dkvs keeps a log and makes no RDB snapshots';
const APPEND_LOG = 'dkvs always logs; its log compacts itself';
const REPLICA = 'dkvs has peers, not replicas';
const CLUSTER = 'dkvs is not a Redis Cluster node';
const EVICTION = 'dkvs never evicts';
const LAZY = 'dkvs decides by itself how large values are freed';
const FOREGROUND = 'dkvs stays in the foreground: use systemd with Type=simple';
const CPU = 'leave it to taskset or the service manager';
const DEFRAG = 'values live outside the heap that Redis would defragment';
const TLS = 'dkvs does not speak TLS itself; put a TLS proxy in front of it';
const KEPT_PAGES = 'the log format decides how collections are cut';
const SYSLOG = 'send standard output to the journal instead';
const WORDS_MAX = 64;

const number = integer(Number.MIN_SAFE_INTEGER);
const words = wordList(WORDS_MAX);

export const ACCEPTED: OptionTable = {
  // Snapshots and the append-only file.
  save: accepted(saveRules, [], SNAPSHOT),
  'stop-writes-on-bgsave-error': accepted(yesNo, true, SNAPSHOT),
  rdbcompression: accepted(yesNo, true, SNAPSHOT),
  rdbchecksum: accepted(yesNo, true, SNAPSHOT),
  dbfilename: accepted(text, 'dump.rdb', SNAPSHOT),
  'rdb-del-sync-files': accepted(yesNo, false, SNAPSHOT),
  'rdb-save-incremental-fsync': accepted(yesNo, true, SNAPSHOT),
  'sanitize-dump-payload': accepted(oneOf(['no', 'yes', 'clients']), 'no', SNAPSHOT),
  appendonly: accepted(yesNo, true, APPEND_LOG),
  appendfilename: accepted(text, 'appendonly.aof', APPEND_LOG),
  appenddirname: accepted(text, 'appendonlydir', APPEND_LOG),
  'no-appendfsync-on-rewrite': accepted(yesNo, false, APPEND_LOG),
  'auto-aof-rewrite-percentage': accepted(integer(0), 100, 'see compaction-disk-ratio'),
  'auto-aof-rewrite-min-size': accepted(bytes(), 64 * 1024 ** 2, 'see compaction-min-bytes'),
  'aof-load-truncated': accepted(yesNo, true, 'a torn tail is always cut, damage never'),
  'aof-use-rdb-preamble': accepted(yesNo, true, APPEND_LOG),
  'aof-timestamp-enabled': accepted(yesNo, false, APPEND_LOG),
  'aof-rewrite-incremental-fsync': accepted(yesNo, true, APPEND_LOG),
  'aof-disable-auto-gc': accepted(yesNo, false, APPEND_LOG),

  // Process.
  daemonize: accepted(yesNo, false, FOREGROUND),
  supervised: accepted(oneOf(['no', 'upstart', 'systemd', 'auto']), 'no', FOREGROUND),
  pidfile: accepted(text, '', 'the service manager knows the process'),
  'always-show-logo': accepted(yesNo, false, 'what a start says has no logo'),
  'set-proc-title': accepted(yesNo, true, 'the title of the process stays as it is'),
  'proc-title-template': accepted(
    text,
    '{title} {listen-addr} {server-mode}',
    'the title of the process stays as it is',
  ),
  'crash-log-enabled': accepted(yesNo, true, 'Node reports a crash'),
  'crash-memcheck-enabled': accepted(yesNo, true, 'Node reports a crash'),
  'disable-thp': accepted(yesNo, true, 'Node decides about huge pages'),
  'oom-score-adj': accepted(oneOf(['no', 'yes', 'relative', 'absolute']), 'no', CPU),
  'oom-score-adj-values': accepted(words, ['0', '200', '800'], CPU),
  'io-threads': accepted(integer(1, 128), 1, 'the kernel and libuv read and write sockets'),
  'io-threads-do-reads': accepted(yesNo, false, 'the kernel and libuv read and write sockets'),
  server_cpulist: accepted(text, '', CPU, ['server-cpulist']),
  bio_cpulist: accepted(text, '', CPU, ['bio-cpulist']),
  aof_rewrite_cpulist: accepted(text, '', CPU, ['aof-rewrite-cpulist']),
  bgsave_cpulist: accepted(text, '', CPU, ['bgsave-cpulist']),
  'shutdown-on-sigint': accepted(words, ['default'], 'a signal always stops cleanly'),
  'shutdown-on-sigterm': accepted(words, ['default'], 'a signal always stops cleanly'),
  'ignore-warnings': accepted(text, '', 'dkvs has no such warnings'),
  'syslog-enabled': accepted(yesNo, false, SYSLOG),
  'syslog-ident': accepted(text, 'redis', SYSLOG),
  'syslog-facility': accepted(text, 'local0', SYSLOG),
  'socket-mark-id': accepted(integer(0), 0, 'sockets are not marked'),
  'bind-source-addr': accepted(text, '', 'dkvs opens no connections but to its peers'),
  'jemalloc-bg-thread': accepted(yesNo, true, 'dkvs does not use jemalloc'),

  // Memory and eviction.
  'maxmemory-samples': accepted(integer(1), 5, EVICTION),
  'maxmemory-eviction-tenacity': accepted(integer(0, 100), 10, EVICTION),
  'maxmemory-clients': accepted(text, '0', 'see client-output-buffer-limit'),
  'lfu-log-factor': accepted(integer(0), 10, EVICTION),
  'lfu-decay-time': accepted(integer(0), 1, EVICTION),
  'lazyfree-lazy-eviction': accepted(yesNo, false, LAZY),
  'lazyfree-lazy-expire': accepted(yesNo, false, LAZY),
  'lazyfree-lazy-server-del': accepted(yesNo, false, LAZY),
  'lazyfree-lazy-user-del': accepted(yesNo, false, LAZY),
  'lazyfree-lazy-user-flush': accepted(yesNo, false, LAZY),
  activerehashing: accepted(yesNo, true, 'the index grows a page at a time'),
  'dynamic-hz': accepted(yesNo, true, 'the background work adapts by itself'),
  activedefrag: accepted(yesNo, false, DEFRAG),
  'active-defrag-ignore-bytes': accepted(bytes(), 100 * 1024 ** 2, DEFRAG),
  'active-defrag-threshold-lower': accepted(integer(0, 1000), 10, DEFRAG),
  'active-defrag-threshold-upper': accepted(integer(0, 1000), 100, DEFRAG),
  'active-defrag-cycle-min': accepted(integer(1, 99), 1, DEFRAG),
  'active-defrag-cycle-max': accepted(integer(1, 99), 25, DEFRAG),
  'active-defrag-max-scan-fields': accepted(integer(1), 1000, DEFRAG),

  // Encodings without a visible difference.
  'list-compress-depth': accepted(integer(0), 0, KEPT_PAGES),
  'stream-node-max-bytes': accepted(bytes(), 4096, KEPT_PAGES),
  'stream-node-max-entries': accepted(integer(0), 100, KEPT_PAGES),

  // Scripts, users, observation.
  'busy-reply-threshold': accepted(number, 5000, 'a script cannot be interrupted by others', [
    'lua-time-limit',
  ]),
  'latency-tracking': accepted(yesNo, true, 'it cannot be switched off'),
  'latency-tracking-info-percentiles': accepted(
    percentiles,
    ['50', '99', '99.9'],
    'the percentiles shown are fixed',
  ),
  'acllog-max-len': accepted(integer(0), 128, 'the length of ACL LOG is fixed'),
  'acl-pubsub-default': accepted(
    oneOf(['resetchannels', 'allchannels']),
    'resetchannels',
    'no users from a file',
  ),
  'enable-protected-configs': accepted(
    oneOf(['no', 'yes', 'local']),
    'no',
    'no protected option can be changed on a running server',
  ),
  'enable-module-command': accepted(oneOf(['no', 'yes', 'local']), 'no', 'there are no modules'),
  user: withPrivacy('hidden', option(
    defaultUser, '', 'at-start', 'Accepted for compatibility.',
    'the default user has all rights anyway, and its password is that of requirepass',
  )),
  aclfile: accepted(oneOf([''], 'users are not read from a file'), '', 'no users from a file'),

  // Replication and cluster as Redis has them.
  masterauth: withPrivacy('masked', accepted(text, '', REPLICA)),
  masteruser: accepted(text, '', REPLICA),
  'replica-serve-stale-data': accepted(yesNo, true, REPLICA, ['slave-serve-stale-data']),
  'replica-read-only': accepted(yesNo, true, REPLICA, ['slave-read-only']),
  'replica-priority': accepted(integer(0), 100, REPLICA, ['slave-priority']),
  'replica-announced': accepted(yesNo, true, REPLICA),
  'replica-announce-ip': accepted(text, '', REPLICA, ['slave-announce-ip']),
  'replica-announce-port': accepted(integer(0, 65535), 0, REPLICA, ['slave-announce-port']),
  'replica-ignore-maxmemory': accepted(yesNo, true, REPLICA, ['slave-ignore-maxmemory']),
  'replica-ignore-disk-write-errors': accepted(yesNo, false, REPLICA),
  'replica-lazy-flush': accepted(yesNo, false, REPLICA, ['slave-lazy-flush']),
  'repl-diskless-sync': accepted(yesNo, true, REPLICA),
  'repl-diskless-sync-delay': accepted(integer(0), 5, REPLICA),
  'repl-diskless-sync-max-replicas': accepted(integer(0), 0, REPLICA),
  'repl-diskless-load': accepted(text, 'disabled', REPLICA),
  'repl-disable-tcp-nodelay': accepted(yesNo, false, REPLICA),
  'repl-ping-replica-period': accepted(integer(1), 10, REPLICA, ['repl-ping-slave-period']),
  'repl-timeout': accepted(integer(1), 60, REPLICA),
  'repl-backlog-size': accepted(bytes(), 1024 ** 2, REPLICA),
  'repl-backlog-ttl': accepted(integer(0), 3600, REPLICA),
  'propagation-error-behavior': accepted(text, 'ignore', REPLICA),
  'min-replicas-to-write': accepted(
    oneOf(['0'], 'with peers, every write already waits for a majority'),
    '0',
    REPLICA,
    ['min-slaves-to-write'],
  ),
  'min-replicas-max-lag': accepted(integer(0), 10, REPLICA, ['min-slaves-max-lag']),
  'cluster-enabled': accepted(oneOf(['no'], CLUSTER), 'no', CLUSTER),
  'cluster-config-file': accepted(text, 'nodes.conf', CLUSTER),
  'cluster-node-timeout': accepted(integer(0), 15_000, CLUSTER),
  'cluster-migration-barrier': accepted(integer(0), 1, CLUSTER),
  'cluster-require-full-coverage': accepted(yesNo, true, CLUSTER),
  'cluster-replica-validity-factor': accepted(integer(0), 10, CLUSTER, [
    'cluster-slave-validity-factor',
  ]),
  'cluster-replica-no-failover': accepted(yesNo, false, CLUSTER, ['cluster-slave-no-failover']),
  'cluster-allow-reads-when-down': accepted(yesNo, false, CLUSTER),
  'cluster-allow-pubsubshard-when-down': accepted(yesNo, true, CLUSTER),
  'cluster-allow-replica-migration': accepted(yesNo, true, CLUSTER),
  'cluster-link-sendbuf-limit': accepted(bytes(), 0, CLUSTER),
  'cluster-announce-ip': accepted(text, '', CLUSTER),
  'cluster-announce-hostname': accepted(text, '', CLUSTER),
  'cluster-announce-port': accepted(integer(0, 65535), 0, CLUSTER),
  'cluster-announce-tls-port': accepted(integer(0, 65535), 0, CLUSTER),
  'cluster-announce-bus-port': accepted(integer(0, 65535), 0, CLUSTER),
  'cluster-port': accepted(integer(0, 65535), 0, CLUSTER),
  'cluster-preferred-endpoint-type': accepted(text, 'ip', CLUSTER),

  // TLS: everything but "off" is refused, because a client would believe that it is protected.
  'tls-port': accepted(oneOf(['0'], TLS), '0', TLS),
  'tls-replication': accepted(oneOf(['no'], TLS), 'no', TLS),
  'tls-cluster': accepted(oneOf(['no'], TLS), 'no', TLS),
  'tls-cert-file': accepted(oneOf([''], TLS), '', TLS),
  'tls-key-file': accepted(oneOf([''], TLS), '', TLS),
  'tls-ca-cert-file': accepted(oneOf([''], TLS), '', TLS),
  'tls-ca-cert-dir': accepted(oneOf([''], TLS), '', TLS),
  'tls-auth-clients': accepted(text, 'yes', TLS),
  'tls-protocols': accepted(text, '', TLS),
  'tls-ciphers': accepted(text, '', TLS),
  'tls-ciphersuites': accepted(text, '', TLS),
  'tls-prefer-server-ciphers': accepted(yesNo, false, TLS),
  'tls-session-caching': accepted(yesNo, true, TLS),
  'tls-session-cache-size': accepted(integer(0), 20_480, TLS),
  'tls-session-cache-timeout': accepted(integer(0), 300, TLS),
};

/** Directives that no value makes harmless, and what to do instead. */
export const REFUSED: Readonly<Record<string, string>> = {
  loadmodule: 'dkvs has no modules; remove this line',
  'rename-command': 'commands cannot be renamed or disabled here; restrict who may connect instead',
  replicaof: 'dkvs does not replicate from a master; configure peers instead',
  slaveof: 'dkvs does not replicate from a master; configure peers instead',
};
