/** The parts that benches are made of: a wrong one would be a wrong figure. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseArguments } from '../../bench/lib/arguments.ts';
import { fill } from '../../bench/lib/fill.ts';
import { runOpenLoop } from '../../bench/lib/open-loop.ts';
import { mix, SetCommands } from '../../bench/lib/set-commands.ts';
import { median, percentile } from '../../bench/lib/statistics.ts';

const SHAPE = { keyBytesMin: 16, keyBytesMax: 40, valueBytes: 64 };

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A server that answers each chunk with what `answer` returns. */
function listen(answer: (data: Buffer) => Buffer | string): Promise<number> {
  const made = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => socket.write(answer(data)));
  });
  server = made;
  return new Promise((done) => {
    made.listen(0, '127.0.0.1', () => done((made.address() as { port: number }).port));
  });
}

const occurrences = (data: Buffer, text: string): number =>
  data.toString('latin1').split(text).length - 1;

describe('generated commands', () => {
  it('are RESP, with the key and the value that the number stands for', () => {
    const commands = new SetCommands(SHAPE);
    for (const n of [0, 7, 123_456, 9_999_999]) {
      const into = Buffer.alloc(commands.bytesMax);
      const key = commands.keyOf(n);
      const set = into.toString('latin1', 0, commands.writeSet(into, 0, n));
      expect(set).toBe(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$64\r\n` +
        `${commands.valueOf(n).toString('latin1')}\r\n`);
      const get = into.toString('latin1', 0, commands.writeGet(into, 0, n));
      expect(get).toBe(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
    }
  });

  it('have keys that are distinct and of all the lengths asked for', () => {
    const commands = new SetCommands(SHAPE);
    const keys = Array.from({ length: 2000 }, (_, n) => commands.keyOf(n));
    expect(new Set(keys).size).toBe(keys.length);
    const lengths = keys.map((key) => key.length);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([16, 40]);
  });

  it('have values that differ from version to version', () => {
    const commands = new SetCommands(SHAPE);
    expect(commands.valueOf(1, 1).equals(commands.valueOf(1, 2))).toBe(false);
  });

  it('refuse keys too short for their number', () => {
    expect(() => new SetCommands({ ...SHAPE, keyBytesMin: 15 })).toThrow(RangeError);
  });

  it('mix their numbers into 32 bits without a sign', () => {
    const mixed = Array.from({ length: 1000 }, (_, n) => mix(n));
    expect(mixed.every((h) => Number.isInteger(h) && h >= 0 && h < 2 ** 32)).toBe(true);
    expect(new Set(mixed).size).toBe(1000);
  });
});

describe('filling', () => {
  it('sends every key once and counts the replies', async () => {
    let seen = 0;
    const port = await listen((data) => {
      const count = occurrences(data, '*3\r\n');
      seen += count;
      return '+OK\r\n'.repeat(count);
    });
    await fill(port, new SetCommands(SHAPE), 1001);
    expect(seen).toBe(1001);
  });

  it('fails when a reply is an error', async () => {
    const port = await listen(() => '-OOM no\r\n');
    await expect(fill(port, new SetCommands(SHAPE), 10)).rejects.toThrow('-OOM no');
  });
});

describe('the open loop', () => {
  const load = { keys: 100, rate: 2000, connections: 2, warmUpMs: 0, measureMs: 100 };

  it('counts what a server that stands still makes late, from when it was due', async () => {
    const commands = new SetCommands(SHAPE);
    let heldUntil = 0;
    const port = await listen((data) => {
      heldUntil ||= performance.now() + 60;
      while (performance.now() < heldUntil);
      const commands = data.toString('latin1').match(/[SG]ET(?=\r\n)/g) ?? [];
      return commands.map((name) => name === 'SET' ? '+OK\r\n' : `$64\r\n${'x'.repeat(64)}\r\n`)
        .join('');
    });
    const { set, get } = await runOpenLoop({ ...load, port, commands, connections: 1, rate: 1000 });
    expect(set.count + get.count).toBe(100);
    // About sixty of the hundred fell due while the server stood still, one each millisecond.
    expect(Math.max(set.percentile(50), get.percentile(50))).toBeGreaterThan(5000);
  });

  it('fails when a reply is not the one expected', async () => {
    const port = await listen(() => '-ERR no\r\n');
    const commands = new SetCommands(SHAPE);
    await expect(runOpenLoop({ ...load, port, commands })).rejects.toThrow('-ERR no');
  });
});

describe('statistics', () => {
  it('take the middle, or the mean of the two middles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('take percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([percentile(values, 50), percentile(values, 99), percentile(values, 100)])
      .toEqual([50, 99, 100]);
  });
});

describe('the command line of the benches', () => {
  it('reads a name and its options in any order', () => {
    const words = ['--rounds', '3', 'recovery', '--smoke', '--only', 'SET', '--keys', '9',
      '--before', 'old/dist'];
    expect(parseArguments(words)).toEqual({
      ok: true,
      arguments: {
        name: 'recovery', smoke: true, rounds: 3, only: 'SET', keys: 9, before: 'old/dist',
      },
    });
  });

  it('refuses what it does not know, and says how it is used', () => {
    for (const words of [
      ['--fast'], ['a', 'b'], ['a', '--rounds', 'x'], ['a', '--keys'], ['a', '--before'],
    ]) {
      expect(parseArguments(words)).toMatchObject({ ok: false });
      expect(JSON.stringify(parseArguments(words))).toContain('usage');
    }
  });
});
