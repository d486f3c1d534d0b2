/**
 * INFO's sections, with the fields of Redis 7.2 under Redis's names, so that what reads them
 * (clients, exporters, `redis-cli --stat`) finds them. A field that says nothing about dkvs has the
 * value that an idle Redis gives. What only dkvs knows is in the section Dkvs.
 */

import type { CommandStat, InfoSection } from '../commands/server-port.ts';
import type { ErrorStat } from './command-stats.ts';
import { formatAmount } from './format-amount.ts';
import type { DatabaseFacts, InfoSource, StoreFacts } from './info-source.ts';
import { allocatorUse, divideMemory } from './memory-report.ts';
import { replicationFields, type Field } from './replication-fields.ts';

const SECONDS_PER_DAY = 86_400;
const LRU_CLOCK_END = 2 ** 24;

/** In the order in which INFO prints them. */
export function infoSections(source: InfoSource): readonly InfoSection[] {
  return [
    section('Server', () => serverFields(source)),
    section('Clients', () => clientFields(source)),
    section('Memory', () => memoryFields(source)),
    section('Persistence', () => persistenceFields(source)),
    section('Stats', () => statsFields(source)),
    section('Replication', () => replicationFields(source.server.runId, source.peers)),
    section('CPU', () => cpuFields(source)),
    section('Modules', () => []),
    section('Commandstats', () => source.commands.map(commandField), false),
    section('Errorstats', () => source.errors.map(errorField)),
    section('Latencystats', () => latencyFields(source), false),
    section('Cluster', () => [['cluster_enabled', 0]]),
    section('Keyspace', () => source.databases.map(databaseField)),
    section('Dkvs', () => dkvsFields(source)),
  ];
}

function section(title: string, fields: () => readonly Field[], byDefault = true): InfoSection {
  return { title, byDefault, fields };
}

function serverFields({ server }: InfoSource): Field[] {
  const uptime = Math.max(0, Math.floor((server.nowMs - server.startedAtMs) / 1000));
  return [
    ['redis_version', server.redisVersion],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', `dkvs-${server.version}`],
    ['redis_mode', 'standalone'],
    ['os', server.os],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', 'libuv'],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['process_id', server.processId],
    ['process_supervised', 'no'],
    ['run_id', server.runId],
    ['tcp_port', server.tcpPort],
    ['server_time_usec', server.nowMs * 1000],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / SECONDS_PER_DAY)],
    ['hz', server.hz],
    ['configured_hz', server.hz],
    ['lru_clock', Math.floor(server.nowMs / 1000) % LRU_CLOCK_END],
    ['executable', server.executable],
    ['config_file', server.configFile],
    ['io_threads_active', 0],
    ...server.listening.map((place, i): Field => [`listener${i}`, describeListener(place)]),
  ];
}

function describeListener(place: string): string {
  const colon = place.lastIndexOf(':');
  if (place.startsWith('/') || colon < 0) return `name=unix,bind=${place}`;
  return `name=tcp,bind=${place.slice(0, colon)},port=${place.slice(colon + 1)}`;
}

function clientFields({ clients }: InfoSource): Field[] {
  return [
    ['connected_clients', clients.connected],
    ['cluster_connections', 0],
    ['maxclients', clients.max],
    ['client_recent_max_input_buffer', clients.largestQueryBufferBytes],
    ['client_recent_max_output_buffer', clients.largestOutputBytes],
    ['blocked_clients', clients.blocked],
    ['tracking_clients', 0],
    ['pubsub_clients', clients.pubsub],
    ['watching_clients', clients.watching],
    ['clients_in_timeout_table', clients.withTimeout],
    ['total_watched_keys', clients.watchedKeys],
    ['total_blocking_keys', clients.blockingKeys],
    ['total_blocking_keys_on_nokey', 0],
  ];
}

