import { describe, expect, it } from 'vitest';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { CollectionChange } from '../../../src/keyspace/collection/collection-change.ts';
import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { LargeList } from '../../../src/keyspace/collection/list/large-list.ts';
import { LISTS, listOf } from '../../../src/keyspace/collection/list/list-type.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { checkLargeList } from './check-large-list.ts';
import {
  pushed, randomListChange, removed, textsOfList, textsWalkedBack, trimmed, type ListChange,
} from './list-changes.ts';

const SPACE = 1;
const KEY = ByteRange.ofText('l');
const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };

class Subject {
  texts: readonly string[] = [];
  storage = new MemoryStorage(LIVE_CODECS);
  readonly random: Random;
  limits = LIMITS;

  constructor(seed: number) {
    this.random = new Random(11, seed);
  }

  get found(): Found | undefined {
    return this.storage.find(SPACE, KEY, NEED_VALUE) as Found | undefined;
  }

  get large(): LargeList {
    return this.found!.live as LargeList;
  }

  make({ delta, after }: ListChange): void {
    const growth = after.length - this.texts.length;
    const change = new CollectionChange(this.storage, this.limits);
    expect(change.apply(SPACE, KEY, LISTS, delta, this.random)).toBe(growth);
    this.texts = after;
  }

  step(taking: number): void {
    const { random } = this;
    const text = (): string => random.below(4) === 0 ? `${random.below(1000)}`
      : 'v'.repeat(random.below(random.below(30) === 0 ? 1200 : 60));
    this.make(randomListChange(random, this.texts, { taking, text }));
  }

  check(): void {
    const { found, texts } = this;
    if (texts.length === 0) return expect(found).toBeUndefined();
    checkLargeList(this.storage, found!, this.limits);
    const list = listOf(found!);
    expect(textsOfList(list)).toEqual(texts);
    expect(textsWalkedBack(list)).toEqual(texts.toReversed());
    for (let i = 0; i < 10; i++) {
      const index = this.random.below(texts.length);
      expect(list.at(index).latin1()).toBe(texts[index]);
    }
    expect(() => list.at(texts.length)).toThrow('no index');
  }
}

/** The bytes of each block. */
function blocksOf({ directory }: LargeList): string[] {
  return Array.from({ length: directory.length }, (_, entry) =>
    directory.block(entry).encodeBase().toString('latin1'));
}

describe('a list of any size', () => {
  it('is what the same changes make of an array, through all sizes and back', () => {
    const sizes = new Set<string>();
    for (let seed = 1; seed <= 16; seed++) {
      const subject = new Subject(seed);
      for (let round = 0; round < 8; round++) {
        for (let i = 0; i < 120; i++) subject.step(round % 2 === 1 ? 75 : 35);
        subject.check();
        const live = subject.found?.live;
        sizes.add(live instanceof LargeList ? 'large' : live === undefined ? 'small' : 'medium');
        subject.storage = subject.storage.reopened();
        subject.check();
      }
      if (subject.texts.length > 0) subject.make(trimmed(subject.texts, 0, subject.texts.length));
      expect(subject.storage.count(SPACE)).toBe(0);
      expect([...subject.storage.spaces.values()].reduce((sum, { size }) => sum + size, 0)).toBe(0);
    }
    expect([...sizes].toSorted()).toEqual(['large', 'medium', 'small']);
  });

  it('has the same blocks whatever left RAM meanwhile, and after a restart', () => {
    let compared = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const [one, other] = [new Subject(seed), new Subject(seed)];
      const chance = new Random(12, seed);
      for (let i = 0; i < 500; i++) {
        const taking = i % 200 < 120 ? 35 : 75;
        one.step(taking);
        other.step(taking);
        const live = other.found?.live;
        if (live instanceof LargeList && chance.below(5) === 0) {
          live.release(Infinity, () => chance.below(2) === 0);
        }
        if (chance.below(40) === 0) other.storage = other.storage.reopened();
        if (i % 10 !== 0 || !(live instanceof LargeList)) continue;
        compared++;
        expect(blocksOf(other.large)).toEqual(blocksOf(one.large));
      }
      other.check();
    }
    expect(compared).toBeGreaterThan(60);
  });

  it('has its blocks taken away as a whole by what takes many elements', () => {
    const takes: ((texts: readonly string[]) => ListChange)[] = [
      (texts) => trimmed(texts, 1400, 0), (texts) => trimmed(texts, 0, 1400),
      (texts) => trimmed(texts, 700, 700),
      (texts) => removed(texts, [...texts.keys()].slice(1400)),
    ];
    for (const take of takes) {
      const subject = new Subject(1);
      subject.make(pushed([], Array.from({ length: 3000 }, (_, i) => `${i}`), false));
      const before = subject.storage.effects;
      subject.make(take(subject.texts));
      subject.check();
      // A removal and a delta for each block, and what the two that are cut need.
      expect(subject.storage.effects - before).toBeLessThan(200);
    }
  });
});

