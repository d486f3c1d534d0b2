/**
 * What the side that was dialled tells the dialler that it understands, beyond link version 1: a
 * pong of a number that no ping has. A dialler that does not know it ignores it, as it does any
 * pong of an old ping, so that builds of both kinds can be linked.
 *
 *   level 1  large messages in pieces (piece.ts), and questions for its clock (peer-clock.ts)
 */

const LEVELS = 256;
const FIRST = 2 ** 48 - LEVELS;

export const OWN_LEVEL = 1;

/** The number of the pong that tells a level. */
export function numberOfLevel(level: number): number {
  return FIRST + level;
}

/** Undefined for the number of a ping. */
export function levelOfNumber(number: number): number | undefined {
  return number < FIRST ? undefined : number - FIRST;
}
