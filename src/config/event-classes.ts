/**
 * The letters of `notify-keyspace-events`, and the order in which CONFIG GET shows them.
 * `A` stands for every class that a user normally wants; key misses (m) and new keys (n) are not
 * among them, because a busy cache would drown in them.
 */

const CLASSES_OF_A = 'g$lshzxetd';
const OTHERS = 'nKEm';

/** The same set of classes in canonical form (`A` when complete), or undefined for a bad letter. */
export function normalizeEvents(letters: string): string | undefined {
  const set = new Set<string>();
  for (const letter of letters) {
    if (letter === 'A') for (const each of CLASSES_OF_A) set.add(each);
    else if (CLASSES_OF_A.includes(letter) || OTHERS.includes(letter)) set.add(letter);
    else return undefined;
  }
  const isInSet = (letter: string): boolean => set.has(letter);
  const classes = [...CLASSES_OF_A].filter(isInSet);
  const head = classes.length === CLASSES_OF_A.length ? 'A' : classes.join('');
  return head + [...OTHERS].filter(isInSet).join('');
}
