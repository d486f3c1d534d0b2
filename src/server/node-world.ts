/** The real world: Node's files, sockets, timers and threads. */

import { NodeClock } from '../io/node-clock.ts';
import { NodeFiles } from '../io/node-files.ts';
import { NodeRandomSource } from '../io/node-random-source.ts';
import { NODE_NETWORK } from '../io/network.ts';
import { stallThread } from '../io/stall.ts';
import { ThreadCopier } from '../store/compaction/thread-copier.ts';
import { HintThread } from '../store/hints/hint-thread.ts';
import type { World } from './world.ts';

export function nodeWorld(): World {
  return {
    clock: new NodeClock(),
    random: new NodeRandomSource(),
    network: NODE_NETWORK,
    openFiles: (syncs) => new NodeFiles(syncs),
    createCopier: () => new ThreadCopier(),
    createHintMaker: () => new HintThread(),
    memoryUsage: () => process.memoryUsage(),
    stall: stallThread,
  };
}
