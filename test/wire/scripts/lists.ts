/**
 * Lists: every option and every error. Replies equal those of Redis 7.0. What Redis 7.2 does in
 * another way is left out: OBJECT ENCODING, since lists are listpacks from then on, and LPOS with a
 * RANK of -2^63, which is an error from then on.
 */

import { script, type Script } from './script.ts';

const BINARY = '\x00f\xff\r\n';
const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';
const TOO_LARGE = '9223372036854775808';

const ENDS = script([
  'LPUSH l a', 'LPUSH l b c', 'RPUSH l d e', 'LRANGE l 0 -1', 'LLEN l', 'TYPE l', 'LPUSH', 'LPUSH l',
  'RPUSH', 'RPUSH l', 'LPUSHX l', 'RPUSHX l', 'LPUSHX none a', 'RPUSHX none a b', 'EXISTS none',
  'LPUSHX l x y', 'RPUSHX l x y', 'LRANGE l 0 -1', 'LLEN', 'LLEN none', 'LLEN a b',
  'LPOP l', 'RPOP l', 'LPOP l 2', 'RPOP l 2', 'LRANGE l 0 -1', 'LPOP l 0', 'RPOP l 0', 'LPOP none',
  'RPOP none', 'LPOP none 0', 'RPOP none 1', 'LPOP none -1', 'LPOP l -1', 'LPOP l x', 'RPOP l 1.5',
  'LPOP l 1 2', 'LPOP none 1 2', 'RPOP l 1 2', 'LPOP', 'RPOP', `LPOP l ${TOO_LARGE}`,
  ['LPOP', 'l', ''], `LPOP l ${MIN}`, 'LRANGE l 0 -1', `RPOP l ${MAX}`, 'EXISTS l', 'LPOP l', 'LPOP l 1',
  ['RPUSH', BINARY, BINARY, '', '\xff'], ['LRANGE', BINARY, '0', '-1'], ['LPOP', BINARY],
  ['LINDEX', BINARY, '0'], ['RPOP', BINARY], ['RPOP', BINARY], ['EXISTS', BINARY], 'DBSIZE',
]);

const RANGES = script([
  'RPUSH l 0 1 2 3 4 5 6 7 8 9', 'LRANGE l 0 0', 'LRANGE l 3 5', 'LRANGE l -3 -1', 'LRANGE l -100 2',
  'LRANGE l 5 100', 'LRANGE l 5 4', 'LRANGE l 10 20', 'LRANGE l -1 0', `LRANGE l ${MIN} ${MAX}`,
  `LRANGE l ${MAX} ${MIN}`, `LRANGE l 0 ${TOO_LARGE}`, 'LRANGE l x 0', 'LRANGE l 0 x', 'LRANGE l 0',
  'LRANGE l 0 1 2', 'LRANGE none 0 -1', 'LRANGE none x y', 'LRANGE none 5 1',
  'LINDEX l 0', 'LINDEX l 9', 'LINDEX l 10', 'LINDEX l -1', 'LINDEX l -10', 'LINDEX l -11',
  'LINDEX l x', 'LINDEX l', 'LINDEX none 0', 'LINDEX none x', `LINDEX l ${MAX}`, `LINDEX l ${MIN}`,
  `LINDEX l ${TOO_LARGE}`,
  'LSET l 0 a', 'LSET l -1 b', 'LSET l 4 longer-than-before', 'LSET l 10 x', 'LSET l -11 x',
  'LSET l x x', 'LSET none 0 x', 'LSET none x x', 'LSET l 0', `LSET l ${MAX} x`, 'LRANGE l 0 -1',
  'LTRIM l 1 -2', 'LRANGE l 0 -1', 'LTRIM l 0 -1', 'LTRIM l -100 100', 'LTRIM l 2 4',
  'LRANGE l 0 -1', 'LTRIM l x 1', 'LTRIM l 1 x', 'LTRIM none x 1', 'LTRIM none 0 1', 'LTRIM l 1',
  'LTRIM l 2 1', 'EXISTS l', 'RPUSH l a b', 'LTRIM l 5 10', 'EXISTS l', 'RPUSH l a b',
  `LTRIM l ${MAX} ${MIN}`, 'EXISTS l', 'DBSIZE',
]);

