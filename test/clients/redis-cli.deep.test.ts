/** What of redis-cli takes its time, because it prints once a second. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RealServer } from '../server/real-server.ts';
import { isInstalled, Program } from './run-program.ts';

let dir: string;
let server: RealServer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-cli-'));
  server = await RealServer.start(dir);
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start(args: readonly string[]): Program {
  return new Program('redis-cli', ['-p', `${server.port}`, ...args]);
}

describe.skipIf(!isInstalled('redis-cli'))('redis-cli', () => {
  it('measures with --latency and --stat', async () => {
    // Not a terminal: it prints after each second, and one line at its end with --raw.
    expect(await start(['--latency', '-i', '1', '--raw']).until(/\d+ \d+ \d+\.\d+ \d+/))
      .not.toContain('ERR');
    expect(await start(['--stat', '-i', '0.1']).until(/keys .*clients.*\n\d+ .*\n\d+ /s))
      .toMatch(/\d+\.\d+[KMG]/);
  });
});
