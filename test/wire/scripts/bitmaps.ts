/** Bits of strings: every option, every error, every width. Replies equal those of Redis 7.0. */

import { script, type Script } from './script.ts';

const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';

const ONE_BIT = script([
  'SETBIT b 7 1', 'GETBIT b 7', 'GETBIT b 0', 'GETBIT b 100', 'GETBIT nothing 0', 'GET b',
  'SETBIT b 7 1',
  'SETBIT b 7 0', 'GET b', 'SETBIT b 23 0', 'STRLEN b', 'SETBIT b 23 1', 'SETBIT b 0 1', 'GET b',
  'SETBIT b x 1', 'SETBIT b -1 1', 'SETBIT b 4294967296 1', 'SETBIT b 1 2', 'SETBIT b 1 -1',
  'SETBIT b 1 x',
  'SETBIT b x 2', 'SETBIT b 1.5 1', `SETBIT b ${MAX} 1`, `SETBIT b ${MIN} 1`,
  'SETBIT b 9223372036854775808 1',
  'SETBIT b 1', 'SETBIT b', 'SETBIT b 1 1 1', `SETBIT b 1 ${MAX}`, 'SETBIT b 1 01', 'GETBIT b',
  'GETBIT b 1 1',
  'GETBIT b x', 'GETBIT b -1', 'GETBIT b 4294967295', 'GETBIT b 4294967296', 'GETBIT nothing x',
  'RPUSH list a', 'SETBIT list 1 1', 'SETBIT list x 1', 'SETBIT list 1 2', 'GETBIT list 1',
  'GETBIT list x',
  'SETBIT wide 20000 1', 'STRLEN wide', 'GETBIT wide 20000', 'GETBIT wide 19999', 'SETBIT wide 3 1',
  'GET wide',
  'SETBIT wide 3 1', 'SETBIT wide 20000 0', 'SETBIT wide 30000 0', 'STRLEN wide', 'BITCOUNT wide',
  'SET n 123', 'SETBIT n 7 0', 'GET n', 'INCR n', 'SETBIT x 0 0', 'GET x', 'EXISTS x',
  'SET t v PXAT 32503680000000', 'SETBIT t 0 1', 'PEXPIRETIME t', 'SETBIT t 20000 1',
  'PEXPIRETIME t',
  'CONFIG SET proto-max-bulk-len 1048576', 'SETBIT b 8388607 1', 'SETBIT b 8388608 1',
  'GETBIT b 8388608',
  'BITFIELD b GET u8 8388607', 'BITFIELD b GET u8 8388608', 'BITFIELD b SET u8 8388600 255',
  'BITFIELD b GET u8 #1048575', 'BITFIELD b GET u8 #1048576',
  'CONFIG SET proto-max-bulk-len 536870912',
  'STRLEN b', 'BITCOUNT b', 'DEL b', 'DEL wide', 'DEL n', 'DEL x', 'DEL t', 'DEL list',
]);

const PAIRS = [
  '0 -1', '0 0', '1 1', '0 1', '-2 -1', '-1 -2', '2 1', '0 100', '100 200', '-100 1', '-100 -200',
  '-200 -100',
  '5 -3', '-100 100', `0 ${MAX}`, `${MIN} ${MAX}`, `-9223372036854775807 ${MIN}`, `${MIN} ${MIN}`,
  '1 3', '3 20', '9 30', '7 8',
];

const COUNTING = script([
  ['SET', 's', 'foobar\x00\xff'], 'BITCOUNT s', 'BITCOUNT nothing', 'BITCOUNT s 0',
  'BITCOUNT nothing 0',
  ...PAIRS.map((pair) => `BITCOUNT s ${pair}`), ...PAIRS.map((pair) => `BITCOUNT s ${pair} BIT`),
  ...PAIRS.map((pair) => `bitcount s ${pair} byte`), 'BITCOUNT s 0 1 FOO', 'BITCOUNT s -1 -2 FOO',
  'BITCOUNT s x 1', 'BITCOUNT s 1 x', 'BITCOUNT s 0 1 BIT BIT', 'BITCOUNT s x 1 FOO',
  'BITCOUNT s 0 BIT',
  'BITCOUNT nothing 0 1 BIT', 'RPUSH list a', 'BITCOUNT list', 'BITCOUNT list 0', 'BITCOUNT',
  ['SET', 'e', ''], 'BITCOUNT e', 'BITCOUNT e 0 -1', 'BITCOUNT e 0 -1 BIT', 'BITPOS e 0',
  'BITPOS e 1', 'BITPOS e 0 0',
  'BITPOS e 0 0 -1', 'DEL e', 'DEL list',
]);

