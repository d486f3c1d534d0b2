/** INFO: figures of the server in sections, as lines `name:value`. */

import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context } from '../command.ts';
import type { InfoSection } from '../server-port.ts';

/** Neither the default nor `all` has more than this section to leave out. */
const ONLY_IN_EVERYTHING = 'Modules';

function info({ args, reply, server }: Context): void {
  const sections = server.info();
  const wanted = wantedTitles(args, sections);
  const texts = sections.filter(({ title }) => wanted.has(title)).map(formatSection);
  reply.verbatim('txt', texts.join('\r\n'));
}

/** Titles of the sections that are asked for; names that no section has are ignored. */
function wantedTitles(args: Args, sections: readonly InfoSection[]): ReadonlySet<string> {
  const wanted = new Set<string>();
  const addAll = (keeps: (section: InfoSection) => boolean): void => {
    for (const section of sections) if (keeps(section)) wanted.add(section.title);
  };
  if (args.count === 1) addAll(({ byDefault }) => byDefault);
  for (let i = 1; i < args.count; i++) {
    const word = args.text(i).toLowerCase();
    if (word === 'default') addAll(({ byDefault }) => byDefault);
    else if (word === 'all') addAll(({ title }) => title !== ONLY_IN_EVERYTHING);
    else if (word === 'everything') addAll(() => true);
    else addAll(({ title }) => title.toLowerCase() === word);
  }
  return wanted;
}

function formatSection({ title, fields }: InfoSection): string {
  const lines = fields().map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join('')}`;
}

export const infoCommands = defineCommands([
  {
    name: 'info', group: 'server', since: '1.0.0', arity: -1, flags: ['loading', 'stale'],
    categories: ['dangerous'], syntax: '[<section> ...]',
    complexity: 'O(N) in the number of connections', execute: info,
    summary: 'Replies figures of the server, all or by section.',
  },
]);
