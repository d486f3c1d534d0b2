/**
 * The priority of this thread for a processor: work in the background should not take it from the
 * thread that serves, when there are fewer processors than threads that want one.
 */

import os from 'node:os';

/**
 * Asks for less: `nice` from 1, a little, to 19. On Linux alone a thread has a priority of its own;
 * elsewhere this would be the whole process's, so nothing happens. Nor if it is refused.
 */
export function lowerThreadPriority(nice: number): void {
  if (process.platform !== 'linux') return;
  try {
    os.setPriority(0, nice);
  } catch {
    // Only the speed of something else depends on it.
  }
}
