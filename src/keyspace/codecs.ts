/** The codecs of all types that have a live form: for the store, which reads records back. */

import type { BlockPort } from './collection/block-port.ts';
import { LargeHash } from './collection/hash/large-hash.ts';
import { LargeList } from './collection/list/large-list.ts';
import { ListBlock } from './collection/list/list-block.ts';
import { HashBlock } from './collection/hash/hash-block.ts';
import type { HashType } from './collection/hash/hash-delta.ts';
import { LargeZset } from './collection/zset/large-zset.ts';
import { ZsetBlock } from './collection/zset/zset-block.ts';
import type { LiveCodec } from './live-value.ts';
import { liveStringCodec } from './live-string.ts';
import { HASH, LIST, SET, ZSET } from './value-type.ts';

function hashCodec(type: HashType): LiveCodec {
  return Object.freeze({
    type,
    decodeBase: (buf: Buffer, start: number, end: number, isLarge: boolean, blocks: BlockPort) =>
      isLarge
        ? LargeHash.ofBase(type, blocks, buf, start, end)
        : HashBlock.ofBase(type, buf, start, end),
  });
}

const listCodec: LiveCodec = Object.freeze({
  type: LIST,
  decodeBase: (buf: Buffer, start: number, end: number, isLarge: boolean, blocks: BlockPort) =>
    isLarge ? LargeList.ofBase(blocks, buf, start, end) : ListBlock.ofBase(buf, start, end),
});

const zsetCodec: LiveCodec = Object.freeze({
  type: ZSET,
  decodeBase: (buf: Buffer, start: number, end: number, isLarge: boolean, blocks: BlockPort) =>
    isLarge ? LargeZset.ofBase(blocks, buf, start, end) : ZsetBlock.ofBase(buf, start, end),
});

export const LIVE_CODECS: readonly LiveCodec[] = Object.freeze([
  liveStringCodec, hashCodec(HASH), hashCodec(SET), listCodec, zsetCodec,
]);
