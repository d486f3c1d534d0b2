import { describe, expect, it } from 'vitest';
import { OutputLimit } from '../../src/net/output-limit.ts';
import { Unacknowledged } from '../../src/net/unacknowledged.ts';

const at = (nowMs: number): { nowMs(): number } => ({ nowMs: () => nowMs });

describe('replies to writes that the log did not take', () => {
  it('keep what is in front of the first one, and give an error for each from there on', () => {
    const ledger = new Unacknowledged();
    ledger.replied();
    ledger.wrote(7);
    ledger.replied();
    ledger.wrote(12);
    ledger.replied();
    ledger.replied();
    expect(ledger.lose()).toEqual({ keptBytes: 7, errors: 3, isCounted: true });
  });

  it('leave a piece alone that has none, or only such of an earlier turn', () => {
    const ledger = new Unacknowledged();
    ledger.replied();
    expect(ledger.lose()).toBeUndefined();
    ledger.wrote(3);
    ledger.replied();
    ledger.endTurn();
    expect(ledger.lose()).toBeUndefined();
    ledger.wrote(9);
    ledger.replied();
    expect(ledger.lose()).toEqual({ keptBytes: 9, errors: 1, isCounted: true });
  });

  it('say when it is not known how many errors are due', () => {
    const ledger = new Unacknowledged();
    ledger.wrote(7);
    ledger.repliedUncounted();
    expect(ledger.lose()).toEqual({ keptBytes: 7, errors: 0, isCounted: false });
    ledger.seal();
    ledger.wroteSomewhere();
    ledger.replied();
    expect(ledger.lose()).toEqual({ keptBytes: 0, errors: 1, isCounted: true });
  });
});

describe('an output limit', () => {
  const limits = { hardBytes: 100, softBytes: 10, softSeconds: 5 };

  it('is passed at once when it is hard', () => {
    expect(new OutputLimit().isPassed(100, limits, at(0))).toBe(false);
    expect(new OutputLimit().isPassed(101, limits, at(0))).toBe(true);
  });

  it('is passed in time when it is soft, and begins anew after every relief', () => {
    const limit = new OutputLimit();
    expect(limit.isPassed(11, limits, at(0))).toBe(false);
    expect(limit.isPassed(10, limits, at(4000))).toBe(false);
    expect(limit.isPassed(11, limits, at(5000))).toBe(false);
    expect(limit.isPassed(11, limits, at(10_000))).toBe(false);
    expect(limit.isPassed(11, limits, at(10_001))).toBe(true);
  });

  it('does not close a client because the wall clock was set back', () => {
    const limit = new OutputLimit();
    expect(limit.isPassed(11, limits, at(100_000))).toBe(false);
    expect(limit.isPassed(11, limits, at(1000))).toBe(false);
    expect(limit.isPassed(11, limits, at(6000))).toBe(false);
    expect(limit.isPassed(11, limits, at(6001))).toBe(true);
  });

  it('does not exist at 0', () => {
    const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
    expect(new OutputLimit().isPassed(1e12, none, at(0))).toBe(false);
  });
});
