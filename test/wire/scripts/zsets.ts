/**
 * Sorted sets: every option and every error. Replies equal those of Redis 7.0, so scores are such
 * as all versions print alike.
 */

import { script, type Script } from './script.ts';

const BINARY = '\x00m\xff\r\n';
const LONG = 'x'.repeat(65);

const SCORES = script([
  'ZADD z 1 a', 'ZADD z 1 a', 'ZADD z 2 a 3 b', 'ZADD z 1.5 c -2 d inf e -inf f', 'ZCARD z',
  'ZRANGE z 0 -1', 'ZRANGE z 0 -1 WITHSCORES', 'TYPE z', 'OBJECT ENCODING z', 'ZSCORE z a',
  'ZSCORE z e', 'ZSCORE z f', 'ZSCORE z none', 'ZSCORE none a', 'ZSCORE z', 'ZSCORE z a b',
  'ZMSCORE z a none c', 'ZMSCORE none a b', 'ZMSCORE z', 'ZADD z', 'ZADD z 1', 'ZADD z 1 a 2',
  'ZADD z x a', 'ZADD z 1 a x b', 'ZADD z nan a', ['ZADD', 'z', '', 'a'], ['ZADD', 'z', ' 1', 'a'],
  'ZADD z 1e400 a', 'ZADD z 0x10 hex', 'ZADD z +5 plus 007 zeros .5 point 5. behind', 'ZADD z 1e2 e',
  'ZRANGE z 0 -1 WITHSCORES', 'ZADD z NX 9 a 9 new', 'ZADD z XX 9 a 9 none', 'ZADD z NX XX 1 a',
  'ZADD z CH 10 a 11 new2 9 new', 'ZADD z NX GT 1 a', 'ZADD z NX LT 1 a', 'ZADD z GT LT 1 a',
  'ZADD z GT 5 a', 'ZADD z GT 15 a', 'ZADD z LT 20 a', 'ZADD z LT 2 a', 'ZADD z GT CH 1 a 99 g',
  'ZADD z XX GT CH 50 a 99 h', 'ZADD z nx Ch 1 q', 'ZADD z INCR 5 a', 'ZADD z INCR 5 fresh',
  'ZADD z INCR 1 a 2 b', 'ZADD z NX INCR 5 a', 'ZADD z NX INCR 5 i1', 'ZADD z XX INCR 5 i2',
  'ZADD z XX INCR 5 a', 'ZADD z GT INCR -1 a', 'ZADD z LT INCR -1 a', 'ZADD z LT INCR 1 a',
  'ZADD z INCR inf a', 'ZADD z INCR -inf a', 'ZADD z INCR x a', 'ZADD none XX 1 a',
  'ZADD none XX INCR 1 a', 'EXISTS none', 'ZADD z NX', 'ZADD z NX NX', 'ZADD z CH INCR', 'ZADD z NX 1',
  'ZADD z 1 same 2 same', 'ZSCORE z same', 'ZADD z CH 3 same 4 same 4 same', 'ZADD z NX 1 d1 2 d1',
  'ZADD z GT CH 1 d1 5 d1 3 d1', 'ZSCORE z d1', 'DEL z',
  'ZADD z 0 zero', 'ZADD z CH -0 zero', 'ZSCORE z zero', 'ZADD z -0 minus', 'ZSCORE z minus',
  'ZADD z CH 0 minus', 'ZRANGE z 0 -1 WITHSCORES', 'DEL z',
  'ZINCRBY z 2 a', 'ZINCRBY z -0.5 a', 'ZINCRBY z x a', 'ZINCRBY z nan a', 'ZINCRBY z inf a',
  'ZINCRBY z -inf a', 'ZINCRBY z inf a', 'ZINCRBY z 1', 'ZINCRBY z NX a', 'ZINCRBY z NX XX',
  'ZINCRBY z 0 a', 'ZINCRBY z 0 b', 'ZSCORE z b', 'DEL z', 'EXISTS z',
]);

