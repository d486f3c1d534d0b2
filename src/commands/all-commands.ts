/** Every family of commands: the table that the server runs. */

import { aclCommands } from './server/acl.ts';
import { bitFieldCommands } from './string/bitmaps-fields.ts';
import { bitmapCommands } from './string/bitmaps.ts';
import { clientCommands } from './client/client.ts';
import { commandInfoCommands } from './server/command-info.ts';
import type { Command } from './command.ts';
import { configCommands } from './server/config.ts';
import { connectionCommands } from './client/connection.ts';
import { debugCommands } from './server/debug.ts';
import { geoSearchCommands } from './geo/geos-searches.ts';
import { geoCommands } from './geo/geos.ts';
import { hashNumberCommands } from './hash/hashes-numbers.ts';
import { hashWalkCommands } from './hash/hashes-walks.ts';
import { hashCommands } from './hash/hashes.ts';
import { hashExpiryCommands } from './hash/hashes-expiry.ts';
import { hyperLogLogCommands } from './hyperloglog/hyperloglogs.ts';
import { hyperLogLogDebugCommands } from './hyperloglog/hyperloglogs-debug.ts';
import { infoCommands } from './server/info.ts';
import { keyDatabaseCommands } from './key/keys-databases.ts';
import { keyExpiryCommands } from './key/keys-expiry.ts';
import { keyMoveCommands } from './key/keys-moves.ts';
import { keyObjectCommands } from './key/keys-object.ts';
import { keyScanCommands } from './key/keys-scan.ts';
import { keyCommands } from './key/keys.ts';
import { latencyCommands } from './server/latency.ts';
import { listChangeCommands } from './list/lists-changes.ts';
import { listBlockingCommands } from './list/lists-blocking.ts';
import { listMoveCommands } from './list/lists-moves.ts';
import { listCommands } from './list/lists.ts';
import { memoryCommands } from './server/memory.ts';
import { peersCommands } from './cluster/peers.ts';
import { pubSubCommands } from './pubsub/pubsub.ts';
import { replicationCommands } from './server/replication.ts';
import { serverControlCommands } from './server/server-control.ts';
import { setAlgebraCommands } from './set/set-algebra.ts';
import { setChoiceCommands } from './set/set-choices.ts';
import { setCommands } from './set/sets.ts';
import { sortCommands } from './key/sort.ts';
import { slowLogCommands } from './server/slowlog.ts';
import { stringLcsCommands } from './string/strings-lcs.ts';
import { stringNumberCommands } from './string/strings-numbers.ts';
import { stringSliceCommands } from './string/strings-slices.ts';
import { stringCommands } from './string/strings.ts';
import { transactionCommands } from './client/transactions.ts';
import { zsetAlgebraCommands } from './zset/zset-algebra.ts';
import { zsetCommands } from './zset/zsets.ts';
import { zsetRangeCommands } from './zset/zsets-ranges.ts';
import { zsetRemovalCommands } from './zset/zsets-removals.ts';
import { zsetScoreCommands } from './zset/zsets-scores.ts';
import { zsetBlockingCommands } from './zset/zsets-blocking.ts';
import { zsetWalkCommands } from './zset/zsets-walks.ts';

export const allCommands: readonly (readonly Command[])[] = [
  stringCommands, stringNumberCommands, stringSliceCommands, stringLcsCommands,
  bitmapCommands, bitFieldCommands, hyperLogLogCommands, hyperLogLogDebugCommands,
  keyCommands, keyExpiryCommands, keyMoveCommands, keyScanCommands, keyObjectCommands,
  keyDatabaseCommands, sortCommands,
  hashCommands, hashNumberCommands, hashExpiryCommands, hashWalkCommands,
  setCommands, setChoiceCommands, setAlgebraCommands,
  listCommands, listChangeCommands, listMoveCommands, listBlockingCommands,
  zsetCommands, zsetScoreCommands, zsetRangeCommands, zsetRemovalCommands, zsetWalkCommands,
  zsetAlgebraCommands, zsetBlockingCommands,
  geoCommands, geoSearchCommands,
  transactionCommands, pubSubCommands, connectionCommands, clientCommands,
  commandInfoCommands, configCommands, infoCommands, serverControlCommands, debugCommands,
  memoryCommands, slowLogCommands, latencyCommands, replicationCommands, peersCommands,
  aclCommands,
];
