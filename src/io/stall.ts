/** Stops this thread for DEBUG SLEEP: no timer fires and no socket is read. Uses no processor. */

/** Longer stalls are slept in laps: the wait of one is kept in 32 bits by some platforms. */
const LAP_MS = 60_000;

export function stallThread(ms: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let left = ms; left > 0; left -= LAP_MS) Atomics.wait(cell, 0, 0, Math.min(left, LAP_MS));
}
