/** Hashes: every option and every error. Replies equal those of Redis 7.0. */

import { script, type Script } from './script.ts';

const BINARY = '\x00f\xff\r\n';
const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';
const LONG_64 = 'x'.repeat(64);
const LONG_65 = 'x'.repeat(65);

const FIELDS = script([
  'HSET h a 1', 'HSET h a 1', 'HSET h a 2 b 3', 'HSET h a 4 c 5 c 6 d 7', 'HGETALL h', 'HKEYS h',
  'HVALS h', 'HLEN h', 'TYPE h', 'HSET h', 'HSET h a', 'HSET h a 1 b', 'HSET', 'HGET h',
  'HGET h a b',
  'HGET h a', 'HGET h nothing', 'HGET nothing a', 'hget h A', 'HMGET h a nothing c a', 'HMGET h',
  'HMGET nothing a b', 'HMSET h a 10 e 11', 'HMSET h a', 'HMSET h a 1 b', 'HMSET h', 'HGETALL h',
  'HSETNX h a 20', 'HSETNX h f 21', 'HSETNX h', 'HSETNX h a 1 b 2', 'HSETNX fresh a 1',
  'HGETALL fresh',
  'HEXISTS h a', 'HEXISTS h nothing', 'HEXISTS nothing a', 'HEXISTS h', 'HSTRLEN h a',
  'HSTRLEN h nothing', 'HSTRLEN nothing a', 'HSTRLEN h', 'HLEN nothing', 'HLEN', 'HLEN a b',
  'HGETALL nothing', 'HKEYS nothing', 'HVALS nothing', 'HGETALL', 'HKEYS a b', 'HVALS',
  'HDEL h', 'HDEL h nothing', 'HDEL nothing a', 'HDEL h a', 'HDEL h a', 'HGETALL h', 'HSET h a 30',
  'HGETALL h', 'HDEL h c c nothing d', 'HGETALL h', 'HDEL h a b c d e f', 'EXISTS h', 'HGETALL h',
  'HDEL fresh a', 'TYPE fresh', 'DBSIZE',
  ['HSET', BINARY, BINARY, BINARY, '', ''], ['HGET', BINARY, BINARY], ['HGET', BINARY, ''],
  ['HSTRLEN', BINARY, BINARY], ['HGETALL', BINARY], ['HEXISTS', BINARY, ''], ['HDEL', BINARY, ''],
  ['HKEYS', BINARY], ['HDEL', BINARY, BINARY], ['EXISTS', BINARY], ['HSET', '', '', ''],
  ['HGETALL', ''], ['HDEL', '', ''],
  ['HSET', 'utf', 'naïve', 'café'], 'HGETALL utf', ['HSTRLEN', 'utf', 'naïve'], 'DEL utf',
]);

const WRONG_TYPES = script([
  'SET s v', 'HSET s a 1', 'HSET s a', 'HSET s a 1 b', 'HMSET s a 1', 'HSETNX s a 1', 'HGET s a',
  'HMGET s a', 'HGETALL s', 'HKEYS s', 'HVALS s', 'HLEN s', 'HEXISTS s a', 'HSTRLEN s a',
  'HDEL s a',
  'HINCRBY s a 1', 'HINCRBY s a x', 'HINCRBYFLOAT s a 1', 'HINCRBYFLOAT s a x', 'HRANDFIELD s',
  'HRANDFIELD s 1', 'HRANDFIELD s x', 'HRANDFIELD s 1 x', 'HSCAN s 0', 'HSCAN s x',
  'HSCAN s 0 COUNT x',
  'DEL s', 'HSET h a 1', 'GET h', 'APPEND h x', 'INCR h', 'STRLEN h', 'GETSET h v',
  'SETRANGE h 0 x',
  'MGET h', 'SET h v', 'GET h', 'HSET h a 1', 'DEL h', 'DBSIZE',
]);