/** `used_memory` is what the process holds; the data itself is on disk. */
function memoryFields(source: InfoSource): Field[] {
  const { memory, clients } = source;
  const { usedBytes, peakBytes, residentBytes, maxBytes, systemBytes, startupBytes } = memory;
  const { overhead, dataset } = divideMemory(source);
  const { active, allocated } = allocatorUse(memory);
  const fragmentation = residentBytes / Math.max(1, usedBytes);
  return [
    ...withHuman('used_memory', usedBytes),
    ...withHuman('used_memory_rss', residentBytes),
    ...withHuman('used_memory_peak', peakBytes),
    ['used_memory_peak_perc', percent(usedBytes, peakBytes)],
    ['used_memory_overhead', overhead],
    ['used_memory_startup', startupBytes],
    ['used_memory_dataset', dataset],
    ['used_memory_dataset_perc', percent(dataset, usedBytes - startupBytes)],
    ['allocator_allocated', allocated],
    ['allocator_active', active],
    ['allocator_resident', residentBytes],
    ...withHuman('total_system_memory', systemBytes),
    ...withHuman('used_memory_lua', 0),
    ['used_memory_vm_eval', 0],
    ['used_memory_scripts_eval', 0],
    ['used_memory_vm_functions', 0],
    ...withHuman('used_memory_vm_total', 0),
    ['used_memory_functions', 0],
    ...withHuman('used_memory_scripts', 0),
    ['number_of_cached_scripts', 0],
    ['number_of_functions', 0],
    ['number_of_libraries', 0],
    ...withHuman('maxmemory', maxBytes),
    ['maxmemory_policy', memory.policy],
    ['allocator_frag_ratio', (active / Math.max(1, allocated)).toFixed(2)],
    ['allocator_frag_bytes', active - allocated],
    ['allocator_rss_ratio', (residentBytes / Math.max(1, active)).toFixed(2)],
    ['allocator_rss_bytes', residentBytes - active],
    // Node's allocator is asked for all of it, so nothing is left over.
    ['rss_overhead_ratio', '1.00'],
    ['rss_overhead_bytes', 0],
    ['mem_fragmentation_ratio', fragmentation.toFixed(2)],
    ['mem_fragmentation_bytes', residentBytes - usedBytes],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', clients.bufferBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', source.store.backlogBytes],
    ['mem_allocator', 'v8'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', 0],
  ];
}

