/** MULTI, EXEC, DISCARD, WATCH on one connection. Replies equal those of Redis 7.0. */

import { script, type Script } from './script.ts';

export const transactionScript: Script = script([
  'MULTI x', 'EXEC', 'EXEC x', 'DISCARD', 'DISCARD x', 'UNWATCH', 'UNWATCH x', 'WATCH',
  'MULTI', 'MULTI', 'WATCH a', 'SET a 1', 'GET a', 'EXEC', 'GET a',
  'MULTI', 'EXEC', 'MULTI', 'DISCARD', 'EXEC', 'DISCARD',
  'MULTI', 'SET a 2', 'DISCARD', 'GET a',
  // What cannot be queued breaks the transaction; what fails when it runs does not.
  'MULTI', 'FOO', 'SET a 3', 'EXEC', 'GET a', 'MULTI', 'GET', 'EXEC', 'MULTI', 'GET', 'DISCARD',
  'MULTI', 'CLIENT FOO', 'EXEC', 'MULTI', 'EXEC x', 'EXEC', 'MULTI', 'DISCARD x', 'EXEC',
  'MULTI', 'SHUTDOWN', 'EXEC', 'MULTI', 'SAVE', 'SET a 3', 'EXEC', 'GET a', 'MULTI', 'WATCH',
  'EXEC', 'MULTI', 'MULTI', 'SET a 4', 'EXEC', 'GET a',
  'MULTI', 'INCR a', ['SET', 'b', 'x'], 'INCR b', 'INCR a', 'LCS a', 'EXEC', 'MULTI',
  'INCR a', 'INCR b', 'INCR a', 'EXEC', 'GET a', 'GET b',
  // Watching.
  'WATCH a', 'SET a 1', 'MULTI', 'GET a', 'EXEC', 'MULTI', 'GET a', 'EXEC',
  'WATCH a a b', 'MULTI', 'SET a 2', 'EXEC', 'WATCH a', 'UNWATCH', 'SET a 3', 'MULTI', 'PING',
  'EXEC', 'WATCH a', 'SET a 3', 'MULTI', 'FOO', 'EXEC', 'WATCH a', 'SET a 3', 'MULTI', 'DISCARD',
  'MULTI', 'PING', 'EXEC', 'WATCH none', 'SET none 1', 'MULTI', 'PING', 'EXEC', 'WATCH none', 'DEL none',
  'MULTI', 'PING', 'EXEC', 'WATCH none', 'DEL none', 'MULTI', 'PING', 'EXEC',
  'WATCH a', 'GET a', 'EXISTS a', 'MULTI', 'PING', 'EXEC',
  'WATCH a', 'SET b y', 'MULTI', 'PING', 'EXEC', 'WATCH a b', 'SET b y', 'MULTI', 'PING', 'EXEC',
  'WATCH a', 'SELECT 1', 'SET a other', 'SELECT 0', 'MULTI', 'PING', 'EXEC',
  'SELECT 1', 'DEL a', 'SELECT 0', 'WATCH a', 'PEXPIREAT a 32503680000000', 'MULTI', 'PING', 'EXEC',
  'WATCH a', 'FLUSHDB', 'MULTI', 'PING', 'EXEC', 'WATCH a', 'FLUSHDB', 'MULTI', 'PING', 'EXEC',
  'SET a 1', 'WATCH a', 'FLUSHALL', 'MULTI', 'PING', 'EXEC',
  // Inside: the database, the connection, and what is not queued.
  'MULTI', 'SELECT 1', 'SET c 1', 'SELECT 0', 'GET c', 'EXEC', 'GET c', 'SELECT 1', 'GET c',
  'DEL c',
  'SELECT 0', 'MULTI', 'UNWATCH', 'PING', 'PING x', 'ECHO y', 'CLIENT GETNAME', 'AUTH x', 'ROLE',
  'EXEC', 'MULTI', 'SUBSCRIBE ch', 'PING', 'UNSUBSCRIBE ch', 'PING', 'EXEC',
  'MULTI', 'EVALX', 'RESET', 'EXEC',
  'DEL a b', 'DBSIZE',
]);
