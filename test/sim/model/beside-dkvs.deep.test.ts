/**
 * The model explains what a whole dkvs server replies over a real socket; and when the server is
 * made a wrong one, it notices.
 */

import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';
import { TestServer } from '../../server/test-server.ts';
import { PlainConnection, runModel } from './model-run.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';
import type { Profile } from './random-commands.ts';

const COMMANDS = 2000;
/** Within these a planted fault must show. */
const FAULTY_COMMANDS = 10_000;

const PROFILES: readonly Profile[] = [
  'hashes', 'lists', 'sets', 'sortedSets', 'big', 'hyperloglogs', 'expiry', 'transactions', 'mixed',
];

describe('the model beside a dkvs server', () => {
  const server = new TestServer();
  const path = join(server.dir, 'socket');

  beforeAll(() => server.listen({ unixsocket: path, appendfsync: 'no' }));
  beforeEach(async () => {
    const connection = new PlainConnection(path);
    await connection.ask([['FLUSHALL']]);
    connection.close();
  });
  afterAll(() => server.stop());

  for (const profile of PROFILES) {
    it(`explains ${COMMANDS} random replies of the profile ${profile}`, async () => {
      const wrong = await runModel({
        path, count: profile === 'big' ? COMMANDS / 4 : COMMANDS,
        random: new Random(1, testSeed()), prefix: 'c1:', profile, mayExpireFields: true,
      });
      expect(wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
    });
  }

  it('explains commands on whole databases', async () => {
    const wrong = await runModel({
      path, count: COMMANDS, random: new Random(2, testSeed()), prefix: 'all:', databases: 3,
      mayUseGlobal: true, mayChangeGlobal: true, mayExpireFields: true,
    });
    expect(wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
  });

  for (const [name, plant] of Object.entries(PLANTED_FAULTS)) {
    it(`notices when ${name}`, async () => {
      const profile = name.includes('WATCH') ? 'transactions' : 'mixed';
      const wrong = await runModel({
        path, count: FAULTY_COMMANDS, random: new Random(3, testSeed()), prefix: 'c1:', profile,
        mayExpireFields: true,
        tampering: plant(new Random(4, testSeed())),
      });
      expect(wrong, `DKVS_TEST_SEED=${testSeed()}`).toMatch(/got/);
    });
  }
});
