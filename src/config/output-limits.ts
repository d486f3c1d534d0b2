/**
 * `client-output-buffer-limit`: how much a client may leave unread before it is disconnected.
 * At the hard limit at once; at the soft limit when it stays above it for that many seconds.
 * 0 means no limit. The file may set one class a line, or several on one.
 */
import { accept, parseBytes, refuse, type Parsed } from './parsed.ts';

export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface OutputLimits {
  readonly normal: OutputLimit;
  readonly replica: OutputLimit;
  readonly pubsub: OutputLimit;
}

const CLASSES = ['normal', 'replica', 'pubsub'] as const;
const WORDS_PER_CLASS = 4;

/** `words` may name any of the classes; those not named keep what `before` says. */
export function parseOutputLimits(
  words: readonly string[],
  before: OutputLimits,
): Parsed<OutputLimits> {
  if (words.length === 0 || words.length % WORDS_PER_CLASS !== 0) {
    return refuse('Wrong number of arguments in buffer limit configuration.');
  }
  const limits = { ...before };
  for (let i = 0; i < words.length; i += WORDS_PER_CLASS) {
    const word = (words[i] ?? '').toLowerCase();
    const name = CLASSES.find((each) => each === (word === 'slave' ? 'replica' : word));
    if (name === undefined) {
      return refuse('Invalid client class specified in buffer limit configuration.');
    }
    const limit = parseLimit(words.slice(i + 1, i + WORDS_PER_CLASS));
    if (limit === undefined) {
      return refuse('Error in hard, soft or soft_seconds setting in buffer limit configuration.');
    }
    limits[name] = limit;
  }
  return accept(limits);
}

function parseLimit(words: readonly string[]): OutputLimit | undefined {
  const hardBytes = parseBytes(words[0] ?? '');
  const softBytes = parseBytes(words[1] ?? '');
  const seconds = words[2] ?? '';
  if (hardBytes === undefined || softBytes === undefined) return undefined;
  return /^\d{1,9}$/.test(seconds)
    ? { hardBytes, softBytes, softSeconds: Number(seconds) }
    : undefined;
}

/** The words of one line for each class, amounts in bytes. */
export function listOutputLimits(limits: OutputLimits): readonly (readonly string[])[] {
  return CLASSES.map((name) => {
    const { hardBytes, softBytes, softSeconds } = limits[name];
    return [name, String(hardBytes), String(softBytes), String(softSeconds)];
  });
}
