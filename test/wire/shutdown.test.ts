/**
 * How the process starts, refuses to start, and stops: signals, SHUTDOWN, exit codes, and what it
 * says. Whatever was acknowledged before a stop is there after it.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealServer, serverArgs } from '../server/real-server.ts';
import { eventually, within } from './eventually.ts';
import { canMount, inTmpfs } from './private-mount.ts';
import type { WireClient } from './wire-client.ts';

let root: string;
let dir: string;
const servers: RealServer[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dkvs-process-'));
  dir = join(root, 'data');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(root, { recursive: true, force: true });
});

async function start(...more: readonly string[]): Promise<RealServer> {
  const server = await RealServer.start(dir, ...more);
  servers.push(server);
  return server;
}

/** Runs a server that is expected to give up, and gives what it said. */
async function refusal(args: readonly string[], wrapper: readonly string[] = []): Promise<string> {
  const server = new RealServer({ args, wrapper });
  servers.push(server);
  const { code } = await within(() => `it to give up:\n${server.output}`, server.ended);
  expect(code, server.output).toBe(1);
  return server.output;
}

const WINDOW = 64;

/** Writes `n:0`, `n:1` ... until the connection ends; how many were acknowledged. */
class Writer {
  acknowledged = 0;
  readonly done: Promise<void>;

  constructor(client: WireClient) {
    this.done = this.#run(client);
  }

  async #run(client: WireClient): Promise<void> {
    let sent = 0;
    try {
      for (;;) {
        for (; sent < this.acknowledged + WINDOW; sent++) {
          client.send(['SET', `n:${sent}`, `${sent}`]);
        }
        expect(await client.reply()).toBe('+OK\r\n');
        this.acknowledged++;
      }
    } catch (error) {
      if (!client.isClosed) throw error;
    }
  }
}

async function expectAll(server: RealServer, count: number): Promise<void> {
  const client = await server.connect();
  const keys = Array.from({ length: count }, (_, i) => `n:${i}`);
  const reply = await client.call('MGET', ...keys);
  const expected = keys.map((_, i) => `$${`${i}`.length}\r\n${i}\r\n`).join('');
  expect(reply === `*${count}\r\n${expected}`, `${count} acknowledged writes`).toBe(true);
  client.close();
}

async function writeFor(server: RealServer, count: number): Promise<Writer> {
  const writer = new Writer(await server.connect());
  await eventually('writes', () => writer.acknowledged >= count);
  return writer;
}

describe('a signal while clients write', () => {
  for (const [name, policy] of [['SIGTERM', 'always'], ['SIGINT', 'no']] as const) {
    it(`${name} stops the server with code 0 and loses nothing with appendfsync ${policy}`, async () => {
      const server = await start('--appendfsync', policy);
      const writer = await writeFor(server, 1000);
      const { code, signal } = await server.kill(name);
      expect({ code, signal }, server.output).toEqual({ code: 0, signal: null });
      await writer.done;
      await expectAll(await start(), writer.acknowledged);
    });
  }

  it('loses nothing when it comes twice', async () => {
    const server = await start('--appendfsync', 'always');
    const writer = await writeFor(server, 1000);
    server.child.kill('SIGTERM');
    server.child.kill('SIGTERM');
    const { code } = await within('the end', server.ended);
    expect([0, 1]).toContain(code);
    await writer.done;
    await expectAll(await start(), writer.acknowledged);
  });
});

describe('SHUTDOWN', () => {
  for (const words of [['SHUTDOWN', 'NOSAVE'], ['shutdown', 'save', 'now']]) {
    it(`as ${words.join(' ')} ends the server without a reply and loses nothing`, async () => {
      const server = await start();
      const writer = await writeFor(server, 200);
      const client = await server.connect();
      client.send(words);
      expect(await client.untilClosed()).toBe('');
      expect(await within('the end', server.ended)).toEqual({ code: 0, signal: null });
      await writer.done;
      await expectAll(await start(), writer.acknowledged);
    });
  }

  it('is what a person types as KILL, and no client can send that', async () => {
    const server = await start();
    const client = await server.connect();
    const unknown = /^-ERR unknown command 'KILL'/;
    client.send(['KILL'], ['KILL', 'NOSAVE'], ['MULTI'], ['KILL'], ['EXEC'], ['PING']);
    const replies = await client.replies(6);
    expect([replies[0], replies[1], replies[3]].map((each) => unknown.test(each ?? '')))
      .toEqual([true, true, true]);
    expect([replies[2], replies[5]]).toEqual(['+OK\r\n', '+PONG\r\n']);
    client.write('KILL NOW\r\n');
    expect(await client.reply()).toMatch(unknown);
    client.write('KILL\r\n');
    expect(await client.untilClosed()).toBe('');
    expect(await within('the end', server.ended)).toEqual({ code: 0, signal: null });
  });

  it('refuses options that it does not know', async () => {
    const client = await (await start()).connect();
    expect(await client.call('SHUTDOWN', 'PLEASE')).toBe('-ERR syntax error\r\n');
    expect(await client.call('SHUTDOWN', 'SAVE', 'NOSAVE')).toBe('-ERR syntax error\r\n');
    expect(await client.call('PING')).toBe('+PONG\r\n');
  });
});

