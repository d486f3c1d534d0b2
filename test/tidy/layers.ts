/**
 * The layers as a table: imports point to a lower rank only, and inside a folder with an order of
 * its own to a lower inner rank only. Folders of one rank do not know each other. What is missing
 * here is an error: no layer appears by accident.
 */

export interface Layer {
  /** A folder of src, or a file of it. The longest that matches counts. */
  readonly path: string;
  readonly rank: number;
  /** The order inside `store` and the like, where all have the same rank. */
  readonly inner: number;
  /** A pure layer has no clock, chance, process, file, socket, timer or promise. */
  readonly isPure: boolean;
}

const layer = (rank: number, path: string, isPure = false, inner = 0): Layer =>
  ({ path, rank, inner, isPure });

/** Layers inside a folder, from the lowest up; those of one row do not know each other. */
function inside(
  rank: number, folder: string, isPure: boolean, rows: readonly (readonly string[])[],
): Layer[] {
  return rows.flatMap((row, inner) =>
    row.map((name) => layer(rank, name === '' ? folder : `${folder}/${name}`, isPure, inner)));
}

/** From finding a record to serving a whole store; the store itself is last. */
const STORE = inside(7, 'store', false, [
  ['store-error.ts', 'limits.ts'],
  ['index'],
  ['segments', 'compaction'],
  ['memory', 'hints'],
  ['chains', 'log'],
  ['lookup', 'sealer.ts'],
  ['store-parts.ts'],
  ['changes', 'disk-space.ts', 'known-sizes.ts', 'memory-budget.ts', 'tail-retirement.ts'],
  ['loading', 'store-host.ts'],
  ['check'],
  ['recovery'],
  ['finder.ts'],
  ['snapshot', 'block-records.ts', 'inspect.ts', 'store-statistics.ts'],
  ['store.ts'],
  ['open-store.ts'],
]);

/** What a command is, the families of commands, and the list of all. */
const COMMANDS = inside(6, 'commands', true, [
  [''],
  ['hash', 'list', 'set', 'zset', 'string', 'client', 'cluster', 'pubsub'],
  ['value-encodings.ts', 'hyperloglog', 'geo'],
  ['key', 'server'],
  ['all-commands.ts'],
]);

export const LAYERS: readonly Layer[] = [
  layer(0, 'version.ts', true),
  layer(1, 'lib', true),
  layer(2, 'config', true),
  layer(3, 'io'),
  layer(4, 'protocol', true),
  layer(4, 'store/format', true),
  layer(4, 'raft/core', true),
  layer(5, 'keyspace', true),
  ...COMMANDS,
  ...STORE,
  ...inside(7, 'raft', false, [['limits.ts'], ['log', 'links'], ['shell']]),
  layer(7, 'session'),
  layer(7, 'observe'),
  layer(8, 'engine'),
  layer(9, 'cluster'),
  layer(9, 'net'),
  layer(9, 'cli'),
  layer(10, 'server'),
  layer(11, 'server.ts'),
  layer(12, 'main.ts'),
];

/** `path` inside src, such as `store/format/header.ts`. */
export function findLayer(path: string): Layer | undefined {
  return LAYERS.filter((each) => path === each.path || path.startsWith(`${each.path}/`)).toSorted(
    (one, other) => other.path.length - one.path.length,
  )[0];
}

/** Whether a file of `own` may import one of `other`. */
export function mayImport(own: Layer, other: Layer): boolean {
  if (own === other || other.rank < own.rank) return true;
  return folderOf(own) === folderOf(other) && other.rank === own.rank && other.inner < own.inner;
}

function folderOf({ path }: Layer): string {
  return path.split('/')[0] ?? path;
}
