import { describe, expect, it } from 'vitest';
import {
  EMPTY_BASE, type MemberId, type PlacedConfiguration,
} from '../../../src/raft/core/entry.ts';
import type { Raft } from '../../../src/raft/core/raft.ts';
import type { Standing } from '../../../src/raft/links/peer-facts.ts';
import { LINK_HANDSHAKE_MS_MAX } from '../../../src/raft/limits.ts';
import { ForgottenChange } from '../../../src/raft/shell/forgotten-change.ts';
import { configurationOf } from '../log/helpers.ts';

const configuration = configurationOf('a', 'b', 'c');
const [A, B, C] = configuration.voters as [MemberId, MemberId, MemberId];
const OTHER = configurationOf('a', 'b', 'c', 'd');

/** A Raft that knows the change where it was; else only that it was in force there. */
function raftWith(
  placed: PlacedConfiguration, isExact = true,
): Pick<Raft, 'baseAt' | 'committedConfiguration'> {
  return { committedConfiguration: placed, baseAt: () => isExact ? EMPTY_BASE : undefined };
}

function changeAt(index: number, isExact = true): ForgottenChange {
  const change = new ForgottenChange();
  change.note(raftWith({ index, configuration }, isExact), index, 0);
  return change;
}

function says(lastIndex: number, memberAt = lastIndex): Standing {
  return { starts: 1, leftBehind: [], verdict: undefined, lastIndex, memberAt };
}

describe('a change of members that was agreed upon', () => {
  it('is forgotten when the logs of a majority of its voters ended before it', () => {
    const change = changeAt(10);
    expect(change.isForgotten(A, says(9), 0)).toBe(false);
    expect(change.isForgotten(A, says(9), 0)).toBe(false);
    expect(change.isForgotten(B, says(10), 0)).toBe(false);
    expect(change.isForgotten('d:1' as MemberId, says(9), 0)).toBe(false);
    expect(change.isForgotten(C, says(9), 0)).toBe(true);
  });

  it('is forgotten when they have other entries up to there', () => {
    const change = changeAt(10);
    expect(change.isForgotten(A, says(30, 10), 0)).toBe(false);
    expect(change.isForgotten(B, says(30, 9), 0)).toBe(false);
    expect(change.isForgotten(A, says(30, 9), 0)).toBe(true);
  });

  it('is not compared with theirs when only a later place is known where it was in force', () => {
    const change = changeAt(10, false);
    for (const id of [A, B, C]) expect(change.isForgotten(id, says(30, 9), 0)).toBe(false);
  });

  it('is not forgotten by what was said before it was agreed upon', () => {
    const change = changeAt(10);
    change.note(raftWith({ index: 20, configuration: OTHER }), 20, 1000);
    const soonMs = 1000 + LINK_HANDSHAKE_MS_MAX;
    for (const id of OTHER.voters) expect(change.isForgotten(id, says(15), soonMs)).toBe(false);
    expect(change.isForgotten(A, says(15), soonMs + 1)).toBe(false);
    expect(change.isForgotten(B, says(15), soonMs + 1)).toBe(false);
    expect(change.isForgotten(C, says(15), soonMs + 1)).toBe(true);
  });

  it('is another one when members change again, and not when the log is trimmed', () => {
    const change = changeAt(10);
    expect(change.isForgotten(A, says(9), 0)).toBe(false);
    change.note(raftWith({ index: 20, configuration }, false), 20, 0);
    expect(change.index).toBe(10);
    change.note(raftWith({ index: 30, configuration: OTHER }), 30, 0);
    expect(change.index).toBe(30);
    expect(change.isForgotten(B, says(9), 2 * LINK_HANDSHAKE_MS_MAX)).toBe(false);
    expect(change.isForgotten(C, says(9), 2 * LINK_HANDSHAKE_MS_MAX)).toBe(false);
  });

  it('is not forgotten by one that was behind and one that has an older copy', () => {
    const placed = { index: 10, configuration };
    const change = changeAt(10, false);
    expect(change.isForgotten(A, says(9), 0)).toBe(false);
    change.note(raftWith(placed, false), 10, 1000);
    change.note(raftWith(placed, false), 11, 2000);
    expect(change.isForgotten(B, says(9), 3000)).toBe(false);
    change.note(raftWith(placed, false), 11, 4000);
    expect(change.isForgotten(A, says(9), 5000)).toBe(true);
  });

  it('is not asked for before any is known', () => {
    const change = new ForgottenChange();
    for (const id of [A, B, C]) expect(change.isForgotten(id, says(0), 0)).toBe(false);
    expect(change.index).toBe(0);
  });
});
