import { describe, expect, it } from 'vitest';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { CollectionChange } from '../../../src/keyspace/collection/collection-change.ts';
import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { LargeZset } from '../../../src/keyspace/collection/zset/large-zset.ts';
import { ZSETS, zsetOf } from '../../../src/keyspace/collection/zset/zset-type.ts';
import type { ZsetView } from '../../../src/keyspace/collection/zset/zset-view.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { checkLargeZset } from './check-large-zset.ts';
import {
  bytesOf, inOrder, membersOf, randomScore, removeDelta, setDelta, type Scored,
} from './zset-model.ts';

const SPACE = 1;
const KEY = ByteRange.ofText('z');
const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };

class Subject {
  readonly model = new Map<string, number>();
  storage = new MemoryStorage(LIVE_CODECS);
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(12, seed);
  }

  get found(): Found | undefined {
    return this.storage.find(SPACE, KEY, NEED_VALUE) as Found | undefined;
  }

  get zset(): ZsetView {
    return zsetOf(this.found!);
  }

  get sizeName(): string {
    const live = this.found?.live;
    if (live instanceof LargeZset) return 'large';
    return live === undefined ? 'small' : 'medium';
  }

  set(pairs: readonly Scored[]): void {
    const before = this.model.size;
    const distinct = new Map(pairs);
    for (const [member, score] of distinct) this.model.set(member, score);
    expect(this.#apply(setDelta([...distinct]))).toBe(this.model.size - before);
  }

  remove(members: readonly string[]): void {
    const present = [...new Set(members)].filter((member) => this.model.delete(member));
    if (present.length > 0) expect(this.#apply(removeDelta(present))).toBe(-present.length);
  }

  /** All that is read of it, beside the model. */
  check(): void {
    const { found, model, random } = this;
    if (model.size === 0) return expect(found).toBeUndefined();
    if (found!.live instanceof LargeZset) checkLargeZset(this.storage, found!.live, LIMITS);
    const { zset } = this;
    const all = inOrder(model);
    expect(zset.size).toBe(all.length);
    expect(membersOf(zset)).toEqual(all);
    const [rank, last] = [random.below(all.length), all.length - 1];
    expect(membersOf(zset, rank, rank + 1, -1)).toEqual(all.slice(0, rank + 1).toReversed());
    expect(membersOf(zset, last, 0, -1)).toEqual([]);
    for (let i = 0; i < 10; i++) {
      const at = random.below(all.length);
      const [member, score] = all[at]!;
      expect(zset.scoreOf(bytesOf(member))).toBe(score);
      expect(zset.rankOf(bytesOf(member))).toBe(at);
      const bound = random.below(3) === 0 ? randomScore(random) : score;
      expect(zset.rankOfScore(bound, false)).toBe(all.filter(([, each]) => each < bound).length);
      expect(zset.rankOfScore(bound, true)).toBe(all.filter(([, each]) => each <= bound).length);
    }
    expect(zset.scoreOf(bytesOf('never'))).toBeUndefined();
    expect(zset.rankOf(bytesOf('never'))).toBe(-1);
  }

  reopen(): void {
    this.storage = this.storage.reopened();
  }

  #apply(delta: ByteRange): number {
    const change = new CollectionChange(this.storage, LIMITS);
    return change.apply(SPACE, KEY, ZSETS, delta, this.random);
  }
}

function randomMember(random: Random): string {
  const name = `m${random.below(400)}`;
  return random.below(40) === 0 ? name + 'x'.repeat(random.below(1200)) : name;
}

/** One random change; `shrinks` makes more removals than sets. */
function step(subject: Subject, shrinks: boolean): void {
  const { model, random } = subject;
  const all = [...model.keys()];
  if (random.below(10) < (shrinks ? 3 : 7)) {
    const count = random.below(20) === 0 ? 60 : 1 + random.below(3);
    subject.set(Array.from({ length: count }, () => {
      const known = all[random.below(all.length || 1)];
      const isKnown = known !== undefined && random.below(3) === 0;
      return [isKnown ? known : randomMember(random), randomScore(random)] as const;
    }));
  } else if (random.below(8) === 0 && all.length > 0) {
    // As ZREMRANGEBYRANK does.
    const from = random.below(all.length);
    const end = from + 1 + random.below(1 + Math.floor(all.length / 3));
    subject.remove(inOrder(model).slice(from, end).map(([member]) => member));
  } else {
    subject.remove(Array.from({ length: 1 + random.below(6) }, () =>
      all[random.below(all.length || 1)] ?? randomMember(random)));
  }
}

