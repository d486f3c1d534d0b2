/**
 * What the value of an option may look like. A kind turns the words of a directive into a typed
 * value and back. Parsing never throws: a refusal carries the sentence that the user is shown,
 * worded as Redis words it, because tools match on it.
 *
 * Invariants: `parse(lines(v)[i])` over all lines gives `v` again (CONFIG REWRITE relies on it),
 * and `format(v)` is what CONFIG GET shows, always in base units.
 */
import { PEERS_MAX } from './limits.ts';
import { normalizeEvents } from './event-classes.ts';
import { listOutputLimits, parseOutputLimits, type OutputLimits } from './output-limits.ts';
import { accept, acceptAs, parseBytes, refuse, type Parsed } from './parsed.ts';
import { listPeers, NAME_ALLOWED, parsePeerName, parsePeers, type Peer } from './peer-list.ts';

/** Percentiles of `latency-tracking-info-percentiles`: more than anybody's dashboard shows. */
const PERCENTILES_MAX = 64;

export type Source = 'line' | 'set';

export interface Kind<T> {
  /** Completes the sentence "allowed: ...". */
  readonly allowed: string;
  /** Whether one string of CONFIG SET is split at spaces, as the words of a file line are. */
  readonly manyWords: boolean;
  /**
   * `words` follow the directive's name. `before` is the value so far: what earlier lines of the
   * file gave (source 'line'), or what is in force (source 'set', a CONFIG SET).
   */
  parse(words: readonly string[], before: T, source: Source): Parsed<T>;
  format(value: T): string;
  /** The words to write after the name, one element for each line. */
  lines(value: T): readonly (readonly string[])[];
}

/** A kind of exactly one word. */
function single<T>(
  allowed: string,
  parseWord: (word: string) => Parsed<T>,
  format: (value: T) => string = String,
): Kind<T> {
  return {
    allowed,
    manyWords: false,
    parse: (words) =>
      words.length === 1 ? parseWord(words[0] ?? '') : refuse('wrong number of arguments'),
    format,
    lines: (value) => [[format(value)]],
  };
}

/** A whole number in decimal, from `min` to `max`, both included. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const allowed =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`;
  return single(allowed, (word) => {
    if (!/^-?\d{1,19}$/.test(word)) return refuse("argument couldn't be parsed into an integer");
    return inRange(Number(word), min, max);
  });
}

const INT32_MAX = 2 ** 31 - 1;

/** A whole number that is brought between `min` and `max`, as Redis does it with some options. */
export function clamped(min: number, max: number): Kind<number> {
  const asked = integer(0, INT32_MAX);
  return single(`a whole number from ${min} to ${max}, a larger one counts as ${max}`, (word) => {
    const parsed = asked.parse([word], min, 'set');
    if (!parsed.ok) return parsed;
    const value = Math.min(max, Math.max(min, parsed.value));
    if (value === parsed.value) return parsed;
    return acceptAs(value, `${word} is not from ${min} to ${max}: ${value} is used`);
  });
}

/** A decimal number such as `1.45`. */
export function decimal(min: number, max: number): Kind<number> {
  return single(`a number from ${min} to ${max}`, (word) => {
    if (!/^\d+(\.\d+)?$/.test(word)) return refuse("argument couldn't be parsed into a number");
    return inRange(Number(word), min, max);
  });
}

/** An amount of bytes with an optional unit. */
export function bytes(min = 0, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  return single(`bytes such as 64mb or 1gb (${bounds})`, (word) => {
    const value = parseBytes(word);
    if (value === undefined) return refuse('argument must be a memory value');
    return inRange(value, min, max);
  });
}

function inRange(value: number, min: number, max: number): Parsed<number> {
  if (value >= min && value <= max) return accept(value);
  return refuse(`argument must be between ${min} and ${max} inclusive`);
}

export const yesNo: Kind<boolean> = single(
  'yes or no',
  (word) => {
    const text = word.toLowerCase();
    if (text === 'yes') return accept(true);
    if (text === 'no') return accept(false);
    return refuse("argument must be 'yes' or 'no'");
  },
  (value) => (value ? 'yes' : 'no'),
);

/** One of the given words, in either case. `why` explains a list that is shorter than in Redis. */
export function oneOf<const W extends string>(words: readonly W[], why = ''): Kind<W> {
  const reason = `argument(s) must be one of the following: ${words.join(', ')}`;
  return single(words.join(', '), (word) => {
    const found = words.find((candidate) => candidate === word.toLowerCase());
    return found === undefined ? refuse(why === '' ? reason : `${reason} (${why})`) : accept(found);
  });
}

/** Any text, one word of the file (quoted if it has spaces). */
export const text: Kind<string> = single('text', accept);

/** File permissions in octal, such as 700; 0 means "leave to umask". */
export const permissions: Kind<number> = single(
  'octal file permissions such as 700',
  (word) =>
    /^[0-7]{1,4}$/.test(word)
      ? accept(Number.parseInt(word, 8))
      : refuse("argument couldn't be parsed into an octal number"),
  (value) => value.toString(8),
);

