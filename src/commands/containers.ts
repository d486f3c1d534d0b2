/** Commands that are only a name for their subcommands: CLIENT, CONFIG, SLOWLOG and the like. */

import type { Command, Context } from './command.ts';

/** The parent, with its subcommands and a HELP that is made from their syntax and summaries. */
export function container(parent: Command, subcommands: readonly Command[]): Command {
  const help = helpOf(parent, subcommands);
  return { ...parent, subcommands: [...subcommands, help] };
}

export function unknownSubcommand(subcommand: string, parent: string): string {
  return `ERR unknown subcommand '${subcommand}'. Try ${parent} HELP.`;
}

/** What Redis replies when a subcommand got arguments that its arity allows and its syntax not. */
export function wrongSubcommand(subcommand: string, parent: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. ` +
    `Try ${parent} HELP.`;
}

/** Replies HELP: a heading, then each subcommand with its summary below it. */
export function replyHelp(ctx: Context, name: string, lines: readonly string[]): void {
  const all = [
    `${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`, ...lines, 'HELP',
    '    These lines.',
  ];
  ctx.reply.array(all.length);
  for (const line of all) ctx.reply.simple(line);
}

function helpOf(parent: Command, subcommands: readonly Command[]): Command {
  const title = parent.name.toUpperCase();
  const lines = subcommands.flatMap(({ name, syntax, summary }) => {
    const word = name.slice(parent.name.length + 1).toUpperCase();
    return [syntax === undefined ? word : `${word} ${syntax}`, `    ${summary}`];
  });
  return {
    name: `${parent.name}|help`, group: parent.group, since: '5.0.0', arity: 2,
    flags: ['loading', 'stale'], complexity: 'O(1)',
    execute: (ctx) => replyHelp(ctx, title, lines),
    summary: `Describes the subcommands of ${title}.`,
    ...(parent.categories === undefined ? {} : { categories: parent.categories }),
  };
}
