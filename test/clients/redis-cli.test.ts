/** redis-cli and redis-benchmark against a server that runs as a process of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../commands/redis-server.ts';
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

function start(args: readonly string[], input?: string | Buffer): Program {
  return new Program('redis-cli', ['-p', `${server.port}`, ...args], input);
}

async function cli(args: readonly string[], input?: string | Buffer): Promise<string> {
  const { code, output } = await start(args, input).end();
  expect(code, output).toBe(0);
  return output;
}

describe.skipIf(!isInstalled('redis-cli'))('redis-cli', () => {
  it('runs a command from its arguments, with spaces and other bytes', async () => {
    expect(await cli(['SET', 'a key', 'a value\nin "two" lines'])).toBe('OK\n');
    expect(await cli(['GET', 'a key'])).toBe('a value\nin "two" lines\n');
    expect(await cli(['--no-raw', 'GET', 'a key'])).toBe('"a value\\nin \\"two\\" lines"\n');
    expect(await cli(['-x', 'SET', 'stdin'], Buffer.from([0, 1, 255]))).toBe('OK\n');
    expect(await cli(['STRLEN', 'stdin'])).toBe('3\n');
    expect(await cli(['-n', '3', 'SET', 'k', '1'])).toBe('OK\n');
    expect(await cli(['--no-raw', 'EXISTS', 'k'])).toBe('(integer) 0\n');
  });

  it('shows errors, and tells them by its exit code with -e', async () => {
    const { code, output } = await start(['-e', 'INCR', 'a key']).end();
    expect(code).toBe(1);
    expect(output).toContain('ERR value is not an integer or out of range');
  });

  it('speaks RESP3', async () => {
    await cli(['HSET', 'hash', 'one', '1', 'two', '2']);
    expect(await cli(['-3', '--no-raw', 'HGETALL', 'hash']))
      .toBe('1# "one" => "1"\n2# "two" => "2"\n');
  });

  it('runs a session of lines from standard input', async () => {
    const session = 'MULTI\nSET s 1\nINCR s\nEXEC\nSET "quoted key" \'single\'\nGET "quoted key"\n';
    expect(await cli([], session)).toBe('OK\nQUEUED\nQUEUED\nOK\n2\nOK\nsingle\n');
  });

  it('loads 100,000 keys with --pipe', async () => {
    const count = 100_000;
    const requests = Array.from({ length: count }, (_, i) =>
      encodeRequest(['SET', `piped:${i}`, `value ${i}`]));
    const output = await cli(['-n', '5', '--pipe'], requests.join(''));
    expect(output).toContain(`errors: 0, replies: ${count}`);
    expect(await cli(['-n', '5', 'DBSIZE'])).toBe(`${count}\n`);
  });

  it('lists keys with --scan and a pattern', async () => {
    const output = await cli(['-n', '5', '--scan', '--pattern', 'piped:*99']);
    expect(new Set(output.trim().split('\n')).size).toBe(1000);
  });

  it('samples the key space with --bigkeys and --memkeys, every type', async () => {
    await cli(['-n', '7'], [
      'SET string "22 bytes of characters"', 'HSET hash f 1 g 2', 'RPUSH list a b c',
      'SADD set a b c d', 'ZADD zset 1 a 2 b 3 c 4 d 5 e', 'SADD smaller a', '',
    ].join('\n'));
    const sizes = await cli(['-n', '7', '--bigkeys']);
    const found = [...sizes.matchAll(/Biggest +(\w+) found [^a-z]*(\w+).* has (\d+ \w+)/g)];
    expect(found.map(([, type, key, size]) => `${type} ${key} ${size}`).toSorted()).toEqual([
      'hash hash 2 fields', 'list list 3 items', 'set set 4 members', 'string string 22 bytes',
      'zset zset 5 members',
    ]);
    const memory = await cli(['-n', '7', '--memkeys']);
    for (const type of ['hash', 'list', 'set', 'string', 'zset']) {
      expect(memory).toMatch(new RegExp(`Biggest +${type} found [^a-z]*${type}.* has \\d+ bytes`));
    }
  });

  it('lists keys of one type', async () => {
    expect(await cli(['-n', '7', 'SCAN', '0', 'COUNT', '100', 'TYPE', 'zset'])).toBe('0\nzset\n');
  });

  it('shows what others do with MONITOR', async () => {
    const monitor = start(['MONITOR']);
    await monitor.says(/OK/);
    await cli(['SET', 'seen', 'by the monitor']);
    expect(await monitor.until(/by the monitor/))
      .toMatch(/\[0 127\.0\.0\.1:\d+\] "SET" "seen" "by the monitor"/);
  });

  it('subscribes', async () => {
    const subscriber = start(['SUBSCRIBE', 'c']);
    await subscriber.says(/subscribe/);
    expect(await cli(['PUBLISH', 'c', 'hello'])).toBe('1\n');
    await subscriber.until(/message\s+c\s+hello/);
  });
});

describe.skipIf(!isInstalled('redis-benchmark'))('redis-benchmark', () => {
  const bench = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await new Program('redis-benchmark', [
      '-p', `${server.port}`, '-n', '10000', '-q', ...args,
    ]).end();
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/error|ERR|WARNING/);
    return output;
  };

  it('runs its default tests of strings and hashes', async () => {
    const output = await bench('-t', 'ping,set,get,incr,hset,mset');
    for (const name of ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'HSET', 'MSET']) {
      expect(output).toMatch(new RegExp(`${name}[^\\n]*: \\d+\\.\\d+ requests per second`));
    }
  });

  it('runs its default tests of lists, sets and sorted sets', async () => {
    const tests = [
      'lpush', 'rpush', 'lpop', 'rpop', 'sadd', 'spop', 'zadd', 'zpopmin',
      'lrange_100', 'lrange_600',
    ];
    const output = await bench('-t', tests.join(','), '-n', '500', '-P', '16', '-r', '1000');
    for (const name of tests) {
      expect(output).toMatch(
        new RegExp(`${name.toUpperCase()}[^\\n]*: \\d+\\.\\d+ requests per second`));
    }
  });

  it('runs with pipelines, random keys and threads', async () => {
    const output = await bench('-t', 'set,get,incr', '-P', '16', '-r', '1000', '--threads', '2');
    expect(output).toMatch(/GET: \d+\.\d+ requests per second/);
  });

  it('runs a command of its user', async () => {
    await bench('-r', '100', 'HSET', 'bench:__rand_int__', 'field', '__rand_int__');
    expect((await cli(['--scan', '--pattern', 'bench:*'])).trim().split('\n')).toHaveLength(100);
  });
});