describe('a second server', () => {
  it('says that the port is in use, and lets go of its directory', async () => {
    const { port } = await start();
    const other = join(root, 'other');
    const said = await refusal([...serverArgs(other, []), '--port', `${port}`]);
    expect(said).toContain(`127.0.0.1:${port}`);
    expect(said).toMatch(/another process listens there/);
    const third = await RealServer.start(other);
    servers.push(third);
  });

  it('says that the directory is locked, and by whom', async () => {
    const first = await start();
    const said = await refusal(serverArgs(dir, []));
    expect(said).toContain(dir);
    expect(said).toContain(`${first.child.pid}`);
    const client = await first.connect();
    expect(await client.call('PING')).toBe('+PONG\r\n');
    await first.kill();
    await start();
  });
});

describe('a directory', () => {
  it('is made when it is missing, with those above it', async () => {
    dir = join(root, 'not', 'yet', 'there');
    const client = await (await start()).connect();
    expect(await client.call('SET', 'k', '1')).toBe('+OK\r\n');
  });

  it('that is a file is refused by name', async () => {
    writeFileSync(dir, 'a file');
    expect(await refusal(serverArgs(dir, []))).toContain(dir);
  });

  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

  it.skipIf(!canRunAs(asNobody))('without permission is refused by name', async () => {
    mkdirSync(dir);
    chmodSync(dir, 0o500);
    const said = await refusal(serverArgs(dir, []), asNobody);
    expect(said).toContain(dir);
    expect(said).toMatch(/EACCES|permission/i);
  });

  it.skipIf(!canMount())('on a read-only file system is refused by name', async () => {
    mkdirSync(dir);
    const said = await refusal(serverArgs(dir, []), inTmpfs(dir, 'size=24m,ro'));
    expect(said).toContain(dir);
    expect(said).toMatch(/EROFS|read-only/i);
  });
});

/** Whether this user may become that one, and that one may read the server. */
function canRunAs(wrapper: readonly string[]): boolean {
  const [program = '', ...rest] = wrapper;
  const script = `require('node:fs').accessSync(${JSON.stringify(import.meta.filename)})`;
  return spawnSync(program, [...rest, process.execPath, '-e', script]).status === 0;
}

describe('a configuration that is wrong', () => {
  it('is refused with file, line, value and what is allowed', async () => {
    const file = join(root, 'dkvs.conf');
    writeFileSync(file, '# ours\nport 7000\nappendfsync sometimes\n\nmaxmemmory 1gb\n');
    const said = await refusal([file]);
    expect(said).toContain(`In ${file}, line 3`);
    expect(said).toContain('appendfsync sometimes');
    expect(said).toMatch(/allowed: .*everysec.*always.*no/);
    expect(said).toContain(`In ${file}, line 5`);
    expect(said).toContain('maxmemmory');
  });

  it('is refused on the command line too', async () => {
    const said = await refusal([...serverArgs(dir, []), '--port', '70000']);
    expect(said).toContain('On the command line');
    expect(said).toContain('70000');
    expect(said).toMatch(/allowed: .*65535/);
  });

  it('is refused when the file is not there', async () => {
    const file = join(root, 'missing.conf');
    expect(await refusal([file])).toContain(file);
  });
});

describe('the command line', () => {
  it('tells its version and its options', async () => {
    const expected = { '--version': /^dkvs \d+\.\d+\.\d+/, '--help': /--port/ };
    for (const [flag, text] of Object.entries(expected)) {
      const server = new RealServer({ args: [flag] });
      const { code } = await within('the end', server.ended);
      expect(code).toBe(0);
      expect(server.output).toMatch(text);
    }
  });
});
