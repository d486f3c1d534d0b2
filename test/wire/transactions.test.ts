/** MULTI, EXEC, DISCARD and WATCH among several clients, and what a restart finds of them. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { describeScenarios, type Step } from './scenario.ts';

const EXECABORT = '-EXECABORT Transaction discarded because of previous errors.';

/** `a` watches `key` and queues a write. */
function watching(key: string): readonly Step[] {
  return [['a', `WATCH ${key}`, '+OK'], ['a', 'MULTI', '+OK'], ['a', 'SET out 1', '+QUEUED']];
}

const EXEC_FAILS: readonly Step[] = [['a', 'EXEC', '*-1'], ['a', 'EXISTS out', ':0']];
const EXEC_RUNS: readonly Step[] = [['a', 'EXEC', '*1|+OK'], ['a', 'EXISTS out', ':1']];

describeScenarios('a transaction', {
  'runs its commands in order and replies to each': [
    ['a', 'MULTI', '+OK'], ['a', 'SET k 1', '+QUEUED'], ['a', 'INCR k', '+QUEUED'],
    ['b', 'GET k', '$-1'], ['a', 'GET k', '+QUEUED'], ['a', 'EXEC', '*3|+OK|:2|$1|2'],
    ['b', 'GET k', '$1|2'],
  ],
  'may be empty': [['a', 'MULTI', '+OK'], ['a', 'EXEC', '*0']],
  'goes on after a command that fails while it runs': [
    ['a', 'SET k text', '+OK'], ['a', 'MULTI', '+OK'], ['a', 'SET x 1', '+QUEUED'],
    ['a', 'INCR k', '+QUEUED'], ['a', 'HSET k f v', '+QUEUED'], ['a', 'SET y 2', '+QUEUED'],
    ['a', 'EXEC', '*4|+OK|-ERR value is not an integer or out of range|' +
      '-WRONGTYPE Operation against a key holding the wrong kind of value|+OK'],
    ['a', 'MGET x y k', '*3|$1|1|$1|2|$4|text'],
  ],
  'is aborted by a command that was refused while queueing': [
    ['a', 'MULTI', '+OK'], ['a', 'SET k 1', '+QUEUED'], ['a', 'GET',
      "-ERR wrong number of arguments for 'get' command"],
    ['a', 'SET k 2', '+QUEUED'], ['a', 'EXEC', EXECABORT], ['a', 'EXISTS k', ':0'],
    ['a', 'EXEC', '-ERR EXEC without MULTI'],
  ],
  'cannot hold another one, nor WATCH': [
    ['a', 'MULTI', '+OK'], ['a', 'MULTI', '-ERR MULTI calls can not be nested'],
    ['a', 'WATCH k', '-ERR WATCH inside MULTI is not allowed'], ['a', 'SET k 1', '+QUEUED'],
    ['a', 'EXEC', '*1|+OK'],
  ],
  'is forgotten by DISCARD, and so is what was watched': [
    ...watching('k'), ['a', 'DISCARD', '+OK'], ['a', 'EXISTS out', ':0'],
    ['b', 'SET k 1', '+OK'], ['a', 'MULTI', '+OK'], ['a', 'SET out 1', '+QUEUED'], ...EXEC_RUNS,
    ['a', 'DISCARD', '-ERR DISCARD without MULTI'],
  ],
  'may change the database and comes out in it': [
    ['a', 'MULTI', '+OK'], ['a', 'SELECT 3', '+QUEUED'], ['a', 'SET k three', '+QUEUED'],
    ['a', 'EXEC', '*2|+OK|+OK'], ['a', 'GET k', '$5|three'], ['b', 'EXISTS k', ':0'],
  ],
  'leaves the database of a discarded SELECT alone': [
    ['a', 'MULTI', '+OK'], ['a', 'SELECT 3', '+QUEUED'], ['a', 'DISCARD', '+OK'],
    ['a', 'SET k 0', '+OK'], ['b', 'GET k', '$1|0'],
  ],
  'publishes when it runs': [
    ['s', 'SUBSCRIBE c', '*3|$9|subscribe|$1|c|:1'], ['a', 'MULTI', '+OK'],
    ['a', 'PUBLISH c hi', '+QUEUED'], ['a', 'SET k 1', '+QUEUED'], ['a', 'EXEC', '*2|:1|+OK'],
    ['s', undefined, '*3|$7|message|$1|c|$2|hi'],
  ],
  'is reset with its connection': [
    ...watching('k'), ['a', 'RESET', '+RESET'], ['a', 'EXEC', '-ERR EXEC without MULTI'],
    ['a', 'EXISTS out', ':0'],
  ],
  'sees its own writes and deletes': [
    ['a', 'MULTI', '+OK'], ['a', 'HSET h f 1 g 2', '+QUEUED'], ['a', 'HGETALL h', '+QUEUED'],
    ['a', 'DEL h', '+QUEUED'], ['a', 'HGET h f', '+QUEUED'], ['a', 'SET h text', '+QUEUED'],
    ['a', 'TYPE h', '+QUEUED'],
    ['a', 'EXEC', '*6|:2|*4|$1|f|$1|1|$1|g|$1|2|:1|$-1|+OK|+string'],
  ],
  'replies null in RESP3 when a watched key changed': [
    ['a', 'HELLO 2 SETNAME', '-ERR Syntax error in HELLO option \'SETNAME\''],
    ...watching('k'), ['b', 'SET k 1', '+OK'], ...EXEC_FAILS,
  ],
});

