import { expect, it } from 'vitest';
import { OrderedGate } from '../../../src/session/order/ordered-gate.ts';
import type { WriteGate } from '../../../src/session/write-gate.ts';

it('says of a write that was ordered and not written here that it may have been made', () => {
  let fail = (_text: string): void => {};
  const gate: WriteGate = {
    refusal: 'MISCONF full', memoryRefusal: 'OOM full', writeDelayMs: 3, acknowledged: 7,
    commit: () => 8, onAcknowledged: () => {}, onFailure: (listener) => void (fail = listener),
  };
  const ordered = new OrderedGate(gate);
  const heard: string[] = [];
  ordered.onFailure((text) => void heard.push(text));
  fail('MISCONF Errors writing to the log: no space');
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatch(/^UNKNOWN this was ordered.*: Errors writing to the log: no space$/);
  expect([ordered.refusal, ordered.memoryRefusal, ordered.writeDelayMs, ordered.acknowledged])
    .toEqual(['MISCONF full', 'OOM full', 3, 7]);
  expect(ordered.commit()).toBe(8);
});
