/** What every bench has in common. */

export interface BenchOptions {
  /** A run of a few seconds that shows that the bench works; its figures mean nothing. */
  readonly smoke: boolean;
  /** Rounds that the median is taken of. */
  readonly rounds?: number;
  /** Only the cases whose name contains this. */
  readonly only?: string;
  readonly keys?: number;
  /** The dist folder of another build, to compare with. */
  readonly before?: string;
  readonly print: (line: string) => void;
}

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Programs that must be installed; all of them come with Debian's package redis. */
  readonly needs: readonly string[];
  run(options: BenchOptions): Promise<unknown>;
}

export const ROUNDS_DEFAULT = 5;

/** The rounds asked for: one in smoke mode unless said otherwise. */
export function roundsOf({ smoke, rounds }: BenchOptions): number {
  return rounds ?? (smoke ? 1 : ROUNDS_DEFAULT);
}

/** Whether a target was met, in a word; smoke mode is too short to tell. */
export function verdict(isMet: boolean, { smoke }: BenchOptions): string {
  if (smoke) return 'not judged';
  return isMet ? 'met' : 'MISSED';
}

/** The cases whose name contains what was asked for. */
export function selectCases<Case extends { readonly name: string }>(
  cases: readonly Case[], { only = '' }: BenchOptions,
): readonly Case[] {
  return cases.filter(({ name }) => name.includes(only));
}
