/** What ioredis replies for the families of commands that change one value after the other. */

import type { Family } from './family.ts';
import type { Redis } from 'ioredis';

const strings: Family<Redis> = {
  name: 'strings',
  run: (redis) => Promise.all([
    redis.set('s', 'Hello', 'EX', 100), redis.append('s', ' World'), redis.get('s'),
    redis.set('s', 'x', 'NX'), redis.set('s', 'Hello', 'PX', 90_000, 'XX', 'GET'),
    redis.getrange('s', 1, 3), redis.setrange('s', 5, '!'), redis.strlen('s'), redis.getdel('s'),
    redis.mset({ a: '1', b: '2' }), redis.mget('a', 'b', 'none'), redis.msetnx('b', '3', 'c', '4'),
    redis.incr('a'), redis.incrby('a', 10), redis.decrby('a', 2), redis.incrbyfloat('a', 0.25),
    redis.setnx('a', '1'), redis.getset('a', 'new'), redis.getex('a', 'EX', 60), redis.ttl('a'),
    redis.setbit('bits', 7, 1), redis.getbit('bits', 7), redis.bitcount('bits'),
    redis.bitpos('bits', 1), redis.bitop('NOT', 'flipped', 'bits'), redis.getBuffer('flipped'),
    redis.bitfield('field', 'OVERFLOW', 'SAT', 'INCRBY', 'u4', 4, 20),
    redis.set('t1', 'ohmytext'), redis.set('t2', 'mynewtext'), redis.lcs('t1', 't2'),
  ]),
  gives: [
    'OK', 11, 'Hello World', null, 'Hello World', 'ell', 6, 6, 'Hello!',
    'OK', ['1', '2', null], 0, 2, 12, 10, '10.25', 0, '10.25', 'new', 60,
    0, 1, 1, 7, 1, Buffer.from([0xfe]), [15], 'OK', 'OK', 'mytext',
  ],
};

const keys: Family<Redis> = {
  name: 'keys',
  run: (redis) => Promise.all([
    redis.mset('one', '1', 'two', '2'), redis.exists('one', 'two', 'none'), redis.type('one'),
    redis.rename('one', 'uno'), redis.renamenx('uno', 'two'), redis.copy('two', 'due'),
    redis.expire('uno', 100), redis.expire('uno', 50, 'GT'), redis.persist('uno'),
    redis.pexpireat('uno', 4_000_000_000_123), redis.pexpiretime('uno'), redis.expiretime('uno'),
    redis.ttl('two'), redis.pttl('none'), redis.object('ENCODING', 'two'), redis.touch('two', 'uno'),
    redis.move('due', 5), redis.dbsize(), redis.unlink('two'), redis.del('uno', 'none'),
    redis.randomkey(), redis.select(5), redis.keys('*'), redis.flushdb(), redis.select(0),
  ]),
  gives: [
    'OK', 2, 'string', 'OK', 0, 1, 1, 0, 1, 1, 4_000_000_000_123, 4_000_000_000, -1, -2, 'int', 2,
    1, 2, 1, 1, null, 'OK', ['due'], 'OK', 'OK',
  ],
};

const hashes: Family<Redis> = {
  name: 'hashes',
  run: (redis) => Promise.all([
    redis.hset('h', { name: 'Ada', born: 1815 }), redis.hset('h', 'name', 'Grace', 'navy', 'yes'),
    redis.hget('h', 'name'), redis.hmget('h', 'born', 'none'), redis.hgetall('h'),
    redis.hsetnx('h', 'name', 'x'), redis.hincrby('h', 'born', 91),
    redis.hincrbyfloat('h', 'height', 1.68), redis.hexists('h', 'navy'), redis.hstrlen('h', 'name'),
    redis.hdel('h', 'navy', 'none'), redis.hlen('h'), redis.hkeys('h'), redis.hvals('h'),
    redis.hset('single', 'f', 'v'), redis.hrandfield('single'), redis.hrandfield('single', -3),
    redis.hrandfield('single', 2, 'WITHVALUES'), redis.hgetall('none'),
    redis.hmset('h', new Map([['list', 'of']])), redis.hgetBuffer('h', 'list'),
  ]),
  gives: [
    2, 1, 'Grace', ['1815', null], { name: 'Grace', born: '1815', navy: 'yes' }, 0, 1906, '1.68',
    1, 5, 1, 3, ['name', 'born', 'height'], ['Grace', '1906', '1.68'],
    1, 'f', ['f', 'f', 'f'], ['f', 'v'], {}, 'OK', Buffer.from('of'),
  ],
};

const lists: Family<Redis> = {
  name: 'lists',
  run: (redis) => Promise.all([
    redis.rpush('l', 'b', 'c', 'd'), redis.lpush('l', 'a'), redis.lrange('l', 0, -1),
    redis.lpushx('none', 'x'), redis.rpushx('l', 'e'), redis.llen('l'), redis.lindex('l', -1),
    redis.lset('l', 1, 'B'), redis.linsert('l', 'BEFORE', 'c', 'between'),
    redis.lpos('l', 'd'), redis.lpos('l', 'a', 'COUNT', 0), redis.lrem('l', 0, 'between'),
    redis.ltrim('l', 0, 3), redis.lmove('l', 'to', 'LEFT', 'RIGHT'), redis.rpoplpush('l', 'to'),
    redis.lrange('to', 0, -1), redis.lpop('l'), redis.rpop('l', 5), redis.lpop('l'),
    redis.lmpop(2, 'l', 'to', 'RIGHT', 'COUNT', 5), redis.lpop('l', 3),
  ]),
  gives: [
    3, 4, ['a', 'b', 'c', 'd'], 0, 5, 5, 'e', 'OK', 6, 4, [0], 1,
    'OK', 'a', 'd', ['d', 'a'], 'B', ['c'], null, ['to', ['a', 'd']], null,
  ],
};

