import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

/** Of four fields two are acknowledged, one is refused and one unknown. */
function ledgerOfFour(): Ledger {
  const ledger = new Ledger();
  const [one, two, three, four] = Array.from({ length: 4 }, () => ledger.next()[0]);
  ledger.record(one!, { kind: 'answered', reply: 1 });
  ledger.record(two!, { kind: 'answered', reply: 1 });
  ledger.record(three!, { kind: 'refused', error: 'NOQUORUM ' });
  ledger.record(four!, { kind: 'unknown', error: 'UNKNOWN ' });
  return ledger;
}

describe('a ledger', () => {
  it('agrees with what was acknowledged, whatever became of the unknown', () => {
    ledgerOfFour().mustAgreeWith(['1', '2']);
    ledgerOfFour().mustAgreeWith(['1', '2', '4']);
  });

  it('finds what was acknowledged and is lost', () => {
    expect(() => ledgerOfFour().mustAgreeWith(['2', '4'])).toThrow('1 acknowledged are lost: 1');
  });

  it('finds what was refused and is there', () => {
    expect(() => ledgerOfFour().mustAgreeWith(['1', '2', '3'])).toThrow('1 refused are there: 3');
  });

  it('finds what was added twice', () => {
    const ledger = new Ledger();
    const [field] = ledger.next();
    expect(() => ledger.record(field, { kind: 'answered', reply: 0 })).toThrow('added twice');
  });
});
