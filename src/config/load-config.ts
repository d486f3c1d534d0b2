/**
 * Builds the configuration of a starting server: defaults, then the file, then the command line;
 * then what the options must say together is checked, and the port follows from the peers unless
 * it was given. Pure: the caller reads the files. Every error is collected, so that one start shows
 * all of them; what could not be read is not blamed a second time for what it lacks.
 *
 * `include` is read where it stands, as in Redis: what comes behind it wins over what it says. At
 * most INCLUDE_DEPTH_MAX deep and INCLUDED_FILES_MAX files, so that a circle ends with an error.
 */
import { ACCEPTED, REFUSED } from './accepted.ts';
import { findConflicts, type CheckedValues } from './check-config.ts';
import { Config } from './config.ts';
import type { ConfigValues } from './options.ts';
import { configLines, parseConfig, type Directive, type SyntaxFault } from './parse-config.ts';
import { defaultPort } from './peer-settings.ts';
import {
  defaultValues, findOption, parseValue, type OptionEntry, type OptionValues,
} from './registry.ts';

/** Files that include files: a file that includes itself ends here, with an error. */
export const INCLUDE_DEPTH_MAX = 16;

/** Included files altogether, so that files which include each other twice end as well. */
export const INCLUDED_FILES_MAX = 256;

export interface ConfigSource {
  /** As given on the command line, or by `include`; shown in errors. */
  readonly path: string;
  readonly text: string;
}

/** Reads what an `include` names: a file, or those that a pattern matches, in order of name. */
export type ReadIncluded = (path: string) =>
  | { readonly ok: true; readonly sources: readonly ConfigSource[] }
  | { readonly ok: false; readonly reason: string };

export interface ConfigError {
  /** The path of the file, or undefined for the command line. */
  readonly file: string | undefined;
  /** From 1; on the command line, the place of the option among the arguments. */
  readonly line: number;
  readonly directive: string;
  /** What to quote of the line; not the value of an option that may hold a password. */
  readonly quoted: string;
  readonly reason: string;
  /** Completes "allowed: ..."; empty when nothing is. */
  readonly allowed: string;
}

export type LoadOutcome =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

const NO_FILES: ReadIncluded = () => ({ ok: false, reason: 'include needs a file to stand in' });

/** `overrides` come from the command line and win over the file. */
export function loadConfig(
  source: ConfigSource | undefined,
  overrides: readonly Directive[] = [],
  readIncluded: ReadIncluded = NO_FILES,
): LoadOutcome {
  const loading = new Loading(readIncluded);
  if (source !== undefined) loading.readFile(source, 0);
  loading.read(overrides, undefined, 0);
  loading.check();

  const errors = loading.errorsInOrder();
  if (errors.length > 0) return { ok: false, errors };
  const warnings = [...loading.notes, ...[...loading.withoutEffect].map(warnAbout)];
  const { defaults, included } = loading.finish();
  const config = new Config(loading.values, source?.path, defaults, included);
  return { ok: true, config, warnings };
}

type Place = Pick<ConfigError, 'file' | 'line' | 'directive' | 'quoted'>;

/** Words for a value that must not be shown. */
const MASK = '(not shown)';

class Loading {
  readonly values: OptionValues = defaultValues();
  readonly notes: string[] = [];
  readonly withoutEffect = new Set<string>();
  readonly #readIncluded: ReadIncluded;
  readonly #errors: ConfigError[] = [];
  /** Files in the order in which they were begun, with their lines. */
  readonly #lines = new Map<string, readonly string[]>();
  /** Where each option was given last, by its current name. */
  readonly #given = new Map<string, Place>();
  /** What options became by files that were included. */
  readonly #included: OptionValues = {};
  /** Options with a line that could not be read: what they were meant to say is unknown. */
  readonly #unread = new Set<string>();
  #filesIncluded = 0;

  constructor(readIncluded: ReadIncluded) {
    this.#readIncluded = readIncluded;
  }

  readFile({ path, text }: ConfigSource, depth: number): void {
    this.#lines.set(path, configLines(text));
    const { directives, faults } = parseConfig(text);
    for (const fault of faults) this.#addFault(fault, path);
    this.read(directives, path, depth);
  }

  read(directives: readonly Directive[], file: string | undefined, depth: number): void {
    for (const directive of directives) {
      if (directive.name === 'include') this.#include(directive, file, depth);
      else this.#readOne(directive, file, depth);
    }
  }

