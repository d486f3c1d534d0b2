/**
 * Writing all of a range through a system call that may take less than it was given (a signal, a
 * disk that is almost full). Kept apart from the descriptor, so that a test can be the system call.
 *
 * A call that takes nothing and reports nothing would loop for ever; it is turned into EIO.
 */

type WriteOnce = (off: number, len: number, pos: number) => number;
type WriteOnceThen = (
  off: number, len: number, pos: number,
  done: (err: Error | null, taken: number) => void,
) => void;

function errorOfNothingTaken(len: number): Error {
  return Object.assign(new Error(`the system took 0 of ${len} bytes`), { code: 'EIO' });
}

/** Calls `writeOnce` until `len` bytes are taken; throws what it throws. */
export function writeFully(writeOnce: WriteOnce, off: number, len: number, pos: number): void {
  let taken = 0;
  while (taken < len) {
    const now = writeOnce(off + taken, len - taken, pos + taken);
    if (now === 0) throw errorOfNothingTaken(len - taken);
    taken += now;
  }
}

/** The same with a callback. */
export function writeFullyThen(
  writeOnce: WriteOnceThen, off: number, len: number, pos: number,
  done: (err: Error | null) => void,
): void {
  writeOnce(off, len, pos, (err, taken) => {
    if (err !== null) done(err);
    else if (taken === len) done(null);
    else if (taken === 0) done(errorOfNothingTaken(len));
    else writeFullyThen(writeOnce, off + taken, len - taken, pos + taken, done);
  });
}
