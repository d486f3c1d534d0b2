/** The model is right when a real Redis never disagrees with it. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../../commands/redis-server.ts';
import { testSeed } from '../../lib/seeded.ts';
import { runModel } from './model-run.ts';
import type { Profile } from './random-commands.ts';

const COMMANDS = 4000;

const PROFILES: readonly Profile[] = [
  'strings', 'hyperloglogs', 'hashes', 'lists', 'sets', 'sortedSets', 'expiry', 'transactions', 'big', 'mixed',
];

describe.skipIf(!hasRedisServer())('the model beside a real redis-server', () => {
  let real: RedisServer;
  beforeAll(async () => { real = await startRedisServer(); });
  beforeEach(async () => { await real.run([['FLUSHALL']]); });
  afterAll(() => real.stop());

  for (const profile of PROFILES) {
    it(`explains ${COMMANDS} random replies of the profile ${profile}`, async () => {
      const wrong = await runModel({
        path: real.path, count: profile === 'big' ? COMMANDS / 4 : COMMANDS,
        random: new Random(1, testSeed()), prefix: 'c1:', profile,
      });
      expect(wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
    });
  }

  it('explains commands on whole databases', async () => {
    const wrong = await runModel({
      path: real.path, count: COMMANDS, random: new Random(2, testSeed()), prefix: 'all:',
      databases: 3, mayUseGlobal: true, mayChangeGlobal: true,
    });
    expect(wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
  });
});
