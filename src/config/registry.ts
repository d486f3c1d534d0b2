/**
 * Finds options by name. Both tables (those with an effect and those accepted for compatibility)
 * and their aliases are one namespace; a name that is in it twice is a bug, found at load time.
 */
import { ACCEPTED } from './accepted.ts';
import type { Source } from './kinds.ts';
import type { Option, OptionTable } from './option.ts';
import { OPTIONS } from './options.ts';
import { refuse, type Parsed } from './parsed.ts';

export interface OptionEntry {
  /** The current name, also when an alias was asked for. */
  readonly name: string;
  readonly option: Option<unknown>;
  /** False for a directive that is only accepted for compatibility. */
  readonly hasEffect: boolean;
}

/** Values by current name. */
export type OptionValues = Record<string, unknown>;

const byName = new Map<string, OptionEntry>();
register(OPTIONS, true);
register(ACCEPTED, false);

function register(table: OptionTable, hasEffect: boolean): void {
  for (const [name, option] of Object.entries(table)) {
    for (const each of [name, ...option.aliases]) {
      if (byName.has(each)) throw new Error(`option ${each} is defined twice`);
      byName.set(each, { name, option, hasEffect });
    }
  }
}

/** `name` in lower case, current or former. */
export function findOption(name: string): OptionEntry | undefined {
  return byName.get(name);
}

/** Every name, former ones included, in the order of the tables. */
export function optionNames(): IterableIterator<string> {
  return byName.keys();
}

/** Every option once, by its current name. */
export function optionEntries(): OptionEntry[] {
  return [...new Map([...byName.values()].map((entry) => [entry.name, entry])).values()];
}

/** A fresh object with the default of every option. */
export function defaultValues(): OptionValues {
  return Object.fromEntries(optionEntries().map(({ name, option }) => [name, option.default]));
}

/** Reads the words of one directive. Where many are allowed, a quoted one is split as well. */
export function parseValue(
  { option }: OptionEntry,
  words: readonly string[],
  before: unknown,
  source: Source,
): Parsed<unknown> {
  if (words.length === 0) return refuse('wrong number of arguments');
  const { kind } = option;
  const split = kind.manyWords ? words.flatMap((word) => word.trim().split(/\s+/)) : words;
  return kind.parse(split, before, source);
}

/** Whether two values of one option are the same, compared as they would be written to a file. */
export function isSameValue({ option }: OptionEntry, one: unknown, other: unknown): boolean {
  return JSON.stringify(option.kind.lines(one)) === JSON.stringify(option.kind.lines(other));
}
