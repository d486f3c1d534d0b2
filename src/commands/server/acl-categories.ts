/** The ACL categories of a command: most follow from its flags and its group. */

import {
  ACL_CATEGORIES, type AclCategory, type CommandFacts, type Flag, type Group,
} from '../command-facts.ts';

const BY_FLAG: Partial<Record<Flag, readonly AclCategory[]>> = {
  write: ['write'],
  readonly: ['read'],
  admin: ['admin', 'dangerous'],
  pubsub: ['pubsub'],
  fast: ['fast'],
  blocking: ['blocking'],
};

/** Groups that are missing have no category of their own. */
const BY_GROUP: Partial<Record<Group, AclCategory>> = {
  generic: 'keyspace', string: 'string', bitmap: 'bitmap', hash: 'hash', list: 'list', set: 'set',
  'sorted-set': 'sortedset', stream: 'stream', hyperloglog: 'hyperloglog', geo: 'geo',
  connection: 'connection', transactions: 'transaction', scripting: 'scripting',
};

/** In the order of ACL_CATEGORIES. */
export function aclCategories(command: CommandFacts): readonly AclCategory[] {
  const { flags, group, categories, subcommands } = command;
  const found = new Set<AclCategory>(flags.flatMap((flag) => BY_FLAG[flag] ?? []));
  if (!found.has('fast')) found.add('slow');
  const own = BY_GROUP[group];
  if (categories !== undefined) for (const category of categories) found.add(category);
  // What only has subcommands does nothing itself: they carry the category.
  else if (own !== undefined && subcommands === undefined) found.add(own);
  return ACL_CATEGORIES.filter((category) => found.has(category));
}

/** The category of a name in any case. */
export function categoryOfName(name: string): AclCategory | undefined {
  const wanted = name.toLowerCase();
  return ACL_CATEGORIES.find((category) => category === wanted);
}
