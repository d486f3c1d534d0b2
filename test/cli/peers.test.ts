/** `npm run peers` as a process, on copies of config/peers with other ports and directories. */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually, within } from '../wire/eventually.ts';
import { PEER_NAMES } from '../server/test-peers.ts';
import { WireClient } from '../wire/wire-client.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = join(ROOT, 'dist', 'src', 'cli', 'peers.js');

let dir: string;
let ports: number[];
let launched: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-launcher-'));
  output = '';
  ports = await reservePorts(6);
  const places = new Map([6379, 6380, 6381, 16379, 16380, 16381].map((port, i) => {
    return [`127.0.0.1:${port}`, `127.0.0.1:${ports[i]}`];
  }));
  for (const name of PEER_NAMES) {
    const text = readFileSync(join(ROOT, 'config', 'peers', `${name}.conf`), 'utf8')
      .replace(/127\.0\.0\.1:\d+/g, (place) => places.get(place) ?? place)
      .replace(/^dir .*$/m, `dir ${join(dir, name)}\ndisk-reserve-bytes 0`);
    writeFileSync(join(dir, `${name}.conf`), text);
  }
});

afterEach(async () => {
  const child = launched;
  launched = undefined;
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await within(() => `the launcher to end:\n${output}`, ended(child));
  }
  rmSync(dir, { recursive: true, force: true });
});

function launch(): ChildProcess {
  const child = spawn(process.execPath, [LAUNCHER, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
  launched = child;
  child.stdout.on('data', (text: Buffer) => { output += text.toString(); });
  child.stderr.on('data', (text: Buffer) => { output += text.toString(); });
  return child;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => void child.on('close', resolve));
}

/** Waits for the `count`th line that names a leader. */
async function leaderLine(count: number): Promise<string> {
  return eventually(`leader ${count} in:\n${output}`, () => {
    return [...output.matchAll(/^([abc]) leads, at \S+;/gm)][count - 1]?.[1];
  }, 20_000);
}

describe('the launcher of peers', () => {
  it('starts all, says who leads, goes on without one that is killed, and ends all', async () => {
    const child = launch();
    const leader = await leaderLine(1);
    for (const name of PEER_NAMES) expect(output).toMatch(new RegExp(`^${name} \\| .*listening`, 'm'));
    const client = await WireClient.connect({ port: ports[0]! });
    expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n');
    client.close();
    const pid = new RegExp(`^${leader} \\| .*process\\s+(\\d+), Node`, 'm').exec(output)?.[1];
    process.kill(Number(pid), 'SIGKILL');
    expect(await leaderLine(2)).not.toBe(leader);
    expect(output).toContain(`${leader} has ended by SIGKILL\n`);
    child.kill('SIGINT');
    expect(await within(() => `the end:\n${output}`, ended(child))).toBe(0);
    for (const name of PEER_NAMES.filter((each) => each !== leader)) {
      expect(output).toContain(`${name} has ended with code 0\n`);
    }
  });

  it('ends with an error, and all that it started, when a port is taken', async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => void taken.listen(ports[4], '127.0.0.1', resolve));
    try {
      const child = launch();
      expect(await within(() => `the end:\n${output}`, ended(child))).toBe(1);
      expect(output).toMatch(new RegExp(`^b \\| .*cannot listen for peers on \\S*:${ports[4]}:`, 'm'));
      expect(output).toContain('b has ended with code 1\n');
      for (const name of ['a', 'c']) expect(output).toMatch(new RegExp(`^${name} has ended `, 'm'));
    } finally {
      taken.close();
    }
  });

  it('says what is wrong with a configuration, and starts nothing', async () => {
    writeFileSync(join(dir, 'b.conf'), 'node b\n');
    expect(await within('the end', ended(launch()))).toBe(2);
    expect(output).toMatch(/^cannot start peers: .*b\.conf/);
    expect(output).not.toContain(' | ');
  });
});
