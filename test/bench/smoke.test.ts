/** Every bench runs, briefly, so that none rots. Figures of such a run mean nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BENCHES } from '../../bench/catalog.ts';
import type { IndexMemoryResult } from '../../bench/index-memory.ts';
import type { LargerThanMemoryResult } from '../../bench/larger-than-memory.ts';
import type { LatencyResult } from '../../bench/latency.ts';
import { hasCommand, ROOT } from '../../bench/lib/servers.ts';
import type { RecoveryResult } from '../../bench/recovery.ts';
import type { CaseResult } from '../../bench/throughput.ts';

interface Smoke {
  readonly lines: readonly string[];
  readonly result: unknown;
}

/** What a result of each bench must have, beside lines of text. */
const EXPECTATIONS: Readonly<Record<string, (result: unknown) => void>> = {
  throughput(result) {
    const cases = result as readonly CaseResult[];
    expect(cases.map(({ name }) => name)).toEqual(['SET always -P 1', 'SET always -P 16']);
    for (const { ratio } of cases) expect(ratio).toBeGreaterThan(0);
  },
  recovery(result) {
    const { medianMs, ratio } = result as RecoveryResult;
    expect(Object.keys(medianMs)).toHaveLength(4);
    expect(ratio).toBeGreaterThan(0);
  },
  'larger-than-memory'(result) {
    const { ratios } = result as LargerThanMemoryResult;
    expect(ratios[1]).toBeGreaterThan(0);
    expect(ratios[16]).toBeGreaterThan(0);
  },
  overwrite(result) {
    expect(result).toMatchObject({ with: {}, without: {} });
  },
  latency(result) {
    const { setP99Ratio, pauseMaxMs } = result as LatencyResult;
    expect(setP99Ratio).toBeGreaterThan(0);
    expect(pauseMaxMs).toBeGreaterThan(0);
  },
  'index-memory'(result) {
    const { ownBytesPerKey, pauseMaxMs } = result as IndexMemoryResult;
    expect(ownBytesPerKey).toBeGreaterThan(16);
    expect(pauseMaxMs).toBeGreaterThan(0);
  },
  'value-index'(result) {
    expect(result).toMatchObject({ keys: 100_000 });
  },
};

/** Narrows benches of many cases, so that all of this takes seconds. */
const ONLY: Readonly<Record<string, string>> = { throughput: 'SET always', latency: 'dkvs' };

async function smoke(name: string): Promise<Smoke> {
  const lines: string[] = [];
  const bench = BENCHES.find((each) => each.name === name);
  const only = ONLY[name];
  const result = await bench?.run({
    smoke: true,
    print: (line) => lines.push(line),
    ...only === undefined ? {} : { only },
  });
  return { lines, result };
}

describe('a bench in smoke mode', () => {
  it('finds the compiled server that it starts', () => {
    expect(existsSync(join(ROOT, 'dist/src/main.js')), 'run npm run build first').toBe(true);
  });

  for (const { name, needs } of BENCHES) {
    const missing = needs.filter((program) => !hasCommand(program));
    const title = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
    it.skipIf(missing.length > 0)(`${name} runs and says what it measured${title}`, async () => {
      const { lines, result } = await smoke(name);
      EXPECTATIONS[name]?.(result);
      expect(EXPECTATIONS).toHaveProperty([name]);
      expect(lines.length).toBeGreaterThan(1);
    });
  }
});