const MEMBERS = script([
  'ZADD z 1 a 2 b 3 c 3 d', 'ZREM z', 'ZREM none a', 'ZREM z x', 'ZREM z a a x b', 'ZRANGE z 0 -1',
  'ZREM z c d', 'EXISTS z', ['ZADD', BINARY, '1', BINARY, '2', ''], ['ZRANGE', BINARY, '0', '-1'],
  ['ZSCORE', BINARY, ''], ['ZREM', BINARY, ''], ['ZREM', BINARY, BINARY], 'DBSIZE',
  ['ZADD', 'z', '1', LONG], 'OBJECT ENCODING z', ['ZREM', 'z', LONG], 'ZADD z 1 a 2 b 3 c',
  'ZCARD none', 'ZCARD', 'ZCARD a b', 'ZRANK z a', 'ZRANK z c', 'ZRANK z none', 'ZRANK none a',
  'ZREVRANK z a', 'ZREVRANK z c', 'ZREVRANK z none', 'ZREVRANK none a', 'ZRANK z', 'ZREVRANK z',
  'ZCOUNT z 1 2', 'ZCOUNT z (1 2', 'ZCOUNT z (1 (2', 'ZCOUNT z -inf +inf', 'ZCOUNT z 3 1',
  'ZCOUNT z x 1', 'ZCOUNT z 1 x', 'ZCOUNT z ( 1', 'ZCOUNT z nan 1', 'ZCOUNT z 1 2 3', 'ZCOUNT z 1',
  'ZCOUNT none 1 2', 'ZCOUNT none x 2', ['ZCOUNT', 'z', '', '9'], ['ZCOUNT', 'z', ' 1', '9'],
  ['ZCOUNT', 'z', '(', '9'], ['ZCOUNT', 'z', '1\x00x', '9'], ['ZCOUNT', 'z', '1 ', '9'],
  ['ZCOUNT', 'z', ' ', '9'], 'ZCOUNT z -1e999 1e999', 'ZCOUNT z 0x1 (0x3', 'ZCOUNT z ((1 2', 'DEL z',
]);

