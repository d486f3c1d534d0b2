/** The file that says who a peer is: what was written is read, and damage is not. */

import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import {
  IDENTITY_FILE, parseIdentity, readIdentity, saveIdentity, type Identity,
} from '../../../src/raft/shell/identity.ts';
import { SimFiles } from '../../sim/sim-files.ts';

const PATH = `/raft/${IDENTITY_FILE}`;
const IDENTITY: Identity = {
  id: 'a:b029e175bc7290e2' as MemberId, starts: 12, founders: undefined, isCaughtUp: true,
  givenUp: 'its cluster went on without it',
};

async function saved(): Promise<SimFiles> {
  const files = new SimFiles();
  await files.mkdir('/raft');
  await saveIdentity(files, '/raft', IDENTITY);
  return files;
}

function parsed(bytes: Uint8Array): Identity | undefined {
  try {
    return parseIdentity(bytes, PATH);
  } catch {
    return undefined;
  }
}

describe('the identity of a peer', () => {
  it('is read as it was saved', async () => {
    expect(await readIdentity(await saved(), '/raft', 'a')).toEqual(IDENTITY);
  });

  it('is right or refused when any one bit is flipped', async () => {
    const bytes = (await saved()).contentOf(PATH);
    let refused = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const found = parsed(damaged);
      if (found === undefined) refused += 1;
      else expect(found, `bit ${bit}`).toEqual(IDENTITY);
    }
    expect(refused).toBeGreaterThan(bytes.length * 7);
  });

  it('is refused by name when a number in it is another', async () => {
    const text = Buffer.from((await saved()).contentOf(PATH)).toString();
    expect(() => parseIdentity(Buffer.from(text.replace('12', '11')), PATH))
      .toThrow(`${PATH} is damaged: its checksum is wrong`);
  });

  it('is read without a sum, as an earlier build left it', () => {
    const text = JSON.stringify({ version: 1, ...IDENTITY }, undefined, 2);
    expect(parseIdentity(Buffer.from(`${text}\n`), PATH)).toEqual(IDENTITY);
  });
});
