/**
 * Ways of talking to a server beside byte-by-byte replies (redis-server.ts): values as redis-parser
 * decodes them, and bytes that no client library would send.
 */

import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { toInt64 } from '../../src/lib/int64.ts';

/** redis-parser has no types of its own. */
const RedisParser = createRequire(import.meta.url)('redis-parser') as new (options: {
  returnReply(reply: unknown): void;
  returnError(error: Error): void;
  returnFatalError(error: Error): void;
  returnBuffers: boolean;
  stringNumbers: boolean;
}) => { execute(chunk: Buffer): void };

/** Integers are exact: a bigint where a number would round. */
export type Reply = string | number | bigint | null | Error | Reply[];

/** Sends the encoded commands in one pipeline, on a connection of its own. */
export function askAll(path: string, encoded: string, count: number): Promise<Reply[]> {
  const socket = connect(path);
  const replies: Reply[] = [];
  return new Promise<Reply[]>((resolve, reject) => {
    const add = (reply: Reply): void => {
      replies.push(reply);
      if (replies.length === count) resolve(replies);
    };
    const parser = new RedisParser({
      returnReply: (reply) => add(readable(reply)),
      returnError: add,
      returnFatalError: reject,
      returnBuffers: true,
      stringNumbers: true,
    });
    socket.on('data', (chunk: Buffer) => parser.execute(chunk));
    socket.on('error', reject);
    socket.write(encoded, 'latin1');
    if (count === 0) resolve(replies);
  }).finally(() => socket.destroy());
}

function readable(reply: unknown): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  // Texts come as Buffers, so a string is an integer that the parser was told not to round.
  if (typeof reply === 'string') return toInt64(BigInt(reply)) ?? null;
  return Array.isArray(reply) ? reply.map(readable) : reply as Reply;
}

const ANSWER_TIMEOUT_MS = 5000;

/**
 * The bytes must make Redis close: they hold a fault that it finds, or end in QUIT.
 */
export function untilClosed(path: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let said = '';
    socket.on('data', (chunk: Buffer) => { said += chunk.toString('latin1'); });
    // Redis may close before it has read all that we sent.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(said));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      reject(new Error(`not closed; it said ${JSON.stringify(said)}`));
      socket.destroy();
    });
    socket.write(bytes);
  });
}
