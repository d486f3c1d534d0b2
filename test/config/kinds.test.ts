import { describe, expect, it } from 'vitest';
import { normalizeEvents } from '../../src/config/event-classes.ts';
import { parseBytes } from '../../src/config/parsed.ts';
import { optionEntries, parseValue } from '../../src/config/registry.ts';

describe('amounts of bytes', () => {
  it.each([
    ['0', 0],
    ['1024', 1024],
    ['1b', 1],
    ['1k', 1000],
    ['1kb', 1024],
    ['1KB', 1024],
    ['2m', 2_000_000],
    ['2Mb', 2_097_152],
    ['1g', 1_000_000_000],
    ['3gb', 3_221_225_472],
  ])('%s is %i bytes', (word, value) => {
    expect(parseBytes(word)).toBe(value);
  });

  it.each(['', '-1', '1.5gb', '1xb', '1 kb', 'kb', '1tb', '9999999999999999gb', '0x10'])(
    '%j is not an amount',
    (word) => {
      expect(parseBytes(word)).toBeUndefined();
    },
  );
});

describe('classes of keyspace events', () => {
  it.each([
    ['', ''],
    ['KEA', 'AKE'],
    ['Eg', 'gE'],
    ['mnKE', 'nKEm'],
    ['g$lshzxetd', 'A'],
    ['Kdt', 'tdK'],
  ])('%j is shown as %j, as Redis shows it', (letters, shown) => {
    expect(normalizeEvents(letters)).toBe(shown);
  });

  it('knows no other letters', () => {
    expect(normalizeEvents('KEq')).toBeUndefined();
  });
});

describe('every kind', () => {
  it('reads back its own default from the lines that it writes', () => {
    for (const entry of optionEntries()) {
      const { name, option } = entry;
      let value: unknown = option.default;
      for (const words of option.kind.lines(option.default)) {
        const parsed = parseValue(entry, words, value, 'line');
        expect(parsed.ok, `${name} ${words.join(' ')}`).toBe(true);
        if (parsed.ok) value = parsed.value;
      }
      expect(value, name).toEqual(option.default);
    }
  });

  it('reads back its own default from what CONFIG GET shows', () => {
    for (const entry of optionEntries()) {
      const { name, option } = entry;
      const shown = option.kind.format(option.default);
      const parsed = parseValue(entry, [shown], option.default, 'set');
      expect(parsed, `${name} ${shown}`).toEqual({ ok: true, value: option.default });
    }
  });
});
