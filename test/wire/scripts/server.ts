/**
 * The server about itself: every reply that Redis 7.0 would give as well, which is mostly errors
 * and what an idle server replies.
 */

import { script, type Script } from './script.ts';

const COMMAND = script([
  'COMMAND FOO', 'COMMAND COUNT x', 'COMMAND GETKEYS', 'COMMAND GETKEYS get',
  'COMMAND GETKEYS get a b', 'COMMAND GETKEYS get a', 'COMMAND GETKEYS foo a b',
  'COMMAND GETKEYS ping a', 'COMMAND GETKEYS mset a b c d', 'COMMAND GETKEYS MSET a b c',
  'COMMAND GETKEYS memory usage k', 'COMMAND GETKEYS spublish a b', 'COMMAND GETKEYS client id',
  'COMMAND GETKEYS client foo', 'COMMAND GETKEYS bitop and a b c', 'COMMAND GETKEYSANDFLAGS get a',
  'COMMAND GETKEYSANDFLAGS ping a', 'COMMAND GETKEYSANDFLAGS strlen a b',
  'COMMAND LIST FOO', 'COMMAND LIST FILTERBY', 'COMMAND LIST FILTERBY PATTERN',
  'COMMAND LIST FILTERBY FOO x', 'COMMAND LIST FILTERBY ACLCAT nosuch',
  'COMMAND LIST FILTERBY MODULE x', 'COMMAND LIST FILTERBY PATTERN nosuch*',
  'COMMAND LIST FILTERBY PATTERN DISC*', 'COMMAND INFO nosuch', 'COMMAND INFO GET nosuch',
  'COMMAND INFO echo auth hello reset multi exec discard unwatch debug monitor GET',
  'COMMAND INFO shutdown save bgrewriteaof replicaof slaveof publish subscribe unsubscribe',
  'COMMAND INFO client|id client|kill client|setname command|count config|get acl|whoami',
  'COMMAND INFO CLIENT|PAUSE',
  'COMMAND DOCS nosuch', 'COMMAND DOCS client|nosuch',
]);

const CONFIG = script([
  'CONFIG', 'CONFIG FOO', 'CONFIG GET', 'CONFIG GET nosuch', 'CONFIG GET nosuch none*',
  'CONFIG GET maxmemory-policy', 'CONFIG GET maxmemory-policy maxmemory-policy', 'CONFIG SET',
  'CONFIG SET maxmemory', 'CONFIG SET maxmemory 1 foo', 'CONFIG SET maxmemory 0 maxmemory 0',
  'CONFIG SET foo 1', 'CONFIG SET maxmemory 0 foo 1', 'CONFIG REWRITE x', 'CONFIG RESETSTAT',
  'CONFIG RESETSTAT x', 'CONFIG SET slowlog-max-len 100', 'CONFIG GET slowlog-max-len',
  'CONFIG SET slowlog-max-len 128 hz 20', 'CONFIG GET hz', 'CONFIG SET hz 10',
  'CONFIG REWRITE',
]);

const CONTROL = script([
  'SHUTDOWN FOO', 'SHUTDOWN SAVE NOSAVE', 'SHUTDOWN NOSAVE SAVE', 'SHUTDOWN ABORT',
  'SHUTDOWN ABORT NOW', 'SHUTDOWN NOW ABORT', 'SHUTDOWN NOW FOO', 'SAVE x', 'BGSAVE x',
  'BGSAVE SCHEDULE x', 'BGREWRITEAOF x', 'DEBUG', 'DEBUG FOO', 'DEBUG SLEEP 0', 'DEBUG OBJECT a',
  'MONITOR x',
]);

const LOOKING = script([
  'INFO nosuch', 'INFO modules', 'INFO cluster', 'INFO cluster nosuch CLUSTER',
  'INFO Cluster Modules',
  'MEMORY', 'MEMORY FOO', 'MEMORY USAGE', 'MEMORY USAGE nosuch', 'MEMORY USAGE nosuch SAMPLES',
  'MEMORY USAGE nosuch SAMPLES x', 'MEMORY USAGE nosuch SAMPLES -1', 'MEMORY USAGE nosuch FOO 1',
  'MEMORY USAGE nosuch SAMPLES 5 SAMPLES 0', 'MEMORY PURGE', 'MEMORY PURGE x', 'MEMORY STATS x',
  'SLOWLOG', 'SLOWLOG FOO', 'SLOWLOG GET x', 'SLOWLOG GET -2', 'SLOWLOG GET 1 2', 'SLOWLOG LEN x',
  'SLOWLOG RESET', 'SLOWLOG LEN', 'SLOWLOG GET', 'SLOWLOG GET -1', 'SLOWLOG GET 0',
  'LATENCY', 'LATENCY FOO', 'LATENCY LATEST', 'LATENCY LATEST x', 'LATENCY HISTORY',
  'LATENCY HISTORY foo', 'LATENCY RESET', 'LATENCY RESET foo bar', 'LATENCY HISTOGRAM nosuch',
  'LATENCY DOCTOR x',
]);

export const serverScript: Script = [...COMMAND, ...CONFIG, ...CONTROL, ...LOOKING];
