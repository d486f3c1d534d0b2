/**
 * Passes changes of keys on, when `notify-keyspace-events` asks for it, to the channels
 * `__keyspace@<db>__:<key>` and `__keyevent@<db>__:<event>`.
 */

import type { ByteRange } from '../lib/byte-range.ts';
import type { KeyspaceListener } from '../keyspace/keyspace.ts';
import type { PubSubHub } from './pub-sub-hub.ts';

/** What 'A' stands for: every class but misses and new keys. */
const ALL_CLASSES = 'g$lshzxetd';

export class KeyspaceEvents implements KeyspaceListener {
  readonly #hub: PubSubHub;
  #classes = '';
  #toKeyspace = false;
  #toKeyevent = false;

  constructor(hub: PubSubHub) {
    this.#hub = hub;
  }

  /** The value of notify-keyspace-events: K and E choose channels, other letters classes. */
  configure(letters: string): void {
    this.#toKeyspace = letters.includes('K');
    this.#toKeyevent = letters.includes('E');
    this.#classes = letters.replaceAll('A', ALL_CLASSES);
  }

  notify(kind: string, event: string, db: number, key: ByteRange): void {
    if (this.#classes === '' || !this.#classes.includes(kind)) return;
    if (this.#toKeyspace) {
      const channel = Buffer.concat([Buffer.from(`__keyspace@${db}__:`), key.view()]);
      this.#hub.publish(channel, Buffer.from(event));
    }
    if (this.#toKeyevent) this.#hub.publish(Buffer.from(`__keyevent@${db}__:${event}`), key.copy());
  }
}
