/**
 * Builds the configuration of a starting server: defaults, then the file, then the command line;
 * then what the options must say together is checked, and the port follows from the peers unless
 * it was given. Pure: the caller reads the file. Every error is collected, so that one start shows
 * all of them; what could not be read is not blamed a second time for what it lacks.
 */
import { ACCEPTED, REFUSED } from './accepted.ts';
import { findConflicts } from './check-config.ts';
import { Config } from './config.ts';
import type { ConfigValues } from './options.ts';
import { configLines, parseConfig, type Directive, type SyntaxFault } from './parse-config.ts';
import { defaultPort } from './peer-settings.ts';
import { defaultValues, findOption, parseValue, type OptionValues } from './registry.ts';

export interface ConfigSource {
  /** As given on the command line; shown in errors. */
  readonly path: string;
  readonly text: string;
}

export interface ConfigError {
  /** The path of the file, or undefined for the command line. */
  readonly file: string | undefined;
  /** From 1; on the command line, the place of the option among the arguments. */
  readonly line: number;
  readonly directive: string;
  readonly found: string;
  readonly reason: string;
  /** Completes "allowed: ..."; empty when nothing is. */
  readonly allowed: string;
}

export type LoadOutcome =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** `overrides` come from the command line and win over the file. */
export function loadConfig(
  source: ConfigSource | undefined,
  overrides: readonly Directive[] = [],
): LoadOutcome {
  const loading = new Loading();
  if (source !== undefined) {
    const { directives, faults } = parseConfig(source.text);
    for (const fault of faults) loading.addFault(fault, source.path);
    loading.read(directives, source.path);
  }
  loading.read(overrides, undefined);
  loading.check();

  const errors = loading.errors.toSorted(byPlace);
  if (errors.length > 0) return { ok: false, errors };
  const warnings = [...loading.withoutEffect].map(warnAbout);
  const defaults = loading.finish();
  return { ok: true, config: new Config(loading.values, source?.path, defaults), warnings };
}

type Place = Pick<ConfigError, 'file' | 'line' | 'directive' | 'found'>;

class Loading {
  readonly values: OptionValues = defaultValues();
  readonly errors: ConfigError[] = [];
  readonly withoutEffect = new Set<string>();
  /** Where each option was given last, by its current name. */
  readonly #given = new Map<string, Place>();
  /** Options with a line that could not be read: what they were meant to say is unknown. */
  readonly #unread = new Set<string>();

  addFault({ line, text, reason }: SyntaxFault, file: string): void {
    const directive = text.split(/\s/, 1)[0] ?? '';
    this.#unread.add(findOption(directive.toLowerCase())?.name ?? directive);
    this.errors.push({ file, line, directive, found: text, reason, allowed: '' });
  }

  read(directives: readonly Directive[], file: string | undefined): void {
    for (const directive of directives) this.#readOne(directive, file);
  }

  /** Adds every contradiction between options, at the place of the first one that was given. */
  check(): void {
    for (const { options, reason, allowed } of findConflicts(this.values as ConfigValues)) {
      if (options.some((name) => this.#unread.has(name))) continue;
      const place = options.map((name) => this.#given.get(name)).find((each) => each !== undefined);
      if (place === undefined) throw new Error(`the defaults contradict each other: ${reason}`);
      this.errors.push({ ...place, reason, allowed });
    }
  }

  /** Fills in what follows from other options. What an option is when it is not given. */
  finish(): OptionValues {
    const port = defaultPort(this.values as ConfigValues);
    if (!this.#given.has('port')) this.values['port'] = port;
    return { ...defaultValues(), port };
  }

  #readOne({ line, name, words }: Directive, file: string | undefined): void {
    const place = { file, line, directive: name, found: words.join(' ') };
    const entry = findOption(name);
    if (entry === undefined) {
      const reason = REFUSED[name] ?? 'Bad directive: dkvs knows no such option';
      this.errors.push({ ...place, reason, allowed: '' });
      return;
    }
    this.#given.set(entry.name, place);
    const parsed = parseValue(entry, words, this.values[entry.name], 'line');
    if (!parsed.ok) {
      this.#unread.add(entry.name);
      this.errors.push({ ...place, reason: parsed.reason, allowed: entry.option.kind.allowed });
      return;
    }
    this.values[entry.name] = parsed.value;
    if (!entry.hasEffect) this.withoutEffect.add(entry.name);
  }
}

function warnAbout(name: string): string {
  return `${name} has no effect: ${ACCEPTED[name]?.price ?? ''}`;
}

/** Errors of the file in its order, then those of the command line. */
function byPlace(one: ConfigError, other: ConfigError): number {
  if (one.file !== other.file) return one.file === undefined ? 1 : -1;
  return one.line - other.line;
}

/** What to print before giving up: place, line, reason, and what would be allowed. */
export function describeConfigError(error: ConfigError, source?: ConfigSource): string {
  const { file, line, directive, found, reason, allowed } = error;
  const place = file === undefined ? 'On the command line' : `In ${file}, line ${line}`;
  const original = file === undefined ? undefined : lineOf(source, line);
  const quoted = original ?? `${file === undefined ? '--' : ''}${directive} ${found}`.trim();
  const hint = allowed === '' ? '' : `\n    allowed: ${allowed}`;
  return `${place}:\n    ${quoted}\n    ${reason}${hint}`;
}

function lineOf(source: ConfigSource | undefined, line: number): string | undefined {
  return source === undefined ? undefined : configLines(source.text)[line - 1]?.trim();
}
