import { describe, expect, it } from 'vitest';
import { cleanUpAfterKills, killAgainAndAgain } from './kill-nine.ts';

const KILLS = 10;

describe('kill -9 under load', () => {
  cleanUpAfterKills();

  it(`loses nothing acknowledged in ${KILLS} kills, with a sync per write or without`, async () => {
    expect(await killAgainAndAgain(KILLS), 'rounds of compaction').toBeGreaterThan(0);
  }, 120_000);
});
