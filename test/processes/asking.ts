/** Requests of an ioredis client, and what became of each as far as the client can know. */

import { Redis } from 'ioredis';
import type { Address } from '../wire/wire-client.ts';

/**
 * `refused`: it has no effect, ever. `unknown`: it may have been made, or be made later; the
 * connection may be of no more use.
 */
export type Outcome =
  | { readonly kind: 'answered'; readonly reply: unknown }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'unknown'; readonly error: string };

/** Nothing is known of a request that is not answered by then. */
const PATIENCE_MS = 8000;

/** A client that never connects again and never repeats a request; undefined: nobody listens. */
export async function connectClient(address: Address): Promise<Redis | undefined> {
  const client = new Redis({
    ...address, lazyConnect: true, enableReadyCheck: false, enableOfflineQueue: false,
    commandTimeout: PATIENCE_MS, maxRetriesPerRequest: 0, retryStrategy: () => null,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch {
    client.disconnect();
    return undefined;
  }
}

/** Throws for an error reply that has no business here. */
export async function ask(client: Redis, words: readonly string[]): Promise<Outcome> {
  const [command = '', ...args] = words;
  try {
    return { kind: 'answered', reply: await client.call(command, ...args) };
  } catch (cause) {
    return judge(cause as Error, words);
  }
}

function judge(cause: Error, words: readonly string[]): Outcome {
  const { name, message: error } = cause;
  // A peer that has lost its disk says LOADING until it has what the others have.
  if (/^(NOQUORUM|LOADING) /.test(error)) return { kind: 'refused', error };
  if (name !== 'ReplyError' || error.startsWith('UNKNOWN ')) return { kind: 'unknown', error };
  throw new Error(`an unexpected reply to ${words.join(' ')}`, { cause });
}
