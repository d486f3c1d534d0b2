/** Commands of subcommands: what each replies to wrong, missing and superfluous arguments. */

import { script, type Script } from './script.ts';

const USERS = script([
  'ACL LOG RESET', 'ACL', 'ACL FOO', 'ACL SAVE', 'ACL LOAD', 'ACL SAVE x', 'ACL LOAD x',
  'ACL WHOAMI', 'ACL WHOAMI x',
  'ACL USERS', 'ACL LIST', 'ACL CAT', 'ACL CAT nosuch', 'ACL CAT a b', 'ACL GETUSER default',
  'ACL GETUSER nosuch', 'ACL DELUSER default', 'ACL DELUSER nosuch', 'ACL LOG', 'ACL LOG x',
  'ACL LOG RESET', 'ACL LOG 1 2', 'ACL SETUSER', 'ACL GENPASS x', 'ACL GENPASS 0',
  'ACL GENPASS -1', 'ACL GENPASS 4097', 'ACL GENPASS 1 2', 'ACL DRYRUN nosuch get',
  'ACL DRYRUN default nosuch', 'ACL DRYRUN default get', 'ACL DRYRUN default get k',
  'ACL DRYRUN default get k j', 'ACL DRYRUN default client', 'ACL DRYRUN default client id',
  'ACL DRYRUN default client id x', 'ACL DRYRUN default client nosuch',
  'ACL DRYRUN default MSET a b c', 'ACL DRYRUN default command',
]);

const MORE = script([
  'LATENCY GRAPH', 'LATENCY GRAPH nosuch', 'LATENCY GRAPH a b', 'LATENCY HELP x', 'OBJECT HELP x',
  'MEMORY DOCTOR x', 'MEMORY MALLOC-STATS x', 'CLIENT TRACKING', 'CLIENT TRACKING x',
  'CLIENT TRACKING ON x', 'CLIENT TRACKING ON REDIRECT', 'CLIENT TRACKING ON REDIRECT 99999',
  'CLIENT TRACKING OFF', 'CLIENT CACHING YES', 'CLIENT CACHING NO', 'CLIENT GETREDIR',
  'CLIENT TRACKINGINFO', 'CLIENT NO-EVICT x', 'CLIENT NO-EVICT ON', 'CLIENT UNBLOCK x',
  'CLIENT UNBLOCK 99999', 'CLIENT UNBLOCK 99999 x', 'CLIENT UNBLOCK 99999 ERROR',
  'CONFIG GET MAXMEMORY-POLICY', 'CONFIG GET MaxMemory maxmemory', 'CONFIG GET maxmemory MAXMEMORY',
  'CONFIG GET timeout databases maxclients nosuch', 'CONFIG SET appendfsync x',
  'CONFIG SET save x', 'CONFIG SET timeout -1', 'CONFIG SET notify-keyspace-events Q',
  'DEBUG RELOAD x', 'DEBUG RELOAD NOSAVE x', 'DEBUG SLEEP -1', 'DEBUG SLEEP x', 'LOLWUT VERSION x',
  'REPLICAOF a b', 'REPLICAOF a 99999', 'REPLICAOF a -1', 'REPLICAOF no ONE', 'SLAVEOF a x',
  'SLOWLOG GET 1.5', 'HELLO 4', 'HELLO x', 'HELLO 3 AUTH', 'HELLO 3 AUTH a b', 'HELLO 3 SETNAME',
  'AUTH', 'AUTH x', 'AUTH a b c', 'AUTH nosuch x', 'SWAPDB 0 99', 'SWAPDB x 0', 'SWAPDB 0 x',
  'FLUSHALL x', 'FLUSHDB ASYNC SYNC',
]);

export const familiesScript: Script = [...USERS, ...MORE];
