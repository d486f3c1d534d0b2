/**
 * How many different elements a HyperLogLog has seen: the improved estimator of Otmar Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284, algorithm 6), with
 * the steps in Redis's order, so that no rounding differs. The standard error is 0.81 %.
 */

import {
  DENSE, GROUP_BYTES, HEADER_BYTES, RANK_MAX, REGISTERS, REGISTER_MAX, type Encoding,
} from './format.ts';
import { visitRuns } from './sparse.ts';

/** 1 / (2 ln 2), to the last bit. */
const ALPHA_INFINITE = 0.7213475204444817;

/** Where there is no estimate, as of registers of 51 only: what C makes of it on most machines. */
const NONE = -(2n ** 63n);

/** Of registers, one byte each. */
export function estimateOfRegisters(registers: Uint8Array): number | bigint {
  const histogram = new Int32Array(REGISTER_MAX + 1);
  for (let i = 0; i < registers.length; i++) histogram[registers[i]!]! += 1;
  return estimate(histogram);
}

/** Of a value in this encoding; undefined if it is damaged. */
export function estimateOf(bytes: Uint8Array, encoding: Encoding): number | bigint | undefined {
  const histogram = new Int32Array(REGISTER_MAX + 1);
  if (encoding === DENSE) countDense(bytes, histogram);
  else {
    const isWhole = visitRuns(bytes, (_first, count, value) => { histogram[value]! += count; });
    if (!isWhole) return undefined;
  }
  return estimate(histogram);
}

function countDense(dense: Uint8Array, histogram: Int32Array): void {
  for (let at = HEADER_BYTES; at < dense.length; at += GROUP_BYTES) {
    const bits = dense[at]! | (dense[at + 1]! << 8) | (dense[at + 2]! << 16);
    histogram[bits & 63]! += 1;
    histogram[(bits >> 6) & 63]! += 1;
    histogram[(bits >> 12) & 63]! += 1;
    histogram[bits >> 18]! += 1;
  }
}

/** `histogram[v]`: how many registers have the value v. Those above 51 no hash gives. */
function estimate(histogram: Int32Array): number | bigint {
  const m = REGISTERS;
  let z = m * tau((m - histogram[RANK_MAX]!) / m);
  for (let value = RANK_MAX - 1; value >= 1; value--) {
    z += histogram[value]!;
    z *= 0.5;
  }
  z += m * sigma(histogram[0]! / m);
  const found = Math.round(ALPHA_INFINITE * m * m / z);
  if (Number.isSafeInteger(found)) return found;
  return found < 2 ** 63 ? BigInt(found) : NONE;
}

function sigma(start: number): number {
  if (start === 1) return Infinity;
  let x = start;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0;
  let x = start;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before !== z);
  return z / 3;
}
