/**
 * The configuration of a running server: a typed live view, and what CONFIG GET, SET and REWRITE do
 * with it.
 *
 * Invariants: every value has passed its kind; `set` changes all the named options or none; the
 * listeners run after the change, in the order in which they subscribed, once each for one `set`.
 */
import type { ConfigValues, OptionName } from './options.ts';
import {
  defaultValues,
  findOption,
  isSameValue,
  optionNames,
  parseValue,
  type OptionEntry,
  type OptionValues,
} from './registry.ts';
import { rewriteConfig } from './rewrite.ts';

export type SetOutcome =
  /** `notes` say which values were brought within bounds. */
  | { readonly ok: true; readonly notes?: readonly string[] }
  /** The text of the error reply, after its first word ERR. */
  | { readonly ok: false; readonly message: string };

export type ChangeListener = (values: ConfigValues) => void;

interface Subscription {
  readonly names: ReadonlySet<string>;
  readonly listener: ChangeListener;
}

interface Change {
  readonly entry: OptionEntry;
  readonly value: unknown;
}

export class Config {
  /** The file that it was read from; undefined when there was none. */
  readonly file: string | undefined;
  /** Always current: keep this object, not the values that you read from it. */
  readonly values: ConfigValues;
  readonly #values: OptionValues;
  readonly #defaults: OptionValues;
  readonly #included: ReadonlySet<string>;
  readonly #subscriptions = new Set<Subscription>();

  /**
   * Takes over `values`, which must come from `defaultValues` and `parseValue`. `defaults` are the
   * values that need not be written down, because a start without them gives the same; `included`
   * names the options that files give which `file` includes.
   */
  constructor(
    values: OptionValues = defaultValues(),
    file?: string,
    defaults: OptionValues = defaultValues(),
    included: ReadonlySet<string> = new Set(),
  ) {
    this.#values = values;
    this.#defaults = defaults;
    this.#included = included;
    this.values = values as ConfigValues;
    this.file = file;
  }

  /** Names and values, as CONFIG GET shows them, of every option that it may show and `matches`. */
  get(matches: (name: string) => boolean): (readonly [name: string, value: string])[] {
    const found: (readonly [string, string])[] = [];
    for (const name of optionNames()) {
      const entry = findOption(name);
      if (entry === undefined || entry.option.privacy === 'hidden' || !matches(name)) continue;
      found.push([name, entry.option.kind.format(this.#values[entry.name])]);
    }
    return found;
  }

  /** CONFIG SET with any number of pairs. Either all of them change or none does. */
  set(pairs: readonly (readonly [name: string, value: string])[]): SetOutcome {
    const changes = new Map<string, Change>();
    const notes: string[] = [];
    for (const [name, text] of pairs) {
      const entry = findOption(name.toLowerCase());
      if (entry === undefined) return unknownOption(name);
      if (changes.has(entry.name)) return setFailed(name, 'duplicate parameter');
      if (entry.option.change === 'at-start') {
        return setFailed(name, "can't set immutable config");
      }
      const parsed = parseValue(entry, [text], this.#values[entry.name], 'set');
      if (!parsed.ok) return setFailed(name, parsed.reason);
      if (parsed.note !== undefined) notes.push(`${entry.name} ${parsed.note}`);
      changes.set(entry.name, { entry, value: parsed.value });
    }
    this.#apply([...changes.values()]);
    return notes.length === 0 ? { ok: true } : { ok: true, notes };
  }

  /** Calls `listener` after any of `names` has got another value. Returns what ends that. */
  onChange(names: readonly OptionName[], listener: ChangeListener): () => void {
    const subscription = { names: new Set<string>(names), listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  /** What CONFIG REWRITE makes of the text of the file. */
  rewrite(text: string): string {
    return rewriteConfig(text, this.#values, this.#defaults, this.#included);
  }

  #apply(changes: readonly Change[]): void {
    const changed = changes.filter(
      ({ entry, value }) => !isSameValue(entry, this.#values[entry.name], value),
    );
    for (const { entry, value } of changed) this.#values[entry.name] = value;
    for (const { names, listener } of this.#subscriptions) {
      if (changed.some(({ entry }) => names.has(entry.name))) listener(this.values);
    }
  }
}

function unknownOption(name: string): SetOutcome {
  const message = `Unknown option or number of arguments for CONFIG SET - '${name}'`;
  return { ok: false, message };
}

function setFailed(name: string, reason: string): SetOutcome {
  const message = `CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
  return { ok: false, message };
}
