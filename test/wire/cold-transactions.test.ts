/** Transactions after a restart: every key is only on disk, and EXEC cannot wait in the middle. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPIRE_REWRITE_BYTES_MAX } from '../../src/store/limits.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const LONG = 'x'.repeat(2 * EXPIRE_REWRITE_BYTES_MAX);
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

describe('a transaction on cold keys', () => {
  let server: TestServer;
  let client: WireClient;

  beforeEach(async () => {
    server = await TestServer.start();
    client = await server.connect();
    for (const db of ['0', '1', '2']) {
      await client.call('SELECT', db);
      await client.call('SET', 'k', `in ${db}`);
      await client.call('HSET', `h${db}`, 'f', `in ${db}`);
    }
    await client.call('SELECT', '0');
    await client.call('SET', 'long', LONG);
    await client.call('HSET', 'longhash', 'f', LONG);
    await server.close();
    await server.listen({ databases: 4 });
    client = await server.connect();
  });

  afterEach(() => server.stop());

  /** The replies inside EXEC. */
  async function exec(...requests: readonly (readonly string[])[]): Promise<string> {
    client.send(['MULTI'], ...requests, ['EXEC']);
    const replies = await client.replies(requests.length + 2);
    return replies.at(-1)!.replace(/^\*\d+\r\n/, '');
  }

  it('finds keys where SWAPDB has put them', async () => {
    expect(await exec(['SWAPDB', '0', '1'], ['GET', 'k'], ['HGET', 'h1', 'f'], ['SWAPDB', '1', '2'],
      ['SELECT', '1'], ['HGET', 'h2', 'f'], ['SELECT', '2'], ['GET', 'k']))
      .toBe(`+OK\r\n${bulk('in 1')}${bulk('in 1')}+OK\r\n+OK\r\n${bulk('in 2')}+OK\r\n${bulk('in 0')}`);
  });

  it('finds keys where they are when SELECT and SWAPDB fail', async () => {
    const replies = await exec(['SELECT', '9'], ['GET', 'k'], ['SWAPDB', '0', '9'],
      ['HGET', 'h0', 'f']);
    expect(replies.replaceAll(/-ERR[^\r]*\r\n/g, '-ERR ')).toBe(`-ERR ${bulk('in 0')}-ERR ${bulk('in 0')}`);
  });

  it('reads a large value that got another expiry in the same transaction', async () => {
    expect(await exec(['EXPIRE', 'long', '1000'], ['GET', 'long'], ['APPEND', 'long', '!'],
      ['EXPIRE', 'longhash', '1000'], ['HSTRLEN', 'longhash', 'f'], ['HSET', 'longhash', 'g', '1'],
      ['HLEN', 'longhash']))
      .toBe(`:1\r\n${bulk(LONG)}:${LONG.length + 1}\r\n:1\r\n:${LONG.length}\r\n:1\r\n:2\r\n`);
  });
});