const ANYWHERE = script([
  'RPUSH l a b c b a', 'LINSERT l BEFORE b x', 'LINSERT l after b y', 'LRANGE l 0 -1',
  'LINSERT l BEFORE nothing x', 'LINSERT none BEFORE a x', 'LINSERT l BESIDE a x',
  'LINSERT none BESIDE a x', 'LINSERT l BEFORE a', 'LINSERT l AFTER a x y', 'LINSERT l AFTER a z',
  'LINSERT l BEFORE a w', 'LRANGE l 0 -1', ['LINSERT', 'l', 'BEFORE', 'a', ''],
  'LREM l 1 a', 'LRANGE l 0 -1', 'LREM l -1 b', 'LRANGE l 0 -1', 'LREM l 0 nothing', 'LREM l x a',
  'LREM none x a', 'LREM none 0 a', 'LREM l 0', `LREM l ${MIN} a`,
  `LREM none ${MIN} a`,
  `LREM l ${TOO_LARGE} a`, `LREM l ${MAX} x`, `LREM l -${MAX} y`, ['LREM', 'l', '0', ''],
  'LRANGE l 0 -1', 'LREM l 0 z', 'LREM l 0 b', 'LREM l 0 c', 'LREM l 0 a', 'LREM l 0 w', 'EXISTS l',
  'RPUSH l 1 01 1.0 1 -1', 'LREM l 0 1', 'LRANGE l 0 -1', 'DEL l',
]);

const POSITIONS = script([
  'RPUSH l a b c 1 2 3 c c', 'LPOS l c', 'LPOS l nothing', 'LPOS none c', 'LPOS l c RANK 1',
  'LPOS l c RANK 2', 'LPOS l c rank 4', 'LPOS l c RANK -1', 'LPOS l c RANK -2', 'LPOS l c RANK -4',
  'LPOS l c RANK 0', 'LPOS l c RANK x', `LPOS l c RANK ${MAX}`,
  `LPOS l c RANK -${MAX}`, 'LPOS l c COUNT 0', 'LPOS l c COUNT 1', 'LPOS l c COUNT 2',
  'LPOS l c COUNT 10', 'LPOS l c COUNT -1', 'LPOS l c COUNT x', 'LPOS l nothing COUNT 0',
  'LPOS none c COUNT 0', 'LPOS none c COUNT 2', 'LPOS l c COUNT 0 RANK 2', 'LPOS l c COUNT 0 RANK -1',
  'LPOS l c COUNT 2 RANK -2', 'LPOS l c COUNT 0 MAXLEN 3', 'LPOS l c MAXLEN 2', 'LPOS l c MAXLEN 3',
  'LPOS l c MAXLEN 0', 'LPOS l c MAXLEN -1', 'LPOS l c MAXLEN x', 'LPOS l c RANK -1 MAXLEN 1',
  'LPOS l a RANK -1 MAXLEN 7', 'LPOS l a RANK -1 MAXLEN 8', 'LPOS l c COUNT 0 RANK -1 MAXLEN 3',
  'LPOS l c COUNT', 'LPOS l c RANK', 'LPOS l c FOO', 'LPOS l c FOO 1', 'LPOS l c RANK 1 COUNT',
  'LPOS l c RANK 0 COUNT x', 'LPOS l c COUNT x RANK 0', 'LPOS l c RANK 2 RANK 1', 'LPOS l 1',
  'LPOS l', 'LPOS', 'LPOS none c RANK 0', 'LPOS l c COUNT 1 RANK 9', 'DEL l',
]);

