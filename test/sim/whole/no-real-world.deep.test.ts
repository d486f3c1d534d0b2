/** A simulated run touches nothing real: no file, no socket, no timer, no clock, no chance. */

import fs from 'node:fs';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function forbid<Of extends object>(of: Of, names: readonly (keyof Of & string)[]): string[] {
  const used: string[] = [];
  for (const name of names) {
    vi.spyOn(of, name as never).mockImplementation((() => {
      used.push(name);
      throw new Error(`a simulated run has used ${name}`);
    }) as never);
  }
  return used;
}

describe('a simulated run', () => {
  it.each(['alone', 'peers'])('of the profile %s touches nothing real', async (name) => {
    const profile = PROFILES.find((each) => each.name === name)!;
    const used = [
      forbid(fs, ['open', 'openSync', 'readFile', 'readFileSync', 'writeSync', 'mkdir', 'statfs']),
      forbid(net, ['connect', 'createServer']),
      forbid(net.Server.prototype, ['listen']),
      forbid(globalThis, ['setTimeout', 'setInterval']),
      forbid(Date, ['now']),
      forbid(Math, ['random']),
    ];
    const report = await runSeed({ seed: 3, profile, runMs: 40_000 });
    expect(report.failure).toBeUndefined();
    expect(used.flat()).toEqual([]);
    expect(report.answered).toBeGreaterThan(20);
  });

  it('is the same with the same seed', async () => {
    const profile = PROFILES.find((each) => each.name === 'peers')!;
    const [one, other] = [await runSeed({ seed: 8, profile, runMs: 10_000, isDetailed: true }),
      await runSeed({ seed: 8, profile, runMs: 10_000, isDetailed: true })];
    expect(other).toEqual(one);
  });
});
