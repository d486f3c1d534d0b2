import { describe, expect, it } from 'vitest';
import {
  CONFIGURATION_BYTES_MAX, MEMBERS_MAX, MEMBER_TEXT_BYTES_MAX,
} from '../../../src/raft/core/limits.ts';
import {
  encodeConfiguration, parseConfiguration,
} from '../../../src/raft/core/configuration-codec.ts';
import { NO_MEMBERS } from '../../../src/raft/core/entry.ts';
import type { Configuration, Member, MemberId } from '../../../src/raft/core/entry.ts';
import { randomBytes, withSeed } from '../../lib/seeded.ts';

function member(name: string): Member {
  return {
    id: `${name}:1f3c` as MemberId, name, clientAddress: `${name}:6379`, peerAddress: `${name}:7000`,
  };
}

const [a, b, c] = [member('a'), member('b'), member('zoë')];
const JOINT: Configuration = {
  voters: [a.id, b.id], outgoing: [c.id], learners: [c.id], members: [a, b, c],
};

describe('a configuration', () => {
  it('comes back as it was, joint and empty ones too', () => {
    for (const each of [JOINT, NO_MEMBERS, { ...JOINT, outgoing: [], voters: [b.id] }]) {
      expect(parseConfiguration(encodeConfiguration(each))).toEqual(each);
    }
  });

  it('has the bytes that the file draws', () => {
    const one: Configuration = {
      voters: ['a:1' as MemberId], outgoing: [], learners: [],
      members: [{ id: 'a:1' as MemberId, name: 'a', clientAddress: 'h:1', peerAddress: 'h:2' }],
    };
    const pieces = ['0101', '0300613a31', '010061', '0300683a31', '0300683a32', '0100', '00', '00'];
    expect(encodeConfiguration(one).toString('hex')).toBe(pieces.join(''));
  });

  it('of the first feature level has no byte that a build of that level does not know', () => {
    const bytes = encodeConfiguration({ ...JOINT, featureLevel: 1, invited: [] });
    expect(bytes).toEqual(encodeConfiguration(JOINT));
    expect(bytes[0]).toBe(1);
  });

  it('of a later feature level says it, and whom it invites', () => {
    const invited = [{ name: 'd', clientAddress: 'd:6379', peerAddress: 'd:7000' }];
    const later: Configuration = { ...JOINT, featureLevel: 2, invited };
    const bytes = encodeConfiguration(later);
    expect(bytes[0]).toBe(2);
    expect(bytes.subarray(-20).toString('hex'))
      .toBe(['0200', '01', '010064', '0600643a36333739', '0600643a37303030'].join('').slice(-40));
    expect(parseConfiguration(bytes)).toEqual(later);
    for (let end = 0; end < bytes.length; end += 1) {
      expect([end, parseConfiguration(bytes.subarray(0, end))]).toEqual([end, undefined]);
    }
  });

  it('of the largest size is within its bound', () => {
    const text = 'x'.repeat(MEMBER_TEXT_BYTES_MAX - 2);
    const members = Array.from({ length: MEMBERS_MAX }, (_, i): Member => ({
      id: text + String(i).padStart(2, '0') as MemberId, name: text, clientAddress: text,
      peerAddress: text,
    }));
    const ids = members.map(({ id }) => id);
    const bytes = encodeConfiguration({
      voters: ids, outgoing: ids, learners: ids, members, featureLevel: 2, invited: members,
    });
    expect(bytes.length).toBeLessThanOrEqual(CONFIGURATION_BYTES_MAX);
    expect(parseConfiguration(bytes)?.voters).toEqual(ids);
  });

  it('keeps nothing of the bytes that it was parsed from', () => {
    const bytes = encodeConfiguration(JOINT);
    const parsed = parseConfiguration(bytes);
    bytes.fill(0);
    expect(parsed).toEqual(JOINT);
  });
});

describe('encoding asserts', () => {
  it.each([
    ['an id that is no member', { ...JOINT, members: [a, b] }],
    ['a member that is there twice', { ...JOINT, members: [a, b, c, a] }],
    ['a voter that is named twice', { ...JOINT, voters: [a.id, a.id] }],
    ['a text that is too long', { ...JOINT, members: [a, b, c, member('x'.repeat(300))] }],
    ['an invitation of the first feature level', { ...JOINT, invited: [a] }],
    ['too many members', {
      ...NO_MEMBERS, members: Array.from({ length: 65 }, (_, i) => member(`m${i}`)),
    }],
  ])('%s', (_, configuration) => {
    expect(() => encodeConfiguration(configuration)).toThrow(/assertion failed/);
  });
});

describe('parsing refuses', () => {
  const bytes = encodeConfiguration(JOINT);

  it('every part of the bytes, and more than them', () => {
    for (let end = 0; end < bytes.length; end += 1) {
      expect([end, parseConfiguration(bytes.subarray(0, end))]).toEqual([end, undefined]);
    }
    expect(parseConfiguration(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
    expect(parseConfiguration(Buffer.alloc(CONFIGURATION_BYTES_MAX + 1))).toBeUndefined();
  });

  it('another version, an unknown place, a place twice, a repeated id and broken UTF-8', () => {
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at] = value;
      return copy;
    };
    const voters = bytes.length - 7;
    expect([...bytes.subarray(voters)]).toEqual([2, 0, 1, 1, 2, 1, 2]);
    for (const [at, value] of [[0, 2], [0, 3], [1, 255], [voters + 1, 3], [voters + 1, 1], [4, 0xff]]) {
      expect([at, parseConfiguration(changed(at!, value!))]).toEqual([at, undefined]);
    }
    const b0 = bytes.indexOf(b.id);
    expect(parseConfiguration(changed(b0, a.id.charCodeAt(0)))).toBeUndefined();
  });

  it('or takes garbage, but only as something that it would write the same', () => {
    withSeed((random) => {
      for (let n = 0; n < 20_000; n += 1) {
        const garbage = random.below(2) === 0
          ? randomBytes(random, random.below(40), '\x00\x01\x02\x03a')
          : Buffer.from(bytes);
        if (garbage.length === bytes.length) garbage[random.below(bytes.length)] = random.below(256);
        const parsed = parseConfiguration(garbage);
        if (parsed !== undefined) expect(encodeConfiguration(parsed)).toEqual(garbage);
      }
    });
  });
});
