// tidy: table
/** How each random command is made, by family. Each family is a list to pick from evenly. */

import type { RandomKeys } from './random-keys.ts';
import type { RandomValues } from './random-values.ts';

export type Family =
  | 'string' | 'big' | 'edit' | 'number' | 'hyperloglog' | 'hash' | 'list' | 'set' | 'zset' | 'key'
  | 'move' | 'sorted' | 'timed' | 'expiry' | 'fieldExpiry'
  | 'globalRead' | 'globalWrite' | 'select' | 'wrong' | 'multi';

export interface Making {
  readonly values: RandomValues;
  readonly keys: RandomKeys;
  readonly databases: number;
  readonly nowMs: number;
}

type Maker = (making: Making) => string[];

const FIELDS = 12;

const field: (making: Making) => string = ({ values }) => `f${values.between(0, FIELDS - 1)}`;

const string: readonly Maker[] = [
  ({ values, keys }) => ['SET', keys.key('s'), values.value()],
  ({ values, keys }) => ['SET', keys.key('s'), values.value()],
  ({ values, keys }) => ['SET', keys.key('x'), values.value(), values.pick(['NX', 'XX', 'GET'])],
  ({ values, keys }) =>
    ['set', keys.key('s'), values.value(), values.pick(['keepttl', 'nx']), 'get'],
  ({ values, keys }) => ['SETNX', keys.key('x'), values.value()],
  ({ values, keys }) => ['GETSET', keys.key('s'), values.value()],
  ({ keys }) => ['GETDEL', keys.key('s')],
  ({ keys }) => ['GET', keys.key('s')],
  ({ keys }) => ['GET', keys.key('x')],
  ({ keys }) => ['GET', keys.key('s')],
  ({ values, keys }) => ['MGET', ...values.list(1, 5, () => keys.key('s'))],
  ({ values, keys }) =>
    ['MSET', ...values.list(1, 4, () => [keys.key('s'), values.value()]).flat()],
  ({ values, keys }) =>
    ['MSETNX', ...values.list(1, 2, () => [keys.key('x'), values.value()]).flat()],
  ({ keys }) => ['STRLEN', keys.key('s')],
];

const big: readonly Maker[] = [
  ({ values, keys }) => ['SET', keys.key('s'), values.value(true)],
  ({ values, keys }) => ['APPEND', keys.key('x'), values.bytes(values.between(1, 5000))],
  ({ values, keys }) => ['HSET', keys.key('h'), `f${values.between(0, 60)}`, values.value(true)],
  ({ values, keys }) => ['HSET', keys.key('h'), ...values.list(10, 60, () =>
    [`f${values.between(0, 200)}`, values.value()]).flat()],
  ({ keys }) => ['GET', keys.key('s')],
  ({ keys }) => ['HGETALL', keys.key('h')],
  ({ values, keys }) => ['LPUSH', keys.key('l'), values.value(true)],
  ({ values, keys }) => ['RPUSH', keys.key('l'), ...values.list(20, 200, () => values.value())],
  ({ values, keys }) => ['LINSERT', keys.key('l'), 'BEFORE', 'a', values.value(true)],
  ({ values, keys }) => ['LTRIM', keys.key('l'), `${values.between(0, 150)}`, '400'],
  ({ values, keys }) => ['LRANGE', keys.key('l'), `${values.between(0, 100)}`, '200'],
  ({ values, keys }) => ['RPOP', keys.key('l'), `${values.between(50, 150)}`],
  ({ values, keys }) => ['SADD', keys.key('m'), values.value(true)],
  ({ values, keys }) => ['SADD', keys.key('m'), ...values.list(20, 200, () => values.value())],
  ({ keys }) => ['SUNIONSTORE', keys.key('m'), keys.key('m'), keys.key('m')],
  ({ values, keys }) =>
    ['ZADD', keys.key('z'), `${values.between(-40, 40) / 4}`, values.value(true)],
  ({ values, keys }) => ['ZADD', keys.key('z'), ...values.list(20, 200, () =>
    [`${values.between(-40, 40) / 4}`, values.value()]).flat()],
  ({ keys }) =>
    ['ZUNIONSTORE', keys.key('z'), '2', keys.key('z'), keys.key('m'), 'AGGREGATE', 'MAX'],
  ({ values, keys }) => ['SETRANGE', keys.key('s'), `${values.between(0, 60_000)}`,
    values.bytes(values.between(1, 3000))],
];

