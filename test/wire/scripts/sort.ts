/** SORT: every option and every error. Replies equal those of Redis 7.0 in the locale C. */

import { script, type Script } from './script.ts';

const NUMBERS = script([
  'RPUSH l 3 1 2 10 -1 1 01 +1 1.0 0x10 1e1 -inf inf .5', 'SORT l', 'SORT l DESC', 'SORT l ASC',
  'sort l desc asc', 'SORT l ASC DESC', 'SORT l ALPHA', 'SORT l ALPHA DESC', 'SORT_RO l',
  'SORT_RO l DESC LIMIT 1 3', 'DEL l', ['RPUSH', 'l', '', ' 5', '\t-7', '0', '-0', '3'], 'SORT l',
  'SORT l DESC', 'DEL l', 'RPUSH l 9007199254740993 9007199254740992 9007199254740994', 'SORT l',
  'SORT l DESC', 'RPUSH l 9223372036854775807 -9223372036854775808 18446744073709551616 1e308',
  'SORT l', 'DEL l', 'RPUSH l 0x1p-1074 0x1p-1022 0x3p-1074 5e-300 2 0.0e-999 0x0p-9999', 'SORT l',
  'DEL l', ['RPUSH', 'l', '2\x00b', '1\x00a', '2\x00a', '1', '\x00 1'], 'SORT l', 'DEL l',
]);

/**
 * All of them are errors, and they come last: after a number that is out of range Redis 7.0 may take
 * the next one for out of range too, because nothing clears errno.
 */
const NO_NUMBERS: Script = [
  'a', '1a', ' ', '1 ', 'nan', '-nan', 'nan(1)', '1e', '0x', '--1', '1e400', '-1e400', '1e-400',
  '1e-310', '0x1p-1075', '0x1.8p-1074', '0x1p1024', '4.9e-324', 'inf inity', '1,5', '١',
].flatMap((text) => [
  ['DEL', 'l'], ['RPUSH', 'l', '1', text], ['TYPE', 'none'], ['SORT', 'l'], ['SORT_RO', 'l', 'LIMIT', '0', '0'],
  ['SORT', 'l', 'STORE', 'd'], ['SORT', 'l', 'ALPHA', 'STORE', 'd'], ['SORT', 'l', 'BY', 'nosort'],
  ['MSET', 'w1', '1', `w${text}`, text], ['SORT', 'l', 'BY', 'w*'], ['DEL', 'w1', `w${text}`, 'd'],
]);

const LIMITS = script([
  'RPUSH l 5 3 9 1 7', 'SADD s 5 3 9 1 7', 'ZADD z 1 5 2 3 3 9 4 1 5 7',
  ...['l', 's', 'z'].flatMap((key) => [
    '0 2', '1 2', '4 9', '5 1', '9 1', '0 0', '2 0', '-1 2', '-5 -5', '2 -1', '0 -1',
    '9223372036854775807 1', '1 9223372036854775807', '-9223372036854775808 -9223372036854775808',
  ].flatMap((limit) => [
    `SORT ${key} LIMIT ${limit}`, `SORT ${key} DESC LIMIT ${limit}`,
    `SORT ${key} BY nosort LIMIT ${limit}`, `SORT ${key} BY nosort DESC LIMIT ${limit}`,
    `SORT ${key} LIMIT ${limit} STORE d`, 'LRANGE d 0 -1',
    `SORT ${key} BY nosort DESC LIMIT ${limit} STORE d`, 'LRANGE d 0 -1', 'EXISTS d',
  ])),
  'SORT l LIMIT 0 1 LIMIT 1 2', 'SORT l LIMIT', 'SORT l LIMIT 1', 'SORT l LIMIT a 1',
  'SORT l LIMIT 1 a', 'SORT l LIMIT 1.5 2', 'SORT l LIMIT 9223372036854775808 1',
  'SORT l LIMIT a b NOSUCH', 'SORT none LIMIT a b', 'DEL l s z d',
]);