const RANGES = script([
  'ZADD z 1 a 2 b 3 c 3 d 4 e inf f', 'ZRANGE z 0 2', 'ZRANGE z -2 -1', 'ZRANGE z 4 2', 'ZRANGE z 9 10',
  'ZRANGE z -100 1', 'ZRANGE z 0 100 WITHSCORES', 'ZRANGE z 0 1 REV', 'ZRANGE z 0 -1 REV WITHSCORES',
  'ZRANGE z x 1', 'ZRANGE z 0 x', 'ZRANGE z 0', 'ZRANGE z 0 1 NOSUCH', 'ZRANGE z 0 1 LIMIT 0 1',
  'ZRANGE z 0 1 LIMIT 0 -1', 'ZRANGE z 0 1 LIMIT 0', 'ZRANGE z 0 1 LIMIT x 1', 'ZRANGE none 0 1',
  'ZRANGE none x 1', 'ZRANGE z 1 3 BYSCORE', 'ZRANGE z (1 (3 BYSCORE', 'ZRANGE z 3 1 BYSCORE',
  'ZRANGE z 3 1 BYSCORE REV', 'ZRANGE z +inf (1 BYSCORE REV WITHSCORES',
  'ZRANGE z -inf +inf BYSCORE LIMIT 1 2', 'ZRANGE z -inf +inf BYSCORE LIMIT 1 -1',
  'ZRANGE z -inf +inf BYSCORE LIMIT -1 2', 'ZRANGE z -inf +inf BYSCORE LIMIT 99 2',
  'ZRANGE z -inf +inf BYSCORE LIMIT 1 0', 'ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2',
  'ZRANGE z x 1 BYSCORE', 'ZRANGE z 1 3 BYSCORE BYLEX', 'ZRANGE z 1 3 BYLEX',
  'ZRANGE z [a [c BYLEX WITHSCORES', 'ZRANGE z 0 1 REV REV', 'ZRANGE z 0 1 WITHSCORES WITHSCORES',
  'ZRANGE z 1 3 BYSCORE LIMIT 0 1 LIMIT 1 2', 'ZRANGE z 0 1 BYSCORE BYSCORE',
  'ZREVRANGE z 0 1', 'ZREVRANGE z 0 -1 WITHSCORES', 'ZREVRANGE z 0 1 REV', 'ZREVRANGE z x 1',
  'ZREVRANGE z 0 1 LIMIT 1 1', 'ZREVRANGE z 0 1 BYSCORE', 'ZREVRANGE none 0 1', 'ZREVRANGE z 0',
  'ZRANGEBYSCORE z 1 3', 'ZRANGEBYSCORE z 1 3 WITHSCORES', 'ZRANGEBYSCORE z (1 +inf LIMIT 1 1',
  'ZRANGEBYSCORE z -inf +inf LIMIT 0 -1 WITHSCORES', 'ZRANGEBYSCORE z x 1', 'ZRANGEBYSCORE z 1 3 REV',
  'ZRANGEBYSCORE z 1 3 BYLEX', 'ZRANGEBYSCORE z 1 3 LIMIT 1', 'ZRANGEBYSCORE none 1 3',
  'ZREVRANGEBYSCORE z 3 1', 'ZREVRANGEBYSCORE z 1 3', 'ZREVRANGEBYSCORE z +inf (1 WITHSCORES LIMIT 1 2',
  'ZREVRANGEBYSCORE z 1 x', 'ZREVRANGEBYSCORE z x 1', 'ZRANGEBYSCORE z inf inf',
  'ZRANGEBYSCORE z (inf +inf', 'DEL z',
  'ZADD z 0 a 0 b 0 c 0 d 0 dd 0 e', ['ZADD', 'z', '0', '\xff', '0', ''], 'ZRANGEBYLEX z - +',
  'ZRANGEBYLEX z [b [d', 'ZRANGEBYLEX z (b (d', 'ZRANGEBYLEX z + -', 'ZRANGEBYLEX z - -',
  'ZRANGEBYLEX z + +', 'ZRANGEBYLEX z - (d', 'ZRANGEBYLEX z [c +', 'ZRANGEBYLEX z [bb [cc',
  'ZRANGEBYLEX z (c [c', 'ZRANGEBYLEX z [c [c', 'ZRANGEBYLEX z b d', 'ZRANGEBYLEX z [b d',
  'ZRANGEBYLEX z -x +', 'ZRANGEBYLEX z - +x', ['ZRANGEBYLEX', 'z', '-\x00x', '+'],
  ['ZRANGEBYLEX', 'z', '', '+'], 'ZRANGEBYLEX z [ +', 'ZRANGEBYLEX z ( [a', 'ZRANGEBYLEX z - + LIMIT 1 2',
  'ZRANGEBYLEX z - + LIMIT -1 2', 'ZRANGEBYLEX z - + LIMIT 2 -1', 'ZRANGEBYLEX z - + WITHSCORES',
  'ZRANGEBYLEX z - + REV', 'ZRANGEBYLEX none - +', 'ZREVRANGEBYLEX z + -', 'ZREVRANGEBYLEX z [d [b',
  'ZREVRANGEBYLEX z (d (b LIMIT 0 1', 'ZREVRANGEBYLEX z [b [d', 'ZREVRANGEBYLEX z - +',
  'ZREVRANGEBYLEX z x +', 'ZRANGE z [b + BYLEX', 'ZRANGE z + [b BYLEX REV', 'ZRANGE z - + BYLEX LIMIT 1 1',
  'ZLEXCOUNT z - +', 'ZLEXCOUNT z [b (d', 'ZLEXCOUNT z + -', 'ZLEXCOUNT z b d', 'ZLEXCOUNT none - +',
  'ZLEXCOUNT none x +', 'ZLEXCOUNT z -', 'DEL z',
]);

