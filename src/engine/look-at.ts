/** What a request will look up, told to a lookahead (keyspace/storage.ts). */

import type { Command } from '../commands/command.ts';
import { lastPosition } from '../commands/visit-keys.ts';
import type { Lookahead } from '../keyspace/storage.ts';
import type { Args } from '../protocol/args.ts';

export function lookAt(
  lookahead: Lookahead, space: number, args: Args, { keys, fields }: Command,
): void {
  if (keys === undefined) return;
  const last = lastPosition(keys, args.count);
  for (let i = keys.first; i <= last; i += keys.step) lookahead.add(space, args.at(i));
  if (fields === undefined) return;
  const lastField = lastPosition(fields, args.count);
  for (let i = fields.first; i <= lastField; i += fields.step) lookahead.addElement(args.at(i));
}