const edit: readonly Maker[] = [
  ({ values, keys }) => ['APPEND', keys.key('s'), values.letters(values.between(0, 40))],
  ({ values, keys }) => ['APPEND', keys.key('x'), values.value()],
  ({ values, keys }) => ['GETRANGE', keys.key('s'), values.position(), values.position()],
  ({ values, keys }) => ['SETRANGE', keys.key('s'), `${values.between(0, 300)}`,
    values.letters(values.between(0, 20))],
  ({ values, keys }) => ['SETRANGE', keys.key('x'), values.position(), 'abc'],
  ({ values, keys }) => ['SETBIT', keys.key('s'), `${values.between(0, 3000)}`,
    `${values.between(0, 1)}`],
  ({ values, keys }) => ['GETBIT', keys.key('s'), `${values.between(0, 3000)}`],
  ({ keys }) => ['BITCOUNT', keys.key('s')],
  ({ values, keys }) => ['BITCOUNT', keys.key('s'), values.position(), values.position()],
  ({ values, keys }) => ['BITCOUNT', keys.key('s'), values.position(), values.position(),
    values.pick(['BIT', 'byte'])],
];

const number: readonly Maker[] = [
  ({ keys }) => ['INCR', keys.key('s')],
  ({ keys }) => ['DECR', keys.key('x')],
  ({ values, keys }) => ['INCRBY', keys.key('s'), values.increment()],
  ({ values, keys }) => ['DECRBY', keys.key('s'), values.increment()],
  ({ values, keys }) => ['SET', keys.key('s'), values.increment()],
  ({ keys }) => ['INCR', keys.key('x')],
  ({ values, keys }) => ['INCRBYFLOAT', keys.key('f'), values.quarters()],
  ({ values, keys }) => ['INCRBYFLOAT', keys.key('f'), values.quarters()],
  ({ values, keys }) => ['SET', keys.key('f'), values.quarters()],
  ({ keys }) => ['GET', keys.key('f')],
  ({ keys }) => ['DEL', keys.key('f')],
];

const ELEMENTS = 5000;
const counted: (making: Making) => string = ({ values }) =>
  `${values.pick(['e', 'an element '])}${values.between(0, ELEMENTS - 1)}`;

/** Only these name keys of HyperLogLogs: of their bytes the model knows what they mean. */
const hyperloglog: readonly Maker[] = [
  (making) => ['PFADD', making.keys.key('p'), counted(making)],
  (making) => ['PFADD', making.keys.key('p'), counted(making)],
  (making) => ['PFADD', making.keys.key('p'), ...making.values.list(0, 5, () => counted(making))],
  (making) => ['PFADD', making.keys.key('p'),
    ...making.values.list(100, 600, () => counted(making))],
  ({ keys }) => ['PFCOUNT', keys.key('p')],
  ({ values, keys }) => ['PFCOUNT', ...values.list(1, 4, () => keys.key('p'))],
  ({ keys }) => ['PFCOUNT', keys.key('p'), keys.any()],
  ({ values, keys }) => ['PFMERGE', ...values.list(1, 4, () => keys.key('p'))],
  ({ keys }) => ['PFMERGE', keys.key('p'), keys.any()],
  ({ keys }) => ['GET', keys.key('p')],
  ({ keys }) => ['DEL', keys.key('p')],
  ({ keys }) => ['RENAME', keys.key('p'), keys.key('p')],
  ({ keys }) => ['COPY', keys.key('p'), keys.key('p'), 'REPLACE'],
  ({ values, keys }) => ['PEXPIRE', keys.key('p'), `${values.delayMs()}`],
  ({ keys }) => ['PERSIST', keys.key('p')],
  ({ keys }) => ['TYPE', keys.key('p')],
];

