import { describe, it } from 'vitest';
import { cleanUpAfterKills, killAgainAndAgain } from './kill-nine.ts';

describe('kill -9 under load', () => {
  cleanUpAfterKills();

  it('loses nothing acknowledged, with a sync per write or without', async () => {
    await killAgainAndAgain(2);
  }, 60_000);
});
