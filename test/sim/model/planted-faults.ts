/**
 * Faults of a server, planted on the wire: a command is replaced by one with the same reply and
 * another effect, or a reply is changed. Each happens now and then.
 */

import type { Random } from '../../../src/lib/random.ts';
import type { Tampering } from './model-run.ts';
import { integer, NIL, type Reply } from './reply.ts';

type Command = readonly string[];

/** Undefined leaves it as it is. */
type Replace = (command: Command) => Command | undefined;

const ONE_IN = 4;

function nameOf(command: Command): string {
  return (command[0] ?? '').toUpperCase();
}

/** Replaces one in a few of the commands that it applies to. */
function asking(random: Random, replace: Replace): Tampering {
  return {
    ask: (pipeline) => pipeline.map((command) => {
      const other = replace(command);
      return other !== undefined && random.below(ONE_IN) === 0 ? other : command;
    }),
  };
}

function answering(
  random: Random, change: (command: Command, reply: Reply) => Reply | undefined,
): Tampering {
  return {
    answer: (pipeline, replies) => replies.map((reply, i) => {
      const other = change(pipeline[i]!, reply);
      return other !== undefined && random.below(ONE_IN) === 0 ? other : reply;
    }),
  };
}

/** The command with another name, if it has this one. */
function renamed(from: string, to: string): Replace {
  return (command) => (nameOf(command) === from ? [to, ...command.slice(1)] : undefined);
}

const lostSet: Replace = (command) =>
  (nameOf(command) === 'SET' && command.length === 3 ? ['SET', 'elsewhere', 'x'] : undefined);

const expiryLostBySet: Replace = (command) =>
  (command[3] === 'PX' ? command.slice(0, 3) : undefined);

const doubledAppend: Replace = ([name = '', key = '', text = '']) =>
  (name === 'APPEND' ? [name, key, text + text] : undefined);

const oneFieldForAnother: Replace = ([name = '', key = '', field = '', ...rest]) =>
  (name === 'HSET' ? [name, key, `${field}0`, ...rest] : undefined);

/** Most likely it is as new, and the reply is the same. */
const anotherElement: Replace = ([name = '', key = '', ...elements]) =>
  (name === 'PFADD' && elements.length > 0 ? [name, key, `not ${elements[0]!}`] : undefined);

/** The reply is the same. */
const longerLife: Replace = ([name = '', key = '', ms = '', ...rest]) =>
  (name === 'HPEXPIRE' && Number(ms) < 1000
    ? [name, key, `${Number(ms) + 5000}`, ...rest] : undefined);

/** The last byte of a long value is another one. */
const damagedValue: Replace = ([name = '', key = '', value = '', ...rest]) =>
  (name === 'SET' && value.length > 1000
    ? [name, key, `${value.slice(0, -1)}~`, ...rest] : undefined);

/** Two commands that follow each other are executed the other way round. */
function swapped(random: Random): Tampering {
  let isSwapped = false;
  const swap = <T>(list: readonly T[]): readonly T[] =>
    (isSwapped ? [list[1]!, list[0]!, ...list.slice(2)] : list);
  return {
    ask: (pipeline) => {
      isSwapped = pipeline.length > 1 && random.below(ONE_IN) === 0;
      return swap(pipeline);
    },
    answer: (_, replies) => swap(replies),
  };
}

/** A late read: the reply of the same command, asked before. */
function staleReply(random: Random): Tampering {
  const before = new Map<string, Reply>();
  return answering(random, (command, reply) => {
    if (nameOf(command) !== 'GET') return undefined;
    const old = before.get(command[1] ?? '');
    before.set(command[1] ?? '', reply);
    return old;
  });
}

export const PLANTED_FAULTS: Readonly<Record<string, (random: Random) => Tampering>> = {
  'a SET is lost': (random) => asking(random, lostSet),
  'a DEL replies and does nothing': (random) => asking(random, renamed('DEL', 'TOUCH')),
  'an INCR counts twice': (random) =>
    asking(random, ([name, key = '']) => (name === 'INCR' ? ['INCRBY', key, '2'] : undefined)),
  'an APPEND is made twice': (random) => asking(random, doubledAppend),
  'an expiry is lost': (random) => asking(random, expiryLostBySet),
  'a field lives longer than it was told to': (random) => asking(random, longerLife),
  'PEXPIRE replies and does nothing': (random) => asking(random, renamed('PEXPIRE', 'EXISTS')),
  'PERSIST replies and does nothing': (random) => asking(random, renamed('PERSIST', 'EXISTS')),
  'PFADD adds another element': (random) => asking(random, anotherElement),
  'PFMERGE leaves out what it merges': (random) =>
    asking(random, ([name, to = '']) => (name === 'PFMERGE' ? [name, to] : undefined)),
  'a field gets another name': (random) => asking(random, oneFieldForAnother),
  'RENAME leaves the source': (random) =>
    asking(random, ([name, ...keys]) => (name === 'RENAME' ? ['COPY', ...keys] : undefined)),
  'WATCH notices nothing': (random) =>
    asking(random, (command) => (nameOf(command) === 'WATCH' ? ['UNWATCH'] : undefined)),
  'a transaction is dropped': (random) =>
    asking(random, (command) => (nameOf(command) === 'EXEC' ? ['DISCARD'] : undefined)),
  'a long value has a wrong byte': (random) => asking(random, damagedValue),
  'two commands change places': swapped,
  'a GET is stale': staleReply,
  'a GET finds nothing': (random) =>
    answering(random, (command) => (nameOf(command) === 'GET' ? NIL : undefined)),
  'an integer is one too large': (random) => answering(random, (_, reply) =>
    (reply.kind === 'integer' ? integer(BigInt(reply.value) + 1n) : undefined)),
  'HGETALL misses a field': (random) => answering(random, (command, reply) =>
    (nameOf(command) === 'HGETALL' && reply.kind === 'array' && reply.items.length > 0
      ? { kind: 'array', items: reply.items.slice(2) } : undefined)),
};
