/**
 * Feeds bytes to a RequestDecoder the way a connection does: through one chunk buffer that is
 * overwritten as soon as the decoder should be done with it.
 */
import type { Args } from '../../src/protocol/args.ts';
import { RequestDecoder } from '../../src/protocol/request-decoder.ts';
import type { Decoded, RequestLimits } from './slow-request-decoder.ts';

export const USUAL_LIMITS: RequestLimits = {
  authenticated: true, bulkBytesMax: 512 * 1024 * 1024, queryBytesMax: 1024 * 1024 * 1024,
};

export interface Run {
  readonly limits?: RequestLimits;
  /** Where to cut, ascending. */
  readonly cuts?: readonly number[];
  /** Asked after each request: true stops reading this chunk until the next has arrived. */
  readonly suspends?: () => boolean;
  /** Called whenever the decoder gave back the chunk. */
  readonly watch?: (decoder: RequestDecoder, fedBytes: number) => void;
  /** Asks for one request after the other instead of batches. */
  readonly oneByOne?: boolean;
}

/** Shared by all decoders, as by all connections of a server. */
const batch: Args[] = [];

const SCRIBBLE = 0xee;
let chunkMemory = Buffer.alloc(1024);

export function newDecoder(limits: RequestLimits): RequestDecoder {
  const decoder = new RequestDecoder();
  decoder.authenticated = limits.authenticated;
  decoder.bulkBytesMax = limits.bulkBytesMax;
  decoder.queryBytesMax = limits.queryBytesMax;
  return decoder;
}

export function decodeInChunks(bytes: Buffer, run: Run = {}): Decoded {
  const decoder = newDecoder(run.limits ?? USUAL_LIMITS);
  const requests: string[][] = [];
  const drain = run.oneByOne === true ? readOneByOne : readBatches;
  if (chunkMemory.length < bytes.length) chunkMemory = Buffer.alloc(bytes.length);
  let start = 0;
  for (const end of [...(run.cuts ?? []), bytes.length]) {
    const length = bytes.copy(chunkMemory, 0, start, end);
    decoder.feed(chunkMemory.subarray(0, length));
    drain(decoder, requests, run.suspends);
    chunkMemory.fill(SCRIBBLE, 0, length);
    run.watch?.(decoder, end);
    start = end;
  }
  const verdict = drain(decoder, requests, undefined);
  return { requests, end: verdict === 'error' ? { error: decoder.error } : 'more' };
}

function readOneByOne(
  decoder: RequestDecoder, requests: string[][], suspends: (() => boolean) | undefined,
): string {
  for (;;) {
    const verdict = decoder.next();
    if (verdict !== 'command') return verdict;
    requests.push(readArgs(decoder.args));
    if (suspends?.() === true) {
      decoder.suspend();
      return 'suspended';
    }
  }
}

/** All requests of a batch are read when all are decoded; those behind a suspension come again. */
function readBatches(
  decoder: RequestDecoder, requests: string[][], suspends: (() => boolean) | undefined,
): string {
  for (let count = decoder.nextBatch(batch); count > 0; count = decoder.nextBatch(batch)) {
    for (let i = 0; i < count; i++) {
      const args = batch[i]!;
      requests.push(readArgs(args));
      if (suspends?.() !== true) continue;
      unreadBehind(decoder, i, count);
      decoder.suspend();
      return 'suspended';
    }
  }
  return decoder.verdict;
}

function unreadBehind(decoder: RequestDecoder, i: number, count: number): void {
  if (i + 1 < count) decoder.unreadFrom(batch[i + 1]!);
}

function readArgs(args: Args): string[] {
  const parts: string[] = [];
  for (let i = 0; i < args.count; i++) parts.push(args.latin1(i));
  return parts;
}

/** Requests as clients send them. */
export function encodeRequest(...parts: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}
