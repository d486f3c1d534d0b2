/**
 * What arguments each command takes, in the notation of argument-notation.ts: facts of Redis's
 * syntax, named as Redis 7.0 names them, because tools that read COMMAND DOCS know those names.
 * A command that is not here takes none, or any (DEBUG).
 */

const UNIT = 'unit<M|KM|FT|MI>';
const FIELDS = 'FIELDS:fields(numfields:int field...)';
const CONDITION = '[condition<NX|XX|GT|LT>]';
const WITH = '[WITHCOORD] [WITHDIST] [WITHHASH]';
const SHAPE =
  'from<FROMMEMBER:member|FROMLONLAT:longitude_latitude(longitude:double latitude:double)> ' +
  `by<circle(BYRADIUS:radius:double ${UNIT})|box(BYBOX:width:double height:double ${UNIT})>`;

export const COMMAND_ARGUMENTS: Readonly<Record<string, string>> = {
  'acl|cat': '[categoryname]',
  'acl|deluser': 'username...',
  'acl|dryrun': 'username command [arg...]',
  'acl|genpass': '[bits:int]',
  'acl|getuser': 'username',
  'acl|log': '[operation<count:int|RESET>]',
  'acl|setuser': 'username [rule...]',
  append: 'key@0 value',
  auth: '[username^6.0.0] password',
  bgsave: '[SCHEDULE^3.2.2]',
  bitcount: 'key@0 [index(start:int end:int [index_unit<BYTE|BIT>^7.0.0])]',
  bitfield:
    'key@0 [operation<GET:encoding_offset(encoding offset:int)|' +
    'write([OVERFLOW:wrap_sat_fail<WRAP|SAT|FAIL>] ' +
    'write_operation<SET:encoding_offset_value(encoding offset:int value:int)|' +
    'INCRBY:encoding_offset_increment(encoding offset:int increment:int)>)>...]',
  'bitfield_ro': 'key@0 [GET:encoding_offset(encoding offset:int)&...]',
  bitop: 'operation destkey@0 key@1...',
  bitpos: 'key@0 bit:int [index(start:int [end_index(end:int [index_unit<BYTE|BIT>^7.0.0])])]',
  blmove: 'source@0 destination@1 wherefrom<LEFT|RIGHT> whereto<LEFT|RIGHT> timeout:double',
  blmpop: 'timeout:double numkeys:int key@0... where<LEFT|RIGHT> [COUNT:count:int]',
  blpop: 'key@0... timeout:double',
  brpop: 'key@0... timeout:double',
  brpoplpush: 'source@0 destination@1 timeout:double',
  bzmpop: 'timeout:double numkeys:int key@0... where<MIN|MAX> [COUNT:count:int]',
  bzpopmax: 'key@0... timeout:double',
  bzpopmin: 'key@0... timeout:double',
  'client|caching': 'mode<YES|NO>',
  'client|kill':
    "filter<'ip:port'!2.8.12|new-format<[ID:client-id:int^2.8.12]|" +
    '[TYPE:normal_master_slave_pubsub<NORMAL|MASTER^3.2.0|SLAVE|REPLICA^5.0.0|' +
    "PUBSUB>^2.8.12]|[USER:username]|[ADDR:'ip:port']|[LADDR:'ip:port'^6.2.0]|" +
    "[SKIPME:'yes/no']>...>",
  'client|list':
    '[TYPE:normal_master_replica_pubsub<NORMAL|MASTER|REPLICA|PUBSUB>^5.0.0] ' +
    '[ID:id(client-id:int...)^6.2.0]',
  'client|no-evict': 'enabled<ON|OFF>',
  'client|no-touch': 'enabled<ON|OFF>',
  'client|pause': 'timeout:int [mode<WRITE|ALL>^6.2.0]',
  'client|reply': 'on_off_skip<ON|OFF|SKIP>',
  'client|setinfo': 'attr<LIB-NAME:libname|LIB-VER:libver>',
  'client|setname': 'connection-name',
  'client|tracking':
    'status<ON|OFF> [REDIRECT:client-id:int] [PREFIX:prefix&...] [BCAST] [OPTIN] [OPTOUT] ' +
    '[NOLOOP]',
  'client|unblock': 'client-id:int [timeout_error<TIMEOUT|ERROR>]',
  'command|docs': '[command-name...]',
  'command|info': '[command-name...]',
  'command|list': '[FILTERBY:filterby<MODULE:module-name|ACLCAT:category|PATTERN:pattern:pattern>]',
  'config|get': 'parameter(parameter)...',
  'config|set': 'parameter_value(parameter value)...',
  copy: 'source@0 destination@1 [DB:destination-db:int] [REPLACE]',
  decr: 'key@0',
  decrby: 'key@0 decrement:int',
  del: 'key@0...',
  echo: 'message',
  exists: 'key@0...',
  expire: 'key@0 seconds:int [condition<NX|XX|GT|LT>^7.0.0]',
  expireat: 'key@0 unix-time-seconds:time [condition<NX|XX|GT|LT>^7.0.0]',
  expiretime: 'key@0',
  flushall: '[async<ASYNC^4.0.0|SYNC^6.2.0>]',
  flushdb: '[async<ASYNC^4.0.0|SYNC^6.2.0>]',
  geoadd:
    'key@0 [condition<NX|XX>^6.2.0] [CH=change^6.2.0] ' +
    'longitude_latitude_member(longitude:double latitude:double member)...',
  geodist: `key@0 member1 member2 [${UNIT}]`,
  geohash: 'key@0 member...',
  geopos: 'key@0 member...',
  georadius:
    `key@0 longitude:double latitude:double radius:double ${UNIT} ${WITH} ` +
    '[count(COUNT:count:int [ANY^6.2.0])] [order<ASC|DESC>] [STORE:key@1] [STOREDIST:key@2]',
  georadius_ro:
    `key@0 longitude:double latitude:double radius:double ${UNIT} ${WITH} ` +
    '[count(COUNT:count:int [ANY^6.2.0])] [order<ASC|DESC>]',
  georadiusbymember:
    `key@0 member radius:double ${UNIT} ${WITH} [count(COUNT:count:int [ANY])] ` +
    '[order<ASC|DESC>] [STORE:key@1] [STOREDIST:key@2]',
  georadiusbymember_ro:
    `key@0 member radius:double ${UNIT} ${WITH} [count(COUNT:count:int [ANY])] [order<ASC|DESC>]`,
  geosearch: `key@0 ${SHAPE} [order<ASC|DESC>] [count(COUNT:count:int [ANY])] ${WITH}`,
  geosearchstore:
    `destination@0 source@1 ${SHAPE} [order<ASC|DESC>] [count(COUNT:count:int [ANY])] [STOREDIST]`,
  get: 'key@0',
  getbit: 'key@0 offset:int',
  getdel: 'key@0',
  getex:
    'key@0 [expiration<EX:seconds:int|PX:milliseconds:int|EXAT:unix-time-seconds:time|' +
    'PXAT:unix-time-milliseconds:time|PERSIST>]',
  getrange: 'key@0 start:int end:int',
  getset: 'key@0 value',
  hdel: 'key@0 field...',
  hello:
    '[arguments(protover:int [AUTH:username_password(username password)] ' +
    '[SETNAME:clientname])]',
  hexists: 'key@0 field',
  hexpire: `key@0 seconds:int ${CONDITION} ${FIELDS}`,
  hexpireat: `key@0 unix-time-seconds:time ${CONDITION} ${FIELDS}`,
  hexpiretime: `key@0 ${FIELDS}`,
  hget: 'key@0 field',
  hgetall: 'key@0',
  hincrby: 'key@0 field increment:int',
  hincrbyfloat: 'key@0 field increment:double',
  hkeys: 'key@0',
  hlen: 'key@0',
  hmget: 'key@0 field...',
  hmset: 'key@0 field_value(field value)...',
  hpersist: `key@0 ${FIELDS}`,
  hpexpire: `key@0 milliseconds:int ${CONDITION} ${FIELDS}`,
  hpexpireat: `key@0 unix-time-milliseconds:time ${CONDITION} ${FIELDS}`,
  hpexpiretime: `key@0 ${FIELDS}`,
  hpttl: `key@0 ${FIELDS}`,
  hrandfield: 'key@0 [options(count:int [WITHVALUES])]',
  hscan: 'key@0 cursor:int [MATCH:pattern:pattern] [COUNT:count:int] [NOVALUES]',
  hset: 'key@0 field_value(field value)...',
  hsetnx: 'key@0 field value',
  hstrlen: 'key@0 field',
  httl: `key@0 ${FIELDS}`,
  hvals: 'key@0',
  incr: 'key@0',
  incrby: 'key@0 increment:int',
  incrbyfloat: 'key@0 increment:double',
  info: '[section...]',
  keys: 'pattern:pattern',
  'latency|graph': 'event',
  'latency|histogram': '[command...]',
  'latency|history': 'event',
  'latency|reset': '[event...]',
  lcs: 'key1@0 key2@0 [LEN] [IDX] [MINMATCHLEN:len:int] [WITHMATCHLEN]',
  lindex: 'key@0 index:int',
  linsert: 'key@0 where<BEFORE|AFTER> pivot element',
  llen: 'key@0',
  lmove: 'source@0 destination@1 wherefrom<LEFT|RIGHT> whereto<LEFT|RIGHT>',
  lmpop: 'numkeys:int key@0... where<LEFT|RIGHT> [COUNT:count:int]',
  lolwut: '[VERSION:version:int]',
  lpop: 'key@0 [count:int^6.2.0]',
  lpos: 'key@0 element [RANK:rank:int] [COUNT:num-matches:int] [MAXLEN:len:int]',
  lpush: 'key@0 element...',
  lpushx: 'key@0 element...',
  lrange: 'key@0 start:int stop:int',
  lrem: 'key@0 count:int element',
  lset: 'key@0 index:int element',
  ltrim: 'key@0 start:int stop:int',
  'memory|usage': 'key@0 [SAMPLES:count:int]',
  mget: 'key@0...',
  move: 'key@0 db:int',
  mset: 'key_value(key@0 value)...',
  msetnx: 'key_value(key@0 value)...',
  'object|encoding': 'key@0',
  'object|freq': 'key@0',
  'object|idletime': 'key@0',
  'object|refcount': 'key@0',
  'peers|add': 'name client-address peer-address',
  'peers|await': 'position:int [milliseconds:int]',
  'peers|reads': '[mode<SEQUENTIAL|LINEARIZABLE|DEFAULT>]',
  'peers|remove': 'name',
  'peers|transfer': 'name',
  persist: 'key@0',
  pexpire: 'key@0 milliseconds:int [condition<NX|XX|GT|LT>^7.0.0]',
  pexpireat: 'key@0 unix-time-milliseconds:time [condition<NX|XX|GT|LT>^7.0.0]',
  pexpiretime: 'key@0',
  pfadd: 'key@0 [element...]',
  pfcount: 'key@0...',
  pfdebug: 'subcommand key@0',
  pfmerge: 'destkey@0 sourcekey@1...',
  ping: '[message]',
  psetex: 'key@0 milliseconds:int value',
  psubscribe: 'pattern(pattern:pattern)...',
  pttl: 'key@0',
  publish: 'channel message',
  'pubsub|channels': '[pattern:pattern]',
  'pubsub|numsub': '[channel...]',
  'pubsub|shardchannels': '[pattern:pattern]',
  'pubsub|shardnumsub': '[shardchannel...]',
  punsubscribe: '[pattern:pattern...]',
  rename: 'key@0 newkey@1',
  renamenx: 'key@0 newkey@1',
  replicaof: 'args<host-port(host port:int)|no-one(NO ONE)>',
  rpop: 'key@0 [count:int^6.2.0]',
  rpoplpush: 'source@0 destination@1',
  rpush: 'key@0 element...',
  rpushx: 'key@0 element...',
  sadd: 'key@0 member...',
  scan: 'cursor:int [MATCH:pattern:pattern] [COUNT:count:int] [TYPE:type^6.0.0]',
  scard: 'key@0',
  sdiff: 'key@0...',
  sdiffstore: 'destination@0 key@1...',
  select: 'index:int',
  set:
    'key@0 value [condition<NX|XX>^2.6.12] [GET^6.2.0] [expiration<EX:seconds:int^2.6.12|' +
    'PX:milliseconds:int^2.6.12|EXAT:unix-time-seconds:time^6.2.0|' +
    'PXAT:unix-time-milliseconds:time^6.2.0|KEEPTTL^6.0.0>]',
  setbit: 'key@0 offset:int value:int',
  setex: 'key@0 seconds:int value',
  setnx: 'key@0 value',
  setrange: 'key@0 offset:int value',
  shutdown: '[nosave_save<NOSAVE|SAVE>] [NOW^7.0.0] [FORCE^7.0.0] [ABORT^7.0.0]',
  sinter: 'key@0...',
  sintercard: 'numkeys:int key@0... [LIMIT:limit:int]',
  sinterstore: 'destination@0 key@1...',
  sismember: 'key@0 member',
  slaveof: 'args<host-port(host port:int)|no-one(NO ONE)>',
  'slowlog|get': '[count:int]',
  smembers: 'key@0',
  smismember: 'key@0 member...',
  smove: 'source@0 destination@1 member',
  sort:
    'key@0 [BY:pattern@1:pattern] [LIMIT:offset_count(offset:int count:int)] ' +
    '[GET:pattern@1:pattern&...] [order<ASC|DESC>] [ALPHA=sorting] [STORE:destination@2]',
  sort_ro:
    'key@0 [BY:pattern@1:pattern] [LIMIT:offset_count(offset:int count:int)] ' +
    '[GET:pattern@1:pattern&...] [order<ASC|DESC>] [ALPHA=sorting]',
  spop: 'key@0 [count:int^3.2.0]',
  spublish: 'shardchannel message',
  srandmember: 'key@0 [count:int^2.6.0]',
  srem: 'key@0 member...',
  sscan: 'key@0 cursor:int [MATCH:pattern:pattern] [COUNT:count:int]',
  ssubscribe: 'shardchannel...',
  strlen: 'key@0',
  subscribe: 'channel...',
  substr: 'key@0 start:int end:int',
  sunion: 'key@0...',
  sunionstore: 'destination@0 key@1...',
  sunsubscribe: '[shardchannel...]',
  swapdb: 'index1:int index2:int',
  touch: 'key@0...',
  ttl: 'key@0',
  type: 'key@0',
  unlink: 'key@0...',
  unsubscribe: '[channel...]',
  wait: 'numreplicas:int timeout:int',
  waitaof: 'numlocal:int numreplicas:int timeout:int',
  watch: 'key@0...',
  zadd:
    'key@0 [condition<NX|XX>^3.0.2] [comparison<GT|LT>^6.2.0] [CH=change^3.0.2] ' +
    '[INCR=increment^3.0.2] score_member(score:double member)...',
  zcard: 'key@0',
  zcount: 'key@0 min:double max:double',
  zdiff: 'numkeys:int key@0... [WITHSCORES]',
  zdiffstore: 'destination@0 numkeys:int key@1...',
  zincrby: 'key@0 increment:int member',
  zinter:
    'numkeys:int key@0... [WEIGHTS:weight:int...] [AGGREGATE:aggregate<SUM|MIN|MAX>] ' +
    '[WITHSCORES]',
  zintercard: 'numkeys:int key@0... [LIMIT:limit:int]',
  zinterstore:
    'destination@0 numkeys:int key@1... [WEIGHTS:weight:int...] ' +
    '[AGGREGATE:aggregate<SUM|MIN|MAX>]',
  zlexcount: 'key@0 min max',
  zmpop: 'numkeys:int key@0... where<MIN|MAX> [COUNT:count:int]',
  zmscore: 'key@0 member...',
  zpopmax: 'key@0 [count:int]',
  zpopmin: 'key@0 [count:int]',
  zrandmember: 'key@0 [options(count:int [WITHSCORES])]',
  zrange:
    'key@0 start stop [sortby<BYSCORE|BYLEX>^6.2.0] [REV^6.2.0] ' +
    '[LIMIT:offset_count(offset:int count:int)^6.2.0] [WITHSCORES]',
  zrangebylex: 'key@0 min max [LIMIT:offset_count(offset:int count:int)]',
  zrangebyscore:
    'key@0 min:double max:double [WITHSCORES^2.0.0] [LIMIT:offset_count(offset:int count:int)]',
  zrangestore:
    'dst@0 src@1 min max [sortby<BYSCORE|BYLEX>] [REV] ' +
    '[LIMIT:offset_count(offset:int count:int)]',
  zrank: 'key@0 member [WITHSCORE^7.2.0]',
  zrem: 'key@0 member...',
  zremrangebylex: 'key@0 min max',
  zremrangebyrank: 'key@0 start:int stop:int',
  zremrangebyscore: 'key@0 min:double max:double',
  zrevrange: 'key@0 start:int stop:int [WITHSCORES]',
  zrevrangebylex: 'key@0 max min [LIMIT:offset_count(offset:int count:int)]',
  zrevrangebyscore:
    'key@0 max:double min:double [WITHSCORES] [LIMIT:offset_count(offset:int count:int)]',
  zrevrank: 'key@0 member [WITHSCORE^7.2.0]',
  zscan: 'key@0 cursor:int [MATCH:pattern:pattern] [COUNT:count:int]',
  zscore: 'key@0 member',
  zunion:
    'numkeys:int key@0... [WEIGHTS:weight:int...] [AGGREGATE:aggregate<SUM|MIN|MAX>] ' +
    '[WITHSCORES]',
  zunionstore:
    'destination@0 numkeys:int key@1... [WEIGHTS:weight:int...] ' +
    '[AGGREGATE:aggregate<SUM|MIN|MAX>]',
};