const PATTERNS = script([
  'RPUSH l 1 2 3 4', 'MSET w_1 4 w_2 3 w_3 2 o_1 one o_3 three', 'SORT l BY w_*',
  'SORT l BY w_* DESC', 'SORT l BY w_* ALPHA', 'SORT l BY w_* GET o_*', 'SORT l GET #',
  'SORT l BY w_* GET # GET o_* GET w_*', 'SORT l BY nosort GET # GET none_* GET o_*',
  'SORT l BY w_* LIMIT 1 2', 'SORT l BY w_* LIMIT 1 2 GET o_*', 'SORT l BY w_* DESC LIMIT 0 2',
  'SORT l BY none_*', 'SORT l BY none_* ALPHA', 'SORT l BY none_* DESC', 'SORT l BY none_* ALPHA DESC',
  'SORT l BY o_*', 'SORT l BY o_* ALPHA', 'SORT l BY nosort BY w_*', 'SORT l BY w_* BY nosort',
  'SORT l BY none_* BY w_*', 'SORT l BY #', 'SORT l GET fixed', 'SORT l GET w_', 'SORT l GET *',
  'SORT l BY *', 'SORT l BY ** DESC', 'SORT l GET w_*_*', 'SET w_1_* odd', 'SORT l GET w_*_*',
  ['SORT', 'l', 'GET', ''], ['SORT', 'l', 'BY', ''], 'HSET h_1 f x w 9 > y', 'HSET h_2 f z w 1',
  'HSET h_4 w 5', 'SORT l BY h_*->w', 'SORT l BY h_*->w DESC GET h_*->f GET #', 'SORT l BY h_*->f ALPHA',
  'SORT l GET h_*', 'SORT l GET w_*->f', 'SORT l GET h_*->', 'SET h_1-> arrow', 'DEL h_2',
  'SORT l GET h_*->', 'SORT l GET h_*->>', 'SORT l GET h_*->w->', 'HSET h_1 w->f twice', 'SORT l GET h_*->w->f',
  'HSET u1v name in', 'SORT l GET u*v->name', 'HSET f->1 x y', 'SORT l GET f->*->x', 'SORT l GET f->*',
  'SET f->2 s', 'SORT l GET f->*', 'SORT l GET *->w', 'SORT l BY h->w', 'RPUSH o_2 list', 'SORT l GET o_*',
  ['SORT', 'l', 'GET', '#\x00x'], ['SORT', 'l', 'GET', 'w\x00_*'], ['SORT', 'l', 'BY', 'w\x00_*'],
  ['SET', 'w_1\x00->w', 'nul'], ['SORT', 'l', 'GET', 'w_*\x00->w'], ['HSET', 'h_1', 'f\x00g', 'inner'],
  ['SORT', 'l', 'GET', 'h_*->f\x00g'], ['SORT', 'l', 'GET', 'h_*->\x00g'],
  'SORT l BY w_* ALPHA STORE d', 'LRANGE d 0 -1', 'SORT l GET o_* GET # STORE d', 'LRANGE d 0 -1',
  'SORT none GET o_*', 'SORT_RO l BY w_* GET h_*->f GET #', 'FLUSHALL',
]);

const EXPIRED = script([
  'RPUSH l 1 2 3', 'SET w_2 9', 'SET w_1 5', 'PEXPIRE w_2 -1', 'SORT l BY w_*', 'SORT l GET w_*',
  'RPUSH d x', 'PEXPIREAT d 32503680000000', 'SORT l STORE d', 'PTTL d', 'FLUSHALL',
]);

const STORED = script([
  'RPUSH l 3 1 2', 'SORT l STORE d', 'LRANGE d 0 -1', 'TYPE d', 'SORT l STORE l',
  'LRANGE l 0 -1', 'SORT l DESC STORE l', 'LRANGE l 0 -1', 'SET d text', 'SORT l STORE d', 'TYPE d',
  'SORT none STORE d', 'EXISTS d', 'SORT none STORE d', 'SORT l LIMIT 9 1 STORE none', 'EXISTS none',
  'SORT l STORE a STORE b', 'EXISTS a', 'LRANGE b 0 -1', 'SORT l STORE', 'SORT_RO l STORE d',
  'SORT_RO l STORE', 'SADD s b a c 10 9', 'SORT s BY nosort STORE d', 'LRANGE d 0 -1',
  'SORT s BY nosort DESC STORE d', 'LRANGE d 0 -1', 'SORT s BY nosort LIMIT 1 2 STORE d', 'LRANGE d 0 -1',
  'SORT s BY nosort BY w_* STORE d', 'LRANGE d 0 -1', 'SORT s ALPHA STORE d', 'LRANGE d 0 -1',
  'SORT s STORE d', 'LRANGE d 0 -1', 'ZADD z 3 a 1 b 2 c', 'SORT z BY nosort STORE d', 'LRANGE d 0 -1',
  'SORT z BY nosort DESC STORE d', 'LRANGE d 0 -1', 'SORT z ALPHA', 'SORT z', 'SORT z BY nosort GET #',
  'SADD i 5 -3 200 7', 'SORT i BY nosort', 'SORT i BY nosort DESC LIMIT 1 2', 'SORT i',
  'SORT i BY none_* ALPHA', 'SORT i BY nosort STORE d', 'LRANGE d 0 -1', 'FLUSHALL',
]);

