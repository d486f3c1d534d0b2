/**
 * HyperLogLogs: every command, every error, both encodings. Replies equal those of Redis 7.0, and
 * so do the bytes of the values, but for what a PFCOUNT of one key alone writes into them in Redis:
 * the cardinality, in bytes 8 to 15. Behind one, only the other bytes are looked at.
 */

import { script, type Script } from './script.ts';

const many = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `element:${from + i}`);

const ADDING = script([
  'PFADD', 'PFADD h', 'EXISTS h', 'GET h', 'STRLEN h', 'TYPE h', 'OBJECT ENCODING h', 'PFADD h',
  'PFADD h a', 'PFADD h a', 'PFADD h a b c', 'GET h', 'PFADD h a b c', ['PFADD', 'h', ''],
  ['PFADD', 'h', '\x00\xff'], 'GET h', 'PFDEBUG DECODE h', 'PFDEBUG ENCODING h', 'PFADD new a b a',
  'GET new', ['PFADD', 'new', 'x'.repeat(100_000)], 'GET new', 'PFADD t a',
  'PEXPIREAT t 32503680000000', 'PFADD t b', 'PEXPIRETIME t', 'GET t', ['PFADD', 't', ...many(0, 3000)], 'PEXPIRETIME t', 'GET t',
  'PFADD t c', 'PEXPIRETIME t', 'DEL t',
]);

const GROWING: Script = [
  ...Array.from({ length: 60 }, (_, i) => [['PFADD', 'g', ...many(i * 37, i * 37 + 37)],
    ['STRLEN', 'g'], ['GET', 'g']]).flat(),
  ['PFDEBUG', 'ENCODING', 'g'], ['PFADD', 'g', 'element:0'], ['PFADD', 'g', ...many(3000, 3001)],
  ['GET', 'g'], ['PFADD', 'g', ...many(3000, 4000)], ['GET', 'g'], ['PFADD', 'g', ...many(0, 4000)],
  ['OBJECT', 'ENCODING', 'g'], ['PFCOUNT', 'g', 'g', 'none'],
];

const OTHER_BYTES = (key: string): string[] => [`GETRANGE ${key} 0 7`, `GETRANGE ${key} 16 -1`];

const COUNTING = script([
  'PFCOUNT', 'PFCOUNT none', 'PFCOUNT none none', 'PFCOUNT h', 'PFCOUNT h new',
  'PFCOUNT h new none g', 'PFCOUNT g', 'PFCOUNT h', 'PFADD h a', 'PFCOUNT h', 'PFADD h y2',
  'PFCOUNT h', 'PFCOUNT g h', 'PFCOUNT g', 'PFADD g y2 y3', 'PFCOUNT g', ...OTHER_BYTES('g'),
  'PFADD c a', 'PFCOUNT c', ['SETRANGE', 'c', '8', '\x07\x01\0\0\0\0\0\0'], 'PFCOUNT c',
  ['SETRANGE', 'c', '8', '\xff\xff\xff\xff\xff\xff\xff\x7f'], 'PFCOUNT c', 'PFADD c b', 'PFCOUNT c',
  'PFMERGE c h', 'PFCOUNT c', ...OTHER_BYTES('c'), 'APPEND c x', 'PFCOUNT c', 'PFADD c 1 2 3 4 5',
  'PFCOUNT c', ...OTHER_BYTES('c'),
]);

const MERGING = script([
  'PFMERGE', 'PFMERGE m', 'GET m', 'PFMERGE m', 'GET m', 'PFMERGE m none', 'PFMERGE m h new',
  'GET m', 'PFCOUNT m none', 'PFADD m q', 'PFMERGE m h', 'GET m', 'PFMERGE m g', 'GET m',
  'PFCOUNT m none', 'PFMERGE m h', 'GET m', 'PFMERGE d g', 'GET d', 'PFMERGE d h', 'GET d', 'PFMERGE d d', 'PFCOUNT d none',
  'PFMERGE d none', 'PEXPIREAT d 32503680000000', 'PFMERGE d new', 'PEXPIRETIME d', 'DEL d',
]);

