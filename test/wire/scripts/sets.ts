/** Sets: every option and every error. Replies equal those of Redis 7.0. */

import { script, type Script } from './script.ts';

const BINARY = '\x00m\xff\r\n';
const LONG = 'x'.repeat(65);

const MEMBERS = script([
  'SADD s 3 1 2 1', 'SADD s 1', 'SADD s 2 4 4', 'SMEMBERS s', 'SCARD s', 'TYPE s',
  'OBJECT ENCODING s', 'SISMEMBER s 1', 'SISMEMBER s 9', 'SISMEMBER none 1', 'SISMEMBER s',
  'SISMEMBER s 1 2', 'SMISMEMBER s 1 9 1', 'SMISMEMBER none 1 2', 'SMISMEMBER s', 'SCARD none',
  'SCARD', 'SCARD a b', 'SADD', 'SADD s', 'SMEMBERS none', 'SMEMBERS', 'SMEMBERS a b',
  'SREM s', 'SREM none a', 'SREM s 9', 'SREM s 1 1 9 2', 'SMEMBERS s', 'SREM s 3 4', 'EXISTS s',
  'SADD s -5 10 9223372036854775807 -9223372036854775808 007 9223372036854775808', 'SMEMBERS s',
  'OBJECT ENCODING s', 'DEL s', 'SADD s -5 10 9223372036854775807 -9223372036854775808', 'SMEMBERS s',
  'OBJECT ENCODING s', 'SADD s a', 'SREM s a', 'SMEMBERS s', 'DEL s',
  ['SADD', BINARY, BINARY, '', BINARY], ['SMEMBERS', BINARY], ['SISMEMBER', BINARY, ''],
  ['SREM', BINARY, ''], ['SREM', BINARY, BINARY], 'DBSIZE', ['SADD', 's', LONG], 'SMEMBERS s',
  'OBJECT ENCODING s', 'DEL s',
]);

const WRONG_TYPES = script([
  'SET k v', 'SADD k a', 'SADD k', 'SREM k a', 'SISMEMBER k a', 'SMISMEMBER k a', 'SCARD k',
  'SMEMBERS k', 'SMOVE k s a', 'SMOVE none k a', 'SADD s a', 'SMOVE s k a', 'SMOVE s k b',
  'SMOVE s s a', 'SMOVE s s b', 'SPOP k', 'SPOP k 1', 'SPOP k 0', 'SPOP k x', 'SRANDMEMBER k',
  'SRANDMEMBER k 1', 'SRANDMEMBER k x', 'SSCAN k 0', 'SSCAN k x', 'SINTER s k', 'SINTER none k',
  'SINTER k none', 'SUNION none k', 'SUNION s k', 'SDIFF none k', 'SDIFF s k', 'SDIFF k s',
  'SINTERSTORE d none k', 'SINTERSTORE d s k', 'SUNIONSTORE d s k', 'SDIFFSTORE d s k',
  'SINTERCARD 1 k', 'SINTERCARD 2 none k', 'SINTERCARD 2 k none', 'GET s', 'APPEND s x',
  'INCR s', 'HSET s a 1', 'STRLEN s', 'SINTERSTORE k s s', 'TYPE k', 'SET k v', 'SUNIONSTORE k none',
  'EXISTS k', 'DEL s',
]);

const MOVING = script([
  'SADD a 1 2 3', 'SMOVE a b 1', 'SMEMBERS a', 'SMEMBERS b', 'SMOVE a b 1', 'SMOVE a b 9', 'SADD b 2',
  'SMOVE a b 2', 'SMEMBERS a', 'SMEMBERS b', 'SMOVE a b 3', 'EXISTS a', 'SMOVE a b 3', 'SMOVE b b 3',
  'SMOVE b b 9', 'SMOVE a b', 'SMOVE a b c d', 'SMOVE none b 1', 'PEXPIREAT b 32503680000000',
  'SMOVE b a 1', 'PEXPIRETIME b', 'PEXPIRETIME a', 'DEL a b',
]);

