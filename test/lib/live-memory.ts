/** How much memory is in use, without the garbage of whoever ran before in the same process. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of all ArrayBuffers that are reachable. */
export function liveArrayBufferBytes(): number {
  // The second waits for what the first has left to another thread.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
