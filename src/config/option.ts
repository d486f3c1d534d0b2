/** The shape of one option, and the types that follow from a table of them. Data only. */
import type { Kind } from './kinds.ts';

export type Privacy = 'open' | 'masked' | 'hidden';

export interface Option<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** Whether CONFIG SET may change it on a running server. */
  readonly change: 'at-runtime' | 'at-start';
  /** What it does, one sentence. */
  readonly summary: string;
  /** What a change costs, or what is given up: one sentence. */
  readonly price: string;
  /**
   * A masked one may hold a password: no message quotes it. A hidden one is not shown by CONFIG GET
   * either, and CONFIG REWRITE leaves its lines in the file as they are.
   */
  readonly privacy: Privacy;
  /** Names that Redis used for it before. */
  readonly aliases: readonly string[];
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The typed values of a table. */
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** An option of the table; frozen, because it is shared by everything. */
export function option<T>(
  kind: Kind<T>,
  defaultValue: T,
  change: Option<T>['change'],
  summary: string,
  price: string,
  aliases: readonly string[] = [],
): Option<T> {
  const privacy = 'open';
  return Object.freeze({ kind, default: defaultValue, change, summary, price, privacy, aliases });
}

/** The same option, masked or hidden. */
export function withPrivacy<T>(privacy: Privacy, { ...rest }: Option<T>): Option<T> {
  return Object.freeze({ ...rest, privacy });
}

/** A directive that real redis.conf files hold and that changes nothing here; `why` is shown. */
export function accepted<T>(
  kind: Kind<T>,
  defaultValue: T,
  why: string,
  aliases: readonly string[] = [],
): Option<T> {
  return option(kind, defaultValue, 'at-runtime', 'Accepted for compatibility.', why, aliases);
}