const sets: Family<Redis> = {
  name: 'sets',
  run: async (redis) => {
    const replies = await Promise.all([
      redis.sadd('s', 'a', 'b', 'c'), redis.sadd('s', ['c', 'd']), redis.scard('s'),
      redis.sismember('s', 'a'), redis.smismember('s', 'a', 'z'), redis.srem('s', 'd', 'z'),
      redis.sadd('t', 'b', 'c', 'x'), redis.smove('s', 't', 'a'), redis.sinter('s', 't'),
      redis.sunion('s', 't'), redis.sdiff('t', 's'), redis.smembers('s'),
      redis.sinterstore('both', 's', 't'), redis.sunionstore('all', 's', 't'),
      redis.sdiffstore('left', 's', 't'), redis.sintercard(2, 's', 't', 'LIMIT', 1),
      redis.srandmember('all', 10), redis.sadd('one', 'only'), redis.srandmember('one', -2),
      redis.spop('one'), redis.spop('one'), redis.spop('both', 5), redis.exists('both', 'one'),
    ]);
    // The order of members is no promise.
    return replies.map((reply) => Array.isArray(reply) && typeof reply[0] === 'string'
      ? (reply as string[]).toSorted() : reply);
  },
  gives: [
    3, 1, 4, 1, [1, 0], 1, 3, 1, ['b', 'c'], ['a', 'b', 'c', 'x'], ['a', 'x'], ['b', 'c'], 2, 4, 0,
    1, ['a', 'b', 'c', 'x'], 1, ['only', 'only'], 'only', null, ['b', 'c'], 0,
  ],
};

const sortedSets: Family<Redis> = {
  name: 'sorted sets',
  run: (redis) => Promise.all([
    redis.zadd('z', 1, 'a', 2.5, 'b', '+inf', 'c'), redis.zadd('z', 'GT', 'CH', 3, 'b', 0, 'a'),
    redis.zadd('z', 'INCR', 2, 'a'), redis.zincrby('z', 0.5, 'a'), redis.zscore('z', 'c'),
    redis.zmscore('z', 'a', 'none'), redis.zcard('z'), redis.zcount('z', '(3', '+inf'),
    redis.zrank('z', 'a'), redis.zrevrank('z', 'a'), redis.zrange('z', 0, -1, 'WITHSCORES'),
    redis.zrange('z', '(3', '+inf', 'BYSCORE', 'LIMIT', 0, 1), redis.zrevrange('z', 0, 0),
    redis.zrangebyscore('z', 0, 10, 'WITHSCORES'), redis.zrevrangebyscore('z', 10, 0),
    redis.zadd('lex', 0, 'a', 0, 'b', 0, 'c'), redis.zrangebylex('lex', '[a', '(c'),
    redis.zrevrangebylex('lex', '+', '-'), redis.zlexcount('lex', '-', '+'),
    redis.zrangestore('copy', 'z', 0, -1), redis.zunionstore('sum', 2, 'z', 'lex', 'WEIGHTS', 2, 1),
    redis.zinterstore('both', 2, 'z', 'lex', 'AGGREGATE', 'MAX'), redis.zdiff(2, 'z', 'copy'),
    redis.zunion(2, 'lex', 'copy'), redis.zinter(2, 'z', 'copy', 'WITHSCORES'),
    redis.zintercard(2, 'z', 'copy'), redis.zdiffstore('none', 2, 'z', 'copy'),
    redis.zrem('z', 'b', 'none'), redis.zpopmin('z'), redis.zpopmax('z', 2),
    redis.zmpop(1, 'copy', 'MIN', 'COUNT', 2), redis.zremrangebyscore('copy', '-inf', '+inf'),
    redis.zremrangebyrank('sum', 0, 0), redis.zremrangebylex('lex', '[a', '[a'),
    redis.zadd('one', 7, 'only'), redis.zrandmember('one'), redis.zrandmember('one', -1, 'WITHSCORES'),
  ]),
  gives: [
    3, 1, '3', '3.5', 'inf', ['3.5', null], 3, 2,
    1, 1, ['b', '3', 'a', '3.5', 'c', 'inf'], ['a'], ['c'], ['b', '3', 'a', '3.5'], ['a', 'b'],
    3, ['a', 'b'], ['c', 'b', 'a'], 3,
    3, 3, 3, [], ['b', 'a', 'c'], ['b', '6', 'a', '7', 'c', 'inf'], 3, 0,
    1, ['a', '3.5'], ['c', 'inf'],
    ['copy', [['b', '3'], ['a', '3.5']]], 1, 1, 1,
    1, 'only', ['only', '7'],
  ],
};

export const VALUE_FAMILIES = [strings, keys, hashes, lists, sets, sortedSets];
