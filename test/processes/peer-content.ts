/** What a server holds by itself, and the place in the order at which it holds that. */

import { expect } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import type { Address } from '../wire/wire-client.ts';
import { connectClient } from './asking.ts';
import { LEDGER_KEY } from './ledger.ts';

export interface PeerContent {
  readonly position: number;
  readonly strings: Readonly<Record<string, string | null>>;
  readonly ledger: readonly string[];
}

/** By sequential reads, so no other server has a say. Undefined when it changed meanwhile. */
async function readContent(address: Address): Promise<PeerContent | undefined> {
  const client = await connectClient(address);
  if (client === undefined) return undefined;
  try {
    await client.call('PEERS', 'READS', 'sequential');
    const position = await client.call('PEERS', 'POSITION');
    const keys = (await client.keys('*')).filter((key) => key !== LEDGER_KEY).sort();
    const values = keys.length === 0 ? [] : await client.mget(keys);
    const ledger = (await client.hkeys(LEDGER_KEY)).sort();
    if (await client.call('PEERS', 'POSITION') !== position) return undefined;
    const strings = Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null]));
    return { position: Number(position), strings, ledger };
  } finally {
    client.disconnect();
  }
}

/** Once nobody writes: all are at one position, and hold the same there. Gives what they hold. */
export async function mustHoldTheSame(addresses: readonly Address[]): Promise<PeerContent> {
  const contents = await eventually('all servers at one position', async () => {
    const read = await Promise.all(addresses.map(readContent));
    const found = read.filter((content) => content !== undefined);
    const isOne = new Set(found.map(({ position }) => position)).size === 1;
    return isOne && found.length === addresses.length && found;
  });
  for (const content of contents) expect(content).toEqual(contents[0]);
  return contents[0]!;
}