const WRONG = script([
  'SET s abc', 'SET i 12', ['SET', 'e', ''], 'RPUSH list a', ['SET', 'short', 'HYLL\x01'],
  ['SET', 'odd', `HYLL\x02${'\0'.repeat(11)}\x7f\xff`],
  ['SET', 'dense', `HYLL\0${'\0'.repeat(11)}`],
  ...['s', 'i', 'e', 'list', 'short', 'odd', 'dense'].flatMap((key) => [
    `PFADD ${key} a`, `PFADD ${key}`, `PFCOUNT ${key}`, `PFCOUNT none ${key}`, `PFCOUNT h ${key}`,
    `PFMERGE m ${key}`, `PFMERGE ${key} h`, `PFMERGE ${key}`, `PFDEBUG DECODE ${key}`,
    `PFDEBUG FOO ${key}`,
  ]),
  'PFDEBUG', 'PFDEBUG DECODE', 'PFDEBUG DECODE h h', 'PFDEBUG DECODE none', 'PFDEBUG FOO none',
  'PFDEBUG FOO h', ['PFDEBUG', 'a\r\nb', 'h'], 'PFSELFTEST x', 'DEL s i e list short odd dense',
]);

const LOOKING = script([
  'PFDEBUG encoding h', 'PFDEBUG Decode h', 'PFDEBUG TODENSE h', 'PFDEBUG TODENSE h', 'GET h',
  'PFDEBUG DECODE h', 'PFDEBUG ENCODING h', 'PFDEBUG GETREG h', 'PFDEBUG GETREG new', 'GET new',
  'PFDEBUG DECODE g', 'PFADD h zz', 'GET h',
]);

const EMPTY_RUNS = '\x7f\xff';
/** What follows a header: each is damaged, or says the same in another way. */
const RUNS = [
  '', '\x00', '\x7f\xfe', '\x7f\xff\x80', '\x80\x7f\xff', '\x7f\xff\x00', '\x80\x7f\xfe',
  '\x7f\xfe\x80', '\x7f\xfd\x80\x80', '\x83\x83\x7f\xf7', '\xfc\x7f\xfe', '\xff\x7f\xfb',
  '\x00\x7f\xfe', '\x3f\x7f\xbf', '\x40\x00\x7f\xfe', '\x7f\xfb\x83', '\x7f\xfa\x83\x80',
  '\x00'.repeat(16384), '\x80'.repeat(16384), '\x80\x84'.repeat(8192), '\x83'.repeat(4096),
  '\x3f'.repeat(256), '\x3f'.repeat(255) + '\x7f',
  '\x7e\xff\x40', '\x7e\xff\x40\xff', '\x7f\xff'.repeat(1000), '\xff'.repeat(5000),
];

const HEADERS = ['HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80', 'HYLL\x01\x01\x02\x03\x05\0\0\0\0\0\0\0'];

/** Both servers take their time to merge a value of so many runs: with one header that is enough. */
const headersFor = (runs: string): readonly string[] =>
  runs.length < 16384 ? HEADERS : HEADERS.slice(0, 1);

const DAMAGED: Script = RUNS.flatMap((runs) => headersFor(runs).flatMap((header) => [
  ...['a', 'b', 'c', 'd', 'x'].map((key) => ['SET', key, header + runs]),
  ['PFCOUNT', 'a'], ['PFCOUNT', 'b', 'none'], ['PFDEBUG', 'DECODE', 'b'], ['PFADD', 'b', 'a'],
  ['GET', 'b'], ['PFADD', 'b', 'b'], ['PFADD', 'b', 'element:77'], ['GET', 'b'],
  ['PFMERGE', 'c', 'b'], ['GET', 'c'], ['PFMERGE', 'm2', 'x'], ['GET', 'm2'], ['DEL', 'm2'],
  ['PFDEBUG', 'TODENSE', 'd'], ['GET', 'd'],
]));

