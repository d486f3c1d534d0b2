/** Waiting until clients wait for a key, which INFO counts. */

import { eventually } from '../wire/eventually.ts';

/** `info` gets the section `clients` of INFO. */
export async function untilBlocked(info: () => Promise<string>, count: number): Promise<void> {
  await eventually(`${count} clients to be blocked`, async () =>
    (await info()).includes(`\r\nblocked_clients:${count}\r\n`));
}
