/**
 * The checker held against its slow twin on small random histories, and against histories of any
 * size that are right, or wrong in one known way.
 */
import { describe, expect, it } from 'vitest';

import type { Random } from '../../src/lib/random.ts';
import { withSeed } from '../lib/seeded.ts';
import { isLinearizable } from './brute-force.ts';
import type { Operation } from './history.ts';
import { checkLinearizability, mustBeLinearizable } from './linearizability.ts';
import type { Model } from './model.ts';
import {
  stringModel, transactionModel, type Transaction, type TransactionReply,
} from './models.ts';
import { makePartitions } from './partition.ts';
import {
  plantDoubleIncrement, plantForgottenIncrement, plantLostWrite, plantReordering, plantStaleRead,
  plantUnaskedIncrement, plantValueFromNowhere, type PlantFault,
} from './planted-faults.ts';
import {
  commandsOf, correctHistory, type CommandMix, type HistoryShape, type StringOperation,
} from './random-history.ts';
import { Search } from './search.ts';

const MIXES: readonly CommandMix[] = [
  { weights: { get: 2, set: 2 }, values: 2 },
  { weights: { get: 3, set: 2 }, values: 0 },
  { weights: { get: 2, set: 1, del: 1, compareAndSet: 2 }, values: 2 },
  { weights: { get: 1, incrBy: 2 }, values: 2 },
  { weights: { get: 1, append: 2 }, values: 2 },
  { weights: { get: 2, compareAndSet: 4, set: 1 }, values: 3 },
  { weights: { get: 3, set: 1, incrBy: 2, append: 1, del: 1, compareAndSet: 2 }, values: 2 },
];

const SMALL = { clients: 4, unknownShare: 0.25 };
const EVERYTHING: CommandMix = {
  weights: { get: 6, set: 2, incrBy: 1, append: 1, del: 1, compareAndSet: 1 }, values: 0,
};

/** Gives one to three operations the reply of another one of their kind, or an earlier end. */
function mutate(random: Random, history: readonly StringOperation[]): StringOperation[] {
  const mutated = [...history];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(mutated.length);
    const operation = mutated[at]!;
    if (operation.returnAt === Infinity) continue;
    const donors = history.filter(({ input, output }) =>
      input.kind === operation.input.kind && output !== undefined && output !== operation.output);
    const donor = donors[random.below(Math.max(donors.length, 1))];
    const length = operation.returnAt - operation.callAt;
    mutated[at] = donor === undefined
      ? { ...operation, returnAt: operation.callAt + length * random.float() }
      : { ...operation, output: donor.output };
  }
  return mutated;
}

/** Depth first from the start, which ordinary small histories would never be. */
function isExplainedDepthFirst<State, Input, Output>(
  model: Model<State, Input, Output>, history: readonly Operation<Input, Output>[],
): boolean {
  return makePartitions(model, history)
    .every((partition) => new Search(partition, model, 0).run(1e6) === 'ok');
}

function expectAsBruteForce<State, Input, Output>(
  model: Model<State, Input, Output>, history: readonly Operation<Input, Output>[],
): boolean {
  const expected = isLinearizable(model, history);
  const verdict = checkLinearizability(model, history);
  if (verdict.kind !== (expected ? 'ok' : 'violation')) {
    throw new Error(`${verdict.kind}, brute force says ${expected}: ${JSON.stringify(history)}`);
  }
  if (isExplainedDepthFirst(model, history) !== expected) {
    throw new Error(`depth first, it is not ${expected}: ${JSON.stringify(history)}`);
  }
  return expected;
}

describe('the checker beside brute force', () => {
  it.each(MIXES)('agrees on histories of $weights', (mix) => {
    withSeed((random) => {
      const counts = { ok: 0, violation: 0 };
      for (let round = 0; round < 1200; round++) {
        const history = correctHistory(random, {
          ...SMALL, operations: 4 + random.below(5), keys: 1 + random.below(2),
          haste: 0.2 + 0.8 * random.float(), command: commandsOf(mix),
        });
        if (!expectAsBruteForce(stringModel, history)) throw new Error(JSON.stringify(history));
        counts[expectAsBruteForce(stringModel, mutate(random, history)) ? 'ok' : 'violation'] += 1;
      }
      expect(counts.ok).toBeGreaterThan(100);
      expect(counts.violation).toBeGreaterThan(100);
    });
  });

  it('agrees on transactions over several keys', () => {
    withSeed((random) => {
      const counts = { ok: 0, violation: 0 };
      for (let round = 0; round < 1500; round++) {
        const history = pairUp(mutate(random, correctHistory(random, {
          ...SMALL, operations: 4 + random.below(8), keys: 2, haste: 0.8, unknownShare: 0.1,
          command: commandsOf(MIXES[6]!),
        })));
        counts[expectAsBruteForce(transactionModel, history) ? 'ok' : 'violation'] += 1;
      }
      expect(counts.ok).toBeGreaterThan(100);
      expect(counts.violation).toBeGreaterThan(100);
    });
  });
});

