/** What a MULTI keeps: the bytes of its queue, and what it watches in several databases. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  QUEUED_REQUEST_BYTES, TRANSACTION_BYTES_MAX, type Transaction,
} from '../../src/session/transaction.ts';
import { EngineLayer, type LayerClient } from '../engine/engine-layer.ts';

let server: EngineLayer;
let client: LayerClient;
let other: LayerClient;
let transaction: Transaction;

beforeEach(() => {
  server = new EngineLayer();
  client = server.connect();
  other = server.connect();
  ({ transaction } = client.session);
});

/** Whether an EXEC of `client` runs now. */
async function runs(): Promise<boolean> {
  await client.run('MULTI');
  await client.run('PING');
  return await client.run('EXEC') === '*1\r\n+PONG\r\n';
}

describe('the queue of a transaction', () => {
  const entry = { isImmediate: false } as never;
  const request = (bytes: number): never => {
    const args = { bytes, detach: () => args } as never;
    return args;
  };
  const WHOLE = TRANSACTION_BYTES_MAX - QUEUED_REQUEST_BYTES;

  it('takes what just fits, and not a byte more', () => {
    transaction.begin();
    expect(transaction.enqueue(entry, request(WHOLE))).toBe(true);
    expect([transaction.queued, transaction.queuedBytes]).toEqual([1, TRANSACTION_BYTES_MAX]);
    expect(transaction.canRun).toBe(true);
    expect(transaction.enqueue(entry, request(0))).toBe(false);
    expect([transaction.queued, transaction.broken, transaction.canRun]).toEqual([1, true, false]);
  });

  it.each([
    ['was discarded', () => transaction.discard()],
    ['was taken', () => void transaction.take()],
    ['was too large', () => {
      transaction.enqueue(entry, request(1));
      transaction.discard();
    }],
  ])('has all its room again after one that %s', (_how, end) => {
    for (let round = 0; round < 2; round += 1) {
      transaction.begin();
      expect(transaction.enqueue(entry, request(WHOLE))).toBe(true);
      end();
      expect(transaction).toMatchObject({
        queued: 0, queuedBytes: 0, broken: false, isOpen: false, canRun: false,
      });
    }
  });

  it('is broken by a refused command only while it is open', () => {
    transaction.break();
    transaction.begin();
    expect([transaction.broken, transaction.canRun]).toEqual([false, true]);
    transaction.break();
    expect([transaction.broken, transaction.canRun]).toEqual([true, false]);
  });
});

describe('WATCH', () => {
  it('compares with the first look, however often the key is watched', async () => {
    await client.run('WATCH k');
    await other.run('SET k 1');
    await client.run('WATCH k');
    expect(transaction.watching).toBe(1);
    expect(server.plumbing.watched.count).toBe(1);
    expect(await runs()).toBe(false);
    expect(server.plumbing.watched.count).toBe(0);
  });

  it('tells keys of one name in two databases apart, and two keys of one database', async () => {
    await client.run('WATCH k l');
    await client.run('SELECT 1');
    await client.run('WATCH k');
    expect(transaction.watching).toBe(3);
    await other.run('SELECT 2');
    await other.run('SET k 1');
    expect(await runs()).toBe(true);
  });

  it.each([
    ['0', 'k', false], ['1', 'k', false], ['0', 'l', false], ['1', 'l', true], ['2', 'k', true],
  ])('in databases 0 and 1 after a SET in %s of %s', async (db, key, isRun) => {
    await client.run('WATCH k l');
    await client.run('SELECT 1');
    await client.run('WATCH k');
    await other.run(`SELECT ${db}`);
    await other.run(`SET ${key} 1`);
    expect(await runs()).toBe(isRun);
    expect(await runs()).toBe(true);
  });

  it('notices that an absent key was set and deleted again', async () => {
    await client.run('WATCH k');
    await other.run('SELECT 1');
    await other.run('SET k 1');
    await other.run('DEL k');
    expect(letters()).toBe('N');
    await other.run('SELECT 0');
    await other.run('SET k 1');
    await other.run('DEL k');
    expect(letters()).toBe('d');
    expect(await runs()).toBe(false);
    await client.run('WATCH k');
    expect(await runs()).toBe(true);
  });

  it('of absent keys leaves no note behind, for two clients each for itself', async () => {
    const { keyListeners } = server.plumbing.keyspace;
    await client.run('SET here 1');
    await client.run('WATCH k l here');
    await other.run('WATCH k');
    expect(keyListeners.size).toBe(2);
    await client.run('UNWATCH');
    expect([keyListeners.size, server.plumbing.watched.count]).toEqual([1, 1]);
    await client.run('SET k 1');
    await client.run('DEL k');
    await other.run('MULTI');
    expect(await other.run('EXEC')).toBe('*-1\r\n');
    expect([keyListeners.size, server.plumbing.watched.count]).toEqual([0, 0]);
  });

  const letters = (): string => client.session.flagLetters;
});