const MOVES = script([
  'RPUSH l a b c', 'RPOPLPUSH l m', 'LRANGE l 0 -1', 'LRANGE m 0 -1', 'RPOPLPUSH l l',
  'LRANGE l 0 -1', 'RPOPLPUSH none m', 'RPOPLPUSH none s', 'RPOPLPUSH l', 'LMOVE l m LEFT RIGHT',
  'LMOVE l m RIGHT LEFT', 'EXISTS l', 'LRANGE m 0 -1', 'LMOVE m m LEFT RIGHT', 'LMOVE m m RIGHT LEFT',
  'LMOVE m m LEFT LEFT', 'LMOVE m m RIGHT RIGHT', 'LRANGE m 0 -1', 'LMOVE m l left right',
  'LMOVE none m LEFT RIGHT', 'LMOVE m l LEFT', 'LMOVE m l UP RIGHT', 'LMOVE m l LEFT DOWN',
  'LMOVE none l UP RIGHT', 'LMOVE l l LEFT RIGHT', 'LRANGE l 0 -1', 'EXPIRE l 1000',
  'RPOPLPUSH l l', 'PERSIST l', 'SET s v', 'RPOPLPUSH s l', 'RPOPLPUSH l s', 'RPOPLPUSH none s',
  'LMOVE s l LEFT LEFT', 'LMOVE l s LEFT LEFT', 'LRANGE l 0 -1',
  'LMPOP 1 l LEFT', 'LMPOP 1 l LEFT', 'LMPOP 2 none m RIGHT', 'RPUSH m 1 2 3 4 5',
  'LMPOP 2 none m left COUNT 2', 'LMPOP 2 m none RIGHT COUNT 1', 'LMPOP 1 none LEFT COUNT 5',
  'LMPOP 0 m LEFT', 'LMPOP -1 m LEFT', 'LMPOP x m LEFT', `LMPOP ${MAX} m LEFT`,
  `LMPOP ${TOO_LARGE} m LEFT`, 'LMPOP 2 m LEFT', 'LMPOP 1 m UP', 'LMPOP 1 m', 'LMPOP 1 m LEFT COUNT',
  'LMPOP 1 m LEFT COUNT 0', 'LMPOP 1 m LEFT COUNT x', 'LMPOP 1 m LEFT COUNT -1',
  'LMPOP 1 m LEFT COUNT 1 COUNT 1', 'LMPOP 1 m LEFT COUNT 1 x', 'LMPOP 1 m LEFT FOO 1',
  'LMPOP 2 s m LEFT', 'LMPOP 2 none s LEFT', 'LMPOP 1 m LEFT COUNT 100', 'EXISTS m', 'DEL s',
  'DBSIZE',
]);

const WRONG_TYPES = script([
  'SET s v', 'LPUSH s a', 'RPUSH s a', 'LPUSHX s a', 'RPUSHX s a', 'LPOP s', 'LPOP s 1', 'LPOP s 0',
  'LPOP s x', 'LPOP s 1 2', 'RPOP s', 'LLEN s', 'LRANGE s 0 -1', 'LRANGE s x 0', 'LINDEX s 0',
  'LINDEX s x', 'LSET s 0 a', 'LSET s x a', 'LINSERT s BEFORE a b', 'LINSERT s BESIDE a b',
  'LREM s 0 a', 'LREM s x a', 'LTRIM s 0 1', 'LTRIM s x 1', 'LPOS s a', 'LPOS s a COUNT 0',
  'LPOS s a RANK 0', 'LPOS s a FOO', 'DEL s', 'RPUSH l a', 'GET l', 'APPEND l x', 'INCR l',
  'STRLEN l', 'GETSET l v', 'SETRANGE l 0 x', 'MGET l', 'HSET l a 1', 'HGETALL l', 'HLEN l',
  'SCAN 0 TYPE list', 'SCAN 0 TYPE hash', 'SET l v', 'GET l', 'RPUSH l a', 'DEL l', 'DBSIZE',
]);

const KEYS = script([
  'RPUSH l a b c', 'COPY l m', 'RPUSH m d', 'LRANGE l 0 -1', 'LRANGE m 0 -1', 'RENAME m n',
  'LRANGE n 0 -1', 'EXISTS m', 'MOVE n 1', 'EXISTS n', 'SELECT 1', 'LRANGE n 0 -1', 'RPUSH n e',
  'MOVE n 0', 'SELECT 0', 'LRANGE n 0 -1', 'COPY l n', 'COPY l n REPLACE', 'LRANGE n 0 -1',
  'RENAMENX l n', 'RENAMENX l o', 'LLEN o', 'EXPIRE o 1000', 'LPUSH o x', 'PERSIST o', 'LPOP o 4',
  'PERSIST o', 'DEL n', 'DBSIZE',
]);

