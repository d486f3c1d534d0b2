/**
 * What is known of the fields of a hash that expire, without looking at each of them. Times are ms
 * since the epoch; a field that expires at a time is gone from that time on.
 */

export interface FieldTimes {
  /** How many fields expire; -1: not known. */
  readonly count: number;
  /** None of them does so before. */
  readonly soonestMs: number;
  /** None of them does so later. */
  readonly latestMs: number;
}

/** Of a block that is not in RAM and was changed since it left. */
export const UNKNOWN_TIMES: FieldTimes = Object.freeze({
  count: -1, soonestMs: 0, latestMs: Infinity,
});

/**
 * How many fields have expired, if the times tell it; undefined if the fields have to be looked at.
 */
export function expiredByTimes(times: FieldTimes | undefined, nowMs: number): number | undefined {
  if (times === undefined || times.soonestMs > nowMs) return 0;
  return times.count >= 0 && times.latestMs <= nowMs ? times.count : undefined;
}

/** A field has another expiry than before; 0 = none. Bounds are not made narrower. */
export function withExpiry(
  times: FieldTimes | undefined, beforeMs: number, afterMs: number,
): FieldTimes | undefined {
  const count = (times?.count ?? 0) - (beforeMs > 0 ? 1 : 0) + (afterMs > 0 ? 1 : 0);
  if (count === 0) return undefined;
  const { soonestMs, latestMs } = times ?? { soonestMs: Infinity, latestMs: 0 };
  if (afterMs === 0) return { count, soonestMs, latestMs };
  return {
    count, soonestMs: Math.min(soonestMs, afterMs), latestMs: Math.max(latestMs, afterMs),
  };
}

/** Of fields whose expiries are given, 0 = none. */
export function timesOf(expiriesMs: Iterable<number>): FieldTimes | undefined {
  let count = 0;
  let soonestMs = Infinity;
  let latestMs = 0;
  for (const expiryMs of expiriesMs) {
    if (expiryMs === 0) continue;
    count++;
    soonestMs = Math.min(soonestMs, expiryMs);
    latestMs = Math.max(latestMs, expiryMs);
  }
  return count === 0 ? undefined : { count, soonestMs, latestMs };
}
