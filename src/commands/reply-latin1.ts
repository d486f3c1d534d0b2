/** Replies the bytes that latin1 strings of live values stand for (see keyspace/pieces.ts). */

import { writeLatin1 } from '../keyspace/pieces.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';

const SCRATCH_BYTES = 4096;

/** Short strings pass through here, so that a reply makes no Buffer of its own. */
const scratch = Buffer.alloc(SCRATCH_BYTES);

export function bulkLatin1(reply: ReplyWriter, text: string): void {
  if (text.length > SCRATCH_BYTES) return reply.bulk(Buffer.from(text, 'latin1'));
  reply.bulk(scratch, 0, writeLatin1(scratch, 0, text));
}
