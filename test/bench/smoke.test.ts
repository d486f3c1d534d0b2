import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BENCHES } from '../../bench/catalog.ts';
import { describeBenches, MAIN, run } from './smoke.ts';

describe('npm run bench', () => {
  it('lists every bench when it is given no name', async () => {
    expect(existsSync(MAIN), 'npm run build comes first').toBe(true);
    const { stdout } = await run(process.execPath, [MAIN]);
    for (const { name, summary } of BENCHES) {
      const line = stdout.split('\n').find((each) => each.startsWith(`  ${name} `));
      expect(line).toContain(summary);
    }
  });

  it('refuses a name that no bench has and names those there are', async () => {
    const failed = run(process.execPath, [MAIN, 'speed']);
    await expect(failed).rejects.toMatchObject({
      code: 2, stderr: expect.stringMatching(/no bench.*'speed'.*recovery/) as string,
    });
  });

  describeBenches(true);
});
