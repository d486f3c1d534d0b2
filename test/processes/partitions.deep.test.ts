import { describe, it } from 'vitest';
import {
  apart, CUT_OFFS, cutOff, inSomeOrder, lost, shattered, shuffle, unheard, without, type MakePlan,
} from './plans.ts';
import { whyNoNetwork } from './private-network.ts';
import { sufferInTurn } from './trouble.ts';

const THREE = [0, 1, 2];
const FIVE = [0, 1, 2, 3, 4];

const reason = whyNoNetwork();
const title = 'on hosts of their own' + (reason === undefined ? '' : ` (skipped: ${reason})`);

const PARTITIONS_OF_THREE: readonly MakePlan[] = [
  ...CUT_OFFS.map((how): MakePlan => (leader) => {
    return { ...cutOff(how, [leader], THREE), outlastsLinks: how === 'isolate' };
  }),
  ...CUT_OFFS.map((how): MakePlan => (leader, random) => {
    return cutOff(how, [shuffle(random, without(THREE, [leader]))[0]!], THREE);
  }),
  (_, random) => {
    const [one, other] = shuffle(random, THREE);
    return apart(one!, other!, THREE);
  },
  (_, random) => {
    const [from, to] = shuffle(random, THREE);
    return unheard(from!, to!, THREE);
  },
];

const MINORITIES_OF_FIVE: readonly MakePlan[] = [
  (leader, random) => {
    const [follower] = shuffle(random, without(FIVE, [leader]));
    return cutOff('isolate', [leader, follower!], FIVE);
  },
  (leader, random) => {
    const [follower] = shuffle(random, without(FIVE, [leader]));
    return lost([], [leader, follower!], FIVE);
  },
  (_, random) => {
    const [one, other] = shuffle(random, FIVE);
    return lost([one!], [other!], FIVE);
  },
];

const MAJORITIES_OF_FIVE: readonly MakePlan[] = [
  (_, random) => {
    const [one, two, three] = shuffle(random, FIVE);
    return lost([one!], [two!, three!], FIVE);
  },
  (_, random) => {
    const [one, two, three, four, five] = shuffle(random, FIVE);
    return shattered([[one!, two!], [three!, four!], [five!]]);
  },
];

describe.skipIf(reason !== undefined)(`three servers ${title}`, () => {
  it('go on through every kind of partition, and lose nothing', { timeout: 120_000 }, async () => {
    await sufferInTurn(THREE.length, inSomeOrder(PARTITIONS_OF_THREE));
  });
});

describe.skipIf(reason !== undefined)(`five servers ${title}`, () => {
  it('go on without two of them, and lose nothing', { timeout: 120_000 }, async () => {
    await sufferInTurn(FIVE.length, inSomeOrder(MINORITIES_OF_FIVE));
  });

  it('refuse and read on without three, and go on with them', { timeout: 120_000 }, async () => {
    await sufferInTurn(FIVE.length, inSomeOrder(MAJORITIES_OF_FIVE));
  });
});