describe('elements larger than a block', () => {
  it('are kept where they are put, in a list of any size', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const subject = new Subject(seed + 50);
      const { random } = subject;
      const text = (): string => random.below(6) === 0
        ? `${random.below(9)}`.repeat(random.below(150_000)) : `${random.below(1000)}`;
      // In one piece in the even runs: offsets beyond 64 KiB.
      if (seed % 2 === 0) subject.limits = { ...LIMITS, mediumBytesMax: Infinity };
      for (let i = 0; i < 120; i++) {
        subject.make(randomListChange(random, subject.texts, { taking: 45, text }));
        if (i % 20 === 0) subject.check();
      }
      subject.storage = subject.storage.reopened();
      subject.check();
    }
  });
});

describe('the blocks of a list', () => {
  it.each([true, false])('are left behind nearly full by pushes (to the left: %s)', (isLeft) => {
    const subject = new Subject(2);
    for (let i = 0; i < 2000; i++) subject.make(pushed(subject.texts, [`element ${i}`], isLeft));
    const { directory } = subject.large;
    const inner = Array.from({ length: directory.length }, (_, entry) =>
      directory.block(entry).baseBytes).slice(1, -1);
    expect(inner.length).toBeGreaterThan(10);
    for (const bytes of inner) expect(bytes).toBeGreaterThan(LIMITS.blockBytesMax * 0.8);
    subject.check();
  });

  it.each([true, false])('are not cut again and again at one place (left: %s)', (isLeft) => {
    const subject = new Subject(3);
    for (let i = 0; i < 400; i++) subject.make(pushed(subject.texts, [`element ${i}`], isLeft));
    const cuts = (): number => subject.large.directory.nextBlock;
    const last = (): number => subject.large.directory.length;
    for (let i = 0; i < 400 && last() > 5; i++) {
      subject.make(trimmed(subject.texts, isLeft ? 1 : 0, isLeft ? 0 : 1));
    }
    const before = cuts();
    for (let i = 0; i < 500; i++) {
      subject.make(pushed(subject.texts, ['element'], isLeft));
      subject.make(trimmed(subject.texts, isLeft ? 1 : 0, isLeft ? 0 : 1));
    }
    expect(cuts() - before).toBeLessThanOrEqual(1);
    subject.check();
  });

  it('and the directory are what a new base has to write', () => {
    const subject = new Subject(5);
    subject.make(pushed([], Array.from({ length: 3000 }, (_, i) => `${i}`), false));
    const { large } = subject;
    expect(large.baseBytes).toBeGreaterThan(LIMITS.blockBytesMax / 4);
    expect(large.dirtyBytes).toBe(large.baseBytes);
    subject.make(pushed(subject.texts, ['one more'], false));
    const last = large.directory.block(large.directory.length - 1);
    expect(large.dirtyBytes - large.baseBytes).toBe(last.baseBytes);
  });

  it('take memory in proportion to what they hold, also behind a queue that moved through', () => {
    const subject = new Subject(4);
    for (let i = 0; i < 60; i++) subject.make(pushed(subject.texts, [`element ${i}`], false));
    const medium = subject.found!.live!;
    for (let i = 0; i < 5000; i++) {
      subject.make(pushed(subject.texts, [`element ${i % 100}`], false));
      subject.make(trimmed(subject.texts, 1, 0));
    }
    expect(subject.found!.live).toBe(medium);
    expect(medium.memoryBytes).toBeLessThan(640 + 2 * medium.baseBytes + 4 * medium.size);
  });
});