/** Up to `max` words, none of them empty; a single empty word means none. */
export function wordList(max: number): Kind<readonly string[]> {
  return {
    allowed: `at most ${max} words`,
    manyWords: true,
    parse: (words) => {
      const kept = words.filter((word) => word !== '');
      if (kept.length > max) return refuse('wrong number of arguments');
      return accept(kept);
    },
    format: (value) => value.join(' '),
    lines: (value) => [value.length === 0 ? [''] : value],
  };
}

/** Percentiles from 0 to 100, as numbers that may have decimals. */
export const percentiles: Kind<readonly string[]> = {
  ...wordList(PERCENTILES_MAX),
  parse: (words) => {
    const kept = words.filter((word) => word !== '');
    if (kept.length > PERCENTILES_MAX) return refuse('wrong number of arguments');
    const name = 'latency-tracking-info-percentiles parameters';
    if (!kept.every((word) => DECIMAL.test(word))) return refuse(`Invalid ${name}`);
    const fits = kept.every((word) => Number(word) >= 0 && Number(word) <= 100);
    return fits ? accept(kept) : refuse(`${name} should sit between [0.0,100.0]`);
  },
};

/**
 * The default user as it is without a `user` line: on, with every key, channel and command. Any
 * other user, or another right, is refused: a client would believe in it.
 */
export const defaultUser: Kind<string> = {
  allowed: 'default on nopass ~* &* +@all, or without nopass where requirepass is given',
  manyWords: true,
  parse: (words) => {
    const kept = words.filter((word) => word !== '');
    if (kept.length === 0) return accept('');
    const [name, ...rules] = kept;
    if (name !== 'default') return refuse('users cannot be defined in this file');
    const given = rules.map((rule) => rule.toLowerCase());
    const isWhole = FULL_RIGHTS.every((same) => same.some((rule) => given.includes(rule)));
    const isKnown = given.every((rule) => PASSWORD_HASH.test(rule) ||
      WITHOUT_EFFECT.includes(rule) || FULL_RIGHTS.flat().includes(rule));
    if (!isWhole || !isKnown) return refuse('the default user has all rights here, and no others');
    return accept(kept.join(' '));
  },
  format: String,
  lines: (value) => [value.split(' ')],
};

/** Each of these must be given, in one of its spellings. */
const FULL_RIGHTS: readonly (readonly string[])[] = [
  ['on'], ['~*', 'allkeys'], ['&*', 'allchannels'], ['+@all', 'allcommands'],
];
const WITHOUT_EFFECT: readonly string[] = ['nopass', 'sanitize-payload', 'skip-sanitize-payload'];
const PASSWORD_HASH = /^#[0-9a-f]{64}$/;

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i;

/** Pairs of `<seconds> <changes>`: lines of a file add up, CONFIG SET replaces, "" means none. */
export const saveRules: Kind<readonly string[]> = {
  allowed: 'pairs of <seconds> <changes>, or ""',
  manyWords: true,
  parse: (words, before, source) => {
    const kept = words.filter((word) => word !== '');
    const isValid = kept.length % 2 === 0 && kept.every((word) => /^[1-9]\d{0,9}$/.test(word));
    if (!isValid) return refuse('Invalid save parameters');
    return accept(source === 'set' || kept.length === 0 ? kept : [...before, ...kept]);
  },
  format: (value) => value.join(' '),
  lines: (value) => {
    const pairs = value.flatMap((word, i) => (i % 2 === 0 ? [[word, value[i + 1] ?? '']] : []));
    return pairs.length === 0 ? [['']] : pairs;
  },
};

/** Classes of keyspace events, kept in the order in which Redis shows them. */
export const eventClasses: Kind<string> = single('any of the letters Ag$lshzxeKEtmdn', (word) => {
  const classes = normalizeEvents(word);
  if (classes !== undefined) return accept(classes);
  return refuse("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
});

/** `<class> <hard> <soft> <seconds>` for normal, replica and pubsub; classes not named stay. */
export const outputLimits: Kind<OutputLimits> = {
  allowed: 'normal|replica|pubsub <hard bytes> <soft bytes> <soft seconds>, repeated',
  manyWords: true,
  parse: (words, before) => parseOutputLimits(words, before),
  // Redis still shows the replica class under its old name.
  format: (value) =>
    listOutputLimits(value)
      .map((words) => words.join(' ').replace(/^replica/, 'slave'))
      .join(' '),
  lines: listOutputLimits,
};

/** The name of a peer, or none. */
export const peerName: Kind<string> = single(`${NAME_ALLOWED}, or ""`, (word) =>
  word === '' ? accept('') : parsePeerName(word),
);

/** `<name> <client host:port> <peer host:port>`: lines of a file add up, "" empties the list. */
export const peers: Kind<readonly Peer[]> = {
  allowed: `<name> <host:port> <host:port>, at most ${PEERS_MAX} times, IPv6 in brackets, or ""`,
  manyWords: true,
  parse: (words, before, source) => parsePeers(words, source === 'set' ? [] : before),
  format: (value) => listPeers(value).flat().join(' '),
  lines: listPeers,
};
