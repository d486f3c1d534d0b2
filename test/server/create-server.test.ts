import { describe, expect, it } from 'vitest';
import { ServerOptionError, createServer, type ServerOptions } from '../../src/server.ts';

function refusal(options: Readonly<Record<string, unknown>>): string {
  try {
    createServer(options as ServerOptions);
  } catch (error) {
    if (error instanceof ServerOptionError && error.code === 'EOPTION') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('createServer', () => {
  it('names the option that it refuses, the value found and those allowed', () => {
    expect(refusal({ appendfsync: 'sometimes' })).toBe(
      "Option 'appendfsync' of createServer:\n    appendfsync: \"sometimes\"\n" +
      '    argument(s) must be one of the following: everysec, always, no\n' +
      '    allowed: everysec, always, no',
    );
    expect(refusal({ port: -1 })).toContain('port: -1\n');
    expect(refusal({ prot: 7379 })).toBe(
      "Option 'prot' of createServer:\n    prot: 7379\n" +
      '    Bad directive: dkvs knows no such option',
    );
  });

  it('names all of them, and speaks of no command line', () => {
    const text = refusal({ port: 'x', dir: '/tmp', maxclients: -1 });
    expect(text.match(/Option '\w+'/g)).toEqual(["Option 'port'", "Option 'maxclients'"]);
    expect(text).not.toMatch(/command line|--/);
  });

  it('takes an option that is undefined as not given', () => {
    const options: Readonly<Record<string, unknown>> = { port: 0, hz: undefined };
    expect(() => createServer(options as ServerOptions)).not.toThrow();
  });
});
