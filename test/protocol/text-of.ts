/** Everything that an encoder was given, as latin1; its memory goes back to the pool. */

import type { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';

export function textOf(encoder: ReplyEncoder): string {
  let text = '';
  do {
    const memory = encoder.take();
    text += memory.toString('latin1');
    encoder.recycle(memory);
  } while (encoder.length > 0);
  return text;
}
