import { NO_BLOCKS } from './collection/no-blocks.ts';
import { describe, expect, it } from 'vitest';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { LiveString } from '../../src/keyspace/live-string.ts';
import type { LiveValue, Snapshot } from '../../src/keyspace/live-value.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import type { Random } from '../../src/lib/random.ts';
import { randomBytes, withSeed } from '../lib/seeded.ts';
import { textAt } from './collection/hash-text.ts';
import { HASH } from '../../src/keyspace/value-type.ts';

const PAGE_BYTES = 1000;
const delta = new DeltaWriter();

function changeString(random: Random, live: LiveString): void {
  const offset = random.below(live.size + 300);
  const bytes = LiveString.delta(offset, randomBytes(random, random.below(2500)));
  live.applyDelta(bytes, 0, bytes.length);
}

interface Kind {
  readonly name: string;
  readonly make: (random: Random) => LiveValue;
  readonly change: (random: Random, live: LiveValue) => void;
}

const KINDS: readonly Kind[] = [
  {
    name: 'a string',
    make: (random) => LiveString.of(randomBytes(random, random.below(20_000))),
    change: (random, live) => changeString(random, live as LiveString),
  },
];

/** All pages, with `between` called before each. */
function draw(snapshot: Snapshot, between: () => void): Buffer[] {
  const pages: Buffer[] = [];
  for (;;) {
    between();
    const page = snapshot.next();
    if (page === undefined) return pages;
    if (page !== 'step') pages.push(page);
  }
}

function replay(type: LiveValue['type'], [first, ...others]: readonly Buffer[]): LiveValue {
  const live = LIVE_CODECS.find((codec) => codec.type === type)!
    .decodeBase(first!, 0, first!.length, false, NO_BLOCKS);
  for (const page of others) live.applyDelta(page, 0, page.length);
  return live;
}

describe.each(KINDS)('a snapshot of $name', ({ make, change }) => {
  it('is the value as it was, whatever is changed while its pages are drawn', () => {
    withSeed((random) => {
      let most = 0;
      for (let run = 0; run < 30; run++) {
        const live = make(random);
        for (let repeat = 0; repeat < 2; repeat++) {
          const wanted = Buffer.from(live.encodeBase());
          const pages = draw(live.snapshot(PAGE_BYTES), () => {
            for (let i = random.below(20); i > 0; i--) change(random, live);
          });
          expect(replay(live.type, pages).encodeBase().equals(wanted)).toBe(true);
          most = Math.max(most, pages.length);
        }
      }
      expect(most).toBeGreaterThan(5);
    });
  });

  it('is of the value alone, not of its copies', () => {
    withSeed((random) => {
      for (let run = 0; run < 30; run++) {
        const live = make(random);
        const bytes = Buffer.from(live.encodeBase());
        const snapshot = live.snapshot(PAGE_BYTES);
        const copy = live.copy();
        expect([copy.size, copy.baseBytes]).toEqual([live.size, live.baseBytes]);
        expect(copy.encodeBase().equals(bytes)).toBe(true);
        for (let i = 0; i < 50; i++) change(random, copy);
        expect(live.encodeBase().equals(bytes)).toBe(true);
        const changed = Buffer.from(copy.encodeBase());
        for (let i = 0; i < 50; i++) change(random, live);
        expect(copy.encodeBase().equals(changed)).toBe(true);
        expect(replay(live.type, draw(snapshot, () => {})).encodeBase().equals(bytes)).toBe(true);
      }
    });
  });

  it('has pages that end as soon as they are long enough', () => {
    withSeed((random) => {
      const live = make(random);
      while (live.baseBytes < 5 * PAGE_BYTES) change(random, live);
      const pages = draw(live.snapshot(PAGE_BYTES), () => {});
      for (const page of pages.slice(0, -1)) expect(page.length).toBeGreaterThanOrEqual(PAGE_BYTES);
      for (const page of pages) expect(page.length).toBeLessThan(PAGE_BYTES + 3100);
    });
  });

  it('has one page when the value is empty', () => {
    for (const live of [new HashBlock(HASH), LiveString.of(Buffer.alloc(0))]) {
      const snapshot = live.snapshot(PAGE_BYTES);
      expect(replay(live.type, [snapshot.next() as Buffer]).size).toBe(0);
      expect(snapshot.next()).toBeUndefined();
    }
  });

  it('gives nothing more once it has ended, and only then lets another begin', () => {
    withSeed((random) => {
      const live = make(random);
      const snapshot = live.snapshot(PAGE_BYTES);
      expect(() => live.snapshot(PAGE_BYTES)).toThrow('assertion failed');
      snapshot.end();
      expect(snapshot.next()).toBeUndefined();
      const wanted = Buffer.from(live.encodeBase());
      const pages = draw(live.snapshot(PAGE_BYTES), () => change(random, live));
      expect(replay(live.type, pages).encodeBase().equals(wanted)).toBe(true);
    });
  });
});

describe('the index of a large hash', () => {
  it('finds every field after growing, shrinking and growing again', () => {
    const hash = new HashBlock(HASH);
    const set = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        delta.begin(HASH_SET);
        delta.latin1(`user:${i}:name`);
        delta.latin1(`${i}`);
        const { buf, start, end } = delta.finish();
        hash.applyDelta(buf, start, end);
      }
    };
    set(0, 60_000);
    for (let i = 0; i < 60_000; i += 2) {
      delta.begin(HASH_REMOVE);
      delta.latin1(`user:${i}:name`);
      const { buf, start, end } = delta.finish();
      hash.applyDelta(buf, start, end);
    }
    set(60_000, 100_000);
    expect(hash.size).toBe(70_000);
    let wrong = 0;
    for (let i = 0; i < 100_000; i++) {
      const wanted = i < 60_000 && i % 2 === 0 ? undefined : `${i}`;
      if (textAt(hash, `user:${i}:name`) !== wanted) wrong += 1;
    }
    expect(wrong).toBe(0);
  });
});