const hash: readonly Maker[] = [
  (making) => ['HSET', making.keys.key('h'), field(making), making.values.value()],
  (making) => ['HSET', making.keys.key('h'), field(making), making.values.value()],
  (making) => ['HSET', making.keys.key('h'), ...making.values.list(1, 5, () =>
    [field(making), making.values.value()]).flat()],
  (making) => ['HSETNX', making.keys.key('h'), field(making), making.values.value()],
  (making) => ['HGET', making.keys.key('h'), field(making)],
  (making) => ['HMGET', making.keys.key('h'), ...making.values.list(1, 4, () => field(making))],
  (making) => ['HDEL', making.keys.key('h'), ...making.values.list(1, 4, () => field(making))],
  (making) => ['HEXISTS', making.keys.key('h'), field(making)],
  ({ keys }) => ['HLEN', keys.key('h')],
  (making) => ['HSTRLEN', making.keys.key('h'), field(making)],
  (making) => ['HINCRBY', making.keys.key('h'), field(making), making.values.increment()],
  (making) => ['HINCRBY', making.keys.key('x'), 'count', making.values.increment()],
  ({ keys }) => ['HKEYS', keys.key('h')],
  ({ keys }) => ['HVALS', keys.key('h')],
  ({ keys }) => ['HGETALL', keys.key('h')],
  ({ keys }) => ['HGETALL', keys.key('h')],
  ({ keys }) => ['HRANDFIELD', keys.key('h')],
  ({ values, keys }) => ['HRANDFIELD', keys.key('h'), `${values.between(-6, 15)}`],
  ({ values, keys }) => ['HRANDFIELD', keys.key('h'), `${values.between(-6, 15)}`, 'WITHVALUES'],
];

const end: (making: Making) => string = ({ values }) =>
  values.pick(['LEFT', 'RIGHT', 'LEFT', 'RIGHT', 'left', 'UP']);

/** Few different ones, so that some are equal. */
const element: (making: Making) => string = ({ values }) =>
  values.chance(70) ? `e${values.between(0, 9)}` : values.value();

const position: (making: Making) => string = ({ values }) =>
  values.chance(97) ? `${values.between(-30, 30)}` : values.increment();

const member: (making: Making) => string = ({ values }) =>
  values.pick([`${values.between(0, 40)}`, `m${values.between(0, 20)}`, values.value()]);

const set: readonly Maker[] = [
  (making) => ['SADD', making.keys.key('m'), ...making.values.list(1, 6, () => member(making))],
  (making) => ['SADD', making.keys.key('m'), ...making.values.list(1, 30, () => member(making))],
  (making) => ['SADD', making.keys.key('x'), member(making)],
  (making) => ['SREM', making.keys.key('m'), ...making.values.list(1, 8, () => member(making))],
  (making) => ['SMOVE', making.keys.key('m'), making.keys.key('m'), member(making)],
  ({ values, keys }) => ['SPOP', keys.key('m'), values.pick(['0', '100000', '100000', '-1'])],
  ({ values, keys }) => [values.pick(['SINTER', 'SUNION', 'SDIFF']),
    ...values.list(1, 3, () => keys.key('m'))],
  ({ values, keys }) => [values.pick(['SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE']), keys.key('m'),
    ...values.list(1, 3, () => keys.key('m'))],
  ({ values, keys }) => ['SINTERCARD', '2', keys.key('m'), keys.key('m'),
    ...values.pick([[], ['LIMIT', '1']])],
  ({ keys }) => ['SCARD', keys.key('m')],
  ({ keys }) => ['SMEMBERS', keys.key('m')],
  (making) => ['SISMEMBER', making.keys.key('m'), member(making)],
  (making) =>
    ['SMISMEMBER', making.keys.key('m'), ...making.values.list(1, 5, () => member(making))],
  ({ keys }) => ['SRANDMEMBER', keys.key('m')],
  ({ values, keys }) => ['SRANDMEMBER', keys.key('m'), `${values.between(-6, 12)}`],
];

/** Few different ones, so that many are equal; all are multiples of a quarter. */
const score: (making: Making) => string = ({ values }) => values.pick([
  '0', '1', '1', 'inf', '-inf', `${values.between(-8, 8) / 4}`, `${values.between(-400, 400) / 4}`,
]);

const bound: (making: Making) => string = (making) =>
  (making.values.chance(30) ? '(' : '') + score(making);