/** The log is what Redis calls the append-only file, and a round of compaction its rewrite. */
function persistenceFields({ saves, store, peers }: InfoSource): Field[] {
  const isLoading = peers?.notServing?.code === 'LOADING';
  const compacting = store.isCompacting ? 1 : 0;
  const status = store.failure === undefined ? 'ok' : 'err';
  return [
    ['loading', isLoading ? 1 : 0],
    ['async_loading', 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', '0.00'],
    ['current_save_keys_processed', 0],
    ['current_save_keys_total', 0],
    ['rdb_changes_since_last_save', saves.changesSince],
    ['rdb_bgsave_in_progress', saves.isRunning ? 1 : 0],
    ['rdb_last_save_time', saves.lastAt],
    ['rdb_last_bgsave_status', saves.hasFailed ? 'err' : status],
    ['rdb_last_bgsave_time_sec', saves.lastSeconds],
    ['rdb_current_bgsave_time_sec', saves.runningSeconds],
    ['rdb_saves', saves.count],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', 0],
    ['rdb_last_load_keys_loaded', store.recoveredKeys],
    ['aof_enabled', 1],
    ['aof_rewrite_in_progress', compacting],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', store.lastCompactionSeconds],
    ['aof_current_rewrite_time_sec', -1],
    ['aof_last_bgrewrite_status', store.compactionFailures === 0 ? 'ok' : 'err'],
    ['aof_rewrites', store.compactions],
    ['aof_rewrites_consecutive_failures', store.compactionFailures],
    ['aof_last_write_status', status],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ['aof_current_size', store.logBytes],
    ['aof_base_size', store.liveBytes],
    ['aof_pending_rewrite', 0],
    ['aof_buffer_length', store.backlogBytes],
    ['aof_pending_bio_fsync', store.pendingSyncs],
    ['aof_delayed_fsync', 0],
    ...tornTailFields(store),
  ];
}

/** What the start cut from the end of the log. */
function tornTailFields({ tornTails, hasNotesFailed }: StoreFacts): Field[] {
  const last = tornTails.at(-1);
  return [
    ['log_tail_cuts', tornTails.length],
    ['log_last_cut_file', last?.file ?? ''],
    ['log_last_cut_offset', last?.offset ?? 0],
    ['log_last_cut_bytes', last?.bytes ?? 0],
    ['log_synced_note_status', hasNotesFailed ? 'err' : 'ok'],
  ];
}

function statsFields({ stats }: InfoSource): Field[] {
  return [
    ['total_connections_received', stats.connections],
    ['total_commands_processed', stats.calls],
    ['instantaneous_ops_per_sec', Math.round(stats.callsPerSecond)],
    ['total_net_input_bytes', stats.bytesIn],
    ['total_net_output_bytes', stats.bytesOut],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', kilobytes(stats.bytesInPerSecond)],
    ['instantaneous_output_kbps', kilobytes(stats.bytesOutPerSecond)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_subkeys', stats.expiredFields],
    ['expired_keys', stats.expiredKeys],
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', 0],
    ['expire_cycle_cpu_milliseconds', 0],
    ['evicted_keys', 0],
    ['evicted_clients', 0],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', stats.hits],
    ['keyspace_misses', stats.misses],
    ['pubsub_channels', stats.channels],
    ['pubsub_patterns', stats.patterns],
    ['pubsubshard_channels', stats.shardChannels],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', 0],
    ['tracking_total_items', 0],
    ['tracking_total_prefixes', 0],
    ['unexpected_error_replies', 0],
    ['total_error_replies', stats.errorReplies],
    ['undelivered_blocking_replies', stats.undeliveredReplies],
    ['dump_payload_sanitizations', 0],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['client_output_buffer_limit_disconnections', stats.outputLimitCloses],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
  ];
}

function cpuFields({ cpu }: InfoSource): Field[] {
  return [
    ['used_cpu_sys', cpu.systemSeconds.toFixed(6)],
    ['used_cpu_user', cpu.userSeconds.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

function commandField(stat: CommandStat): Field {
  const { name, calls, microseconds, rejected, failed } = stat;
  const perCall = (calls === 0 ? 0 : microseconds / calls).toFixed(2);
  return [
    `cmdstat_${name}`,
    `calls=${calls},usec=${microseconds},usec_per_call=${perCall},` +
      `rejected_calls=${rejected},failed_calls=${failed}`,
  ];
}

function errorField({ code, count }: ErrorStat): Field {
  return [`errorstat_${code}`, `count=${count}`];
}

function latencyFields({ commands }: InfoSource): Field[] {
  return commands
    .filter(({ calls }) => calls > 0)
    .map(({ name, latency }) => {
      const micros = (p: number): string => (latency.percentile(p) / 1000).toFixed(3);
      const text = `p50=${micros(50)},p99=${micros(99)},p99.9=${micros(99.9)}`;
      return [`latency_percentiles_usec_${name}`, text];
    });
}

function databaseField(facts: DatabaseFacts): Field {
  const { index, keys, expires, averageTtlMs, expiringHashes } = facts;
  const ofKeys = `keys=${keys},expires=${expires},avg_ttl=${averageTtlMs}`;
  return [`db${index}`, `${ofKeys},subexpiry=${expiringHashes}`];
}

function dkvsFields({ server, stats, store }: InfoSource): Field[] {
  const reads = store.cacheHits + store.cacheMisses;
  return [
    ['dkvs_version', server.version],
    ['node_version', server.nodeVersion],
    ['appendfsync', store.policy],
    ['log_segments', store.segments],
    ...withHuman('log_bytes', store.logBytes),
    ...withHuman('log_live_bytes', store.liveBytes),
    ...withHuman('log_dead_bytes', Math.max(0, store.logBytes - store.liveBytes)),
    ['log_syncs', store.syncs],
    ['log_failure', store.failure ?? ''],
    ['compaction_running', store.isCompacting ? 1 : 0],
    ['compaction_rounds', store.compactions],
    ['compaction_failures', store.compactionFailures],
    ['damaged_places', store.damagedPlaces],
    ['read_errors', store.readErrors],
    ['last_bad_read', store.lastBadRead ?? ''],
    ...withHuman('index_bytes', store.indexBytes),
    ...withHuman('hot_tail_bytes', store.hotTailBytes),
    ...withHuman('read_cache_bytes', store.readCacheBytes),
    ...withHuman('live_values_bytes', store.liveValueBytes),
    ...withHuman('maxmemory_needed_bytes', store.neededBytes),
    ['read_cache_hits', store.cacheHits],
    ['read_cache_misses', store.cacheMisses],
    ['read_cache_hit_perc', percent(store.cacheHits, reads)],
    ['protocol_errors', stats.protocolErrors],
    ['recovery_ms', Math.round(store.recoveryMs)],
    ['recovered_keys', store.recoveredKeys],
  ];
}

function withHuman(name: string, bytes: number): Field[] {
  return [[name, Math.round(bytes)], [`${name}_human`, formatAmount(Math.round(bytes))]];
}

function percent(part: number, whole: number): string {
  return `${(whole <= 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(2);
}