const STORING = script([
  'ZADD z 1 a 2 b 3 c', 'ZRANGESTORE d z 0 1', 'ZRANGE d 0 -1 WITHSCORES', 'OBJECT ENCODING d',
  'ZRANGESTORE d z 2 +inf BYSCORE', 'ZRANGE d 0 -1 WITHSCORES', 'ZRANGESTORE d z 0 0 REV',
  'ZRANGE d 0 -1 WITHSCORES', 'ZRANGESTORE d z 5 9', 'EXISTS d', 'ZRANGESTORE d none 0 1',
  'ZRANGESTORE d z 0 1 WITHSCORES', 'ZRANGESTORE d z x 1', 'ZRANGESTORE d z 0 1 LIMIT 1 1',
  'ZRANGESTORE d z - + BYLEX LIMIT 1 1', 'ZRANGE d 0 -1', 'ZRANGESTORE z z 1 -1', 'ZRANGE z 0 -1',
  'ZRANGESTORE d z 0', 'SET s v', 'ZRANGESTORE s z 0 -1', 'TYPE s', 'SET s v', 'ZRANGESTORE s none 0 1',
  'EXISTS s', 'PEXPIREAT d 32503680000000', 'ZRANGESTORE d z 0 -1', 'PEXPIRETIME d',
  'ZRANGESTORE d z 1 0 BYSCORE', 'DEL z d s',
]);

const REMOVING = script([
  'ZADD z 1 a 2 b 3 c 4 d 5 e', 'ZREMRANGEBYRANK z 1 2', 'ZRANGE z 0 -1', 'ZREMRANGEBYRANK z 5 9',
  'ZREMRANGEBYRANK z x 1', 'ZREMRANGEBYRANK z 0', 'ZREMRANGEBYRANK none 0 1', 'ZREMRANGEBYRANK none x 1',
  'ZREMRANGEBYRANK z -1 -1', 'ZREMRANGEBYRANK z 2 1', 'ZREMRANGEBYRANK z 0 -1', 'EXISTS z',
  'ZADD z 1 a 2 b 3 c 4 d 5 e', 'ZREMRANGEBYSCORE z (1 3', 'ZRANGE z 0 -1', 'ZREMRANGEBYSCORE z x 1',
  'ZREMRANGEBYSCORE z 3 1', 'ZREMRANGEBYSCORE none 1 2', 'ZREMRANGEBYSCORE z -inf +inf', 'EXISTS z',
  'ZADD z 0 a 0 b 0 c 0 d', 'ZREMRANGEBYLEX z [b (d', 'ZRANGE z 0 -1', 'ZREMRANGEBYLEX z b d',
  'ZREMRANGEBYLEX z + -', 'ZREMRANGEBYLEX none - +', 'ZREMRANGEBYLEX z - +', 'EXISTS z',
  'ZADD z 1 a 2 b 3 c 4 d 5 e', 'ZPOPMIN z', 'ZPOPMAX z', 'ZPOPMIN z 2', 'ZPOPMIN z 0', 'ZPOPMAX z -1',
  'ZPOPMIN z x', 'ZPOPMIN z 1 2', 'ZPOPMIN none', 'ZPOPMAX none 2', 'ZPOPMIN none x', 'ZPOPMIN none 0',
  'ZPOPMIN', 'ZPOPMAX z 9', 'EXISTS z', 'ZPOPMIN z', 'ZADD z 1 a', 'ZPOPMIN z', 'EXISTS z',
  'ZADD z 1 a 2 b 3 c', 'ZADD y 1 q', 'ZMPOP 2 none z MIN', 'ZMPOP 2 none z MAX COUNT 1', 'ZMPOP 1 none MIN',
  'ZMPOP 2 y z MIN COUNT 5', 'EXISTS y', 'ZMPOP 0 z MIN', 'ZMPOP x z MIN', 'ZMPOP -1 z MIN', 'ZMPOP 1 z',
  'ZMPOP 1 z FOO', 'ZMPOP 2 z MIN', 'ZMPOP 3 z MIN', 'ZMPOP 1 z MIN COUNT 0', 'ZMPOP 1 z MIN COUNT x',
  'ZMPOP 1 z MIN COUNT -1', 'ZMPOP 1 z MIN COUNT', 'ZMPOP 1 z MIN COUNT 1 COUNT 1', 'ZMPOP 1 z MIN X 1',
  'ZMPOP 1 z max count 2', 'EXISTS z', 'ZMPOP 9223372036854775807 z MIN', 'ZMPOP',
]);

