import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { randomBytes, testSeed, withSeed } from '../lib/seeded.ts';
import { decodeInChunks, encodeRequest } from './decode-in-chunks.ts';
import { garbage, mustAgreeWithTwin, randomCuts, sameDecoded } from './garbage.ts';

const INPUTS = 100_000;
const PIPELINES = 5000;

describe('RequestDecoder on garbage', () => {
  it(`agrees with its slow twin on ${INPUTS} inputs, however they are cut`, () => {
    mustAgreeWithTwin(INPUTS);
  }, 60_000);
});

/** redis-parser has no types of its own. */
const RedisParser = createRequire(import.meta.url)('redis-parser') as new (options: {
  returnReply(reply: unknown): void;
  returnError(error: Error): void;
  returnFatalError(error: Error): void;
  returnBuffers: boolean;
}) => { execute(chunk: Buffer): void };

/** The requests that redis-parser sees, or undefined where something is not an array of bulks. */
function parseAsReplies(bytes: Buffer): string[][] | undefined {
  const requests: string[][] = [];
  let refused = false;
  const parser = new RedisParser({
    returnReply: (reply) => {
      if (reply === null) return;
      const items: unknown[] = Array.isArray(reply) ? reply : [undefined];
      if (items.every((item) => Buffer.isBuffer(item))) {
        if (items.length > 0) requests.push(items.map((item) => item.toString('latin1')));
      } else {
        refused = true;
      }
    },
    returnError: () => { refused = true; },
    returnFatalError: () => { refused = true; },
    returnBuffers: true,
  });
  // A copy: redis-parser keeps views of what it is fed.
  parser.execute(Buffer.from(bytes));
  return refused ? undefined : requests;
}

describe('RequestDecoder beside redis-parser', () => {
  it(`reads ${PIPELINES} valid pipelines as redis-parser does`, () => {
    withSeed((random) => {
      for (let n = 0; n < PIPELINES; n++) {
        const pipeline = Array.from({ length: 1 + random.below(5) }, () => {
          const args = Array.from({ length: 1 + random.below(6) },
            () => randomBytes(random, random.below(random.below(20) === 0 ? 2000 : 20)));
          return encodeRequest(...args);
        });
        const bytes = Buffer.concat(pipeline);
        const cuts = randomCuts(random, bytes.length);
        const got = decodeInChunks(bytes, { cuts });
        expect(got).toEqual({ requests: parseAsReplies(bytes), end: 'more' });
      }
    });
  }, 60_000);

  it('agrees with redis-parser on the garbage that both accept', () => {
    let compared = 0;
    withSeed((random) => {
      const scratch = Buffer.alloc(1024);
      for (let n = 0; n < 50_000; n++) {
        const bytes = garbage(random, scratch);
        const got = decodeInChunks(bytes);
        const expected = got.end === 'more' ? parseAsReplies(bytes) : undefined;
        if (expected === undefined) continue;
        compared++;
        // Where redis-parser still waits for a reply of another type, this is an inline command.
        const requests = got.requests.slice(0, expected.length);
        if (!sameDecoded({ requests, end: 'more' }, { requests: expected, end: 'more' })) {
          throw new Error(`${JSON.stringify(bytes.toString('latin1'))}: ` +
            `${JSON.stringify(got.requests)}, redis-parser: ${JSON.stringify(expected)}`);
        }
      }
    });
    expect(compared, `seed ${testSeed()}`).toBeGreaterThan(5000);
  }, 60_000);
});
