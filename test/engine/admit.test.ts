/** Which gate decides about a request, in which order, and what is asked of it again. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  Admit, LEVEL_LOOKS_MAX, LEVEL_LOOK_MS, mustOrder, refusal,
} from '../../src/engine/admit.ts';
import { Pause } from '../../src/engine/pause.ts';
import type { RequestOrder } from '../../src/engine/request-order.ts';
import type { WriteGate } from '../../src/engine/write-gate.ts';
import {
  FEATURE_LEVEL_COLLECTIONS, FEATURE_LEVEL_FIRST, FEATURE_LEVEL_VERSIONS,
} from '../../src/raft/core/feature-level.ts';
import { argsOf } from '../cluster/cluster-layer.ts';
import { EngineLayer, type LayerClient } from './engine-layer.ts';

type Shut = 'refusal' | 'freeingRefusal' | 'readRefusal' | 'memoryRefusal';

let server: EngineLayer;
let client: LayerClient;
let gate: { -readonly [Key in Shut]: string | undefined } & { writeDelayMs: number };
let order: {
  -readonly [Key in keyof RequestOrder]: RequestOrder[Key]
};

beforeEach(() => {
  server = new EngineLayer();
  client = server.connect();
  gate = {
    refusal: undefined, freeingRefusal: undefined, readRefusal: undefined,
    memoryRefusal: undefined, writeDelayMs: 0,
  };
  order = {
    notServing: undefined, featureLevel: FEATURE_LEVEL_VERSIONS, timeMs: 0, readTimeMs: (ms) => ms,
    refusal: () => undefined, propose: async () => {}, attempt: () => {},
    proposeTransaction: async () => {}, mayRead: () => true, waitToRead: async () => {}, expire: async () => false,
  };
});

function refused(line: string): string | undefined {
  const args = argsOf(line);
  return refusal(client.session, server.table.lookup(args), args, gate as WriteGate, order);
}

function admitOf(hasOrder: boolean): (line: string) => string {
  const admit = new Admit({
    clock: server.clock, gate: gate as WriteGate, pause: new Pause(server.clock),
    order: () => hasOrder ? order : undefined,
  });
  return (line) => {
    const args = argsOf(line);
    const verdict = admit.ask(client.session, server.table.lookup(args), args);
    return verdict === 'refuse' ? `refuse ${admit.refusal}` : verdict;
  };
}

describe('a shut gate', () => {
  it.each<[Shut, readonly boolean[]]>([
    ['refusal', [true, true, false, false, false]],
    ['freeingRefusal', [false, false, true, false, false]],
    ['readRefusal', [false, false, false, true, false]],
    ['memoryRefusal', [true, false, false, false, false]],
  ])('%s stops what it is for', (name, expected) => {
    gate[name] = 'SHUT';
    const lines = ['SET a 1', 'RENAME a b', 'DEL a', 'GET a', 'PING'];
    expect(lines.map((line) => refused(line) === 'SHUT')).toEqual(expected);
  });

  it('for memory decides before the one for the disk', () => {
    Object.assign(gate, { refusal: 'DISK', memoryRefusal: 'MEMORY' });
    expect([refused('SET a 1'), refused('RENAME a b')]).toEqual(['MEMORY', 'DISK']);
  });

  it.each<[Shut, string, boolean]>([
    ['refusal', 'SET a 1', true], ['refusal', 'DEL a', false], ['refusal', 'GET a', false],
    ['memoryRefusal', 'SET a 1', true], ['memoryRefusal', 'DEL a', false],
    ['memoryRefusal', 'RENAME a b', false],
  ])('%s meets what EXEC would run: %s', async (name, line, isRefused) => {
    for (const each of ['MULTI', 'PING', line]) await client.run(each);
    gate[name] = 'SHUT';
    expect(refused('EXEC')).toBe(isRefused ? 'SHUT' : undefined);
    expect(refused('DISCARD')).toBeUndefined();
    client.session.transaction.break();
    expect(refused('EXEC')).toBeUndefined();
  });
});

describe('a server that does not answer for its data', () => {
  it('says so to all but what may run while loading, and to an EXEC with anything else', async () => {
    order.notServing = { code: 'LOADING', text: 'LOADING not yet' };
    const lines = ['GET a', 'SET a 1', 'PING', 'INFO', 'MULTI', 'EXEC'];
    expect(lines.map((line) => refused(line) !== undefined))
      .toEqual([true, true, true, false, false, false]);
    client.session.transaction.begin();
    const args = argsOf('GET a');
    client.session.transaction.enqueue(server.table.lookup(args)!, args);
    expect(refused('EXEC')).toBe('LOADING not yet');
  });

  it.each(['SUBSCRIBE c', 'PSUBSCRIBE *', 'SSUBSCRIBE c', 'PUBLISH c x', 'SPUBLISH c x'])(
    'takes %s while it loads, and not when it was removed', (line) => {
      order.notServing = { code: 'LOADING', text: 'LOADING not yet' };
      expect(refused(line)).toBeUndefined();
      order.notServing = { code: 'REMOVED', text: 'REMOVED for good' };
      expect(refused(line)).toBe('REMOVED for good');
      expect([refused('PUBSUB CHANNELS'), refused('INFO')]).toEqual([undefined, undefined]);
    });
});

describe('the shape of a request', () => {
  it.each([
    ['GET', "ERR wrong number of arguments for 'get' command"],
    ['CLIENT', "ERR wrong number of arguments for 'client' command"],
    ['CLIENT nope', "ERR unknown subcommand 'nope'. Try CLIENT HELP."],
    ['CLIENT GETNAME x', "ERR wrong number of arguments for 'client|getname' command"],
    ['COMMAND nope', "ERR unknown subcommand 'nope'. Try COMMAND HELP."],
    ['COMMAND', undefined],
    ['NOPE', "ERR unknown command 'NOPE', with args beginning with: "],
    ['NOPE a b', "ERR unknown command 'NOPE', with args beginning with: 'a' 'b' "],
    ['CONFIG GET', "ERR wrong number of arguments for 'config|get' command"],
  ])('%s', (line, text) => {
    expect(refused(line)).toBe(text);
  });

  it('shows the beginning of the arguments only, of an unknown command', () => {
    const text = refused(`NOPE ${'x'.repeat(100)} ${'y'.repeat(100)} z`)!;
    expect(text).toContain(`'${'x'.repeat(100)}'`);
    expect(text.length).toBeLessThan(200);
    expect(text).not.toContain('z');
  });

  it('comes before the password, and that before all else', () => {
    client.session.authenticated = false;
    expect(refused('GET')).toContain('wrong number');
    expect(refused('GET a')).toBe('NOAUTH Authentication required.');
    expect(refused('AUTH x')).toBeUndefined();
  });
});

describe('a subscriber', () => {
  it.each([[2, true], [3, false]] as const)('of RESP%i may send little: %s', (protocol, isShut) => {
    client.session.protocol = protocol;
    client.session.subscriptions.ssubscribe(Buffer.from('c'));
    expect(refused('GET a') !== undefined).toBe(isShut);
    expect(refused('PING')).toBeUndefined();
    client.session.subscriptions.clear();
    expect(refused('GET a')).toBeUndefined();
  });
});

describe('what is ordered', () => {
  it('is a write, and an EXEC that would run one', async () => {
    const isOrdered = (line: string): boolean =>
      mustOrder(client.session, server.table.lookup(argsOf(line))!);
    expect(['SET a 1', 'GET a', 'PUBLISH c x', 'EXEC'].map(isOrdered))
      .toEqual([true, false, true, false]);
    for (const line of ['MULTI', 'GET a']) await client.run(line);
    expect(isOrdered('EXEC')).toBe(false);
    await client.run('SET a 1');
    expect(isOrdered('EXEC')).toBe(true);
    client.session.transaction.break();
    expect(isOrdered('EXEC')).toBe(false);
  });

  it('is refused by the order before it is slowed down, and else proposed', () => {
    const ask = admitOf(true);
    gate.writeDelayMs = 10;
    order.refusal = () => 'NOQUORUM no';
    expect(ask('SET a 1')).toBe('refuse NOQUORUM no');
    order.refusal = () => undefined;
    expect([ask('SET a 1'), ask('SET a 1')]).toEqual(['wait', 'propose']);
    expect(ask('GET a')).toBe('run');
  });

  it('is queued inside MULTI, whatever the order says', () => {
    const ask = admitOf(true);
    order.refusal = () => 'NOQUORUM no';
    client.session.transaction.begin();
    expect([ask('SET a 1'), ask('GET a'), ask('EXEC')]).toEqual(['queue', 'queue', 'run']);
  });
});

describe('a write that older builds do not know', () => {
  it.each(['SORT k', 'SORT k STORE d', 'RPUSH k v'])('waits for the level, and is refused: %s', (line) => {
    const ask = admitOf(true);
    for (let i = 0; i < LEVEL_LOOKS_MAX; i += 1) expect(ask(line)).toBe('wait');
    expect(ask(line)).toContain('refuse TRYAGAIN not all peers run a build that knows this command');
    client.session.progress.took(1);
    order.featureLevel = FEATURE_LEVEL_COLLECTIONS;
    expect(ask(line)).toBe('propose');
  });

  it('makes an EXEC wait that would run it', async () => {
    const ask = admitOf(true);
    for (const line of ['MULTI', 'SET k v', 'SORT k STORE d']) await client.run(line);
    expect(ask('EXEC')).toBe('wait');
    order.featureLevel = FEATURE_LEVEL_COLLECTIONS;
    expect(ask('EXEC')).toBe('propose');
  });

  it('is not SORT_RO, which every build answers for itself', () => {
    expect(admitOf(true)('SORT_RO k')).toBe('run');
  });
});

describe('a nearly full disk', () => {
  it('slows each write once, and neither reads nor what frees room', () => {
    const ask = admitOf(false);
    gate.writeDelayMs = 10;
    expect([ask('GET a'), ask('DEL a')]).toEqual(['run', 'run']);
    for (let i = 0; i < 2; i += 1) {
      expect([ask('SET a 1'), ask('SET a 1')]).toEqual(['wait', 'run']);
      client.session.progress.took(1);
    }
    gate.writeDelayMs = 0;
    expect(ask('SET a 1')).toBe('run');
  });
});

describe('a read with peers', () => {
  it('is told once why it failed, and waits until it may', () => {
    const ask = admitOf(true);
    client.session.progress.readFailure = 'NOQUORUM no';
    expect([ask('GET a'), ask('GET a')]).toEqual(['refuse NOQUORUM no', 'run']);
    order.mayRead = () => false;
    expect(ask('GET a')).toBe('wait');
  });

  it('of WATCH looks for the level so often, for each request', () => {
    const ask = admitOf(true);
    order.featureLevel = FEATURE_LEVEL_FIRST;
    expect(ask('GET a')).toBe('run');
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < LEVEL_LOOKS_MAX; i += 1) expect(ask('WATCH a')).toBe('wait');
      expect(server.clock.nextTimerMs()).toBe(LEVEL_LOOK_MS);
      expect(ask('WATCH a')).toBe('run');
      client.session.progress.took(1);
    }
    order.featureLevel = FEATURE_LEVEL_VERSIONS;
    expect(ask('WATCH a')).toBe('run');
  });

  it('of a write that not all peers know waits likewise, and is refused then', () => {
    const ask = admitOf(true);
    order.featureLevel = FEATURE_LEVEL_VERSIONS;
    expect([ask('HSET a b c'), ask('SMEMBERS a')]).toEqual(['propose', 'run']);
    for (let i = 0; i < LEVEL_LOOKS_MAX; i += 1) expect(ask('SADD a b')).toBe('wait');
    expect(ask('SADD a b')).toMatch(/^refuse TRYAGAIN not all peers/);
    client.session.progress.took(1);
    order.featureLevel = FEATURE_LEVEL_COLLECTIONS;
    expect(ask('SADD a b')).toBe('propose');
  });

  it('of EXEC waits for all that it has', () => {
    const ask = admitOf(true);
    order.featureLevel = FEATURE_LEVEL_VERSIONS;
    const { transaction } = client.session;
    transaction.begin();
    for (const line of ['SET a 1', 'SADD a b']) {
      expect(ask(line)).toBe('queue');
      transaction.enqueue(server.table.lookup(argsOf(line))!, argsOf(line));
    }
    expect(ask('EXEC')).toBe('wait');
    order.featureLevel = FEATURE_LEVEL_COLLECTIONS;
    expect(ask('EXEC')).toBe('propose');
  });
});
