/** Every family of commands: the table that the server runs. */

import { aclCommands } from './acl.ts';
import { bitFieldCommands } from './bitmaps-fields.ts';
import { bitmapCommands } from './bitmaps.ts';
import { clientCommands } from './client.ts';
import { commandInfoCommands } from './command-info.ts';
import type { Command } from './command.ts';
import { configCommands } from './config.ts';
import { connectionCommands } from './connection.ts';
import { debugCommands } from './debug.ts';
import { hashNumberCommands } from './hashes-numbers.ts';
import { hashWalkCommands } from './hashes-walks.ts';
import { hashCommands } from './hashes.ts';
import { infoCommands } from './info.ts';
import { keyDatabaseCommands } from './keys-databases.ts';
import { keyExpiryCommands } from './keys-expiry.ts';
import { keyMoveCommands } from './keys-moves.ts';
import { keyObjectCommands } from './keys-object.ts';
import { keyScanCommands } from './keys-scan.ts';
import { keyCommands } from './keys.ts';
import { latencyCommands } from './latency.ts';
import { memoryCommands } from './memory.ts';
import { peersCommands } from './peers.ts';
import { pubSubCommands } from './pubsub.ts';
import { replicationCommands } from './replication.ts';
import { serverControlCommands } from './server-control.ts';
import { slowLogCommands } from './slowlog.ts';
import { stringLcsCommands } from './strings-lcs.ts';
import { stringNumberCommands } from './strings-numbers.ts';
import { stringSliceCommands } from './strings-slices.ts';
import { stringCommands } from './strings.ts';
import { transactionCommands } from './transactions.ts';

export const allCommands: readonly (readonly Command[])[] = [
  stringCommands, stringNumberCommands, stringSliceCommands, stringLcsCommands,
  bitmapCommands, bitFieldCommands,
  keyCommands, keyExpiryCommands, keyMoveCommands, keyScanCommands, keyObjectCommands,
  keyDatabaseCommands,
  hashCommands, hashNumberCommands, hashWalkCommands,
  transactionCommands, pubSubCommands, connectionCommands, clientCommands,
  commandInfoCommands, configCommands, infoCommands, serverControlCommands, debugCommands,
  memoryCommands, slowLogCommands, latencyCommands, replicationCommands, peersCommands,
  aclCommands,
];