const CHANCE = script([
  'ZADD z 1 a', 'ZRANDMEMBER z', 'ZRANDMEMBER z 0', 'ZRANDMEMBER z 1', 'ZRANDMEMBER z 5',
  'ZRANDMEMBER z -3', 'ZRANDMEMBER z 1 WITHSCORES', 'ZRANDMEMBER z -2 WITHSCORES', 'ZRANDMEMBER none',
  'ZRANDMEMBER none 1', 'ZRANDMEMBER none -1 WITHSCORES', 'ZRANDMEMBER z x', 'ZRANDMEMBER z 1 2',
  'ZRANDMEMBER z 1 WITHSCORES 2', 'ZRANDMEMBER z 9223372036854775807 WITHSCORES', 'ZRANDMEMBER',
  'ZRANDMEMBER z -9223372036854775808', 'ZRANDMEMBER z 9223372036854775807',
  'ZSCAN z 0', 'ZADD z 2 b 3.5 c inf d', 'ZSCAN z 0', 'ZSCAN z 0 COUNT 1', 'ZSCAN z 0 MATCH b',
  'ZSCAN z 0 COUNT 0', 'ZSCAN z 0 COUNT x', 'ZSCAN z 0 NOSUCH', 'ZSCAN z x', 'ZSCAN z', 'ZSCAN none 0',
  'ZSCAN none 0 COUNT x', 'ZSCAN z 0 TYPE zset', 'DEL z',
]);

