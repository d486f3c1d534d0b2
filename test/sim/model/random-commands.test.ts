import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { findCommand } from './explain.ts';
import { RandomCommands, type RandomCommandsOptions } from './random-commands.ts';

function commandsOf(count: number, options: Partial<RandomCommandsOptions> = {}): string[][] {
  const commands = new RandomCommands({ random: new Random(7, 7), prefix: 'p:', ...options });
  return Array.from({ length: count }, (_, i) => commands.next(1_000_000 + i));
}

describe('RandomCommands', () => {
  it('makes the same commands of the same seed', () => {
    expect(commandsOf(500)).toEqual(commandsOf(500));
  });

  it('names only keys with its prefix', () => {
    for (const command of commandsOf(3000)) {
      for (const key of findCommand(command)?.keys(command) ?? []) expect(key).toMatch(/^p:/);
    }
  });

  it('uses no command on whole databases unless it may', () => {
    const isGlobal = (command: string[]): boolean => findCommand(command)?.isGlobal === true;
    expect(commandsOf(3000).some(isGlobal)).toBe(false);
    expect(commandsOf(3000, { mayUseGlobal: true }).some(isGlobal)).toBe(true);
  });

  it('makes every command that the model knows', () => {
    const options = { databases: 3, mayUseGlobal: true, mayChangeGlobal: true } as const;
    const names = new Set(commandsOf(30_000, options).map(([name = '']) => name.toUpperCase()));
    for (const name of names) if (name === 'NOSUCHCOMMAND') names.delete(name);
    const known = [...names].filter((name) => findCommand([name]) !== undefined);
    expect(known.toSorted()).toEqual([...names].filter((name) =>
      !['MULTI', 'EXEC', 'DISCARD'].includes(name)).toSorted());
    expect(known.length).toBeGreaterThan(60);
  });

  it('makes no value larger than allowed', () => {
    const longest = (options: Partial<RandomCommandsOptions>): number =>
      Math.max(...commandsOf(2000, { profile: 'big', ...options }).flat().map((w) => w.length));
    expect(longest({})).toBeGreaterThan(200_000);
    expect(longest({ valueBytesMax: 1000 })).toBeLessThanOrEqual(1000);
  });

  it('uses other keys in place of those that are given up', () => {
    const commands = new RandomCommands({ random: new Random(7, 7), prefix: 'p:' });
    commands.replaceKeys(['p:s0', 'p:h1']);
    const words = new Set(Array.from({ length: 2000 }, () => commands.next(0)).flat());
    expect(words.has('p:s0') || words.has('p:h1')).toBe(false);
    expect(words.has('p:s-1') && words.has('p:h-2')).toBe(true);
    commands.startFresh();
    const fresh = new Set(Array.from({ length: 2000 }, () => commands.next(0)).flat());
    expect([...fresh].filter((word) => /^p:[shxf]\d$/.test(word))).toEqual([]);
  });
});
