/**
 * Channels on one connection, one reply a command. Replies equal those of Redis 7.0; in RESP2 a
 * subscribed connection can ask for little.
 */

import { script, type Script } from './script.ts';

const ASKING = script([
  'PUBSUB', 'PUBSUB FOO', 'PUBSUB CHANNELS', 'PUBSUB CHANNELS *', 'PUBSUB CHANNELS a b',
  'PUBSUB NUMSUB', 'PUBSUB NUMSUB a b', 'PUBSUB NUMPAT', 'PUBSUB NUMPAT x', 'PUBSUB SHARDCHANNELS',
  'PUBSUB SHARDCHANNELS a b', 'PUBSUB SHARDNUMSUB', 'PUBSUB SHARDNUMSUB a b',
  'PUBLISH', 'PUBLISH a', 'PUBLISH a b', 'PUBLISH a b c', 'SPUBLISH a', 'SPUBLISH a b',
  'SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE',
  'UNSUBSCRIBE a', 'PUNSUBSCRIBE a', 'SUNSUBSCRIBE a',
]);

export const pubSubScript: Script = [
  ...ASKING,
  ...script([
    'SUBSCRIBE a', 'SUBSCRIBE a', 'SUBSCRIBE b', ['SUBSCRIBE', '\x00\xff\r\n'],
    ['UNSUBSCRIBE', '\x00\xff\r\n'], 'PING', 'PING x', 'PING x y', 'PSUBSCRIBE a*', 'PSUBSCRIBE [z',
    'GET a', 'CLIENT ID x', 'CONFIG GET x y', 'HELLO', 'FOO', 'GET',
    'UNSUBSCRIBE nosuch', 'UNSUBSCRIBE a', 'UNSUBSCRIBE b', 'UNSUBSCRIBE', 'PUNSUBSCRIBE nosuch',
    'PUNSUBSCRIBE [z', 'SSUBSCRIBE s', 'SSUBSCRIBE s', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE s',
    'SUNSUBSCRIBE s', 'SUNSUBSCRIBE', 'PING', 'GET a',
    'SSUBSCRIBE s', 'PING', 'SUNSUBSCRIBE', 'PING',
    'SUBSCRIBE a', 'RESET', 'PING', 'PUBSUB CHANNELS', 'PUBSUB NUMSUB a',
  ]),
];

/** In RESP3 only: a subscribed connection can ask for everything. */
export const pubSubScript3: Script = script([
  'SUBSCRIBE a', 'PING', 'PING x', 'GET a', 'PUBSUB CHANNELS', 'PUBSUB NUMSUB a b', 'PUBSUB NUMPAT',
  'PSUBSCRIBE x*', 'PUBSUB NUMPAT', 'PUBSUB CHANNELS b*', 'PUBSUB CHANNELS [a', 'SSUBSCRIBE s',
  'PUBSUB SHARDCHANNELS', 'PUBSUB SHARDCHANNELS x*', 'PUBSUB SHARDNUMSUB s a', 'PUBLISH s m',
  'SPUBLISH a m', 'PUBLISH y m', 'UNSUBSCRIBE', 'UNSUBSCRIBE', 'SUNSUBSCRIBE', 'PUNSUBSCRIBE',
]);
