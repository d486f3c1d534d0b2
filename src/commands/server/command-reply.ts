/** What COMMAND INFO and COMMAND DOCS reply of one command, from its facts alone. */

import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { aclCategories } from './acl-categories.ts';
import { parseArguments, type CommandArgument } from './argument-notation.ts';
import { COMMAND_ARGUMENTS } from './command-arguments.ts';
import type { CommandFacts, Flag, KeyPositions } from '../command-facts.ts';
import { keySpecs, type KeySpec } from '../key-specs.ts';

/** The flags that clients know, in the order in which Redis lists them. */
const FLAGS: readonly Flag[] = [
  'write', 'readonly', 'denyoom', 'admin', 'pubsub', 'noscript', 'blocking', 'loading', 'stale',
  'skip_monitor', 'skip_slowlog', 'fast', 'no_auth', 'no_mandatory_keys', 'no_async_loading',
  'no_multi', 'movablekeys', 'allow_busy',
];

const NO_POSITIONS: KeyPositions = { first: 0, last: 0, step: 0 };

/**
 * Ten elements: name, arity, flags, three key positions, categories, tips, key specs, subcommands.
 */
export function replyCommandInfo(reply: ReplyWriter, command: CommandFacts): void {
  const { first, last, step } = command.keys ?? NO_POSITIONS;
  reply.array(10);
  reply.bulkText(command.name);
  reply.integer(command.arity);
  replyWords(reply, FLAGS.filter((flag) => command.flags.includes(flag)));
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  replyWords(reply, aclCategories(command).map((category) => `@${category}`));
  reply.set(0);
  replyKeySpecs(reply, command);
  const { subcommands = [] } = command;
  if (subcommands.length === 0) return reply.set(0);
  reply.array(subcommands.length);
  for (const subcommand of subcommands) replyCommandInfo(reply, subcommand);
}

function replyWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyKeySpecs(reply: ReplyWriter, command: CommandFacts): void {
  const specs = keySpecs(command);
  reply.set(specs.length);
  for (const spec of specs) replyKeySpec(reply, spec);
}

function replyKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  const { flags, isCounted, isUnknown, keyword, notes, positions } = spec;
  const { first, last, step } = positions;
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulkText('notes');
    reply.bulkText(notes);
  }
  reply.bulkText('flags');
  replyWords(reply, flags);
  if (isUnknown === true) {
    replySpec(reply, 'begin_search', 'unknown', []);
    return replySpec(reply, 'find_keys', 'unknown', []);
  }
  if (keyword !== undefined) {
    replySpec(reply, 'begin_search', 'keyword', [['keyword', keyword], ['startfrom', first]]);
  } else {
    const index = isCounted === true ? first - 1 : first;
    replySpec(reply, 'begin_search', 'index', [['index', index]]);
  }
  if (isCounted === true) {
    return replySpec(
      reply, 'find_keys', 'keynum', [['keynumidx', 0], ['firstkey', 1], ['keystep', 1]]);
  }
  replySpec(reply, 'find_keys', 'range', [
    // Redis counts `last` from the first key here, unless it counts from the end.
    ['lastkey', last < 0 ? last : last - first], ['keystep', step], ['limit', 0],
  ]);
}

function replySpec(
  reply: ReplyWriter, name: string, type: string,
  spec: readonly (readonly [string, number | string])[],
): void {
  reply.bulkText(name);
  reply.map(2);
  reply.bulkText('type');
  reply.bulkText(type);
  reply.bulkText('spec');
  reply.map(spec.length);
  for (const [field, value] of spec) {
    reply.bulkText(field);
    if (typeof value === 'string') reply.bulkText(value);
    else reply.integer(value);
  }
}

/** Its name, then a map of what is known for people. */
export function replyCommandDocs(reply: ReplyWriter, command: CommandFacts): void {
  const { name, summary, since, group, complexity, subcommands = [] } = command;
  const fields: (readonly [string, string])[] = [
    ['summary', summary], ['since', since], ['group', group],
  ];
  if (complexity !== undefined) fields.push(['complexity', complexity]);
  const notation = COMMAND_ARGUMENTS[name];
  reply.bulkText(name);
  const isContainer = subcommands.length > 0;
  reply.map(fields.length + (notation === undefined ? 0 : 1) + (isContainer ? 1 : 0));
  for (const [field, value] of fields) {
    reply.bulkText(field);
    reply.bulkText(value);
  }
  if (notation !== undefined) replyArguments(reply, parseArguments(notation));
  if (!isContainer) return;
  reply.bulkText('subcommands');
  reply.map(subcommands.length);
  for (const subcommand of subcommands) replyCommandDocs(reply, subcommand);
}

function replyArguments(reply: ReplyWriter, found: readonly CommandArgument[]): void {
  reply.bulkText('arguments');
  reply.array(found.length);
  for (const argument of found) replyArgument(reply, argument);
}

function replyArgument(reply: ReplyWriter, argument: CommandArgument): void {
  const { name, type, keySpec, token, since, deprecatedSince, flags, inner } = argument;
  const texts = Object.entries({ name, type, token, since, deprecated_since: deprecatedSince })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const isKey = keySpec !== undefined;
  const more = (isKey ? 1 : 0) + (flags.length > 0 ? 1 : 0) + (inner.length > 0 ? 1 : 0);
  reply.map(texts.length + more);
  for (const [field, text] of texts) {
    reply.bulkText(field);
    reply.bulkText(text);
    if (field !== 'type' || !isKey) continue;
    reply.bulkText('key_spec_index');
    reply.integer(keySpec);
  }
  if (flags.length > 0) {
    reply.bulkText('flags');
    replyWords(reply, flags);
  }
  if (inner.length > 0) replyArguments(reply, inner);
}