describeScenarios('WATCH', {
  'fails EXEC after another client wrote': [
    ...watching('k'), ['b', 'SET k 1', '+OK'], ...EXEC_FAILS,
  ],
  'fails EXEC even if the value is the same again': [
    ['b', 'SET k 1', '+OK'], ...watching('k'), ['b', 'SET k 1', '+OK'], ...EXEC_FAILS,
  ],
  'fails EXEC after a change inside a hash': [
    ['b', 'HSET k f 1', ':1'], ...watching('k'), ['b', 'HINCRBY k f 1', ':2'], ...EXEC_FAILS,
  ],
  'fails EXEC after a deletion': [
    ['b', 'SET k 1', '+OK'], ...watching('k'), ['b', 'DEL k', ':1'], ...EXEC_FAILS,
  ],
  'fails EXEC after a key that was absent was there for a while': [
    ...watching('k'), ['b', 'SET k 1', '+OK'], ['b', 'DEL k', ':1'], ...EXEC_FAILS,
    ...watching('k'), ['b', 'HSET k f 1', ':1'], ['b', 'FLUSHDB', '+OK'], ...EXEC_FAILS,
    ['b', 'SET other 1', '+OK'], ...watching('k'), ['b', 'RENAME other k', '+OK'],
    ['b', 'DEL k', ':1'], ...EXEC_FAILS,
    ['b', 'SELECT 1', '+OK'], ['b', 'SET k 1', '+OK'], ...watching('k'),
    ['b', 'SWAPDB 0 1', '+OK'], ['b', 'SWAPDB 0 1', '+OK'], ...EXEC_FAILS,
  ],
  'fails EXEC after an expiry was set': [
    ['b', 'SET k 1', '+OK'], ...watching('k'), ['b', 'EXPIRE k 1000', ':1'], ...EXEC_FAILS,
  ],
  'fails EXEC after a rename onto the key': [
    ['b', 'SET other 1', '+OK'], ...watching('k'), ['b', 'RENAME other k', '+OK'], ...EXEC_FAILS,
  ],
  'fails EXEC after FLUSHALL, if the key was there': [
    ['b', 'SET k 1', '+OK'], ...watching('k'), ['b', 'FLUSHALL', '+OK'], ...EXEC_FAILS,
  ],
  'lets EXEC run after FLUSHALL of other keys': [
    ['b', 'SET other 1', '+OK'], ...watching('k'), ['b', 'FLUSHALL', '+OK'], ...EXEC_RUNS,
  ],
  'fails EXEC after SWAPDB brought another value': [
    ['b', 'SELECT 1', '+OK'], ['b', 'SET k one', '+OK'], ...watching('k'),
    ['b', 'SWAPDB 0 1', '+OK'], ...EXEC_FAILS,
  ],
  'lets EXEC run after reads and writes that changed nothing': [
    ['b', 'SET k 1', '+OK'], ...watching('k'), ['b', 'GET k', '$1|1'], ['b', 'DEL none', ':0'],
    ['b', 'SETNX k 2', ':0'], ['b', 'PERSIST k', ':0'], ...EXEC_RUNS,
  ],
  'looks at the database that was selected': [
    ...watching('k'), ['b', 'SELECT 1', '+OK'], ['b', 'SET k 1', '+OK'], ...EXEC_RUNS,
  ],
  'counts own writes before MULTI': [
    ['a', 'WATCH k', '+OK'], ['a', 'SET k 1', '+OK'], ['a', 'MULTI', '+OK'],
    ['a', 'SET out 1', '+QUEUED'], ...EXEC_FAILS,
  ],
  'is ended by UNWATCH': [
    ['a', 'WATCH k', '+OK'], ['b', 'SET k 1', '+OK'], ['a', 'UNWATCH', '+OK'],
    ['a', 'MULTI', '+OK'], ['a', 'SET out 1', '+QUEUED'], ...EXEC_RUNS,
  ],
  'is ended by EXEC, failed or not': [
    ...watching('k'), ['b', 'SET k 1', '+OK'], ...EXEC_FAILS, ['a', 'MULTI', '+OK'],
    ['a', 'SET out 1', '+QUEUED'], ...EXEC_RUNS,
  ],
});

