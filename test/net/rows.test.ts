import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineCommands } from '../../src/commands/command.ts';
import { NetLayer } from './net-layer.ts';

const REPLY_BYTES = 70_000;
let server: NetLayer;

/** SPEND <key> <ms> [LARGE]: takes so long, by the server's clock. */
const spend = defineCommands([{
  name: 'spend', group: 'generic', summary: 'For tests.', since: '1.0.0', arity: -3,
  flags: ['readonly', 'fast'], keys: { first: 1, last: 1, step: 1 },
  execute: ({ args, reply }) => {
    server.clock.advance(args.int(2) ?? 0);
    if (args.count > 3) reply.bulkText('x'.repeat(REPLY_BYTES));
    else reply.ok();
  },
}]);

beforeEach(async () => {
  server = await new NetLayer(spend).listen();
});

afterEach(async () => {
  await server.close();
});

describe('requests that run in a row', () => {
  it('leave the time to the one with the large reply that ends the row', async () => {
    server.slowMicroseconds = 5000;
    const client = await server.dial();
    client.send('SPEND a 0', 'SPEND b 0', 'SPEND large 6 LARGE', 'SPEND c 0');
    await client.expect('+OK', '+OK', `$${REPLY_BYTES}`, 'x'.repeat(REPLY_BYTES), '+OK');
    expect(server.slow).toEqual(['large 5998']);
    expect(server.called).toHaveLength(4);
  });

  it('are nowhere slow when none is', async () => {
    server.slowMicroseconds = 5000;
    const client = await server.dial();
    client.send('SPEND a 1', 'SPEND b 1', 'SPEND c 1');
    await client.expect('+OK', '+OK', '+OK');
    expect(server.slow).toEqual([]);
    expect(server.called).toEqual(['spend 3', 'spend 3', 'spend 3']);
  });
});
