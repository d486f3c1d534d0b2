/** Waiting for what must come, without sleeping for a fixed time: polls, up to a deadline. */

import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;
/** Far more than it takes: only what never comes should be missed, also on a busy machine. */
export const DEADLINE_MS = 30_000;

/** The first result of `check` that is not undefined or false; throws `what` at the deadline. */
export async function eventually<T>(
  what: string | (() => string), check: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > endsAt) {
      throw new Error(`not within ${deadlineMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await delay(POLL_MS);
  }
}

/** Settles like `promise`, but not later than the deadline; `what` may be worked out then. */
export function within<T>(
  what: string | (() => string), promise: Promise<T>, deadlineMs = DEADLINE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const text = typeof what === 'string' ? what : what();
      reject(new Error(`not within ${deadlineMs} ms: ${text}`));
    }, deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
