/** Every script of test/wire/scripts, on dkvs and on a real redis-server, reply by reply. */

import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer } from '../commands/redis-server.ts';
import { BesideRedis } from './beside-redis.ts';
import { differences } from './differences.ts';
import type { Script } from './scripts/script.ts';

const scripts = await loadScripts();

describe.skipIf(!hasRedisServer())('dkvs beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('has scripts to run', () => {
    expect(scripts.map(({ name }) => name)).toEqual(expect.arrayContaining(['strings', 'keys']));
  });

  for (const { name, script } of scripts) {
    for (const protocol of [2, 3] as const) {
      it(`replies the same bytes to the script of ${name} in RESP${protocol}`, async () => {
        const commands = pair.withKnownTypes(script);
        const { here, there } = await pair.run(commands, protocol);
        expect(differences(commands, here, there).join('\n')).toBe('');
      });
    }
  }
});

interface NamedScript {
  readonly name: string;
  readonly script: Script;
}

/** The exported scripts of each file in scripts/. */
async function loadScripts(): Promise<NamedScript[]> {
  const files = readdirSync(new URL('scripts', import.meta.url)).filter((file) =>
    file !== 'script.ts').toSorted();
  const found: NamedScript[] = [];
  for (const file of files) {
    const family = file.replace(/\.ts$/, '');
    const module = await import(`./scripts/${family}.ts`) as Readonly<Record<string, unknown>>;
    const exported = Object.entries(module).filter(([, value]) => Array.isArray(value));
    for (const [title, script] of exported) {
      const name = exported.length === 1 ? family : `${family}, ${title}`;
      found.push({ name, script: script as Script });
    }
  }
  return found;
}
