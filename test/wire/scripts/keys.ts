/**
 * Keys whatever their type, and databases: every option and every error. Replies equal Redis 7.0's.
 */

import { script, type Script } from './script.ts';

const BINARY = '\x00k\xff\r\n';
const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';
/** Seconds around those that 64 bits of milliseconds can hold. */
const ODD_TIMES = [
  '9223372036854776', '-9223372036854775', '-9223372036854776', '9223372036854775808',
];
const FAR = '32503680000000';

const EXISTENCE = script([
  'DEL a', 'SET a 1', 'HSET h f v', 'EXISTS a', 'EXISTS none', 'EXISTS a h none a', 'EXISTS', 'DEL',
  'UNLINK', 'TOUCH', 'TYPE', 'TYPE a b', 'TYPE a', 'TYPE h', 'TYPE none', 'TOUCH a h none a',
  'DEL a none a', 'EXISTS a', 'UNLINK h h none', 'EXISTS h', 'TYPE h', ['SET', BINARY, 'x'],
  ['EXISTS', BINARY], ['TYPE', BINARY], ['DEL', BINARY], ['EXISTS', ''], ['SET', '', 'x'],
  ['EXISTS', ''], ['UNLINK', ''], 'SET a 1 PXAT 1', 'EXISTS a', 'DEL a', 'TYPE a', 'DBSIZE',
]);

const EXPIRY = script([
  'EXPIRE none 10', 'PEXPIRE none 10', 'EXPIREAT none 10', 'PEXPIREAT none 10', 'TTL none',
  'PTTL none',
  'EXPIRETIME none', 'PEXPIRETIME none', 'PERSIST none', 'SET k v', 'TTL k', 'PTTL k',
  'EXPIRETIME k',
  'PEXPIRETIME k', 'PERSIST k', 'EXPIRE k 100', 'TTL k', 'PERSIST k', 'TTL k', 'PERSIST k',
  'PEXPIRE k 100000', 'TTL k', `PEXPIREAT k ${FAR}`, 'PEXPIRETIME k', 'EXPIRETIME k',
  'EXPIREAT k 32503680001', 'PEXPIRETIME k', 'PEXPIREAT k 32503680000499', 'EXPIRETIME k',
  'PEXPIREAT k 32503680000500', 'EXPIRETIME k', 'PEXPIRETIME k', 'EXPIRE k', 'EXPIRE', 'EXPIRE k x',
  'EXPIRE k 1.5', ['EXPIRE', 'k', ''], 'EXPIRE k 10 FOO', 'EXPIRE k x FOO', 'EXPIRE k 10 NX XX',
  'EXPIRE k 10 NX GT', 'EXPIRE k 10 LT NX', 'EXPIRE k 10 GT LT', 'EXPIRE k 10 XX LT GT',
  'EXPIRE k x NX XX', 'EXPIRE k 10 NX NX FOO', 'TTL', 'TTL a b', 'PERSIST', 'PERSIST a b', 'PTTL',
  'EXPIRETIME', 'PEXPIRETIME a b', 'PEXPIREAT k', 'EXPIREAT k', 'PEXPIRE k',
  // Not those that only Redis can keep: dkvs refuses what is beyond 2^48 - 1 ms.
  ...Object.entries({
    EXPIRE: [MAX, MIN, '9223372036854775', ...ODD_TIMES],
    EXPIREAT: [MAX, MIN, '281474976710', ...ODD_TIMES],
    PEXPIRE: [MAX, MIN, '-9223372036854775', '9223372036854775808'],
    PEXPIREAT: [MIN, '281474976710655', '-9223372036854775', '9223372036854775808'],
  }).flatMap(([name, times]) => times.flatMap((time) => [
    `${name} k ${time}`, 'PEXPIRETIME k', 'EXISTS k', 'SET k v',
  ])),
  'EXPIRE k 0', 'EXISTS k', 'SET k v', 'EXPIRE k -1', 'EXISTS k', 'SET k v', 'EXPIREAT k 1',
  'EXISTS k',
  'SET k v', 'PEXPIREAT k 1', 'EXISTS k', 'SET k v', 'PEXPIREAT k -5', 'EXISTS k', 'SET k v',
  'PEXPIRE k 0 XX', 'EXISTS k', `PEXPIREAT k ${FAR} XX`, 'PEXPIRETIME k', `PEXPIREAT k ${FAR} GT`,
  'PEXPIRETIME k', `PEXPIREAT k ${FAR} LT`, 'PEXPIRETIME k', `PEXPIREAT k ${FAR} NX`,
  `PEXPIREAT k ${FAR} LT`, `PEXPIREAT k ${FAR} GT`, 'PEXPIREAT k 32503680000001 NX',
  'PEXPIRETIME k',
  'PEXPIREAT k 32503680000001 GT', 'PEXPIRETIME k', 'PEXPIREAT k 32503680000001 LT',
  'PEXPIREAT k 32503680000000 LT', 'PEXPIRETIME k', 'PEXPIREAT k 32503680000009 xx gt',
  'PEXPIRETIME k', 'PEXPIREAT k 32503680000008 XX LT', 'PEXPIRETIME k', 'PERSIST k',
  `PEXPIREAT k ${FAR} XX LT`, `PEXPIREAT k ${FAR} XX GT`, `PEXPIREAT k ${FAR} NX`,
  'PEXPIREAT k 1 GT',
  'EXISTS k', 'PEXPIREAT k 1 NX', 'EXISTS k', 'PEXPIREAT k 1 LT', 'EXISTS k', 'HSET h f v',
  `PEXPIREAT h ${FAR}`, 'HSET h g w', 'PEXPIRETIME h', 'HINCRBY h n 1', 'HDEL h f', 'PEXPIRETIME h',
  'HDEL h g n', 'HSET h f v', 'TTL h', 'EXPIRE h 0', 'HGETALL h', 'DBSIZE',
]);

