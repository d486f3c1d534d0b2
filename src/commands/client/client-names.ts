/** Names that clients give themselves: printable, so that CLIENT LIST stays one line a client. */

import type { Args } from '../../protocol/args.ts';

export const NAME_REFUSED =
  'ERR Client names cannot contain spaces, newlines or special characters.';

/** Whether an argument is of visible ASCII only; the empty one is. */
export function isPrintable(args: Args, i: number): boolean {
  for (let at = args.start(i); at < args.end(i); at++) {
    const byte = args.buf[at]!;
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return true;
}