const ALGEBRA = script([
  'ZADD a 1 x 2 y 3 z', 'ZADD b 10 y 20 z 30 w', 'SADD s x y q', 'ZUNION 2 a b', 'ZUNION 2 a b WITHSCORES',
  'ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES', 'ZUNION 2 a b AGGREGATE MIN WITHSCORES',
  'ZUNION 2 a b AGGREGATE MAX WITHSCORES', 'ZUNION 2 a b AGGREGATE SUM WITHSCORES',
  'ZUNION 3 a b s WITHSCORES', 'ZUNION 1 s WITHSCORES', 'ZUNION 2 a none WITHSCORES', 'ZUNION 1 none',
  'ZUNION 0 a', 'ZUNION -1 a', 'ZUNION x a', 'ZUNION 3 a b', 'ZUNION 2 a b WEIGHTS 1',
  'ZUNION 2 a b WEIGHTS 1 x', 'ZUNION 2 a b WEIGHTS 1 nan', 'ZUNION 2 a b AGGREGATE', 'ZUNION 2 a b AGGREGATE AVG',
  'ZUNION 2 a b NOSUCH', 'ZUNION 2 a b LIMIT 1', 'ZUNION', 'ZUNION 1', 'ZUNION 2 a a WITHSCORES',
  'ZUNION 2 a b WITHSCORES AGGREGATE MAX WEIGHTS 1 -1 WITHSCORES', 'ZUNION 2 a b WEIGHTS inf -inf WITHSCORES',
  'ZADD i inf x -inf y 0 z', 'ZUNION 2 i i WEIGHTS 1 -1 WITHSCORES', 'ZUNION 1 i WEIGHTS inf WITHSCORES',
  'ZINTER 2 i i WEIGHTS 1 -1 WITHSCORES', 'ZINTER 2 i a WEIGHTS 0 1 WITHSCORES', 'ZUNION 1 i WEIGHTS 0 WITHSCORES',
  'ZINTER 2 a b', 'ZINTER 2 a b WITHSCORES', 'ZINTER 2 a b WEIGHTS 2 3 AGGREGATE MAX WITHSCORES',
  'ZINTER 3 a b s WITHSCORES', 'ZINTER 2 a none', 'ZINTER 1 a WITHSCORES', 'ZINTER 2 a a WITHSCORES',
  'ZINTER 0 a', 'ZINTER 2 a b AGGREGATE MIN WITHSCORES', 'ZINTER 2 s s WITHSCORES',
  'ZDIFF 2 a b', 'ZDIFF 2 a b WITHSCORES', 'ZDIFF 2 a s WITHSCORES', 'ZDIFF 2 s a WITHSCORES', 'ZDIFF 1 a',
  'ZDIFF 2 a none', 'ZDIFF 2 none a', 'ZDIFF 2 a a', 'ZDIFF 2 a b WEIGHTS 1 2', 'ZDIFF 2 a b AGGREGATE MAX',
  'ZDIFF 0 a', 'ZDIFF x a', 'ZDIFF',
  'ZINTERCARD 2 a b', 'ZINTERCARD 2 a b LIMIT 1', 'ZINTERCARD 2 a b LIMIT 0', 'ZINTERCARD 2 a b LIMIT -1',
  'ZINTERCARD 2 a b LIMIT x', 'ZINTERCARD 2 a b LIMIT', 'ZINTERCARD 2 a none', 'ZINTERCARD 0 a',
  'ZINTERCARD 2 a s', 'ZINTERCARD 2 a b WITHSCORES', 'ZINTERCARD 2 a b WEIGHTS 1 2', 'ZINTERCARD 1 s LIMIT 2',
  'ZUNIONSTORE d 2 a b', 'ZRANGE d 0 -1 WITHSCORES', 'OBJECT ENCODING d', 'ZUNIONSTORE d 2 a b WITHSCORES',
  'ZUNIONSTORE d 2 a b WEIGHTS 1 2 AGGREGATE MAX', 'ZRANGE d 0 -1 WITHSCORES', 'ZUNIONSTORE d 0 a',
  'ZUNIONSTORE d 1 none', 'EXISTS d', 'ZUNIONSTORE d 1 none', 'ZINTERSTORE d 2 a b', 'ZRANGE d 0 -1 WITHSCORES',
  'ZINTERSTORE d 2 d a', 'ZRANGE d 0 -1 WITHSCORES', 'ZINTERSTORE d 2 a none', 'EXISTS d', 'ZDIFFSTORE d 2 a b',
  'ZRANGE d 0 -1 WITHSCORES', 'ZDIFFSTORE d 2 a a', 'EXISTS d', 'ZDIFFSTORE d 2 a b WEIGHTS 1 1',
  'ZDIFFSTORE d x a', 'ZUNIONSTORE s 1 s', 'TYPE s', 'ZRANGE s 0 -1 WITHSCORES', 'SET k v', 'ZUNIONSTORE k 1 a',
  'TYPE k', 'SET k v', 'ZINTERSTORE k 1 none', 'EXISTS k', 'PEXPIREAT d 32503680000000',
  'ZUNIONSTORE d 1 a', 'PEXPIRETIME d', 'ZUNIONSTORE d 2 a', 'ZUNIONSTORE d', 'DEL a b s d i k',
]);