const NUMBERS = script([
  'HINCRBY h n 5', 'HINCRBY h n -7', 'HGET h n', 'HINCRBY h n 0', 'HINCRBY h n x',
  'HINCRBY h n 1.5',
  'HINCRBY h n', ['HINCRBY', 'h', 'n', ''], ['HINCRBY', 'h', 'n', ' 1'], 'HINCRBY h n +1',
  'HINCRBY h n 9223372036854775808', `HSET h max ${MAX} min ${MIN} text abc float 1.5 empty 0`,
  'HINCRBY h max 1', `HINCRBY h max ${MIN}`, `HSET h max ${MAX}`, 'HINCRBY h max 0',
  'HINCRBY h max -1', 'HINCRBY h min -1', 'HINCRBY h min 1', `HINCRBY h min ${MAX}`, 'HGETALL h',
  'HINCRBY h text 1', 'HINCRBY h float 1', ['HSET', 'h', 'empty', ''], 'HINCRBY h empty 1',
  ['HSET', 'h', 'spaced', ' 1'], 'HINCRBY h spaced 1', 'HSET h zeros 007', 'HINCRBY h zeros 1',
  'HINCRBY fresh n 3', 'HGETALL fresh', 'HINCRBY none n x', 'EXISTS none', 'HDEL fresh n',
  'HINCRBYFLOAT h f 10.5', 'HINCRBYFLOAT h f 0.1', 'HGET h f', 'HINCRBYFLOAT h f -10.6',
  'HINCRBYFLOAT h f 5.0e3', 'HINCRBYFLOAT h f x', 'HINCRBYFLOAT h f', 'HINCRBYFLOAT h f inf',
  'HINCRBYFLOAT h f -inf', 'HINCRBYFLOAT h f nan', ['HINCRBYFLOAT', 'h', 'f', ''],
  ['HINCRBYFLOAT', 'h', 'f', ' 1'], 'HINCRBYFLOAT h text 1', 'HINCRBYFLOAT h empty 1',
  'HINCRBYFLOAT h spaced 1', 'HINCRBYFLOAT h n 0.3', 'HGET h n', 'HINCRBY h n 1',
  'HINCRBYFLOAT fresh f 3.0', 'HGET fresh f', 'HSET h inf inf', 'HINCRBYFLOAT h inf 1',
  'HINCRBYFLOAT none f x', 'EXISTS none', 'HSET h a 0.1', 'HINCRBYFLOAT h a 0.2',
  'HINCRBYFLOAT h a 1e25', 'HINCRBYFLOAT h big 1e4931', 'HINCRBYFLOAT h big 1.1e4932',
  `HINCRBYFLOAT h max2 ${MAX}`, 'HINCRBY h max2 -7',
  'DEL h', 'DEL fresh', 'DBSIZE',
]);

const RANDOM = script([
  'HRANDFIELD h', 'HRANDFIELD h 1', 'HRANDFIELD h -1', 'HRANDFIELD h 2 WITHVALUES', 'HSET h a 1',
  'HRANDFIELD h', 'HRANDFIELD h 0', 'HRANDFIELD h 1', 'HRANDFIELD h 5', 'HRANDFIELD h -3',
  'HRANDFIELD h 1 WITHVALUES', 'HRANDFIELD h -2 withvalues', 'HRANDFIELD h 0 WITHVALUES',
  'HRANDFIELD h x', 'HRANDFIELD h 1.5', 'HRANDFIELD h 1 WITHSCORES', 'HRANDFIELD h x WITHSCORES',
  'HRANDFIELD h 1 WITHVALUES x', 'HRANDFIELD', `HRANDFIELD h ${MAX}`, `HRANDFIELD h ${MIN}`,
  'HRANDFIELD h 9223372036854775808', `HRANDFIELD h ${MAX} WITHVALUES`,
  `HRANDFIELD h ${MIN} WITHVALUES`, 'HRANDFIELD h 4611686018427387903 WITHVALUES',
  'HRANDFIELD h 4611686018427387904 WITHVALUES', 'HRANDFIELD h -4611686018427387904 WITHVALUES',
  'HRANDFIELD none -9223372036854775807', `HRANDFIELD none ${MIN}`,
  'HRANDFIELD none -4611686018427387904 WITHVALUES',
  'HRANDFIELD none 4611686018427387904 WITHVALUES',
  'HRANDFIELD none 4611686018427387903 WITHVALUES',
  'HSET h b 2 c 3', 'HRANDFIELD h 3', 'HRANDFIELD h 10 WITHVALUES', 'DEL h', 'DBSIZE',
]);