describe('a transaction of dkvs', () => {
  let dkvs: TestServer;
  beforeAll(async () => { dkvs = await TestServer.start(); });
  afterAll(() => dkvs.stop());

  it('is gone with a connection that closes before EXEC', async () => {
    const gone = await dkvs.connect();
    gone.send(['MULTI'], ['SET', 'gone', '1']);
    await gone.replies(2);
    gone.close();
    const client = await dkvs.connect();
    expect(await client.call('EXISTS', 'gone')).toBe(':0\r\n');
  });

  it('is whole to every reader, whatever runs beside it', async () => {
    const writer = await dkvs.connect();
    const reader = await dkvs.connect();
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      writer.send(['MULTI'], ['INCR', 'one'], ['HINCRBY', 'hash', 'two', '1'], ['EXEC']);
      reader.send(['MULTI'], ['GET', 'one'], ['HGET', 'hash', 'two'], ['EXEC']);
    }
    await writer.replies(4 * rounds);
    for (let round = 0; round < rounds; round++) {
      const [, , , exec = ''] = await reader.replies(4);
      const [one, two] = exec.match(/\$(-1|\d+\r\n\d+)\r\n/g) ?? [];
      expect(one).toBe(two);
    }
    expect(await reader.call('GET', 'one')).toBe(`$3\r\n${rounds}\r\n`);
  });

  it('fails when a watched key expired meanwhile', async () => {
    const client = await dkvs.connect();
    // What arrives together has one time: the key cannot be gone before it is watched.
    client.send(['SET', 'short', '1', 'PX', '20'], ['WATCH', 'short']);
    await client.replies(2);
    const other = await dkvs.connect();
    while (await other.call('EXISTS', 'short') !== ':0\r\n');
    client.send(['MULTI'], ['SET', 'out', '1'], ['EXEC']);
    expect((await client.replies(3))[2]).toBe('*-1\r\n');
  });

  it('is there as a whole after a restart', async () => {
    const client = await dkvs.connect();
    const sets = Array.from({ length: 1000 }, (_, i) => ['SET', `many:${i}`, 'x'.repeat(100)]);
    client.send(['MULTI'], ...sets, ['HSET', 'many', 'f', 'v'], ['DEL', 'many:0'], ['EXEC']);
    const replies = await client.replies(sets.length + 4);
    expect(replies.at(-1)).toMatch(/^\*1002\r\n/);
    await dkvs.close();
    await dkvs.listen();
    const after = await dkvs.connect();
    const names = sets.map(([, key = '']) => key);
    expect(await after.call('EXISTS', ...names, 'many')).toBe(':1000\r\n');
  });
});
