import { describe, expect, it } from 'vitest';
import {
  decodeProposal, encodeProposal, type Proposal,
} from '../../../src/raft/core/proposal.ts';
import { bytesOf, idOf } from './members.ts';

const ONE: Proposal = {
  origin: idOf('a:1f3c'), epoch: 3, number: 70_000, seed: [1, 0xffff_fffe], body: bytesOf('xyz'),
};

describe('the payload of a batch', () => {
  it.each([
    ['as usual', ONE],
    ['without a body', { ...ONE, body: bytesOf('') }],
    ['with an id outside of ASCII', { ...ONE, origin: idOf('zoë:1') }],
    ['with the largest numbers', {
      ...ONE, epoch: 2 ** 48 - 1, number: 2 ** 48 - 1, seed: [0xffff_ffff, 0],
    }],
  ] satisfies [string, Proposal][])('comes back, %s', (_, proposal) => {
    const decoded = decodeProposal(encodeProposal(proposal));
    expect({ ...decoded, body: [...decoded!.body] })
      .toEqual({ ...proposal, body: [...proposal.body] });
  });

  it('has the bytes that the file draws', () => {
    const bytes = encodeProposal({ ...ONE, origin: idOf('a'), number: 0x0102_0304_0506 });
    const pieces = ['0161', '030000000000', '060504030201', '01000000', 'feffffff', '78797a'];
    expect(Buffer.from(bytes).toString('hex')).toBe(pieces.join(''));
  });

  it('that is cut short before its body is none, and after that has a shorter body', () => {
    const bytes = encodeProposal(ONE);
    const fixed = bytes.length - ONE.body.length;
    for (let end = 0; end < fixed; end++) {
      expect([end, decodeProposal(bytes.subarray(0, end))]).toEqual([end, undefined]);
    }
    expect(decodeProposal(bytes.subarray(0, fixed))?.body.length).toBe(0);
    expect(decodeProposal(bytes.subarray(0, fixed + 2))?.body.length).toBe(2);
  });
});