const sources: (making: Making) => string[] = ({ values, keys }) => {
  const from = values.list(1, 3, () => keys.key(values.pick(['z', 'z', 'm'])));
  return [`${from.length}`, ...from];
};

const weighted: (making: Making) => string[] = (making) => {
  const { values } = making;
  const from = sources(making);
  const weights = from.slice(1).map(() => values.pick(['1', '2', '0.5']));
  return [...from, ...values.pick([[], ['WEIGHTS', ...weights]]),
    ...values.pick([[], ['AGGREGATE', values.pick(['SUM', 'MIN', 'MAX'])]])];
};

const scored: (making: Making) => string[] = (making) => [score(making), member(making)];

const zset: readonly Maker[] = [
  (making) => ['ZADD', making.keys.key('z'),
    ...making.values.list(1, 5, () => scored(making)).flat()],
  (making) => ['ZADD', making.keys.key('z'),
    ...making.values.list(1, 30, () => scored(making)).flat()],
  (making) => ['ZADD', making.keys.key('z'),
    ...making.values.pick([['NX'], ['XX'], ['GT'], ['LT', 'CH'], ['XX', 'GT'], ['NX', 'GT']]),
    ...making.values.list(1, 4, () => scored(making)).flat()],
  (making) => ['ZADD', making.keys.key('z'), ...making.values.pick([[], ['NX'], ['GT']]), 'INCR',
    ...scored(making)],
  (making) => ['ZINCRBY', making.keys.key('z'), ...scored(making)],
  (making) => ['ZREM', making.keys.key('z'), ...making.values.list(1, 6, () => member(making))],
  ({ values, keys }) =>
    ['ZREMRANGEBYRANK', keys.key('z'), `${values.between(-5, 20)}`, `${values.between(-5, 25)}`],
  (making) => ['ZREMRANGEBYSCORE', making.keys.key('z'), bound(making), bound(making)],
  ({ values, keys }) => [values.pick(['ZPOPMIN', 'ZPOPMAX']), keys.key('z'),
    ...values.pick([[], ['3'], ['-1']])],
  ({ values, keys }) => ['ZMPOP', '2', keys.key('z'), keys.key('z'), values.pick(['MIN', 'MAX']),
    ...values.pick([[], ['COUNT', '4']])],
  (making) =>
    [making.values.pick(['ZSCORE', 'ZRANK', 'ZREVRANK']), making.keys.key('z'), member(making)],
  (making) =>
    ['ZMSCORE', making.keys.key('z'), ...making.values.list(1, 4, () => member(making))],
  ({ keys }) => ['ZCARD', keys.key('z')],
  (making) => ['ZCOUNT', making.keys.key('z'), bound(making), bound(making)],
  ({ keys }) => ['ZRANGE', keys.key('z'), '0', '-1', 'WITHSCORES'],
  ({ values, keys }) => ['ZRANGE', keys.key('z'), `${values.between(-9, 9)}`,
    `${values.between(-9, 30)}`, ...values.pick([[], ['REV'], ['WITHSCORES']])],
  (making) => ['ZRANGE', making.keys.key('z'), bound(making), bound(making), 'BYSCORE',
    ...making.values.pick([[], ['REV'], ['LIMIT', '1', '5'], ['REV', 'WITHSCORES']])],
  (making) => ['ZRANGESTORE', making.keys.key('z'), making.keys.key('z'), bound(making),
    bound(making), 'BYSCORE', ...making.values.pick([[], ['LIMIT', '0', '3']])],
  (making) => [making.values.pick(['ZUNION', 'ZINTER']), ...weighted(making),
    ...making.values.pick([[], ['WITHSCORES']])],
  (making) => ['ZDIFF', ...sources(making), ...making.values.pick([[], ['WITHSCORES']])],
  (making) => ['ZINTERCARD', ...sources(making), ...making.values.pick([[], ['LIMIT', '2']])],
  // Without sums and weights: scores would grow until versions of Redis print them differently.
  (making) => [making.values.pick(['ZUNIONSTORE', 'ZINTERSTORE']), making.keys.key('z'),
    ...sources(making), 'AGGREGATE', making.values.pick(['MIN', 'MAX'])],
  (making) => ['ZDIFFSTORE', making.keys.key('z'), ...sources(making)],
  ({ values, keys }) => ['ZRANDMEMBER', keys.key('z'), ...values.pick([[], ['4'], ['-6']])],
];