/** Elements that take a list through all its sizes. */
const texts = (count: number, bytes: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i}`.padEnd(bytes, 'x'));

const SIZES = script([
  ['RPUSH', 'l', ...texts(300, 3)], 'LRANGE l 0 -1', ['LPUSH', 'l', ...texts(1000, 90)], 'LLEN l',
  'LRANGE l 0 -1', 'LRANGE l 500 520', 'LINDEX l 700', 'LINDEX l -400', 'LSET l 650 changed',
  'LINSERT l BEFORE changed before', 'LINSERT l AFTER changed behind', 'LPOS l changed',
  'LPOS l changed RANK -1', 'LRANGE l 640 660', 'LREM l 1 before', 'LREM l -1 behind',
  'COPY l m', 'LPOP m 100', 'RPOP m 100', 'LLEN l', 'LMOVE l m LEFT RIGHT', 'LMOVE l l LEFT RIGHT',
  'RENAME m n', 'LLEN n', 'MOVE n 1', 'SELECT 1', 'LLEN n', 'LRANGE n 300 310', 'MOVE n 0',
  'SELECT 0', 'LTRIM n 400 600', 'LRANGE n 0 -1', 'LMPOP 2 none n RIGHT COUNT 150',
  'LRANGE n 0 -1', 'LTRIM l 10 1200', 'LRANGE l 0 -1', 'LREM l 0 nothing', 'DEL l n', 'DBSIZE',
]);

/** Those that wait find something here, or are in EXEC, or have no time. */
const BLOCKING = script([
  'RPUSH l a b c d e f g', 'BLPOP l 0', 'BRPOP l 0', 'BLPOP none l 0', 'BLPOP l none l 0.5',
  'BLMOVE l m LEFT RIGHT 0', 'BLMOVE l l RIGHT LEFT 0', 'BRPOPLPUSH l m 0', 'LRANGE m 0 -1',
  'BLMPOP 0 2 none m LEFT COUNT 5', 'BLMPOP 0 1 l RIGHT', 'EXISTS l m',
  'BLPOP none 0.001', 'BRPOP none nothing none 0.001', 'BLMOVE none m LEFT LEFT 0.001',
  'BRPOPLPUSH none m 0.001', 'BLMPOP 0.001 2 none nothing LEFT', 'BLPOP none 1e-9',
  'MULTI', 'BLPOP none 0', 'BRPOP none 0', 'BLMOVE none m LEFT LEFT 0', 'BRPOPLPUSH none m 0',
  'BLMPOP 0 1 none RIGHT COUNT 2', 'RPUSH none 1 2 3 4 5 6', 'BLPOP none 0', 'BRPOP none 0',
  'BLMOVE none m LEFT LEFT 0', 'BRPOPLPUSH none m 0', 'BLMPOP 0 1 none RIGHT COUNT 2', 'EXEC',
  'SET s v', 'BLPOP s 0', 'BLPOP none s 0', 'BLMOVE s m LEFT LEFT 0', 'BLMOVE m s LEFT LEFT 0',
  'BLMOVE none s LEFT LEFT 0.001', 'BRPOPLPUSH s m 0', 'BRPOPLPUSH m s 0', 'BLMPOP 0 1 s LEFT',
  'BLPOP', 'BLPOP l', 'BRPOP l', 'BLPOP l x', 'BLPOP l -1', 'BLPOP l -0.5', 'BLPOP s x',
  ['BLPOP', 'l', ''], 'BLPOP l nan', 'BLPOP l -inf', 'BLMOVE l m LEFT LEFT', 'BLMOVE l m X LEFT 0',
  'BLMOVE l m LEFT X x', 'BLMOVE l m LEFT LEFT x', 'BLMOVE l m left right -1',
  'BRPOPLPUSH l m', 'BRPOPLPUSH l m x', 'BRPOPLPUSH l m -1', 'BLMPOP', 'BLMPOP 0 1 l',
  'BLMPOP x 1 l LEFT', 'BLMPOP x 0 l LEFT', 'BLMPOP 0 0 l LEFT', 'BLMPOP 0 x l LEFT',
  'BLMPOP 0 2 l LEFT', 'BLMPOP 0 1 l X', 'BLMPOP 0 1 l LEFT COUNT', 'BLMPOP 0 1 l LEFT COUNT 0',
  'BLMPOP 0 1 l LEFT COUNT x', 'BLMPOP 0 1 l LEFT COUNT 1 COUNT 1', 'BLMPOP -1 1 l LEFT',
]);

export const listScript: Script = [
  ...ENDS, ...RANGES, ...ANYWHERE, ...POSITIONS, ...MOVES, ...BLOCKING, ...WRONG_TYPES, ...KEYS,
  ...SIZES,
];
