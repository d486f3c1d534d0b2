/**
 * Batches that are sent again: a leader's log gets each once, and what is delivered is complete.
 */
import { describe, expect, it } from 'vitest';
import { DuplicateDetection } from '../../../src/raft/core/duplicate-detection.ts';
import { encodeProposal } from '../../../src/raft/core/proposal.ts';
import { TakenBatches } from '../../../src/raft/core/taken-batches.ts';
import { withSeed } from '../../lib/seeded.ts';
import { LoneRaft } from './lone-raft.ts';
import { entryOf, idOf } from './members.ts';

const [a, b] = [idOf('a'), idOf('b')];

/** Which of these numbers of `a` get into the log. */
function taken(numbers: readonly number[], batches = new TakenBatches()): number[] {
  return numbers.filter((number) => {
    const batch = { origin: a, epoch: 1, number };
    const isNew = batches.isNew(batch);
    if (isNew) batches.add(batch);
    return isNew;
  });
}

function payload(number: number, epoch = 1): Uint8Array {
  return encodeProposal({ origin: b, epoch, number, seed: [0, 0], body: new Uint8Array(1) });
}

function appended(raft: LoneRaft, ...payloads: Uint8Array[]): number {
  return raft.step({ kind: 'propose', payloads }).entries.length;
}

describe('a batch that is sent again', () => {
  it('is not appended again', () => {
    expect(taken([1, 2, 3, 1, 2, 3, 4, 2, 4, 5])).toEqual([1, 2, 3, 4, 5]);
  });

  it('is appended again if another before it was missing when it came', () => {
    expect(taken([1, 3, 4, 1, 2, 3, 4, 2, 3, 5])).toEqual([1, 3, 4, 1, 2, 3, 4, 5]);
  });

  it('is another one when its member has started anew, or it is of another member', () => {
    const batches = new TakenBatches();
    expect(taken([1, 2], batches)).toEqual([1, 2]);
    expect(batches.isNew({ origin: a, epoch: 2, number: 1 })).toBe(true);
    expect(batches.isNew({ origin: b, epoch: 1, number: 1 })).toBe(true);
  });

  it('is applied in the end, whatever is lost of it and overtakes it on the way', () => {
    withSeed((random) => {
      const batches = new TakenBatches();
      const origins = new DuplicateDetection();
      let [delivered, rounds] = [0, 0];
      for (; delivered < 300 && rounds < 3000; rounds++) {
        const window = Array.from({ length: 8 }, (_, i) => delivered + 1 + i);
        const arrived = window.filter(() => random.below(4) > 0);
        for (const number of taken(arrived, batches)) {
          if (origins.accept({ origin: a, epoch: 1, number })) delivered = number;
        }
      }
      expect(delivered).toBeGreaterThanOrEqual(300);
    });
  });

  it('is not appended by a leader that has it from the one before, and is else', () => {
    const raft = new LoneRaft().lead();
    expect(appended(raft, payload(1), payload(2))).toBe(2);
    expect(appended(raft, payload(1), payload(2), payload(3))).toBe(1);
    const { lastIndex, commit } = raft.raft.status;
    const entries = [entryOf(lastIndex, 9, 'other')];
    raft.receive('c', {
      kind: 'append', term: 9, prevIndex: lastIndex - 1, prevTerm: raft.raft.termOf(lastIndex - 1)!,
      entries, commit,
    });
    raft.campaign();
    expect(appended(raft, payload(1), payload(2))).toBe(0);
    expect(appended(raft, payload(3), payload(4))).toBe(2);
  });

  it('counts as new if there was no room for it', () => {
    const raft = new LoneRaft({ options: { uncommittedBytesMax: 0 } }).lead();
    expect(appended(raft, payload(1), payload(2))).toBe(1);
    raft.persist();
    raft.answer('b');
    expect(appended(raft, payload(1), payload(2))).toBe(1);
  });
});