/** Runs that PFADD does not make, and what becomes of them. */
const CRAFTED: Script = [
  ['SET', 'a', `${HEADERS[0]!}\x82\x80\x80\x80\x7f\xf9`],
  ['SET', 'b', `${HEADERS[0]!}\x00\x84\x7f\xfd`], ['PFMERGE', 'a', 'b'], ['GET', 'a'],
  ['CONFIG', 'SET', 'hll-sparse-max-bytes', '18'], ['SET', 'a', `${HEADERS[0]!}\x40\x40\x7f\xbe`],
  ['SET', 'b', `${HEADERS[0]!}\x80\x7f\xfe`], ['PFMERGE', 'a', 'b'], ['GET', 'a'],
  ['CONFIG', 'SET', 'hll-sparse-max-bytes', '3000'],
  ['SET', 'a', `${HEADERS[0]!}${'\0'.repeat(10_000)}\x58\xef`], ['PFDEBUG', 'TODENSE', 'a'],
  ['GET', 'a'],
];

/** A run without its last byte: of what it writes there, Redis forgets a byte. */
const CUT: Script = [
  ['SET', 'b', `${HEADERS[0]!}\x7f`], ['PFCOUNT', 'b'], ['PFCOUNT', 'b', 'none'],
  ['PFDEBUG', 'DECODE', 'b'], ['PFADD', 'b', 'a'], ['PFDEBUG', 'TODENSE', 'b'], ['PFMERGE', 'b'],
  ['SET', 'b', `${HEADERS[0]!}\x3f\x7f\x3f\x7f`], ['PFDEBUG', 'DECODE', 'b'], ['PFCOUNT', 'b'],
];

const dense = (fill: string): string => `HYLL\0\0\0\0\0\0\0\0\0\0\0\x80${fill.repeat(12288)}`;

const DENSE_ONES: Script = [
  dense('\0'), dense('\xff'), dense('\x55'), dense('\xcf'), dense('\xaa'), dense('\x01'),
  `${dense('\0').slice(0, -1)}\xfc`, `HYLL\0${'\x7f'.repeat(11)}${'\0'.repeat(12288)}`,
].flatMap((value) => [
  ['SET', 'a', value], ['PFCOUNT', 'a'], ['SET', 'b', value], ['PFCOUNT', 'b', 'none'],
  ['PFADD', 'b', 'a', 'b', 'c'], ['GET', 'b'], ['PFMERGE', 'b', 'h'], ['GET', 'b'],
  ['PFMERGE', 'c2', 'b'], ['GET', 'c2'], ['DEL', 'c2'], ['APPEND', 'b', 'x'], ['PFADD', 'b', 'd'],
]);

const limited = (bytes: number): Script => [
  ...script([`CONFIG SET hll-sparse-max-bytes ${bytes}`, 'DEL l']),
  ['SET', 'l', HEADERS[0]! + EMPTY_RUNS],
  ...many(0, 30).flatMap((element) => [['PFADD', 'l', element], ['GET', 'l']]),
  ['PFADD', 'l', ...many(0, 6000)], ['GET', 'l'], ['PFMERGE', 'l2', 'l'], ['GET', 'l2'],
  ['PFMERGE', 'l3', 'new'], ['GET', 'l3'], ['DEL', 'l', 'l2', 'l3'],
];

const LIMITED: Script = [
  ...[0, 16, 18, 21, 22, 30, 100, 1000, 12_000, 20_000].flatMap(limited),
  ...script(['CONFIG SET hll-sparse-max-bytes 3000']),
];

export const hyperLogLogScript: Script = [
  ...ADDING, ...GROWING, ...MERGING, ...WRONG, ...LOOKING, ...DAMAGED, ...CRAFTED, ...CUT,
  ...DENSE_ONES, ...LIMITED, ...COUNTING,
];
