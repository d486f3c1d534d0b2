/**
 * Stryker asks checkers whether a mutant is worth its tests. This one keeps those that are in the
 * sample and not known to be equivalent. It is a plugin, loaded by path in a process of its own.
 */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { EQUIVALENTS } from './equivalents.ts';
import { changeOf, isInSample, isSame, type Change, type Mutant } from './mutants.ts';

/** In Stryker's options, under `sample`. */
export interface SampleOptions {
  readonly src: string;
  readonly oneIn: number;
}

type Answer = { readonly status: 'passed' } |
  { readonly status: 'compileError'; readonly reason: string };

export const isEquivalent = (change: Change): boolean =>
  EQUIVALENTS.some((each) => isSame(each, change));

class SampleChecker {
  static readonly inject = ['options'] as const;
  readonly #sample: SampleOptions;
  readonly #texts = new Map<string, string>();

  constructor(options: { readonly sample: SampleOptions }) {
    this.#sample = options.sample;
  }

  async init(): Promise<void> {}

  async check(mutants: readonly (Mutant & { readonly id: string })[]): Promise<object> {
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, this.#answer(mutant)]));
  }

  #answer(mutant: Mutant): Answer {
    const { src, oneIn } = this.#sample;
    const text = this.#texts.get(mutant.fileName) ?? readFileSync(mutant.fileName, 'utf8');
    this.#texts.set(mutant.fileName, text);
    const change = changeOf(mutant, relative(src, mutant.fileName), text);
    if (!isInSample(change, oneIn)) return { status: 'compileError', reason: 'not in the sample' };
    if (isEquivalent(change)) return { status: 'compileError', reason: 'equivalent' };
    return { status: 'passed' };
  }
}

export const strykerPlugins = [
  { kind: 'Checker', name: 'sample', injectableClass: SampleChecker },
];