const RENAMING = script([
  'RENAME none a', 'RENAMENX none a', 'RENAME none none', 'RENAMENX none none', 'RENAME a',
  'RENAMENX a',
  'RENAME a b c', 'SET a 1', 'RENAME a a', 'RENAMENX a a', 'RENAME a b', 'GET b', 'EXISTS a',
  `PEXPIREAT b ${FAR}`, 'SET c 2', 'RENAMENX b c', 'GET c', 'RENAME b c', 'GET c', 'PEXPIRETIME c',
  'EXISTS b', 'RENAMENX c d', 'GET d', 'PEXPIRETIME d', 'HSET h f v g w', `PEXPIREAT h ${FAR}`,
  'RENAME h d', 'HGETALL d', 'PEXPIRETIME d', 'TYPE d', 'HSET d x y', 'HGETALL d', 'SET s 1',
  'RENAME s d', 'GET d', 'PEXPIRETIME d', 'TYPE d', 'APPEND d 2', 'OBJECT ENCODING d', 'RENAME d e',
  'OBJECT ENCODING e', 'SETRANGE e 2000 x', 'RENAME e f', 'STRLEN f', 'OBJECT ENCODING f', 'DEL f',
  'SET a 1 PXAT 1', 'RENAME a b', 'SET a 1', 'SET b 2 PXAT 1', 'RENAMENX a b', 'GET b', 'DEL b',
  'DBSIZE',
]);

const COPYING = script([
  'COPY a b', 'COPY a a', 'COPY a', 'SET a 1', 'COPY a a', 'COPY a a REPLACE', 'COPY a b', 'GET b',
  'COPY a b', 'SET a 2', 'COPY a b REPLACE', 'GET b', `PEXPIREAT a ${FAR}`, 'COPY a b replace',
  'PEXPIRETIME b', 'PEXPIRETIME a', 'COPY a b FOO', 'COPY a b DB', 'COPY a b DB x',
  'COPY a b DB 16',
  'COPY a b DB -1', 'COPY a b DB 99999999999', 'COPY a b DB 9223372036854775808',
  'COPY a b DB 1 FOO',
  'COPY a b REPLACE REPLACE', 'COPY a a DB 0', 'COPY a a DB 1', 'COPY a a DB 1', 'SELECT 1',
  'GET a',
  'PEXPIRETIME a', 'SET a other', 'COPY a a DB 0', 'COPY a a DB 0 REPLACE',
  'COPY a b DB 1 DB 0 REPLACE',
  'SELECT 0', 'GET a', 'GET b', 'PEXPIRETIME b', 'HSET h f v', 'COPY h g', 'HSET g f w x y',
  'HGETALL h',
  'HGETALL g', 'COPY h a REPLACE', 'HGETALL a', 'COPY none a REPLACE', 'EXISTS a', 'SET s 1 PXAT 1',
  'COPY s t', 'SET s 1', 'COPY s t DB 1 REPLACE', 'SELECT 1', 'DEL a', 'DEL t', 'DBSIZE',
  'SELECT 0',
  'DEL a b h g s t', 'DBSIZE',
]);

const MOVING = script([
  'MOVE a', 'MOVE a 1 2', 'MOVE a x', 'MOVE a 16', 'MOVE a -1', 'MOVE a 99999999999', 'MOVE a 0',
  'MOVE a 1', 'SET a 1', 'MOVE a 0', `PEXPIREAT a ${FAR}`, 'MOVE a 1', 'EXISTS a', 'SET a 2',
  'MOVE a 1',
  'GET a', 'SELECT 1', 'GET a', 'PEXPIRETIME a', 'SET a 3 PXAT 1', 'SELECT 0', 'MOVE a 1',
  'EXISTS a',
  'HSET h f v', 'MOVE h 1', 'HGETALL h', 'SELECT 1', 'GET a', 'HGETALL h', 'MOVE h 15', 'SELECT 15',
  'HGETALL h', 'DBSIZE', 'DEL h', 'SELECT 1', 'DEL a h', 'SELECT 0', 'DBSIZE',
]);

