/** The command line of `npm run bench`. */

export interface BenchArguments {
  /** Empty: list the benches. */
  readonly name: string;
  readonly smoke: boolean;
  readonly rounds?: number;
  readonly only?: string;
  readonly keys?: number;
  readonly before?: string;
}

export type ArgumentsOutcome =
  | { readonly ok: true; readonly arguments: BenchArguments }
  | { readonly ok: false; readonly message: string };

export const USAGE =
  'npm run bench -- NAME [--smoke] [--rounds N] [--keys N] [--only TEXT] [--before DIST]';

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

export function parseArguments(words: readonly string[]): ArgumentsOutcome {
  const parsed: Mutable<BenchArguments> = { name: '', smoke: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const next = words[i + 1] ?? '';
    switch (word) {
      case '--smoke':
        parsed.smoke = true;
        continue;
      case '--only':
        parsed.only = next;
        break;
      case '--before':
        if (next === '') return refuse(`${word} needs the dist folder of another build`);
        parsed.before = next;
        break;
      case '--rounds':
      case '--keys': {
        const count = Number(next);
        if (!/^\d+$/.test(next) || count === 0) {
          return refuse(`${word} needs a number, not '${next}'`);
        }
        parsed[word === '--rounds' ? 'rounds' : 'keys'] = count;
        break;
      }
      default:
        if (word.startsWith('-')) return refuse(`unknown option '${word}'`);
        if (parsed.name !== '') {
          return refuse(`one bench at a time, not '${parsed.name}' and '${word}'`);
        }
        parsed.name = word;
        continue;
    }
    i++;
  }
  return { ok: true, arguments: parsed };
}

function refuse(message: string): ArgumentsOutcome {
  return { ok: false, message: `${message}\nusage: ${USAGE}` };
}