const SCAN = script([
  'HSCAN h 0', 'HSCAN h x', 'HSCAN h', 'HSET h a 1 bb 2 abc 3', 'HSCAN h 0', 'HSCAN h 0 COUNT 1',
  'HSCAN h 0 MATCH a*', 'HSCAN h 0 MATCH * COUNT 100', 'HSCAN h 0 MATCH nothing',
  'HSCAN h 0 COUNT 0',
  'HSCAN h 0 COUNT -1', 'HSCAN h 0 COUNT x', 'HSCAN h 0 COUNT', 'HSCAN h 0 MATCH',
  'HSCAN h 0 FOO 1',
  'HSCAN h 0 TYPE string', 'HSCAN h 0 COUNT 9223372036854775807', 'HSCAN h 7',
  'HSCAN h 0 COUNT 9223372036854775808', ['HSCAN', 'h', ''], ['HSCAN', 'h', ' 0'], 'HSCAN h -1x',
  'HSCAN h 18446744073709551616', 'HSCAN h +0', 'HSCAN h 007', 'HSCAN h -', 'HSCAN h 1.0',
  'HSCAN none 0 FOO', 'HSCAN none 0 COUNT x', 'HSCAN none x COUNT x', 'HSCAN h x COUNT x',
  'HSCAN h 0 match A* match b*', ['HSCAN', 'h', '0', 'MATCH', ''], 'DEL h', 'DBSIZE',
]);

const many = Array.from({ length: 512 }, (_, i) => [`f${i}`, `${i}`]).flat();

const ENCODINGS = script([
  ['HSET', 'h', 'f', LONG_64], 'OBJECT ENCODING h', ['HSET', 'h', LONG_64, '1'],
  'OBJECT ENCODING h',
  ['HSET', 'h', 'f', LONG_65], 'OBJECT ENCODING h', 'HSET h f 1', 'OBJECT ENCODING h', 'DEL h',
  ['HSET', 'h', LONG_65, '1'], 'OBJECT ENCODING h', 'HLEN h', ['HDEL', 'h', LONG_65],
  ['HSET', 'h', ...many], 'OBJECT ENCODING h', 'HGETALL h', 'HDEL h f0 f100 f511', 'HKEYS h',
  'HSET h f0 again', 'HVALS h', 'HSET h f100 1 f511 1', 'HLEN h', 'OBJECT ENCODING h',
  'HSET h one-more 1', 'OBJECT ENCODING h', 'HDEL h one-more', 'OBJECT ENCODING h', 'HGET h f300',
  ['HDEL', 'h', ...many.filter((_, i) => i % 2 === 0)], 'EXISTS h',
  ['HSETNX', 'h', 'f', LONG_65], 'OBJECT ENCODING h', ['HSTRLEN', 'h', 'f'], 'DEL h',
  ['HSET', 'h', 'f', LONG_65], 'COPY h h2', 'OBJECT ENCODING h2', 'RENAME h2 h',
  'OBJECT ENCODING h',
  'DEL h', 'DBSIZE',
]);

export const hashScript: Script =
  [...FIELDS, ...WRONG_TYPES, ...NUMBERS, ...RANDOM, ...SCAN, ...ENCODINGS];