const SEARCHED = [
  'foobar\x00\xff', '\xff\xff\xff', '\x00\x00\x00', '\xff\xf0\x00', '\x00\x0f\xff',
];
const STARTS = ['0', '1', '2', '3', '-1', '-2', '-100', '100', MAX, MIN];

const SEARCHING: Script = SEARCHED.flatMap(
  (value) => [['SET', 's', value], ...[0, 1].flatMap((bit) => script([
    `BITPOS s ${bit}`,
    ...STARTS.map((at) => `BITPOS s ${bit} ${at}`),
    ...PAIRS.map((pair) => `BITPOS s ${bit} ${pair}`),
    ...PAIRS.map((pair) => `BITPOS s ${bit} ${pair} BIT`),
    ...PAIRS.map((pair) => `BITPOS s ${bit} ${pair} BYTE`),
  ]))],
);

const SEARCH_ERRORS = script([
  'BITPOS s', 'BITPOS s 2', 'BITPOS s x', 'BITPOS s -1', 'BITPOS s 1 x', 'BITPOS s 1 0 x',
  'BITPOS s 1 0 1 FOO',
  'BITPOS s 1 0 BIT', 'BITPOS s 1 0 x FOO', 'BITPOS s 1 x 1 FOO', 'BITPOS s 1 0 1 BIT 3',
  'BITPOS nothing 0',
  'BITPOS nothing 1', 'BITPOS nothing 2', 'BITPOS nothing 0 x', 'BITPOS nothing 1 0 1 FOO',
  'RPUSH list a',
  'BITPOS list 0', 'BITPOS list 2', 'BITPOS list 0 x', 'DEL list', 'DEL s',
]);

const COMBINING = script([
  ['SET', 'a', 'foobar'], ['SET', 'b', 'abcdefghijk'], ['SET', 'c', '\xff\x00\xff'],
  ['SET', 'e', ''],
  'BITOP AND d a b', 'GET d', 'BITOP OR d a b', 'GET d', 'BITOP XOR d a b c', 'GET d',
  'BITOP NOT d a', 'GET d',
  'BITOP AND d a nothing', 'GET d', 'BITOP OR d a nothing c', 'GET d', 'BITOP and d a', 'GET d',
  'BITOP OR a a b', 'GET a',
  'BITOP AND d nothing none', 'EXISTS d', 'BITOP NOT d e', 'EXISTS d', 'SET d v',
  'BITOP NOT d nothing', 'EXISTS d',
  'BITOP AND d a b c e nothing', 'GET d', 'BITOP NOT d a b', 'BITOP NOT d', 'BITOP FOO d a',
  'BITOP FOO d a b',
  'BITOP AND d', 'BITOP', 'RPUSH list a', 'BITOP AND d list', 'BITOP AND d a list',
  'BITOP NOT d a list',
  'BITOP OR list a', 'GET list', 'SET t v PXAT 32503680000000', 'BITOP OR t a', 'PEXPIRETIME t',
  'DEL a', 'DEL b', 'DEL c', 'DEL d', 'DEL e', 'DEL t', 'DEL list',
]);