const WRONG_TYPES = script([
  'SET k v', 'ZADD z 1 a', 'ZADD k 1 a', 'ZADD k x a', 'ZADD k NX XX 1 a', 'ZADD k INCR 1 a', 'ZINCRBY k 1 a',
  'ZREM k a', 'ZSCORE k a', 'ZMSCORE k a', 'ZCARD k', 'ZCOUNT k 1 2', 'ZCOUNT k x 2', 'ZLEXCOUNT k - +',
  'ZRANK k a', 'ZREVRANK k a', 'ZRANGE k 0 1', 'ZRANGE k x 1', 'ZREVRANGE k 0 1', 'ZRANGEBYSCORE k 1 2',
  'ZREVRANGEBYSCORE k 2 1', 'ZRANGEBYLEX k - +', 'ZREVRANGEBYLEX k + -', 'ZRANGESTORE d k 0 1',
  'ZREMRANGEBYRANK k 0 1', 'ZREMRANGEBYSCORE k 0 1', 'ZREMRANGEBYLEX k - +', 'ZPOPMIN k', 'ZPOPMAX k 1',
  'ZPOPMIN k 0', 'ZMPOP 1 k MIN', 'ZMPOP 2 none k MIN', 'ZMPOP 2 z k MIN', 'ZADD z 1 a', 'ZRANDMEMBER k',
  'ZRANDMEMBER k 1', 'ZSCAN k 0', 'ZSCAN k x', 'ZUNION 2 z k', 'ZUNION 1 k WEIGHTS', 'ZINTER 2 none k',
  'ZDIFF 2 z k', 'ZUNIONSTORE d 1 k', 'ZINTERSTORE d 2 z k', 'ZDIFFSTORE d 2 z k', 'ZINTERCARD 1 k',
  'GET z', 'APPEND z x', 'INCR z', 'HSET z a 1', 'SADD z a', 'STRLEN z', 'DEL z k',
]);

/** Those that wait find something here, or are in EXEC, or have no time. */
const BLOCKING = script([
  'ZADD z 1 a 2 b 3 c 4 d 5 e', 'BZPOPMIN z 0', 'BZPOPMAX z 0', 'BZPOPMIN none z 0',
  'BZPOPMAX z none 0.5', 'BZMPOP 0 2 none z MIN', 'EXISTS z', 'ZADD z 1 a 2 b 3 c',
  'BZMPOP 0 1 z MAX COUNT 2', 'BZMPOP 0 1 z MIN COUNT 7', 'EXISTS z',
  'BZPOPMIN none 0.001', 'BZPOPMAX none nothing none 0.001', 'BZMPOP 0.001 2 none nothing MIN',
  'MULTI', 'BZPOPMIN none 0', 'BZPOPMAX none 0', 'BZMPOP 0 1 none MIN', 'ZADD none 1 a 2 b 3 c 4 d',
  'BZPOPMIN none 0', 'BZPOPMAX none 0', 'BZMPOP 0 1 none MAX COUNT 3', 'EXEC',
  'SET s v', 'BZPOPMIN s 0', 'BZPOPMAX none s 0', 'BZMPOP 0 1 s MIN', 'BZMPOP 0 2 none s MIN',
  'BZPOPMIN', 'BZPOPMIN z', 'BZPOPMAX z x', 'BZPOPMIN z -1', 'BZPOPMIN s x', 'BZMPOP', 'BZMPOP 0 1 z',
  'BZMPOP x 1 z MIN', 'BZMPOP x 0 z MIN', 'BZMPOP 0 0 z MIN', 'BZMPOP 0 2 z MIN', 'BZMPOP 0 1 z X',
  'BZMPOP 0 1 z MIN COUNT', 'BZMPOP 0 1 z MIN COUNT 0', 'BZMPOP 0 1 z MIN COUNT 1 COUNT 1',
  'BZMPOP -1 1 z MIN', 'DEL s',
]);

export const zsetScript: Script = [
  ...SCORES, ...MEMBERS, ...RANGES, ...STORING, ...REMOVING, ...CHANCE, ...ALGEBRA, ...BLOCKING,
  ...WRONG_TYPES,
];