describe('a sorted set of any size', () => {
  it('is what the same changes make of a sorted array, through all sizes and back', () => {
    const sizes = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const subject = new Subject(seed);
      for (let round = 0; round < 8; round++) {
        for (let i = 0; i < 120; i++) step(subject, round % 2 === 1);
        subject.check();
        sizes.add(subject.sizeName);
        if (round % 3 !== 2) subject.reopen();
        subject.check();
      }
      subject.remove([...subject.model.keys()]);
      subject.check();
      expect(subject.storage.count(SPACE)).toBe(0);
      expect([...subject.storage.spaces.values()].reduce((sum, { size }) => sum + size, 0)).toBe(0);
    }
    expect([...sizes].toSorted()).toEqual(['large', 'medium', 'small']);
  });

  it('finds members by their bytes where all scores are equal', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const subject = new Subject(seed + 50);
      for (const size of [5, 30, 300]) {
        subject.set(Array.from({ length: size }, () => [randomMember(subject.random), 7]));
        const all = inOrder(subject.model).map(([member]) => member);
        for (let i = 0; i < 40; i++) {
          const bound = randomMember(subject.random).slice(0, 1 + subject.random.below(5));
          const isBelow = (each: string): boolean =>
            Buffer.compare(Buffer.from(each), Buffer.from(bound)) < 0;
          const { zset } = subject;
          const below = all.filter(isBelow).length;
          expect(zset.rankOfMember(bytesOf(bound), false)).toBe(below);
          expect(zset.rankOfMember(bytesOf(bound), true))
            .toBe(below + (subject.model.has(bound) ? 1 : 0));
        }
      }
    }
  });

  it('is scanned so that every member that stays is met, whatever happens meanwhile', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const subject = new Subject(seed + 100);
      for (let i = 0; i < (seed % 3 === 0 ? 20 : 200); i++) step(subject, false);
      const staying = [...subject.model.keys()].filter((_, at) => at % 3 === 0);
      // Its score may change.
      const stay = new Set(staying);
      const met = new Set<string>();
      let cursor = 0;
      let pages = 0;
      do {
        const { random, zset } = subject;
        const page = zset.scan(cursor, 1 + random.below(12));
        for (const at of page.positions) {
          const member = zset.scannedAt(at).latin1();
          expect(zset.scannedScoreAt(at)).toBe(subject.model.get(member));
          met.add(member);
        }
        cursor = page.cursor;
        const others = [...subject.model.keys()].filter((member) => !stay.has(member));
        subject.remove(others.filter(() => random.below(6) === 0));
        subject.set(Array.from({ length: 1 + random.below(12) }, () =>
          [random.below(2) === 0 ? staying[random.below(staying.length)]! : randomMember(random),
            randomScore(random)]));
        if (random.below(5) === 0) subject.reopen();
        pages++;
      } while (cursor !== 0 && pages < 5000);
      expect(cursor).toBe(0);
      expect(staying.filter((member) => !met.has(member))).toEqual([]);
    }
  });

  it('loses whole blocks of its order without a change for each of their members', () => {
    const subject = new Subject(1);
    subject.set(Array.from({ length: 1000 }, (_, at) => [`member${at}`, at]));
    const large = subject.found!.live as LargeZset;
    const blocks = large.order.length;
    const before = subject.storage.effects;
    const gone = inOrder(subject.model).slice(100, 900).map(([member]) => member);
    subject.remove(gone);
    expect((subject.found!.live as LargeZset).order.length).toBeLessThan(blocks / 2);
    // One change by hash for each member, and far fewer in order.
    expect(subject.storage.effects - before).toBeLessThan(gone.length * 1.4);
    subject.check();
    subject.reopen();
    subject.check();
  });
});
