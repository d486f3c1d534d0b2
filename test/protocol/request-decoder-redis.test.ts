import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { decodeInChunks, USUAL_LIMITS } from './decode-in-chunks.ts';
import type { RequestLimits } from './slow-request-decoder.ts';
import { textOf } from './text-of.ts';

const STRANGER: RequestLimits = { ...USUAL_LIMITS, authenticated: false };

/** Each is a fault, or harmless and followed by the QUIT that is appended to it. */
const INPUTS: readonly string[] = [
  '*2147483648\r\n', '*9223372036854775808\r\n', '*03\r\n', '*-0\r\n', '*+1\r\n', '*\r\n', '*x\r\n',
  '* 1\r\n', '*1 \r\n', '*-9223372036854775809\r\n',
  '*1\r\n$-1\r\n', '*1\r\n$03\r\n', '*1\r\n$\r\n', '*1\r\n$x\r\n', '*1\r\n$536870913\r\n',
  '*1\r\n$9223372036854775808\r\n',
  '*1\r\nxxxx\r\n', '*1\r\n\r\n', '*1\r\n*1\r\n', '*2\r\n$4\r\nPING\r\n:1\r\n',
  'PING "a\r\n', "PING 'a\r\n", 'PING "a"b\r\n', "PING 'a'b\r\n", '"\r\n', 'PING \\"\r\n',
  '', '\r\n', '\n', ' \t \r\n', '*0\r\n', '*-1\r\n', '*-9223372036854775808\r\n', '\v\n',
];

/** Lines without an end: with one, Redis might see it in the read that passes the bound. */
const ENDLESS_INPUTS: readonly string[] = [
  'A'.repeat(70_000), '*' + '1'.repeat(70_000), '*1\r\n$' + '1'.repeat(70_000),
  '*1\r\n' + 'x'.repeat(70_000),
];

const STRANGER_INPUTS: readonly string[] = [
  '*11\r\n', '*10\r\n$16385\r\n', '*2147483648\r\n', '*1\r\n$536870913\r\n', '*1\r\nx\r\n', '',
];

/** What this server would send for a fault, or nothing if it finds none. */
function reply(input: string, limits: RequestLimits): string {
  const { end } = decodeInChunks(Buffer.from(input, 'latin1'), { limits });
  if (end === 'more') return '';
  const encoder = new ReplyEncoder(new OutputPool());
  encoder.error(`ERR ${end.error}`);
  return textOf(encoder);
}

const installed = hasRedisServer();
const title = installed ? 'RequestDecoder beside redis-server'
  : 'RequestDecoder beside redis-server (skipped: redis-server is not installed)';

describe.skipIf(!installed)(title, () => {
  let open: RedisServer;
  let locked: RedisServer;

  beforeAll(async () => {
    [open, locked] = await Promise.all([
      startRedisServer(), startRedisServer('--requirepass', 'secret'),
    ]);
  });

  afterAll(async () => {
    await Promise.all([open?.stop(), locked?.stop()]);
  });

  it('finds the same faults, in the same words', async () => {
    for (const input of INPUTS) {
      const said = await open.untilClosed(Buffer.from(input + 'QUIT\r\n', 'latin1'));
      expect(reply(input, USUAL_LIMITS), JSON.stringify(input.slice(0, 40)))
        .toBe(said.replace('+OK\r\n', ''));
    }
  });

  it('loses patience with the same lines', async () => {
    for (const input of ENDLESS_INPUTS) {
      const said = await open.untilClosed(Buffer.from(input));
      expect(reply(input, USUAL_LIMITS), input.slice(0, 10)).toBe(said);
    }
  });

  it('bounds strangers alike', async () => {
    for (const input of STRANGER_INPUTS) {
      const said = await locked.untilClosed(Buffer.from(input + 'QUIT\r\n', 'latin1'));
      expect(reply(input, STRANGER), JSON.stringify(input)).toBe(said.replace('+OK\r\n', ''));
    }
  });

  it('splits inline commands alike', async () => {
    const lines = [
      'echo a', '  echo\ta  ', 'ECHO "a b\\x41\\n\\q\\x4"',
      "echo 'it\\'s\\n'", 'echo a"b"', 'echo ""',
      'echo a\vb', '\vecho "a"\v', 'echo "a\\', "echo 'a'\f", 'echo \x80\xff', 'echo a\rb',
    ];
    for (const line of lines) {
      const bytes = Buffer.from(`${line}\r\n`, 'latin1');
      const said = await open.untilClosed(Buffer.concat([bytes, Buffer.from('QUIT\r\n')]));
      const { requests, end } = decodeInChunks(bytes);
      const arg = requests[0]?.[1] ?? '';
      const count = requests[0]?.length ?? 0;
      if (end !== 'more') expect(`-ERR ${end.error}\r\n`, line).toBe(said);
      else if (count === 2) expect(`$${arg.length}\r\n${arg}\r\n+OK\r\n`, line).toBe(said);
      else expect(said, line).toMatch(/^-ERR wrong number of arguments/);
    }
  });
});