const CHANCE = script([
  'SADD s 1 2 3', 'SPOP s 0', 'SPOP s -1', 'SPOP s x', 'SPOP s 1.5', 'SPOP s 1 2', 'SPOP s 3',
  'EXISTS s', 'SPOP s', 'SPOP s 1', 'SPOP s 0', 'SPOP s -1', 'SADD s only', 'SPOP s', 'EXISTS s',
  'SADD s only', 'SPOP s 9', 'EXISTS s', 'SPOP', 'SADD s only', 'SRANDMEMBER s', 'SRANDMEMBER s 0',
  'SRANDMEMBER s 1', 'SRANDMEMBER s 5', 'SRANDMEMBER s -3', 'SRANDMEMBER none', 'SRANDMEMBER none 1',
  'SRANDMEMBER none -1', 'SRANDMEMBER s x', 'SRANDMEMBER s 1 2', 'SRANDMEMBER',
  'SRANDMEMBER s -9223372036854775808', 'SRANDMEMBER s 9223372036854775807', 'SADD s 2 3',
  'SRANDMEMBER s 2', 'SRANDMEMBER s 3', 'SRANDMEMBER s -7', 'DEL s',
  'SADD s 1 2 3', 'SSCAN s 0', 'SSCAN s 0 COUNT 1', 'SSCAN s 0 MATCH 2', 'SSCAN s 0 COUNT 0',
  'SSCAN s 0 COUNT x', 'SSCAN s 0 NOSUCH', 'SSCAN s 0 TYPE set', 'SSCAN s x', 'SSCAN s', 'SSCAN none 0',
  'SSCAN none 0 COUNT x', 'SADD s a', 'SSCAN s 0 MATCH *', 'DEL s',
]);

const ALGEBRA = script([
  'SADD a 1 2 3 4', 'SADD b 2 4 6', 'SADD c 4 x y', 'SINTER a', 'SINTER a b', 'SINTER a b c',
  'SINTER a none', 'SINTER none', 'SINTER a a', 'SINTER', 'SUNION a b', 'SUNION a c', 'SUNION none',
  'SUNION a none', 'SUNION', 'SDIFF a b', 'SDIFF a b c', 'SDIFF a', 'SDIFF none a', 'SDIFF a none',
  'SDIFF a a', 'SDIFF c a', 'SDIFF', 'SINTERSTORE d a b', 'SMEMBERS d', 'OBJECT ENCODING d',
  'SINTERSTORE d a none', 'EXISTS d', 'SINTERSTORE d none', 'SINTERSTORE d', 'SUNIONSTORE d a b',
  'SMEMBERS d', 'SUNIONSTORE d d c', 'SMEMBERS d', 'SUNIONSTORE d none', 'EXISTS d', 'SUNIONSTORE d',
  'SDIFFSTORE d a b', 'SMEMBERS d', 'SDIFFSTORE d d a', 'EXISTS d', 'SDIFFSTORE d', 'SADD d q',
  'PEXPIREAT d 32503680000000', 'SUNIONSTORE d a', 'PEXPIRETIME d', 'SINTERSTORE a a b', 'SMEMBERS a',
  'SADD a 1 3', 'SINTERCARD 2 a b', 'SINTERCARD 2 a b LIMIT 1', 'SINTERCARD 2 a b LIMIT 0',
  'SINTERCARD 2 a b LIMIT 9', 'SINTERCARD 2 a b LIMIT -1', 'SINTERCARD 2 a b LIMIT x',
  'SINTERCARD 2 a b LIMIT', 'SINTERCARD 2 a b NOSUCH 1', 'SINTERCARD 2 a b LIMIT 1 LIMIT 2',
  'SINTERCARD 0 a', 'SINTERCARD -1 a', 'SINTERCARD x a', 'SINTERCARD 3 a b', 'SINTERCARD 1 none',
  'SINTERCARD 1', 'SINTERCARD', 'DEL a b c d',
]);

export const setScript: Script = [...MEMBERS, ...WRONG_TYPES, ...MOVING, ...CHANCE, ...ALGEBRA];
