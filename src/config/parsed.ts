/**
 * The outcome of reading one value of the configuration, and the units of bytes. An outcome is a
 * value, never an exception: a wrong setting is ordinary, and the user is shown its reason.
 */

export type Parsed<T> =
  /** `note` says how the value differs from what was asked for. */
  | { readonly ok: true; readonly value: T; readonly note?: string }
  | { readonly ok: false; readonly reason: string };

export const accept = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const acceptAs = <T>(value: T, note: string): Parsed<T> => ({ ok: true, value, note });
export const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** `1024`, `1k` (1000), `1kb` (1024), `1m`, `1mb`, `1g`, `1gb` in either case; else undefined. */
export function parseBytes(word: string): number | undefined {
  const match = /^(\d{1,16})([a-z]{0,2})$/i.exec(word);
  const unit = UNIT_BYTES[match?.[2]?.toLowerCase() ?? 'none'];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
