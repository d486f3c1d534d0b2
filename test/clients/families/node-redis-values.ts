/** What node-redis gives for the families of commands that work on values, in RESP2 and RESP3. */

import type { Family } from './family.ts';
import type { NodeRedis } from './node-redis.ts';

const strings: Family<NodeRedis> = {
  name: 'strings',
  run: (redis) => Promise.all([
    redis.set('s', 'Hello', { expiration: { type: 'PX', value: 90_000 } }),
    redis.append('s', ' World'), redis.get('s'), redis.set('s', 'x', { condition: 'NX' }),
    redis.set('s', 'Hello', { condition: 'XX', GET: true, expiration: 'KEEPTTL' }),
    redis.ttl('s'), redis.getRange('s', 1, 3), redis.setRange('s', 5, '!'), redis.strLen('s'),
    redis.getDel('s'), redis.mSet({ a: '1', b: '2' }), redis.mGet(['a', 'b', 'none']),
    redis.mSetNX({ b: '3', c: '4' }), redis.incr('a'), redis.incrBy('a', 10), redis.decrBy('a', 2),
    redis.incrByFloat('a', 0.25), redis.setNX('a', '1'), redis.getSet('a', 'new'),
    redis.getEx('a', { type: 'EX', value: 60 }), redis.setBit('bits', 7, 1),
    redis.getBit('bits', 7), redis.bitCount('bits'), redis.bitPos('bits', 1),
    redis.bitOp('NOT', 'flipped', 'bits'), redis.bitField('field', [
      { operation: 'OVERFLOW', behavior: 'FAIL' },
      { operation: 'INCRBY', encoding: 'u4', offset: 0, increment: 20 },
      { operation: 'SET', encoding: 'u8', offset: 8, value: 200 },
      { operation: 'GET', encoding: 'u8', offset: 8 },
    ]),
    redis.mSet({ t1: 'ohmytext', t2: 'mynewtext' }), redis.lcs('t1', 't2'), redis.lcsLen('t1', 't2'),
    redis.lcsIdx('t1', 't2', { MINMATCHLEN: 4 }),
  ]),
  gives: [
    'OK', 11, 'Hello World', null, 'Hello World', 90, 'ell', 6, 6,
    'Hello!', 'OK', ['1', '2', null], 0, 2, 12, 10, '10.25', 0, '10.25',
    'new', 0, 1, 1, 7, 1, [null, 0, 200], 'OK', 'mytext', 6, { matches: [[[4, 7], [5, 8]]], len: 6 },
  ],
};

const keys: Family<NodeRedis> = {
  name: 'keys',
  run: (redis) => Promise.all([
    redis.mSet(['one', '1', 'two', '2']), redis.exists(['one', 'two', 'none']), redis.type('one'),
    redis.rename('one', 'uno'), redis.renameNX('uno', 'two'), redis.copy('two', 'due'),
    redis.expire('uno', 100), redis.expire('uno', 50, 'GT'), redis.persist('uno'),
    redis.pExpireAt('uno', 4_000_000_000_123), redis.pExpireTime('uno'), redis.expireTime('uno'),
    redis.ttl('two'), redis.pTTL('none'), redis.objectEncoding('two'), redis.touch(['two', 'uno']),
    redis.move('due', 5), redis.dbSize(), redis.unlink(['two']), redis.del(['uno', 'none']),
    redis.randomKey(), redis.keys('*'), redis.sendCommand(['OBJECT', 'FREQ', 'none']).catch(String),
  ]),
  gives: [
    'OK', 2, 'string', 'OK', 0, 1, 1, 0, 1, 1, 4_000_000_000_123, 4_000_000_000, -1, -2, 'int', 2,
    1, 2, 1, 1, null, [], null,
  ],
};

