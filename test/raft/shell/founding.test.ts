/** How a cluster begins, and who a peer is from then on. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { PeerFacts } from '../../../src/raft/links/peer-facts.ts';
import { decideFounding } from '../../../src/raft/shell/founding.ts';
import {
  clusterOf, newIdentity, parseIdentity, readIdentity, saveIdentity, type Identity,
} from '../../../src/raft/shell/identity.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { configurationOf } from '../log/helpers.ts';

const FOUNDERS = configurationOf('a', 'b', 'c');

function factsOf(name: string, more: Partial<PeerFacts> = {}): PeerFacts {
  const id = `${name}:1` as MemberId;
  return { name, id, clientAddress: `${name}:1`, peerAddress: `${name}:2`, ...more } as PeerFacts;
}

function decide(names: string, seen: readonly PeerFacts[]) {
  const byName = new Map(seen.map((one) => [one.name, one]));
  return decideFounding(factsOf('a'), names.split(','), byName);
}

describe('the founding of a cluster', () => {
  it('waits for every peer that is configured', () => {
    expect(decide('a,b,c', [])).toEqual({ kind: 'wait', missing: ['b', 'c'] });
    expect(decide('a,b,c', [factsOf('c')])).toEqual({ kind: 'wait', missing: ['b'] });
  });

  it('is the same configuration for each of them, in whatever order they met', () => {
    const found = decide('c,a,b', [factsOf('c'), factsOf('b')]);
    expect(found).toEqual({ kind: 'begin', founders: FOUNDERS });
    const other = decideFounding(factsOf('c'), ['a', 'b', 'c'],
      new Map([['b', factsOf('b')], ['a', factsOf('a')]]));
    expect(other).toEqual(found);
  });

  it('has no place for who is not configured, and none is needed by one alone', () => {
    expect(decide('a,b,c', [factsOf('b'), factsOf('x'), factsOf('c')]))
      .toEqual({ kind: 'begin', founders: FOUNDERS });
    expect(decide('a', [])).toEqual({ kind: 'begin', founders: configurationOf('a') });
  });

  it('is that of a cluster that one of them belongs to already', () => {
    const founders = configurationOf('b', 'c');
    expect(decide('a,b,c', [factsOf('b', { founders })])).toEqual({ kind: 'begin', founders });
  });
});

describe('the name of a cluster', () => {
  it('is that of its founders, and none without', () => {
    expect(clusterOf(undefined)).toBe('');
    expect(clusterOf(FOUNDERS)).toMatch(/^[0-9a-f]{16}$/);
    expect(clusterOf(configurationOf('a', 'b', 'c'))).toBe(clusterOf(FOUNDERS));
    expect(clusterOf(configurationOf('a', 'b'))).not.toBe(clusterOf(FOUNDERS));
  });
});

describe('an identity', () => {
  let files: SimFiles;
  beforeEach(async () => {
    files = new SimFiles();
    await files.mkdir('/raft');
  });
  const FULL: Identity = {
    id: 'a:1' as MemberId, starts: 3, founders: FOUNDERS, isCaughtUp: false,
    leftBehind: ['old'], removedBy: 7, givenUp: 'for good',
  };
  const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

  it.each<Identity>([
    FULL, { id: FULL.id, starts: 0, founders: undefined },
    { id: FULL.id, starts: 1, founders: FOUNDERS, isCaughtUp: true },
  ])('is read as it was written, with what it has and no more', async (identity) => {
    await saveIdentity(files, '/raft', identity);
    const found = await readIdentity(files, '/raft', 'a');
    expect(found).toEqual(identity);
    expect(Object.keys(found!).toSorted())
      .toEqual(Object.keys(JSON.parse(JSON.stringify({ ...identity, founders: 0 }))).toSorted());
  });

  it('is none where there is no file, and that of another peer is refused', async () => {
    expect(await readIdentity(files, '/raft', 'a')).toBeUndefined();
    await saveIdentity(files, '/raft', FULL);
    await expect(readIdentity(files, '/raft', 'b')).rejects
      .toThrow('/raft/member.json belongs to peer a:1, and this server is configured as node b');
  });

  it.each([
    ['no JSON', new TextEncoder().encode('{')],
    ['another format', bytesOf({ version: 2, id: 'a:1', starts: 1 })],
    ['no id', bytesOf({ version: 1, starts: 1 })],
    ['a part of a start', bytesOf({ version: 1, id: 'a:1', starts: 1.5 })],
    ['nothing', bytesOf(null)],
  ])('is refused when it is %s', (_what, bytes) => {
    expect(() => parseIdentity(bytes, 'FILE')).toThrow('FILE cannot be read as the identity');
  });

  it('that is new has started never, under an id of its own', () => {
    const random = { seed64: () => [1, 0xabcdef] as [number, number] };
    expect(newIdentity('n', random))
      .toEqual({ id: 'n:0000000100abcdef', starts: 0, founders: undefined });
  });
});
