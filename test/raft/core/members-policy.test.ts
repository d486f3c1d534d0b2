import { describe, expect, it } from 'vitest';
import type { Configuration, NamedPeer } from '../../../src/raft/core/entry.ts';
import {
  nextMembers, withInvited, withoutInvited, type MembersView,
} from '../../../src/raft/core/members-policy.ts';
import { LoneRaft } from './lone-raft.ts';
import { configurationOf, idOf, memberOf } from './members.ts';

const D: NamedPeer = { name: 'd', clientAddress: 'd:6379', peerAddress: 'd:7379' };

function view(configuration: Configuration, given: Partial<MembersView> = {}): MembersView {
  return {
    configuration, commit: 10, lagMax: 3, present: [], matchOf: () => undefined,
    levelOf: () => undefined, ...given,
  };
}

/** a leads b and c at this feature level, and knows that a majority has it. */
function leadAt(featureLevel: number): LoneRaft {
  const lone = new LoneRaft().lead();
  if (featureLevel === 1) return lone;
  const { voters, learners, members } = lone.raft.status.configuration;
  change(lone, { voters, learners, members, featureLevel });
  return lone;
}

function change(lone: LoneRaft, target: Parameters<typeof lone.raft.membersRefusal>[0]): void {
  expect(lone.raft.membersRefusal(target)).toBeUndefined();
  lone.step({ kind: 'changeMembers', target });
  lone.persist();
  lone.answer('b');
}

describe('the feature level', () => {
  const levels = (known: Record<string, number>) => ({ levelOf: (id: string) => known[id] });

  it('rises when every member has announced more, to the lowest of them', () => {
    const three = configurationOf('a,b', 'c');
    expect(nextMembers(view(three, levels({ a: 2, b: 2 })))).toBeUndefined();
    expect(nextMembers(view(three, levels({ a: 3, b: 1, c: 2 })))).toBeUndefined();
    expect(nextMembers(view(three, levels({ a: 3, b: 2, c: 4 })))?.featureLevel).toBe(2);
    const second = { ...three, featureLevel: 2 };
    expect(nextMembers(view(second, levels({ a: 2, b: 2, c: 2 })))).toBeUndefined();
  });

  it('is kept by every change of members, and never goes down', () => {
    const lone = leadAt(2);
    const members = [memberOf(idOf('a')), memberOf(idOf('b'))];
    const target = { voters: [idOf('a'), idOf('b')], learners: [], members };
    expect(lone.raft.membersRefusal({ ...target, featureLevel: 1 }))
      .toBe('the feature level never goes down');
    change(lone, target);
    expect(lone.raft.status.configuration).toMatchObject({ featureLevel: 2, outgoing: [] });
  });
});

describe('an invitation', () => {
  it('is refused while a member may run a build that cannot read it', () => {
    const lone = leadAt(1);
    const target = withInvited(lone.raft.status.configuration, [D]);
    expect(lone.raft.membersRefusal(target)).toMatch(/an invitation needs feature level 2/);
  });

  it('is in the order: a member that never led knows it', () => {
    const lone = leadAt(2);
    change(lone, withInvited(lone.raft.status.configuration, [D]));
    const { configuration } = lone.raft.committedConfiguration;
    expect(configuration.invited).toEqual([D]);
    const present = [memberOf(idOf('d'))];
    expect(nextMembers(view(configuration, { present }))?.learners).toEqual(['d']);
    expect(nextMembers(view(configurationOf('a,b,c'), { present }))).toBeUndefined();
  });

  it('ends when the peer becomes a member', () => {
    const lone = leadAt(2);
    change(lone, withInvited(lone.raft.status.configuration, [D]));
    const present = [memberOf(idOf('d'))];
    change(lone, nextMembers(view(lone.raft.status.configuration, { present }))!);
    expect(lone.raft.status.configuration).toMatchObject({ learners: ['d'], invited: [] });
  });

  it('can be withdrawn', () => {
    const invited = { ...configurationOf('a,b,c'), featureLevel: 2, invited: [D] };
    expect(withoutInvited(invited, 'e')).toBeUndefined();
    expect(withoutInvited(invited, 'd')?.invited).toEqual([]);
  });
});
