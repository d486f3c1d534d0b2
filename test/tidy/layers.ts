/**
 * The layers of DESIGN.md as a table: imports point to a lower rank only. Folders of one rank do
 * not know each other. A folder that is missing here is an error: no layer appears by accident.
 */

export interface Layer {
  /** A folder of src, or a file of it. The longest that matches counts. */
  readonly path: string;
  readonly rank: number;
  /** A pure layer has no clock, chance, process, file, socket, timer or promise. */
  readonly isPure: boolean;
}

const layer = (rank: number, path: string, isPure = false): Layer => ({ path, rank, isPure });

export const LAYERS: readonly Layer[] = [
  layer(0, 'limits.ts', true),
  layer(0, 'version.ts', true),
  layer(1, 'lib', true),
  layer(2, 'config', true),
  layer(3, 'io'),
  layer(4, 'protocol', true),
  layer(4, 'store/format', true),
  layer(4, 'replication/core', true),
  layer(5, 'keyspace', true),
  layer(6, 'commands', true),
  layer(7, 'scripting'),
  layer(7, 'store'),
  layer(7, 'replication'),
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
