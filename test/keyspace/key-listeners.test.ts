/** Listeners to keys: each is called for every change of its key, and for no other key's. */
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyListeners, type KeyListener } from '../../src/keyspace/key-listeners.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { EngineLayer, type LayerClient } from '../engine/engine-layer.ts';

class Heard implements KeyListener {
  readonly changes: boolean[] = [];

  onChange(isSet: boolean): void {
    this.changes.push(isSet);
  }

  onTakenBack(): void {
    this.changes.push(true);
  }

  /** What was heard since the last call. */
  take(): boolean[] {
    return this.changes.splice(0);
  }
}

const KEYS = ['', 'k', '\0', '\xff', 'ab', 'ba', 'key:000000000001', 'key:000000000002', 'k:ab'];
const range = (key: string): ByteRange => new ByteRange(Buffer.from(key, 'latin1'));

describe('the registry', () => {
  it('calls the listeners of a key of a database, whatever its bytes are, and no others', () => {
    const listeners = new KeyListeners();
    const heard = new Map<string, Heard>();
    for (const db of [0, 1]) {
      for (const key of KEYS) {
        const one = new Heard();
        heard.set(`${db} ${key}`, one);
        listeners.add(db, range(key), one);
      }
    }
    expect(listeners.size).toBe(2 * KEYS.length);
    for (const db of [0, 1]) {
      for (const key of KEYS) {
        listeners.onChange(db, range(key), true);
        listeners.onChange(db, range(`${key}other`), true);
        const called = [...heard].filter(([, one]) => one.take().length > 0);
        expect(called.map(([name]) => name)).toEqual([`${db} ${key}`]);
      }
    }
  });

  it('keeps nothing of a listener that was removed, and the others of its key', () => {
    const listeners = new KeyListeners();
    const [one, two] = [new Heard(), new Heard()];
    listeners.add(0, range('k'), one);
    listeners.add(0, range('k'), two);
    listeners.add(0, range('k'), two);
    listeners.remove(0, range('k'), one);
    listeners.remove(0, range('k'), one);
    listeners.remove(0, range('l'), two);
    listeners.onChange(0, range('k'), false);
    expect([one.changes, two.take(), listeners.size]).toEqual([[], [false], 1]);
    listeners.remove(0, range('k'), two);
    listeners.onChange(0, range('k'), true);
    expect([two.changes, listeners.size]).toEqual([[], 0]);
  });

  it('calls those whose keys another content of the database has', () => {
    const listeners = new KeyListeners();
    const [here, there, gone] = [new Heard(), new Heard(), new Heard()];
    listeners.add(1, range('\xffhere'), here);
    listeners.add(11, range('\xffhere'), there);
    listeners.add(1, range('gone'), gone);
    listeners.onReplaced(1, (key) => key.latin1() === '\xffhere');
    expect([here.changes, there.changes, gone.changes]).toEqual([[true], [], []]);
  });
});

describe('a listener to a key', () => {
  let server: EngineLayer;
  let client: LayerClient;
  let heard: Heard;

  beforeEach(() => {
    server = new EngineLayer();
    client = server.connect();
    heard = new Heard();
    server.plumbing.keyspace.keyListeners.add(0, range('k'), heard);
  });

  it.each([
    ['SET k 1', [], [true]],
    ['GET k', ['SET k 1'], []],
    ['APPEND k 1', [], [true]],
    ['SETRANGE k 1 a', ['SET k 123'], [true]],
    ['HSET k f 1', [], [true]],
    ['HDEL k f', ['HSET k f 1', 'HSET k g 1'], [true]],
    ['DEL k', ['SET k 1'], [false]],
    ['DEL k', [], []],
    ['EXPIRE k 10', ['SET k 1'], [true]],
    ['PERSIST k', ['SET k 1 EX 1'], [true]],
    ['RENAME l k', ['SET l 1'], [true]],
    ['RENAME k l', ['SET k 1'], [false]],
    ['COPY l k', ['HSET l f 1'], [true]],
    ['MOVE k 0', ['SELECT 1', 'SET k 1'], [true]],
    ['SWAPDB 0 1', ['SELECT 1', 'SET k 1'], [true]],
    ['SWAPDB 0 1', [], []],
  ] as const)('is called once for %s', async (command, before, changes) => {
    for (const each of before) await client.run(each);
    heard.take();
    await client.run(command);
    expect(heard.take()).toEqual(changes);
  });

  it('is called when the key expires, and when a change is taken back', async () => {
    await client.run('SET k 1 PX 5');
    server.clock.advance(6);
    heard.take();
    expect(await client.run('GET k')).toBe('$-1\r\n');
    expect(heard.take()).toEqual([false]);
    await client.run('SET k 1');
    const { keyspace } = server.plumbing;
    const mark = keyspace.mark();
    await client.run('DEL k');
    heard.take();
    keyspace.takeBack(mark);
    expect(heard.take()).toContain(true);
  });

  it('of a WATCH that found it absent does not mind what is taken back of other keys', async () => {
    const watcher = server.connect();
    await watcher.run('WATCH k');
    const { keyspace } = server.plumbing;
    const mark = keyspace.mark();
    await client.run('SET other 1');
    keyspace.takeBack(mark);
    await watcher.run('MULTI');
    await watcher.run('PING');
    expect(await watcher.run('EXEC')).toBe('*1\r\n+PONG\r\n');
  });
});
