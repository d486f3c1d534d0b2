/** config/dkvs.conf is documentation that is checked: it must name every option, and not lie. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACCEPTED, REFUSED } from '../../src/config/accepted.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { configLines, parseConfig } from '../../src/config/parse-config.ts';
import { defaultValues } from '../../src/config/registry.ts';

const path = 'config/dkvs.conf';
const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('config/dkvs.conf', () => {
  it('sets every option of the table, and no other, in its order', () => {
    const names = parseConfig(text).directives.map(({ name }) => name);
    expect([...new Set(names)]).toEqual(Object.keys(OPTIONS));
  });

  it('gives every option its true default, and warns of nothing', () => {
    const outcome = loadConfig({ path, text });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors, null, 2));
    expect(outcome.warnings).toEqual([]);
    expect(outcome.config.values).toEqual(defaultValues());
  });

  it('explains every option above it: what it does, what it costs, what is allowed', () => {
    const lines = configLines(text);
    const seen = new Set<string>();
    for (const { line, name } of parseConfig(text).directives) {
      if (seen.has(name)) continue;
      seen.add(name);
      const above: string[] = [];
      for (let at = line - 2; lines[at]?.startsWith('# '); at -= 1) above.unshift(lines[at] ?? '');
      const comment = above.map((each) => each.slice(2)).join(' ');
      const { summary, price, kind, change } = OPTIONS[name as keyof typeof OPTIONS];
      const when = change === 'at-start' ? 'Read at start only.' : 'CONFIG SET may change it.';
      expect(comment, name).toBe(`${summary} ${price} Allowed: ${kind.allowed}. ${when}`);
    }
  });

  it('names every directive that is only accepted, and every one that is refused', () => {
    const comments = configLines(text).filter((line) => line.startsWith('#   ')).join(' ');
    const words = new Set(comments.split(/[\s,:#]+/));
    const missing = [...Object.keys(ACCEPTED), ...Object.keys(REFUSED)].filter(
      (name) => !words.has(name),
    );
    expect(missing).toEqual([]);
  });
});