const list: readonly Maker[] = [
  (making) => ['LPUSH', making.keys.key('l'), ...making.values.list(1, 5, () => element(making))],
  (making) => ['RPUSH', making.keys.key('l'), ...making.values.list(1, 5, () => element(making))],
  (making) => ['RPUSH', making.keys.key('l'), element(making)],
  (making) => [making.values.pick(['LPUSHX', 'RPUSHX']), making.keys.key('l'), element(making)],
  ({ keys }) => ['LPOP', keys.key('l')],
  ({ keys }) => ['RPOP', keys.key('l')],
  ({ values, keys }) =>
    [values.pick(['LPOP', 'RPOP']), keys.key('l'), `${values.between(-1, 8)}`],
  ({ keys }) => ['LLEN', keys.key('l')],
  ({ keys }) => ['LRANGE', keys.key('l'), '0', '-1'],
  (making) => ['LRANGE', making.keys.key('l'), position(making), position(making)],
  (making) => ['LINDEX', making.keys.key('l'), position(making)],
  (making) => ['LSET', making.keys.key('l'), position(making), element(making)],
  (making) => ['LINSERT', making.keys.key('l'), making.values.pick(['BEFORE', 'AFTER', 'after']),
    element(making), element(making)],
  (making) =>
    ['LREM', making.keys.key('l'), `${making.values.between(-3, 3)}`, element(making)],
  ({ values, keys }) => ['LTRIM', keys.key('l'), `${values.between(0, 3)}`,
    `${values.between(-4, -1)}`],
  (making) => making.values.chance(20)
    ? ['LTRIM', making.keys.key('l'), position(making), position(making)]
    : ['LTRIM', making.keys.key('l'), '-40', '-1'],
  (making) => ['LPOS', making.keys.key('l'), element(making)],
  (making) => ['LPOS', making.keys.key('l'), element(making),
    'RANK', `${making.values.between(-3, 3)}`, 'COUNT', `${making.values.between(-1, 3)}`],
  (making) => ['LPOS', making.keys.key('l'), element(making),
    making.values.pick(['MAXLEN', 'COUNT', 'FOO']), `${making.values.between(0, 9)}`],
  (making) =>
    ['LMOVE', making.keys.key('l'), making.keys.key('l'), end(making), end(making)],
  ({ keys }) => ['RPOPLPUSH', keys.key('l'), keys.key('l')],
  (making) => ['LMPOP', '2', making.keys.key('l'), making.keys.key('l'), end(making)],
  (making) => ['LMPOP', '1', making.keys.key('l'), end(making), 'COUNT',
    `${making.values.between(0, 6)}`],
  (making) => ['RPUSH', making.keys.key('x'), element(making)],
];

/** Options of SORT that leave nothing open. */
const sortOptions: (making: Making) => string[] = ({ values }) => [
  ...values.list(0, 1, () => 'DESC'),
  ...values.chance(40) ? ['LIMIT', `${values.between(-1, 9)}`, `${values.between(-1, 9)}`] : [],
  ...values.list(0, 2, () => ['GET', values.pick(['#', 'fixed'])]).flat(),
];

const sorted: readonly Maker[] = [
  (making) => ['SORT', making.keys.key(making.values.pick(['l', 'm', 'z'])), 'STORE',
    making.keys.key(making.values.pick(['l', 'l', 'x'])), 'ALPHA', ...sortOptions(making)],
  (making) => ['SORT', making.keys.key(making.values.pick(['l', 'm', 'z'])), 'STORE',
    making.keys.key('l'), 'BY', 'nosort', ...sortOptions(making)],
  (making) => ['SORT', making.keys.key(making.values.pick(['l', 'z'])), 'BY', 'nosort',
    ...making.values.list(0, 1, () => 'DESC')],
];

