/** The model explains what a whole dkvs server replies over a real socket. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { createServer, type DkvsServer } from '../../../src/server.ts';
import { testSeed } from '../../lib/seeded.ts';
import { PlainConnection, runModel } from './model-run.ts';
import type { Profile } from './random-commands.ts';

const COMMANDS = 2000;

const PROFILES: readonly Profile[] = ['big', 'expiry', 'transactions', 'mixed'];

describe('the model beside a dkvs server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-model-'));
  const path = join(dir, 'socket');
  let server: DkvsServer;

  beforeAll(async () => {
    server = createServer({ port: 0, unixsocket: path, dir, appendfsync: 'no' });
    await server.listen();
  });
  beforeEach(async () => {
    const connection = new PlainConnection(path);
    await connection.ask([['FLUSHALL']]);
    connection.close();
  });
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const profile of PROFILES) {
    it(`explains ${COMMANDS} random replies of the profile ${profile}`, async () => {
      const run = await runModel({ path }, profile === 'big' ? COMMANDS / 4 : COMMANDS, {
        random: new Random(1, testSeed()), prefix: 'c1:', profile,
      });
      expect(run.wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
    });
  }

  it('explains commands on whole databases', async () => {
    const run = await runModel({ path }, COMMANDS, {
      random: new Random(2, testSeed()), prefix: 'all:', databases: 3,
      mayUseGlobal: true, mayChangeGlobal: true,
    });
    expect(run.wrong, `DKVS_TEST_SEED=${testSeed()}`).toBeUndefined();
  });
});
