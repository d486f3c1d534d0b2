import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';

describe('config/peers', () => {
  it('has three nodes that differ in name, directory and port only, and warn of nothing', () => {
    const values = ['a', 'b', 'c'].map((name) => {
      const path = `config/peers/${name}.conf`;
      const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      const outcome = loadConfig({ path, text });
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
      expect(outcome.warnings).toEqual([]);
      expect(text).toContain(`npm start -- ${path}`);
      return outcome.config.values;
    });
    const own = values.map(({ node, dir, port }) => ({ node, dir, port }));
    expect(own).toEqual([
      { node: 'a', dir: 'data/a', port: 6379 },
      { node: 'b', dir: 'data/b', port: 6380 },
      { node: 'c', dir: 'data/c', port: 6381 },
    ]);
    const [first, ...others] = values;
    for (const other of others) expect({ ...other, ...own[0] }).toEqual(first);
    expect(first?.peer.map(({ peerAddress }) => peerAddress)).toEqual([
      '127.0.0.1:16379', '127.0.0.1:16380', '127.0.0.1:16381',
    ]);
    expect(first?.['peer-secret']).toContain('example');
  });
});