const hashes: Family<NodeRedis> = {
  name: 'hashes',
  run: async (redis) => {
    const replies = await Promise.all([
      redis.hSet('h', { name: 'Ada', born: 1815 }), redis.hSet('h', 'name', 'Grace'),
      redis.hGet('h', 'name'), redis.hmGet('h', ['born', 'none']), redis.hGetAll('h'),
      redis.hSetNX('h', 'name', 'x'), redis.hIncrBy('h', 'born', 91),
      redis.hIncrByFloat('h', 'height', 1.68), redis.hExists('h', 'none'),
      redis.hStrLen('h', 'name'), redis.hDel('h', ['height', 'none']), redis.hLen('h'),
      redis.hKeys('h'), redis.hVals('h'), redis.hSet('single', 'f', 'v'), redis.hRandField('single'),
      redis.hRandFieldCount('single', -2), redis.hRandFieldCountWithValues('single', 2),
      redis.hGetAll('none'),
    ]);
    // HGETALL gives objects without a prototype.
    return replies.map((reply) => reply !== null && typeof reply === 'object'
      && !Array.isArray(reply) ? { ...reply } : reply);
  },
  gives: [
    2, 0, 'Grace', ['1815', null], { name: 'Grace', born: '1815' }, 0, 1906, '1.68', 0,
    5, 1, 2, ['name', 'born'], ['Grace', '1906'], 1, 'f',
    ['f', 'f'], [{ field: 'f', value: 'v' }], {},
  ],
};

const lists: Family<NodeRedis> = {
  name: 'lists',
  run: (redis) => Promise.all([
    redis.rPush('l', ['b', 'c', 'd']), redis.lPush('l', 'a'), redis.lRange('l', 0, -1),
    redis.lPushX('none', 'x'), redis.rPushX('l', 'e'), redis.lLen('l'), redis.lIndex('l', -1),
    redis.lSet('l', 1, 'B'), redis.lInsert('l', 'BEFORE', 'c', 'between'), redis.lPos('l', 'd'),
    redis.lPosCount('l', 'a', 0), redis.lRem('l', 0, 'between'), redis.lTrim('l', 0, 3),
    redis.lMove('l', 'to', 'LEFT', 'RIGHT'), redis.rPopLPush('l', 'to'), redis.lRange('to', 0, -1),
    redis.lPop('l'), redis.rPopCount('l', 5), redis.lPop('l'),
    redis.lmPop(['l', 'to'], 'RIGHT', { COUNT: 5 }), redis.lmPop(['l', 'to'], 'LEFT'),
  ]),
  gives: [
    3, 4, ['a', 'b', 'c', 'd'], 0, 5, 5, 'e', 'OK', 6, 4, [0], 1, 'OK',
    'a', 'd', ['d', 'a'], 'B', ['c'], null, ['to', ['a', 'd']], null,
  ],
};

const sets: Family<NodeRedis> = {
  name: 'sets',
  run: async (redis) => {
    const replies = await Promise.all([
      redis.sAdd('s', ['a', 'b', 'c']), redis.sAdd('s', 'd'), redis.sCard('s'),
      redis.sIsMember('s', 'a'), redis.smIsMember('s', ['a', 'z']), redis.sRem('s', ['d', 'z']),
      redis.sAdd('t', ['b', 'c', 'x']), redis.sMove('s', 't', 'a'), redis.sInter(['s', 't']),
      redis.sUnion(['s', 't']), redis.sDiff(['t', 's']), redis.sMembers('s'),
      redis.sInterStore('both', ['s', 't']), redis.sUnionStore('all', ['s', 't']),
      redis.sDiffStore('left', ['s', 't']), redis.sInterCard(['s', 't'], { LIMIT: 1 }),
      redis.sRandMemberCount('all', 10), redis.sAdd('one', 'only'), redis.sRandMember('one'),
      redis.sPop('one'), redis.sPop('one'), redis.sPopCount('both', 5),
    ]);
    // The order of members is no promise.
    return replies.map((reply) => Array.isArray(reply) && typeof reply[0] === 'string'
      ? reply.toSorted() : reply);
  },
  gives: [
    3, 1, 4, 1, [1, 0], 1, 3, 1, ['b', 'c'], ['a', 'b', 'c', 'x'], ['a', 'x'], ['b', 'c'], 2, 4, 0,
    1, ['a', 'b', 'c', 'x'], 1, 'only', 'only', null, ['b', 'c'],
  ],
};