const FIELDS = script([
  'BITFIELD f SET i8 0 100', 'BITFIELD f GET i8 0', 'BITFIELD f GET u4 0 GET u4 #1 GET i4 4',
  'GET f',
  'BITFIELD f INCRBY i5 100 1 GET u4 0', 'BITFIELD f incrby u2 100 1 overflow sat incrby u2 102 1',
  'BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1',
  'BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1',
  'BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1',
  'BITFIELD f OVERFLOW FAIL INCRBY u2 102 1',
  'BITFIELD f OVERFLOW FAIL SET u2 102 5 SET u2 102 1',
  'BITFIELD f OVERFLOW WRAP SET u2 102 5 GET u2 102',
  'BITFIELD f OVERFLOW SAT SET u2 102 5 GET u2 102', 'BITFIELD f OVERFLOW SAT SET u8 0 -1 GET u8 0',
  'BITFIELD f OVERFLOW SAT SET i8 0 -200 GET i8 0', 'BITFIELD f OVERFLOW SAT SET i8 0 200 GET i8 0',
  'BITFIELD f OVERFLOW WRAP SET i8 0 200 GET i8 0', 'BITFIELD f SET u8 0 -1 GET u8 0', 'GET f',
  'BITFIELD f', 'BITFIELD nothing',
  'EXISTS nothing', 'BITFIELD nothing GET u8 0', 'EXISTS nothing', 'BITFIELD', 'BITFIELD f GET',
  'BITFIELD f GET u8',
  'BITFIELD f SET u8 0', 'BITFIELD f FOO u8 0', 'BITFIELD f GET u8 0 FOO', 'BITFIELD f OVERFLOW',
  'BITFIELD f OVERFLOW FOO',
  'BITFIELD f OVERFLOW SAT', 'BITFIELD f GET u64 0', 'BITFIELD f GET i65 0', 'BITFIELD f GET u0 0',
  'BITFIELD f GET x8 0',
  'BITFIELD f GET I8 0', 'BITFIELD f GET i 0', 'BITFIELD f GET i08 0', 'BITFIELD f GET u8 x',
  'BITFIELD f GET u8 -1',
  'BITFIELD f GET u8 #x', 'BITFIELD f GET u8 #-1', 'BITFIELD f GET u8 #',
  'BITFIELD f GET u8 4294967296',
  'BITFIELD f GET u8 4294967290', 'BITFIELD f GET u8 #536870912', 'BITFIELD f SET u8 x 1',
  'BITFIELD f SET u8 0 x',
  'BITFIELD f SET u8 0 9223372036854775808', 'BITFIELD f INCRBY u8 0 x',
  'BITFIELD f SET u8 0 1 SET u8 0 x', 'GET f',
  'RPUSH list a', 'BITFIELD list GET u8 0', 'BITFIELD list SET u8 0 1', 'BITFIELD list FOO',
  'BITFIELD_RO list GET u8 0',
  'BITFIELD list', 'BITFIELD_RO f GET u8 0 GET i64 0', 'BITFIELD_RO f SET u8 0 1',
  'BITFIELD_RO f GET u8 0 INCRBY u8 0 1',
  'BITFIELD_RO f', 'BITFIELD_RO nothing GET u8 0', 'BITFIELD_RO f OVERFLOW SAT',
  'BITFIELD_RO f FOO', 'BITFIELD_RO',
  `BITFIELD w SET i64 0 ${MAX}`, 'BITFIELD w INCRBY i64 0 1',
  `BITFIELD w SET i64 0 ${MAX} OVERFLOW SAT INCRBY i64 0 1`,
  `BITFIELD w OVERFLOW FAIL INCRBY i64 0 1`, `BITFIELD w SET i64 0 ${MIN}`,
  'BITFIELD w OVERFLOW SAT INCRBY i64 0 -1',
  'BITFIELD w OVERFLOW WRAP INCRBY i64 0 -1', `BITFIELD w SET u63 3 ${MAX} GET u63 3 GET i64 3`,
  'BITFIELD w INCRBY u63 3 1', 'BITFIELD w OVERFLOW SAT INCRBY u63 3 -1',
  `BITFIELD w OVERFLOW SAT SET u63 3 ${MIN}`,
  `BITFIELD w INCRBY u63 3 ${MAX} INCRBY u63 3 ${MAX}`,
  `BITFIELD w INCRBY i64 1 ${MIN} INCRBY i64 1 ${MIN}`,
  `BITFIELD w OVERFLOW SAT INCRBY u8 0 ${MAX} INCRBY i8 8 ${MIN} INCRBY u1 16 ${MIN}`, 'GET w',
  `BITFIELD w INCRBY i8 8 ${MIN} INCRBY u8 0 ${MIN} INCRBY i1 5 1`,
  'BITFIELD w INCRBY u33 7 5000000000 INCRBY i41 9 -3', 'GET w',
  'BITFIELD grown OVERFLOW FAIL INCRBY u8 0 300', 'EXISTS grown', 'STRLEN grown',
  'BITFIELD grown SET u8 8 0', 'STRLEN grown',
  'BITFIELD z SET u8 0 0', 'GET z', 'BITFIELD z GET u8 100 SET i16 4 -1', 'GET z', 'STRLEN z',
  'BITFIELD far SET u8 20000 200 GET u8 20000', 'STRLEN far',
  'BITFIELD far INCRBY u8 20000 100 SET u4 3 9 GET u8 0', 'GET far',
  'BITFIELD far OVERFLOW FAIL INCRBY u8 30000 300', 'STRLEN far',
  'BITFIELD far GET i9 20001 GET u63 19990',
  'SET t v PXAT 32503680000000', 'BITFIELD t SET u8 0 1', 'PEXPIRETIME t',
  'BITFIELD t SET u8 20000 1', 'PEXPIRETIME t',
  'DEL f', 'DEL w', 'DEL grown', 'DEL z', 'DEL far', 'DEL t', 'DEL list', 'DBSIZE',
]);

export const bitmapScript: Script = [
  ...ONE_BIT, ...COUNTING, ...SEARCHING, ...SEARCH_ERRORS, ...COMBINING, ...FIELDS,
];
