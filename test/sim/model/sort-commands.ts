/**
 * SORT by bytes or not at all, as random commands use it:
 *
 *     SORT key [STORE destination] [ALPHA | BY nosort] [DESC] [LIMIT first count] [GET # | GET x]...
 *
 * A server may compare by its locale where nothing is stored, so there only BY nosort is modelled.
 */

import { CommandError, WRONG_TYPE, type Execution } from './execution.ts';
import { exactly, some, type Expectation } from './expectation.ts';
import { write, type ModelCommand } from './model-command.ts';
import { mustNumber, syntaxError } from './parse.ts';
import { array, bulk, integer, NIL, textsOf, type Reply } from './reply.ts';
import { isList, isSet, isSortedSet, type Value } from './value.ts';

interface Options {
  target: string | undefined;
  isSorted: boolean;
  isDescending: boolean;
  first: number;
  count: number;
  gets: string[];
}

function parseOptions(args: readonly string[]): Options {
  const options: Options = {
    target: undefined, isSorted: true, isDescending: false, first: 0, count: -1, gets: [],
  };
  for (let at = 2; at < args.length; at++) {
    switch (args[at]!.toUpperCase()) {
      case 'STORE': options.target = args[++at]; break;
      case 'ALPHA': break;
      case 'BY': options.isSorted = args[++at]!.includes('*'); break;
      case 'DESC': options.isDescending = true; break;
      case 'GET': options.gets.push(args[++at]!); break;
      case 'LIMIT':
        options.first = mustNumber(args[++at]!);
        options.count = mustNumber(args[++at]!);
        break;
      default: syntaxError();
    }
  }
  return options;
}

function sort(execution: Execution, args: readonly string[]): Expectation | Reply {
  const options = parseOptions(args);
  const { count, gets, isDescending, isSorted, target } = options;
  const value = execution.find(args[1]!)?.value ?? [];
  const elements = elementsOf(value);
  const mustSort = isSorted || (isSet(value) && target !== undefined);
  // Texts are latin1: their order is that of the bytes.
  const upwards = mustSort ? elements.toSorted(byBytes) : elements;
  const ordered = isDescending ? upwards.toReversed() : upwards;
  const first = Math.max(0, options.first);
  const taken = count < 0 ? ordered.slice(first) : ordered.slice(first, first + count);
  const results = gets.length === 0 ? taken : taken.flatMap((element) =>
    gets.map((get) => (get === '#' ? element : undefined)));
  if (target !== undefined) return store(execution, target, results);
  return isSet(value) ? anyOf(results) : exactly(replyOf(results));
}

/** In the order that the value has; none for a set. */
function elementsOf(value: Value): readonly string[] {
  if (isList(value)) return value;
  if (isSet(value)) return [...value];
  if (isSortedSet(value)) return value.ordered.map(([member]) => member);
  throw new CommandError(WRONG_TYPE);
}

function byBytes(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

type Results = readonly (string | undefined)[];

function store(execution: Execution, target: string, results: Results): Reply {
  const isThere = execution.find(target) !== undefined;
  if (results.length > 0) execution.put(target, results.map((result = '') => result));
  else if (isThere) execution.remove(target);
  return integer(results.length);
}

function replyOf(results: Results): Reply {
  return array(results.map((result) => (result === undefined ? NIL : bulk(result))));
}

/** Of a set that is not sorted, all of it. */
function anyOf(results: Results): Expectation {
  const wanted = results.map((result = '') => result).toSorted();
  return some(() => `in any order ${wanted.join(' ')}`, (reply) => {
    const found = reply.kind === 'array' ? textsOf(reply)?.toSorted() : undefined;
    return found?.length === wanted.length && wanted.every((text, i) => text === found[i]);
  });
}

export const sortCommands: readonly ModelCommand[] = [write('SORT', -2, 'stored', sort)];