const ERRORS = script([
  'SET k v', 'HSET h f v', 'SORT k', 'SORT h', 'SORT_RO k', 'SORT k STORE d', 'SORT k BY nosort',
  'SORT k LIMIT a b', 'SORT k NOSUCH', 'SORT', 'SORT_RO', 'SORT none', 'SORT_RO none', 'SORT none NOSUCH',
  'SORT none BY', 'SORT none GET', 'SORT none LIMIT 1', 'SORT none STORE', 'SORT none ASC x',
  'SORT none DESC BY', 'SORT none BY GET', 'SORT none GET BY STORE', 'SORT none BY STORE x',
  'SORT_RO none GET STORE', 'SORT_RO none GET STORE x', 'SORT none alpha asc limit 0 1 by x get y store z',
  'RPUSH l b a', 'SORT l', 'SORT l BY nosort', 'SORT l ALPHA LIMIT 0 1', 'SORT l STORE d', 'EXISTS d',
  'MULTI', 'SORT l ALPHA STORE d', 'SORT l', 'SORT_RO l ALPHA GET #', 'EXEC', 'LRANGE d 0 -1', 'FLUSHALL',
]);

const BYTES: Script = [
  ['RPUSH', 'l', 'b', 'a', '', 'B', 'ab', 'aa', '\xff', '\xc3\xa9', 'abcdefg', 'abcdef', 'abcdefgh', 'abcdee~'],
  ['SORT', 'l', 'ALPHA'], ['SORT', 'l', 'ALPHA', 'DESC'], ['SORT', 'l', 'ALPHA', 'STORE', 'd'],
  ['LRANGE', 'd', '0', '-1'], ['RPUSH', 'l', 'a\x00', 'a\x00b', '\x00'], ['SORT', 'l', 'ALPHA', 'STORE', 'd'],
  ['LRANGE', 'd', '0', '-1'], ['SORT', 'l', 'ALPHA', 'DESC', 'STORE', 'd'], ['LRANGE', 'd', '0', '-1'],
  ['FLUSHALL'],
];

/** Lists, sets and sorted sets of all three sizes, and a result that is large. */
const MANY: Script = [
  ...['RPUSH', 'SADD'].map((name) =>
    [name, name, ...Array.from({ length: 9000 }, (_, i) => `${(i * 7919) % 9001}`)]),
  ['ZADD', 'z', ...Array.from({ length: 9000 }, (_, i) => [`${(i * 31) % 50}`, `m${i}`]).flat()],
  ...['RPUSH', 'SADD'].flatMap((key) => [
    ['SORT', key, 'LIMIT', '100', '20'], ['SORT', key, 'DESC', 'STORE', 'd'], ['LLEN', 'd'],
    ['LRANGE', 'd', '4000', '4020'], ['SORT', key, 'ALPHA'], ['SORT', key, 'GET', '#', 'GET', 'x*', 'LIMIT', '8990', '99'],
  ]),
  ['SORT', 'z', 'BY', 'nosort', 'LIMIT', '4000', '50'], ['SORT', 'z', 'BY', 'nosort', 'DESC', 'LIMIT', '4000', '50'],
  ['SORT', 'z', 'BY', 'nosort', 'DESC', 'STORE', 'd'], ['LRANGE', 'd', '0', '-1'], ['OBJECT', 'ENCODING', 'd'],
  ['SORT', 'z', 'ALPHA', 'LIMIT', '0', '10'], ['FLUSHALL'],
];

export const sortScript: Script = [
  ...NUMBERS, ...LIMITS, ...PATTERNS, ...EXPIRED, ...STORED, ...ERRORS, ...BYTES, ...MANY,
  ...NO_NUMBERS,
];
