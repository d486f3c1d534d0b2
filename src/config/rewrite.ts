/**
 * CONFIG REWRITE as a function from the old text to the new one.
 *
 * A line that still says what is in force stays as its author wrote it, `64mb` and all; comments,
 * empty lines and lines that cannot be read stay as well. A changed option is written where it
 * first stood, and its other lines go. An option that the text does not hold is appended when it
 * differs from what a start without it gives. Rewriting a second time changes nothing.
 *
 * Lines of hidden options stay as they are, and none is added: what is on the command line because
 * it is a secret does not get into a file.
 */
import { parseLine, quoteWord } from './parse-config.ts';
import {
  findOption,
  isSameValue,
  optionEntries,
  parseValue,
  type OptionEntry,
  type OptionValues,
} from './registry.ts';

const APPENDED_BELOW = '# Written by CONFIG REWRITE';

interface Mention {
  readonly entry: OptionEntry;
  readonly indexes: number[];
  /** What all its lines together say; undefined when one of them cannot be read. */
  value: unknown;
}

export function rewriteConfig(
  text: string,
  values: OptionValues,
  defaults: OptionValues,
  included: ReadonlySet<string>,
): string {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();

  const mentions = findMentions(lines);
  const kept = replaceChanged(lines, mentions, values, included);
  const added = optionEntries()
    .filter(({ name, option }) => option.privacy !== 'hidden' && !mentions.has(name))
    .filter((entry) => !isSameValue(entry, defaults[entry.name], values[entry.name]))
    .flatMap((entry) => writeOption(entry, values[entry.name]));

  if (added.length > 0 && !kept.includes(APPENDED_BELOW)) kept.push(APPENDED_BELOW);
  return [...kept, ...added].map((line) => line + lineEnd).join('');
}

function findMentions(lines: readonly string[]): Map<string, Mention> {
  const mentions = new Map<string, Mention>();
  for (const [index, line] of lines.entries()) {
    const split = parseLine(line);
    if (!split.ok || split.words.length === 0) continue;
    const [name = '', ...words] = split.words;
    const entry = findOption(name.toLowerCase());
    if (entry === undefined) continue;

    const mention = mentions.get(entry.name) ?? {
      entry,
      indexes: [],
      value: entry.option.default,
    };
    mentions.set(entry.name, mention);
    mention.indexes.push(index);
    const parsed = parseValue(entry, words, mention.value ?? entry.option.default, 'line');
    mention.value = parsed.ok ? parsed.value : undefined;
  }
  return mentions;
}

/** The lines with those of every changed option replaced by its new ones. */
function replaceChanged(
  lines: readonly string[],
  mentions: ReadonlyMap<string, Mention>,
  values: OptionValues,
  included: ReadonlySet<string>,
): string[] {
  const replacements = new Map<number, readonly string[]>();
  for (const { entry, indexes, value } of mentions.values()) {
    if (entry.option.privacy === 'hidden') continue;
    // Its lines add to those of another file, and it cannot have changed since the start.
    if (entry.option.change === 'at-start' && included.has(entry.name)) continue;
    const current = values[entry.name];
    if (value !== undefined && isSameValue(entry, value, current)) continue;
    for (const index of indexes) replacements.set(index, []);
    replacements.set(indexes[0] ?? 0, writeOption(entry, current));
  }
  return lines.flatMap((line, index) => replacements.get(index) ?? [line]);
}

function writeOption({ name, option }: OptionEntry, value: unknown): string[] {
  return option.kind.lines(value).map((words) => [name, ...words.map(quoteWord)].join(' '));
}
