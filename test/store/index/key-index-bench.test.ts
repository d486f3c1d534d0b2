import { expect, it } from 'vitest';
import { run } from '../../../bench/key-index.ts';

it('the bench of the key index runs in smoke mode and finds all its keys', () => {
  const lines: string[] = [];
  const result = run({ smoke: true, print: (line) => lines.push(line) });
  expect(result.keys).toBe(100_000);
  expect(result.bytesPerKey).toBeLessThan(80);
  expect(lines.length).toBeGreaterThan(5);
});
