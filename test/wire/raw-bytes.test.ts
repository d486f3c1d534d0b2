/**
 * Requests as bytes rather than commands: inline ones as from nc, cut at every place, and broken
 * ones, which end the connection with the text that Redis says.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest, hasRedisServer, startRedisServer, type RedisServer } from
  '../commands/redis-server.ts';
import { splitReplies } from './differences.ts';
import { TestServer } from '../server/test-server.ts';
import { WireClient } from './wire-client.ts';

let dkvs: TestServer;
beforeAll(async () => { dkvs = await TestServer.start(); });
afterAll(() => dkvs.stop());

const QUIT = 'QUIT\r\n';

const INLINE: Readonly<Record<string, string>> = {
  'with and without a return': 'SET a b\nGET a\r\nset c d\r\nget c\n',
  'with blanks around and between': '  SET   a \t b  \r\n GET a \n',
  'that are empty': '\r\n\n   \r\nPING\r\n',
  'in double quotes': 'SET "a key" "a \\"value\\" \\x00\\xff\\r\\n\\t\\a\\b\\\\"\nGET "a key"\n',
  'in single quotes': "SET k 'it\\'s \\n \"raw\"'\nGET k\n",
  'with empty quotes': 'SET empty ""\nGET empty\nSET e2 \'\'\nGET e2\n',
  'between requests in RESP': `PING\r\n${encodeRequest(['SET', 'x', '1'])}GET x\n`,
  'in a transaction': 'MULTI\nSET t 1\nINCR t\nEXEC\n',
  'that are unknown': 'nosuch a b\nGET\n',
  'with an array of nothing before': '*0\r\nPING\r\n*-1\r\nPING\r\n',
  'in RESP3': 'HELLO 3 SETNAME\nHSET h f v\nHGETALL h\nGET none\n',
};

/** Each ends the connection. What was asked before is answered. */
const BROKEN: Readonly<Record<string, string>> = {
  'an open double quote': 'PING\nSET a "b\n',
  'text right after a quote': 'PING\nSET a "b"c\n',
  'an open single quote': "SET a 'b\n",
  'a length that is no number': 'PING\n*x\r\n',
  'too many arguments': '*2147483648\r\n',
  'a huge negative count and then nothing useful': '*1\r\n$-5\r\n',
  'a bulk without its dollar': '*1\r\n!3\r\nabc\r\n',
  'a bulk length that is no number': '*2\r\n$3\r\nGET\r\n$x\r\n',
  'a bulk that is too long': '*2\r\n$3\r\nGET\r\n$536870913\r\n',
  'a bulk length beyond 64 bits': '*1\r\n$99999999999999999999\r\n',
  'an inline command without an end': 'x'.repeat(64 * 1024 + 1),
  'a count without an end': `*${'1'.repeat(64 * 1024 + 1)}`,
  'an HTTP request': 'POST / HTTP/1.1\r\nHost: localhost\r\n\r\n',
};

describe.skipIf(!hasRedisServer())('bytes beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  const say = async (client: WireClient, bytes: string): Promise<string> => {
    client.write(bytes);
    return client.untilClosed();
  };

  const compare = async (bytes: string): Promise<void> => {
    await (await dkvs.connect()).call('FLUSHALL');
    await redis.run([['FLUSHALL']]);
    const here = await say(await dkvs.connect(), bytes);
    const there = await say(await WireClient.connect({ path: redis.path }), bytes);
    expect(splitReplies(withoutFacts(here))).toEqual(splitReplies(withoutFacts(there)));
  };

  for (const [title, bytes] of Object.entries(INLINE)) {
    it(`answers inline commands ${title}`, () => compare(bytes + QUIT));
  }

  for (const [title, bytes] of Object.entries(BROKEN)) {
    it(`closes the connection after ${title}`, () => compare(bytes));
  }
});

/** HELLO tells what the server is. */
function withoutFacts(said: string): string {
  return said.replace(/%7\r\n\$6\r\nserver[^*]*\*0\r\n/, '(hello)');
}

describe('requests cut in two', () => {
  const requests: readonly (readonly string[])[] = [
    ['SET', 'key', 'a value \r\n with lines'], ['GET', 'key'], ['HSET', 'h', 'f', '1', 'g', '2'],
    ['MULTI'], ['INCR', 'n'], ['HGETALL', 'h'], ['EXEC'], ['MGET', 'key', 'none', 'h'],
    ['nosuch', 'a'], ['GET'], ['PING', ''], ['DEL', 'n', 'h', 'key'],
  ];

  it('are answered the same wherever the cut is', async () => {
    const bytes = `${requests.map(encodeRequest).join('')}set inline "a b"\r\nget inline\n`;
    const replies = requests.length + 2;
    const client = await dkvs.connect();
    client.write(bytes);
    const expected = await client.replies(replies);
    for (let cut = 1; cut < bytes.length; cut++) {
      client.write(bytes.slice(0, cut));
      await someTurns();
      client.write(bytes.slice(cut));
      expect(await client.replies(replies), `cut at ${cut}`).toEqual(expected);
    }
  });

  it('are answered the same byte by byte', async () => {
    const bytes = encodeRequest(['SET', 'key', 'value']) + encodeRequest(['GET', 'key']);
    const client = await dkvs.connect();
    for (const byte of bytes) {
      client.write(byte);
      await someTurns();
    }
    expect(await client.replies(2)).toEqual(['+OK\r\n', '$5\r\nvalue\r\n']);
  });
});

/** Time for the server, which runs in this process, to read what was written. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => { setImmediate(resolve); });
}
