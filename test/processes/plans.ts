/**
 * What is done to servers at once, and what clients must see until it is undone. Pure: a plan is a
 * value, and trouble.ts carries it out.
 *
 * What a plan expects does not rest on who leads: the leader may change while it is made.
 */

import type { Random } from '../../src/lib/random.ts';
import type { PrivateNetwork } from './private-network.ts';

export interface Plan {
  readonly what: string;
  readonly cut: (network: PrivateNetwork) => void;
  readonly killed: readonly number[];
  /** These live and cannot have a majority: from the cut on nothing more gets its consent. */
  readonly refusing: readonly number[];
  /** These reach a majority, and all that it reaches: they must soon take writes. */
  readonly serving: readonly number[];
  /** It lasts until those who refuse have given up their connections to all others. */
  readonly outlastsLinks: boolean;
}

export type MakePlan = (leader: number, random: Random) => Plan;
export type NextPlan = (leader: number, random: Random) => Plan | undefined;

/** How a group is cut off: both ways, or with one way left open. */
type CutOff = 'isolate' | 'deafen' | 'mute';

export const CUT_OFFS: readonly CutOff[] = ['isolate', 'deafen', 'mute'];

/** `group` is a minority. */
export function cutOff(how: CutOff, group: readonly number[], all: readonly number[]): Plan {
  return {
    what: `${how} ${group.join(' and ')}`, cut: (network) => network[how](group),
    killed: [], refusing: group, serving: without(all, group), outlastsLinks: false,
  };
}

/** Two that do not reach each other, and both reach all others. */
export function apart(one: number, other: number, all: readonly number[]): Plan {
  return {
    what: `${one} and ${other} apart`, cut: (network) => network.cut([one], [other]),
    killed: [], refusing: [], serving: without(all, [one, other]), outlastsLinks: false,
  };
}

/** One that another does not hear, and is heard by all others. */
export function unheard(from: number, to: number, all: readonly number[]): Plan {
  return {
    what: `${from} unheard by ${to}`, cut: (network) => network.drop(from, to),
    killed: [], refusing: [], serving: without(all, [from, to]), outlastsLinks: false,
  };
}

/** Each of `cut` is alone, `killed` are dead, and the others are together. */
export function lost(
  cut: readonly number[], killed: readonly number[], all: readonly number[],
): Plan {
  const left = without(all, [...cut, ...killed]);
  const isMajority = left.length * 2 > all.length;
  return {
    what: [...cut.map((i) => `isolate ${i}`), ...killed.map((i) => `kill ${i}`)].join(' and '),
    cut: (network) => cut.forEach((host) => network.isolate([host])),
    killed,
    refusing: isMajority ? cut : [...cut, ...left],
    serving: isMajority ? left : [],
    outlastsLinks: false,
  };
}

/** Groups that are all too small. */
export function shattered(groups: readonly (readonly number[])[]): Plan {
  return {
    what: groups.map((group) => group.join(' and ')).join(' | '),
    cut: (network) => groups.forEach((group) => network.isolate(group)),
    killed: [], refusing: groups.flat(), serving: [], outlastsLinks: false,
  };
}

export function without(all: readonly number[], some: readonly number[]): number[] {
  return all.filter((one) => !some.includes(one));
}

export function shuffle<T>(random: Random, values: readonly T[]): T[] {
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0]!);
}

/** Each of them once, in an order that the seed chooses. */
export function inSomeOrder(plans: readonly MakePlan[]): NextPlan {
  let left: MakePlan[] | undefined;
  return (leader, random) => {
    left ??= shuffle(random, plans);
    return left.shift()?.(leader, random);
  };
}
