/**
 * Runs every script of scenarios/ and compares its trace. DKVS_REWRITE=1 writes the traces as they
 * are now: read the difference before you believe it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { replayScenario } from './scenario.ts';

const folder = fileURLToPath(new URL('scenarios/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.txt')).toSorted();
const isRewriting = process.env['DKVS_REWRITE'] === '1';

describe('the trace is as it was written down in', () => {
  it.each(names)('%s', (name) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const replayed = replayScenario(text);
    if (isRewriting) writeFileSync(path, replayed);
    else expect(replayed).toBe(text);
  });
});

describe('a script', () => {
  it('that expects something else does not pass', () => {
    const replayed = replayScenario('nodes a\n----\nok\n\ntick a 300\n----\nok\n');
    expect(replayed).toMatch(/^nodes a\n----\nok\n\ntick a 300\n----\na is leader in term 1\n/);
  });

  it('fails at the command that is wrong', () => {
    expect(() => replayScenario('nodes a\nexplode a\n')).toThrow('at "explode a"');
    expect(() => replayScenario('nodes a\ntick b 1\n')).toThrow('no member b');
  });

  it('fails when an invariant of Raft does, whatever its trace is', () => {
    const twoLeaders = [
      'nodes a b', 'given a term=4 log=1', 'elect a quietly', 'propose a x', 'deliver all quietly',
      'crash a', 'crash b', 'given b term=4 log=1', 'given a term=4 log=1', 'elect b quietly',
    ];
    expect(() => replayScenario(`${twoLeaders.join('\n')}\n`)).toThrow('InvariantError');
  });
});