const key: readonly Maker[] = [
  ({ values, keys }) => ['DEL', ...values.list(1, 3, () => keys.any())],
  ({ keys }) => ['UNLINK', keys.any()],
  ({ values, keys }) => ['EXISTS', ...values.list(1, 4, () => keys.any())],
  ({ keys }) => ['TYPE', keys.any()],
  ({ values, keys }) => ['TOUCH', ...values.list(1, 3, () => keys.any())],
  ({ keys }) => ['PTTL', keys.any()],
];

const move: readonly Maker[] = [
  ({ keys }) => ['RENAME', keys.any(), keys.any()],
  ({ keys }) => ['RENAMENX', keys.any(), keys.any()],
  ({ keys }) => ['COPY', keys.any(), keys.any()],
  ({ keys }) => ['COPY', keys.any(), keys.any(), 'REPLACE'],
  ({ values, keys, databases }) => ['COPY', keys.any(), keys.any(), 'DB',
    `${values.between(0, databases - 1)}`, ...values.list(0, 1, () => 'REPLACE')],
  ({ values, keys, databases }) => ['MOVE', keys.any(), `${values.between(0, databases - 1)}`],
];

const seconds = (values: RandomValues): string => `${values.between(1, 100)}`;

/** Writes that set an expiry. */
const timed: readonly Maker[] = [
  ({ values, keys }) => ['SET', keys.key('s'), values.value(), 'PX', `${values.delayMs()}`],
  ({ values, keys }) => ['SET', keys.key('s'), values.value(), 'PX', `${values.delayMs()}`],
  ({ values, keys }) => ['SET', keys.key('s'), values.value(), 'EX', seconds(values)],
  ({ values, keys, nowMs }) =>
    ['SET', keys.key('x'), values.value(), 'PXAT', `${Math.ceil(nowMs) + values.delayMs()}`],
  ({ values, keys }) =>
    ['SET', keys.key('x'), values.value(), values.pick(['NX', 'XX']), 'PX', `${values.delayMs()}`],
  ({ values, keys }) => ['SETEX', keys.key('s'), seconds(values), values.value()],
  ({ values, keys }) => ['PSETEX', keys.key('s'), `${values.delayMs()}`, values.value()],
  ({ values, keys }) => ['GETEX', keys.key('s'), 'PX', `${values.delayMs()}`],
  ({ values, keys, nowMs }) => ['GETEX', keys.key('s'), 'PXAT',
    `${Math.ceil(nowMs) + values.between(-100, 500)}`],
  ({ keys }) => ['GETEX', keys.key('s'), 'PERSIST'],
  ({ keys }) => ['GETEX', keys.key('s')],
];

const expiry: readonly Maker[] = [
  ({ values, keys }) => ['PEXPIRE', keys.any(), `${values.delayMs()}`],
  ({ values, keys }) => ['PEXPIRE', keys.any(), `${values.delayMs()}`,
    values.pick(['NX', 'XX', 'GT', 'LT', 'gt'])],
  ({ values, keys }) => ['EXPIRE', keys.any(), `${values.between(-1, 60)}`],
  ({ values, keys, nowMs }) => ['PEXPIREAT', keys.any(),
    `${Math.ceil(nowMs) + values.between(-50, 3000)}`],
  ({ values, keys, nowMs }) => ['EXPIREAT', keys.any(),
    `${Math.ceil(nowMs / 1000) + values.between(1, 60)}`, ...values.list(0, 1, () => 'LT')],
  ({ values, keys }) => ['EXPIRE', keys.any(), seconds(values), values.pick(['NX', 'LT']), 'XX'],
  ({ keys }) => ['PERSIST', keys.any()],
  ({ keys }) => ['TTL', keys.any()],
  ({ keys }) => ['PTTL', keys.any()],
  ({ keys }) => ['PTTL', keys.any()],
  ({ keys }) => ['EXPIRETIME', keys.any()],
  ({ keys }) => ['PEXPIRETIME', keys.any()],
  ({ keys }) => ['GET', keys.key('s')],
  ({ keys }) => ['EXISTS', keys.any(), keys.any()],
];