/** Makes one transaction of each two operations that follow each other. */
function pairUp(
  history: readonly StringOperation[],
): Operation<Transaction, TransactionReply>[] {
  const pairs: Operation<Transaction, TransactionReply>[] = [];
  for (let at = 0; at + 1 < history.length; at += 2) {
    const [a, b] = [history[at]!, history[at + 1]!];
    const returnAt = Math.max(a.returnAt, b.returnAt);
    pairs.push({
      client: a.client, key: '', callAt: a.callAt, returnAt,
      input: [{ key: a.key, command: a.input }, { key: b.key, command: b.input }],
      output: returnAt === Infinity ? undefined : [a.output!, b.output!],
    });
  }
  return pairs;
}

describe('a correct history', () => {
  const shapes: readonly Omit<HistoryShape, 'command'>[] = [
    { operations: 4000, clients: 10, keys: 20, unknownShare: 0.02, haste: 0.5 },
    { operations: 2000, clients: 5, keys: 1, unknownShare: 0, haste: 1 },
    { operations: 2000, clients: 5, keys: 1, unknownShare: 0.01, haste: 0.5 },
    { operations: 2000, clients: 20, keys: 3, unknownShare: 0.05, haste: 0.05 },
  ];

  const title = 'is accepted: $operations by $clients on $keys keys, unknown: $unknownShare';
  it.each(shapes)(title, (shape) => {
    withSeed((random) => {
      for (const mix of [...MIXES.slice(1), EVERYTHING]) {
        const history = correctHistory(random, { ...shape, command: commandsOf(mix) });
        expect(history.length).toBe(shape.operations);
        mustBeLinearizable(stringModel, history);
      }
    });
  });

  it('has operations that overlap and operations of unknown outcome', () => {
    withSeed((random) => {
      const history = correctHistory(random, { ...shapes[0]!, command: commandsOf(EVERYTHING) });
      const overlaps = history.filter(({ callAt }, at) =>
        callAt < (history[at - 1]?.returnAt ?? 0));
      expect(overlaps.length).toBeGreaterThan(1000);
      expect(history.filter(({ returnAt }) => returnAt === Infinity).length).toBeGreaterThan(40);
    });
  });
});

describe('a fault planted into a correct history', () => {
  const REGISTERS: CommandMix = { weights: { get: 1, set: 1 }, values: 0 };
  const shape = { operations: 1000, clients: 8, keys: 5, haste: 0.4 };

  function expectFound(plant: PlantFault, mix: CommandMix, unknownShare: number): void {
    withSeed((random) => {
      let found = 0;
      for (let round = 0; round < 40; round++) {
        const command = commandsOf(mix);
        const history = correctHistory(random, { ...shape, unknownShare, command });
        const faulty = plant(random, history);
        if (faulty === undefined) continue;
        const verdict = checkLinearizability(stringModel, faulty);
        if (verdict.kind !== 'violation') throw new Error(`round ${round}: ${verdict.kind}`);
        found += 1;
      }
      expect(found).toBeGreaterThan(20);
    });
  }

  it.each([
    ['a stale read', plantStaleRead],
    ['a lost write', plantLostWrite],
    ['a value from nowhere', plantValueFromNowhere],
  ])('is found: %s', (_, plant) => {
    expectFound(plant, REGISTERS, 0);
    expectFound(plant, REGISTERS, 0.02);
  });

  it.each([
    ['a double increment', plantDoubleIncrement],
    ['a forgotten increment', plantForgottenIncrement],
    ['an increment from nowhere', plantUnaskedIncrement],
    ['a reordering', plantReordering],
  ])('is found: %s', (_, plant) => {
    expectFound(plant, { weights: { get: 1, incrBy: 3 }, values: 1 }, 0);
  });
});

describe('the price of a check', () => {
  const ordinary = {
    operations: 100_000, clients: 10, keys: 100, haste: 0.5, command: commandsOf(EVERYTHING),
  };

  it('is about one step for each operation of an ordinary history of 100,000', () => {
    withSeed((random) => {
      for (const unknownShare of [0, 0.01, 0.05]) {
        const history = correctHistory(random, { ...ordinary, unknownShare });
        const verdict = checkLinearizability(stringModel, history);
        expect(verdict.kind).toBe('ok');
        expect(verdict.steps).toBeLessThan(2 * history.length);
      }
    });
  });

  it('is a few steps more when all operations are on one key', () => {
    withSeed((random) => {
      const shape = { ...ordinary, operations: 20_000, keys: 1, unknownShare: 0 };
      const cases = [[10, 0.02, 2], [5, 0.5, 4], [10, 0.5, 30]] as const;
      for (const [clients, haste, stepsEach] of cases) {
        const history = correctHistory(random, { ...shape, clients, haste });
        const verdict = checkLinearizability(stringModel, history);
        expect(verdict.kind).toBe('ok');
        expect(verdict.steps).toBeLessThan(stepsEach * history.length);
      }
    });
  });

  it('stays small while hundreds of outcomes on one key are unknown', () => {
    withSeed((random) => {
      const history = correctHistory(random, {
        ...ordinary, operations: 10_000, clients: 5, keys: 1, unknownShare: 0.03,
        command: commandsOf({ weights: { get: 1, set: 1 }, values: 0 }),
      });
      expect(history.filter(({ returnAt }) => returnAt === Infinity).length).toBeGreaterThan(200);
      expect(checkLinearizability(stringModel, history, 2_000_000).kind).toBe('ok');
    });
  });
});
