/**
 * Stryker's runner of vitest, which runs tests only for mutants that are in the sample and not
 * known to be equivalent; the others it calls survivors, and main.ts leaves them out. It is a
 * plugin, loaded by path in a process of its own.
 *
 * Rejected: an ignorer, because it leaves out all that is below a node of the source, not one
 * mutant; a checker, because Stryker runs one more process of tests when it has checked all.
 */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { strykerPlugins as vitestPlugins } from '@stryker-mutator/vitest-runner';
import { EQUIVALENTS } from './equivalents.ts';
import { changeOf, isInSample, isSame, type Change, type Mutant } from './mutants.ts';

/** In Stryker's options, under `sample`. */
export interface SampleOptions {
  readonly src: string;
  readonly oneIn: number;
}

type Factory = (typeof vitestPlugins)[number]['factory'];
type Injector = NonNullable<Parameters<Factory>[0]>;
type Runner = ReturnType<Factory>;

export const isEquivalent = (change: Change): boolean =>
  EQUIVALENTS.some((each) => isSame(each, change));

function createRunner(injector: Injector): Runner {
  const [plugin] = vitestPlugins;
  if (plugin === undefined) throw new Error('assertion failed: there is no runner of vitest');
  const { src, oneIn } = injector.resolve('options')['sample'] as SampleOptions;
  const runner = plugin.factory(injector);
  const run = runner.mutantRun.bind(runner);
  const texts = new Map<string, string>();
  const isWanted = (mutant: Mutant): boolean => {
    const text = texts.get(mutant.fileName) ?? readFileSync(mutant.fileName, 'utf8');
    texts.set(mutant.fileName, text);
    const change = changeOf(mutant, relative(src, mutant.fileName), text);
    return isInSample(change, oneIn) && !isEquivalent(change);
  };
  runner.mutantRun = async (options) => isWanted(options.activeMutant)
    ? run(options)
    : { status: 'survived', nrOfTests: 0 } as Awaited<ReturnType<typeof run>>;
  return runner;
}
createRunner.inject = ['$injector'] as const;

export const strykerPlugins = [{ kind: 'TestRunner', name: 'sample', factory: createRunner }];