const SCANNING = script([
  'KEYS', 'KEYS a b', 'KEYS *', 'SCAN', 'SCAN 0', 'SCAN x', 'RANDOMKEY', 'RANDOMKEY a',
  'SET key:1 v',
  'KEYS *', 'KEYS key:?', 'KEYS key:[2-9]', 'KEYS nothing*', ['KEYS', ''], 'KEYS k*1', 'RANDOMKEY',
  'SCAN 0', 'SCAN 0 COUNT 100', 'SCAN 0 MATCH key*', 'SCAN 0 MATCH no*', 'SCAN 0 TYPE string',
  'SCAN 0 TYPE STRING', 'SCAN 0 TYPE hash', 'SCAN 0 TYPE nonsense',
  'SCAN 0 COUNT 10 MATCH * TYPE string',
  'SCAN 0 COUNT 0', 'SCAN 0 COUNT -5', 'SCAN 0 COUNT x', 'SCAN 0 COUNT', 'SCAN 0 MATCH',
  'SCAN 0 TYPE',
  'SCAN 0 FOO bar', 'SCAN 0 COUNT x FOO', 'SCAN 0 FOO COUNT', 'SCAN x COUNT x', 'SCAN -x',
  ['SCAN', ''], ['SCAN', ' 0'], 'SCAN 0 COUNT 9223372036854775807',
  'SCAN 0 COUNT 9223372036854775808',
  'SCAN 18446744073709551616', 'SCAN 00', 'SCAN 0.0', 'SET gone v PXAT 1', 'KEYS *', 'EXISTS gone',
  'RANDOMKEY',  'DEL key:1', ['SET', BINARY, 'x'], 'KEYS *', 'SCAN 0', 'RANDOMKEY', ['KEYS',
  '\x00*'], ['DEL', BINARY],
  'HSET h f v', 'SCAN 0 TYPE hash', 'SCAN 0 TYPE string', 'DEL h', 'DBSIZE',
]);

const OBJECTS = script([
  'OBJECT', 'OBJECT FOO', 'OBJECT FOO k', 'OBJECT ENCODING', 'OBJECT ENCODING a b', 'OBJECT HELP x',
  'OBJECT ENCODING none', 'OBJECT FREQ none', 'OBJECT IDLETIME none', 'OBJECT REFCOUNT none',
  'SET k hello', 'OBJECT ENCODING k', 'object encoding k', 'OBJECT FREQ k', 'OBJECT IDLETIME k',
  'OBJECT REFCOUNT k', 'OBJECT FREQ', 'OBJECT IDLETIME', 'OBJECT REFCOUNT', 'SET k 12345678',
  'OBJECT ENCODING k', 'APPEND k 9', 'OBJECT ENCODING k', 'DEL k', 'DBSIZE',
]);

const DATABASES = script([
  'SELECT', 'SELECT x', 'SELECT 16', 'SELECT -1', 'SELECT 1.5', 'SELECT 99999999999',
  'SELECT 9223372036854775808', 'SELECT 0 1', 'SELECT 15', 'SET a 15', 'DBSIZE', 'SELECT 0',
  'DBSIZE',
  'SET a 0', 'SWAPDB 0', 'SWAPDB 0 x', 'SWAPDB x 0', 'SWAPDB x y', 'SWAPDB 0 16', 'SWAPDB 16 0',
  'SWAPDB -1 0', 'SWAPDB 0 99999999999', 'SWAPDB 99999999999 0', 'SWAPDB 16 x', 'SWAPDB 0 0',
  'SWAPDB 0 15', 'GET a', 'SELECT 15', 'GET a', 'SWAPDB 15 0', 'GET a', 'FLUSHDB FOO',
  'FLUSHDB ASYNC X',
  'FLUSHDB', 'GET a', 'DBSIZE', 'FLUSHDB', 'FLUSHDB async', 'FLUSHDB SYNC', 'SELECT 0', 'GET a',
  'DBSIZE X',
  'FLUSHALL FOO', 'FLUSHALL SYNC ASYNC', 'SELECT 3', 'SET b 3', 'HSET h f v', 'FLUSHALL', 'DBSIZE',
  'GET b', 'HGETALL h', 'HSET h f w', 'HGETALL h', 'SELECT 0', 'DBSIZE', 'FLUSHALL ASYNC',
  'FLUSHALL SYNC', 'DBSIZE',
]);

export const keyScript: Script = [
  ...EXISTENCE, ...EXPIRY, ...RENAMING, ...COPYING, ...MOVING, ...SCANNING, ...OBJECTS,
  ...DATABASES,
];
