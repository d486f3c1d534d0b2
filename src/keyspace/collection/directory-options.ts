/** What a directory of blocks is made of, and how its base is read (block-directory.ts). */

import type { PieceReader } from '../pieces.ts';
import type { BlockPort } from './block-port.ts';
import type { Block, DirectoryEntry } from './block-slot.ts';
import type { Separators } from './separators.ts';

export interface DirectoryOptions<B extends Block, S> {
  readonly separators: Separators<S>;
  readonly port: BlockPort;
  /** Where its blocks are, and under which id. */
  readonly space: number;
  readonly id: number;
  /** Which of the collection's directories it is; 0 if there is one (large-delta.ts). */
  readonly tag: number;
  /** Reads what a block's encodeBase wrote. The bytes are borrowed. */
  readonly decode: (buf: Buffer, start: number, end: number) => B;
  /** Whether a delta of a block that begins with this may give elements an expiry. */
  readonly mayExpire?: (op: number) => boolean;
  readonly entries: readonly DirectoryEntry<S>[];
  readonly nextBlock: number;
  readonly sequence: number;
}

/** What a base says of a directory. */
export type DirectoryBase<S> =
  Pick<DirectoryOptions<Block, S>, 'nextBlock' | 'sequence' | 'entries'>;

/** What `encode` wrote, as options. */
export function readDirectory<S>(
  reader: PieceReader, separators: Separators<S>,
): DirectoryBase<S> {
  const [nextBlock, sequence, length] = [reader.number(), reader.number(), reader.number()];
  const entries: DirectoryEntry<S>[] = [];
  while (entries.length < length) {
    const start = separators.read(reader, entries.at(-1)?.start);
    entries.push({ start, block: reader.number(), count: reader.number() });
  }
  return { nextBlock, sequence, entries };
}