const sortedSets: Family<NodeRedis> = {
  name: 'sorted sets',
  run: (redis) => Promise.all([
    redis.zAdd('z', [{ value: 'a', score: 1 }, { value: 'b', score: 2.5 }]),
    redis.zAdd('z', { value: 'c', score: Infinity }),
    redis.zAdd('z', [{ value: 'b', score: 3 }], { comparison: 'GT', CH: true }),
    redis.zAddIncr('z', { value: 'a', score: 2 }), redis.zIncrBy('z', 0.5, 'a'),
    redis.zAddIncr('z', { value: 'a', score: 2 }, { condition: 'NX' }), redis.zScore('z', 'c'),
    redis.zmScore('z', ['a', 'none']), redis.zCard('z'), redis.zCount('z', '(3', Infinity),
    redis.zRank('z', 'a'), redis.zRevRank('z', 'a'), redis.zRangeWithScores('z', 0, -1),
    redis.zRange('z', '(3', '+inf', { BY: 'SCORE', LIMIT: { offset: 0, count: 1 } }),
    redis.zRange('z', 0, 0, { REV: true }), redis.zRangeByScoreWithScores('z', 0, 10),
    redis.zAdd('lex', ['a', 'b', 'c'].map((value) => ({ value, score: 0 }))),
    redis.zRangeByLex('lex', '[a', '(c'), redis.zLexCount('lex', '-', '+'),
    redis.zRangeStore('copy', 'z', 0, -1), redis.zUnionStore('sum', ['z', 'lex']),
    redis.zInterStore('both', ['z', 'lex'], { AGGREGATE: 'MAX' }), redis.zDiff(['z', 'copy']),
    redis.zUnion(['lex', 'copy']), redis.zInterWithScores(['z', 'copy']),
    redis.zInterCard(['z', 'copy']), redis.zDiffWithScores(['z', 'lex']),
    redis.zRem('z', ['b', 'none']), redis.zPopMin('z'), redis.zPopMaxCount('z', 2),
    redis.zPopMax('z'), redis.zmPop(['z', 'copy'], 'MIN', { COUNT: 2 }), redis.zmPop('z', 'MIN'),
    redis.zRemRangeByScore('copy', '-inf', '+inf'), redis.zRemRangeByRank('sum', 0, 0),
    redis.zRemRangeByLex('lex', '[a', '[a'), redis.zAdd('one', { value: 'only', score: 7 }),
    redis.zRandMember('one'), redis.zRandMemberCountWithScores('one', -1),
  ]),
  gives: [
    2, 1, 1, 3, 3.5, null, Infinity, [3.5, null], 3, 2, 1, 1,
    [{ value: 'b', score: 3 }, { value: 'a', score: 3.5 }, { value: 'c', score: Infinity }], ['a'],
    ['c'], [{ value: 'b', score: 3 }, { value: 'a', score: 3.5 }], 3, ['a', 'b'], 3,
    3, 3, 3, [], ['b', 'a', 'c'],
    [{ value: 'b', score: 6 }, { value: 'a', score: 7 }, { value: 'c', score: Infinity }],
    3, [], 1, { value: 'a', score: 3.5 }, [{ value: 'c', score: Infinity }], null,
    { key: 'copy', members: [{ value: 'b', score: 3 }, { value: 'a', score: 3.5 }] }, null,
    1, 1, 1, 1, 'only', [{ value: 'only', score: 7 }],
  ],
};

export const VALUE_FAMILIES = [strings, keys, hashes, lists, sets, sortedSets];