const globalRead: readonly Maker[] = [
  () => ['DBSIZE'],
  ({ keys, values }) => ['KEYS', values.pick(['*', `${keys.prefix}*`, `${keys.prefix}s?`])],
  () => ['RANDOMKEY'],
  ({ values }) => ['SCAN', '0', 'COUNT', `${values.pick([1, 5, 100])}`],
  ({ keys }) => ['SCAN', '0', 'MATCH', `${keys.prefix}h*`, 'COUNT', '3'],
  ({ values }) => ['SCAN', '0', 'TYPE', values.pick(['string', 'hash', 'list']), 'COUNT', '100'],
];

const globalWrite: readonly Maker[] = [
  ({ values }) => ['FLUSHDB', ...values.list(0, 1, () => values.pick(['ASYNC', 'sync']))],
  ({ values, databases }) => ['SWAPDB', `${values.between(0, databases - 1)}`,
    `${values.between(0, databases - 1)}`],
  ({ values, databases }) => ['SWAPDB', `${values.between(0, databases - 1)}`,
    `${values.between(0, databases - 1)}`],
  () => ['FLUSHALL'],
];

const select: readonly Maker[] = [
  ({ values, databases }) => ['SELECT', `${values.between(0, databases - 1)}`],
];

/** What every server refuses by its shape. */
const wrong: readonly Maker[] = [
  () => ['GET'],
  ({ keys }) => ['SET', keys.any()],
  ({ keys }) => ['NOSUCHCOMMAND', keys.any(), '1'],
  ({ keys }) => ['HSET', keys.any(), 'field'],
  () => ['PING', 'hello'],
];

const fields: (making: Making) => string[] = (making) => {
  const names = making.values.list(1, 4, () => field(making));
  return ['FIELDS', `${names.length}`, ...names];
};

const condition: (making: Making) => string[] = ({ values }) =>
  (values.chance(30) ? [values.pick(['NX', 'XX', 'GT', 'LT'])] : []);

const fieldExpiry: readonly Maker[] = [
  (making) => ['HPEXPIRE', making.keys.key('h'), `${making.values.delayMs()}`,
    ...condition(making), ...fields(making)],
  (making) => ['HPEXPIRE', making.keys.key('h'), `${making.values.delayMs()}`,
    ...condition(making), ...fields(making)],
  (making) => ['HPEXPIREAT', making.keys.key('h'),
    `${Math.ceil(making.nowMs) + making.values.between(-100, 500)}`,
    ...condition(making), ...fields(making)],
  (making) => ['HEXPIRE', making.keys.key(making.values.pick(['h', 'x'])),
    `${making.values.between(0, 100)}`, ...fields(making)],
  (making) => ['HPERSIST', making.keys.key('h'), ...fields(making)],
  (making) => ['HPTTL', making.keys.key('h'), ...fields(making)],
  (making) => ['HTTL', making.keys.key('h'), ...fields(making)],
  (making) => ['HPEXPIRETIME', making.keys.key('h'), ...fields(making)],
  // Fields that live long enough to be met by what follows, and a number that is added to.
  ({ values, keys }) => ['HPEXPIRE', keys.key('h'), `${values.between(1000, 20_000)}`, 'FIELDS',
    '4', 'f0', 'f1', 'f2', 'f3'],
  ({ values, keys }) => ['HSET', keys.key('h'), 'f0', `${values.between(-9, 9)}`],
  ({ values, keys }) => ['HINCRBY', keys.key('h'), 'f0', `${values.between(-9, 9)}`],
  ({ keys }) => ['HPTTL', keys.key('h'), 'FIELDS', '2', 'f0', 'f1'],
  // All fields, so that there may be nothing left.
  (making) => ['HPEXPIRE', making.keys.key('h'), `${making.values.delayMs()}`, 'FIELDS',
    `${FIELDS}`, ...Array.from({ length: FIELDS }, (_, i) => `f${i}`)],
  (making) => ['HSET', making.keys.key('h'), field(making), making.values.value()],
  ({ keys }) => ['HGETALL', keys.key('h')],
  ({ keys }) => ['EXISTS', keys.key('h')],
];

export const MAKERS: Readonly<Record<Exclude<Family, 'multi'>, readonly Maker[]>> = {
  string, big, edit, number, hyperloglog, hash, list, set, zset, sorted, key, move, timed, expiry,
  fieldExpiry,
  globalRead, globalWrite, select, wrong,
};