  /** Adds every contradiction between options, at the place of the first one that was given. */
  check(): void {
    for (const { options, reason, allowed } of findConflicts(this.values as CheckedValues)) {
      if (options.some((name) => this.#unread.has(name))) continue;
      const place = options.map((name) => this.#given.get(name)).find((each) => each !== undefined);
      if (place === undefined) throw new Error(`the defaults contradict each other: ${reason}`);
      this.#errors.push({ ...place, reason, allowed });
    }
  }

  /** Those of the files in their order, then those of the command line. */
  errorsInOrder(): ConfigError[] {
    const files = [...this.#lines.keys()];
    const rank = (file: string | undefined): number =>
      file === undefined ? files.length : files.indexOf(file);
    return this.#errors.toSorted((one, other) =>
      rank(one.file) - rank(other.file) || one.line - other.line);
  }

  /** Fills in what follows from other options. What an option is when its file does not give it. */
  finish(): { readonly defaults: OptionValues; readonly included: ReadonlySet<string> } {
    const port = defaultPort(this.values as ConfigValues);
    if (!this.#given.has('port')) this.values['port'] = port;
    const defaults = { ...defaultValues(), port, ...this.#included };
    return { defaults, included: new Set(Object.keys(this.#included)) };
  }

  #include({ line, words }: Directive, file: string | undefined, depth: number): void {
    const place = this.#placeOf(file, line, 'include', words);
    const refuse = (reason: string): void => {
      this.#errors.push({ ...place, reason, allowed: '' });
    };
    if (words.length !== 1) return refuse('wrong number of arguments');
    if (depth >= INCLUDE_DEPTH_MAX) {
      return refuse(`more than ${INCLUDE_DEPTH_MAX} files include each other`);
    }
    const found = this.#readIncluded(words[0] ?? '');
    if (!found.ok) return refuse(found.reason);
    for (const source of found.sources) {
      if (++this.#filesIncluded > INCLUDED_FILES_MAX) {
        return refuse(`more than ${INCLUDED_FILES_MAX} files are included`);
      }
      this.readFile(source, depth + 1);
    }
  }

  #readOne({ line, name, words }: Directive, file: string | undefined, depth: number): void {
    const place = this.#placeOf(file, line, name, words);
    const entry = findOption(name);
    if (entry === undefined) {
      const reason = REFUSED[name] ?? 'Bad directive: dkvs knows no such option';
      this.#errors.push({ ...place, reason, allowed: '' });
      return;
    }
    this.#given.set(entry.name, place);
    const parsed = parseValue(entry, words, this.values[entry.name], 'line');
    if (!parsed.ok) {
      this.#unread.add(entry.name);
      this.#errors.push({ ...place, reason: parsed.reason, allowed: entry.option.kind.allowed });
      return;
    }
    if (parsed.note !== undefined) this.notes.push(`${entry.name} ${parsed.note}`);
    this.#take(entry, parsed.value, depth > 0);
  }

  #take(entry: OptionEntry, value: unknown, isIncluded: boolean): void {
    this.values[entry.name] = value;
    if (isIncluded) this.#included[entry.name] = value;
    if (!entry.hasEffect) this.withoutEffect.add(entry.name);
  }

  #addFault({ line, text, reason }: SyntaxFault, file: string): void {
    const directive = text.split(/\s/, 1)[0] ?? '';
    this.#unread.add(findOption(directive.toLowerCase())?.name ?? directive);
    this.#errors.push({ ...this.#placeOf(file, line, directive, []), reason, allowed: '' });
  }

  #placeOf(
    file: string | undefined, line: number, directive: string, words: readonly string[],
  ): Place {
    const privacy = findOption(directive.toLowerCase())?.option.privacy ?? 'open';
    const dashes = file === undefined ? '--' : '';
    const original = file === undefined ? undefined : this.#lines.get(file)?.[line - 1]?.trim();
    const shown = privacy === 'open' ? words.join(' ') : MASK;
    const quoted = privacy === 'open' && original !== undefined
      ? original : `${dashes}${directive} ${shown}`.trim();
    return { file, line, directive, quoted };
  }
}

function warnAbout(name: string): string {
  return `${name} has no effect: ${ACCEPTED[name]?.price ?? ''}`;
}

/** What to print before giving up: place, line, reason, and what would be allowed. */
export function describeConfigError(error: ConfigError): string {
  const { file, line, quoted, reason, allowed } = error;
  const place = file === undefined ? 'On the command line' : `In ${file}, line ${line}`;
  const hint = allowed === '' ? '' : `\n    allowed: ${allowed}`;
  return `${place}:\n    ${quoted}\n    ${reason}${hint}`;
}
