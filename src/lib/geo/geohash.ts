/**
 * Geohashes as Redis keeps them in the scores of sorted sets: each coordinate as a fraction of its
 * range in 26 bits, and their bits by turns, longitude first:
 *
 *     bit    51  50  49  48        1   0
 *            x25 y25 x24 y24  ...  x0  y0      x: longitude, y: latitude
 *
 * Latitudes end where the web's Mercator projection does. At the very end of a range a fraction is
 * 1, and its 27th bit is in use: a score may have 54 bits, and is the double nearest to them.
 */

export interface Coordinates {
  readonly longitude: number;
  readonly latitude: number;
}

/** A rectangle of the map: the fractions of both ranges in `step` bits. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly step: number;
}

export interface Area {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** Bits of a coordinate in a score. */
export const STEP_MAX = 26;

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;

/** Of geohashes that are written as text. */
const TEXT_LATITUDE_MAX = 90;
const TEXT_ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const TEXT_LENGTH = 11;
const TEXT_DIGIT_BITS = 5;

const UINT32 = 2 ** 32;
const INT64_END = 2 ** 63;
const UINT64_END = 2 ** 64;

export function isOnMap({ latitude, longitude }: Coordinates): boolean {
  return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX;
}

/** The cell of coordinates on the map. */
export function cellAt({ latitude, longitude }: Coordinates, step: number): Cell {
  const x = fractionOf(longitude, LONGITUDE_MAX, step);
  return { x, y: fractionOf(latitude, LATITUDE_MAX, step), step };
}

function fractionOf(degrees: number, max: number, step: number): number {
  return Math.floor((degrees + max) / (max + max) * 2 ** step);
}

export function areaOf({ step, x, y }: Cell): Area {
  return {
    west: degreesOf(x, LONGITUDE_MAX, step),
    east: degreesOf((x + 1) % UINT32, LONGITUDE_MAX, step),
    south: degreesOf(y, LATITUDE_MAX, step),
    north: degreesOf((y + 1) % UINT32, LATITUDE_MAX, step),
  };
}

function degreesOf(fraction: number, max: number, step: number): number {
  return -max + fraction / 2 ** step * (max + max);
}

// ---- Scores -------------------------------------------------------------------------------------

export function scoreOf(coordinates: Coordinates): number {
  return firstScore(cellAt(coordinates, STEP_MAX));
}

/** The lowest score in a cell. */
export function firstScore(cell: Cell): number {
  return interleaved(cell, 0);
}

/** The lowest score above those in a cell. */
export function endScore(cell: Cell): number {
  return interleaved(cell, 1);
}

/** One rounding, as of a 64-bit integer that becomes a double. */
function interleaved({ step, x, y }: Cell, more: 0 | 1): number {
  const high = (spread(x >>> 16) << 1 | spread(y >>> 16)) >>> 0;
  const low = (spread(x & 0xffff) << 1 | spread(y & 0xffff)) >>> 0;
  return (high * UINT32 + (low + more)) * 2 ** (2 * (STEP_MAX - step));
}

/** The middle of the cell of a score. Sorted sets have other scores, too: those mean something. */
export function coordinatesOf(score: number): Coordinates {
  const whole = Math.trunc(score);
  if (whole < 0 || whole >= UINT64_END) return coordinatesOfOther(whole);
  const high = Math.floor(whole / UINT32);
  return coordinatesOfBits(high, whole - high * UINT32);
}

/** The score as 64 bits without sign as C on x86-64 converts it, where that is left open. */
function coordinatesOfOther(score: number): Coordinates {
  if (score > 0) return coordinatesOfBits(0, 0);
  if (score < -INT64_END) return coordinatesOfBits(INT64_END / UINT32, 0);
  const bits = BigInt.asUintN(64, BigInt(score));
  return coordinatesOfBits(Number(bits >> 32n), Number(bits & 0xffff_ffffn));
}

function coordinatesOfBits(high: number, low: number): Coordinates {
  const x = joined(low >>> 1) + joined(high >>> 1) * 0x10000;
  const y = joined(low) + joined(high) * 0x10000;
  return { longitude: middleOf(x, LONGITUDE_MAX), latitude: middleOf(y, LATITUDE_MAX) };
}

function middleOf(fraction: number, max: number): number {
  const low = degreesOf(fraction, max, STEP_MAX);
  const high = degreesOf((fraction + 1) % UINT32, max, STEP_MAX);
  return Math.max(-max, Math.min(max, (low + high) / 2));
}

/** 16 bits at the even places of 32. */
function spread(bits: number): number {
  let spaced = (bits | bits << 8) & 0x00ff_00ff;
  spaced = (spaced | spaced << 4) & 0x0f0f_0f0f;
  spaced = (spaced | spaced << 2) & 0x3333_3333;
  return (spaced | spaced << 1) & 0x5555_5555;
}

/** The 16 bits at the even places. */
function joined(bits: number): number {
  let close = bits & 0x5555_5555;
  close = (close | close >>> 1) & 0x3333_3333;
  close = (close | close >>> 2) & 0x0f0f_0f0f;
  close = (close | close >>> 4) & 0x00ff_00ff;
  return (close | close >>> 8) & 0xffff;
}

// ---- Text ---------------------------------------------------------------------------------------

/**
 * A geohash as others write it, where latitudes go from -90 to 90. The last of its 11 digits would
 * need more bits than there are, and is 0.
 */
export function textOf({ latitude, longitude }: Coordinates): string {
  const size = 2 ** STEP_MAX;
  // At the end of the range without the 27th bit: 52 are what a double holds without rounding.
  const score = firstScore({
    x: fractionOf(longitude, LONGITUDE_MAX, STEP_MAX) % size,
    y: fractionOf(latitude, TEXT_LATITUDE_MAX, STEP_MAX) % size, step: STEP_MAX,
  });
  let text = '';
  for (let i = 1; i < TEXT_LENGTH; i++) {
    const shifted = Math.floor(score / 2 ** (2 * STEP_MAX - i * TEXT_DIGIT_BITS));
    text += TEXT_ALPHABET[shifted % TEXT_ALPHABET.length]!;
  }
  return `${text}${TEXT_ALPHABET[0]!}`;
}
