import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../src/cli/ask.ts';
import { reservePorts } from '../lib/reserve-ports.ts';
import { TestServer } from '../server/test-server.ts';

describe('a question to a server', () => {
  let open: TestServer;
  let closed: TestServer;
  beforeAll(async () => {
    open = await TestServer.start();
    closed = await TestServer.start({ requirepass: 'secret' });
  });
  afterAll(async () => {
    await open?.stop();
    await closed?.stop();
  });
  const to = (port: number, password = '') => ({ host: '127.0.0.1', port, password });

  it('is answered with the elements of an array', async () => {
    expect(await ask(to(open.port), ['CONFIG', 'GET', 'hz'])).toEqual(['hz', '10']);
    expect(await ask(to(open.port), ['CONFIG', 'GET', 'nosuch'])).toEqual([]);
  });

  it('is asked behind the password', async () => {
    expect(await ask(to(closed.port, 'secret'), ['CONFIG', 'GET', 'hz'])).toEqual(['hz', '10']);
    expect(await ask(to(closed.port, 'wrong'), ['CONFIG', 'GET', 'hz'])).toBeUndefined();
    expect(await ask(to(closed.port), ['CONFIG', 'GET', 'hz'])).toBeUndefined();
  });

  it('has no answer where nobody listens, or where it is an error or not flat', async () => {
    const [port] = await reservePorts(1);
    expect(await ask(to(port!), ['PEERS', 'LEADER'])).toBeUndefined();
    expect(await ask(to(open.port), ['PEERS', 'LEADER'])).toBeUndefined();
    expect(await ask(to(open.port), ['GET', 'nosuch'])).toBeUndefined();
  });
});
