/**
 * A key that a connection found absent when it watched it. An absent key has no version, so a key
 * that is set and deleted again looks as if nothing had happened to it, though the connection may
 * have read it meanwhile. So it is noted whether the key was set since.
 */

import type { KeyListener } from '../keyspace/key-listeners.ts';

export class Absence implements KeyListener {
  /** The key was set since, whatever became of it. */
  isOver = false;

  /** That a key is removed whose time was over before is no change: it was absent. */
  onChange(isSet: boolean): void {
    if (isSet) this.isOver = true;
  }

  /** What is not made has not changed it, and nothing could read it. */
  onTakenBack(): void {}
}
