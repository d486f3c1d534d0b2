import { describe, expect, it } from 'vitest';
import { QUEUED_REQUEST_BYTES } from '../../../src/session/transaction.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { TestServer } from '../../server/test-server.ts';
import type { WireClient } from '../../wire/wire-client.ts';

async function connect(options = {}): Promise<WireClient> {
  return (await TestServer.inMemory(options)).connect();
}

/** A field of what CLIENT INFO says of the connection. */
async function field(client: WireClient, name: string): Promise<string | undefined> {
  const line = await client.ask('CLIENT INFO') as string;
  return new RegExp(` ${name}=(\\S*)`).exec(line)?.[1];
}

const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';

describe('AUTH and HELLO', () => {
  it('let nobody do anything else while a password is set', async () => {
    const client = await connect({ requirepass: 'secret' });
    for (const command of ['GET a', 'PING', 'CLIENT ID', 'MULTI', 'SUBSCRIBE a', 'INFO']) {
      expect(await client.run(command)).toBe('-NOAUTH Authentication required.\r\n');
    }
    expect(await client.run('HELLO 3')).toMatch(/^-NOAUTH HELLO must be called/);
    expect(await client.run('HELLO')).toMatch(/^-NOAUTH /);
    expect(await client.run('AUTH wrong')).toBe(WRONG);
    expect(await client.run('AUTH secre')).toBe(WRONG);
    expect(await client.run('AUTH nobody secret')).toBe(WRONG);
    expect(await client.run('AUTH secret')).toBe('+OK\r\n');
    expect(await client.run('PING')).toBe('+PONG\r\n');
    expect(await client.run('AUTH wrong')).toBe(WRONG);
    expect(await client.run('PING')).toBe('+PONG\r\n');
    await client.run('RESET');
    expect(await client.run('PING')).toBe('-NOAUTH Authentication required.\r\n');
  });

  it('authenticate, name and switch the protocol in one HELLO, or do none of it', async () => {
    const client = await connect({ requirepass: 'secret' });
    expect(await client.run('HELLO 3 AUTH default wrong SETNAME me')).toBe(WRONG);
    expect(await client.run('PING')).toMatch(/^-NOAUTH /);
    const hello = await client.ask('HELLO 3 AUTH default secret SETNAME me');
    expect(hello).toEqual(new Map<string, unknown>([
      ['server', 'redis'], ['version', '7.2.4'], ['proto', 3], ['id', 1], ['mode', 'standalone'],
      ['role', 'master'], ['modules', []],
    ]));
    expect(await client.run('CLIENT GETNAME')).toBe('$2\r\nme\r\n');
    expect(await client.run('HELLO')).toContain('%7\r\n');
  });

  it('show no password to MONITOR and SLOWLOG', async () => {
    const server = await TestServer.inMemory({ 'slowlog-log-slower-than': 0 });
    const watcher = await server.connect();
    await watcher.run('MONITOR');
    const client = await server.connect();
    for (const command of [
      'AUTH default pw', 'HELLO 2 AUTH default pw', 'CONFIG SET requirepass pw', 'PING pong',
    ]) await client.run(command);
    expect(await watcher.reply())
      .toMatch(/^\+\d+\.\d{6} \[0 127\.0\.0\.1:50002\] "PING" "pong"\r\n$/);
    const logged = await client.ask('SLOWLOG GET -1') as unknown[][];
    expect(logged.map(([, , , words]) => (words as string[]).join(' ')))
      .toEqual(['PING pong', 'MONITOR']);
  });

  it('keep a client in when a password is set after it came', async () => {
    const server = await TestServer.inMemory();
    const early = await server.connect();
    await early.run('CONFIG SET requirepass pw');
    const late = await server.connect();
    expect(await early.run('PING')).toBe('+PONG\r\n');
    expect(await late.run('PING')).toMatch(/^-NOAUTH/);
    expect(await late.run('AUTH pw')).toBe('+OK\r\n');
    const [line] = await late.ask('ACL LIST') as [string];
    expect(line).toMatch(/^user default on #[0-9a-f]{64} ~\* &\* \+@all$/);
    expect(await late.ask('ACL GETUSER default')).toContain('passwords');
  });
});

describe('RESET and QUIT', () => {
  it('make the connection a new one', async () => {
    const client = await connect();
    for (const command of [
      'HELLO 3 SETNAME me', 'SELECT 3', 'SUBSCRIBE a', 'PSUBSCRIBE b', 'SSUBSCRIBE c',
      'CLIENT NO-EVICT ON', 'MULTI',
    ]) await client.run(command);
    expect(await client.run('RESET')).toBe('+RESET\r\n');
    expect(await client.ask('CLIENT INFO')).toMatch(
      / name= .* flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 .* resp=2 /);
  });

  it('close the connection after the reply', async () => {
    const client = await connect();
    await client.run('MULTI');
    expect(await client.run('QUIT now')).toBe('+OK\r\n');
    await client.closed();
  });
});

describe('CLIENT', () => {
  it('lists every connection with the fields of Redis 7.2, and itself alone in INFO', async () => {
    const server = await TestServer.inMemory();
    const one = await server.connect();
    const two = await server.connect();
    await two.run('SUBSCRIBE a');
    await one.run('CLIENT SETNAME first');
    await one.run('CLIENT SETINFO LIB-NAME lib');
    await one.run('CLIENT SETINFO lib-ver 1.2');
    server.clock.advance(5500);
    const lines = (await one.ask('CLIENT LIST') as string).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe(
      'id=1 addr=127.0.0.1:50001 laddr=127.0.0.1:6379 fd=-1 name=first age=5 idle=0 flags=N db=0 ' +
      'sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 ' +
      'oll=0 omem=0 tot-mem=10 events=r cmd=client|list user=default redir=-1 resp=2 ' +
      'lib-name=lib lib-ver=1.2',
    );
    expect(lines[1]).toContain('flags=P db=0 sub=1 ');
    expect(await one.ask('CLIENT INFO')).toBe(`${lines[0]?.replace('|list', '|info')}\n`);
    expect(await one.ask('CLIENT LIST TYPE pubsub')).toBe(`${lines[1]}\n`);
    expect(await one.ask('CLIENT LIST ID 2 7 2')).toBe(`${lines[1]}\n${lines[1]}\n`);
  });

  it('count what MULTI has queued, and the request that runs', async () => {
    const server = await TestServer.inMemory();
    const [one, two] = [await server.connect(), await server.connect()];
    await two.run('MULTI');
    const clientBytes = async (): Promise<number> =>
      Number(/clients: (\d+)/.exec(await one.run('MEMORY MALLOC-STATS'))?.[1]);
    const before = await clientBytes();
    for (let i = 0; i < 10; i++) await two.run(['SET', 'k', 'x'.repeat(10_000)]);
    const line = await one.ask('CLIENT LIST ID 2') as string;
    const bytes = 10 * (10_004 + QUEUED_REQUEST_BYTES);
    expect(line).toContain(` multi=10 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=${bytes} `);
    expect(line).toContain(` tot-mem=${bytes + Number(/ omem=(\d+)/.exec(line)?.[1])} `);
    expect(await clientBytes() - before).toBe(bytes);
    await two.run('DISCARD');
    expect(await one.ask('CLIENT LIST ID 2')).toContain(' multi=-1 ');
    expect(await one.ask('CLIENT LIST ID 2')).toContain(' multi-mem=0 ');
  });

  it('takes library names without spaces only (Redis 7.2)', async () => {
    const client = await connect();
    expect(await client.run('CLIENT SETINFO FOO bar'))
      .toBe("-ERR Unrecognized option 'FOO'\r\n");
    expect(await client.run(['CLIENT', 'SETINFO', 'lib-ver', 'a b']))
      .toBe('-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n');
  });

  it('kills by address, by number and by kind, itself only when asked to', async () => {
    const server = await TestServer.inMemory();
    const me = await server.connect();
    const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()];
    await c.run('SUBSCRIBE x');
    expect(await me.run(`CLIENT KILL ${await field(a, 'addr')}`)).toBe('+OK\r\n');
    expect(await me.run('CLIENT KILL ID 3 ADDR 1.1.1.1:1')).toBe(':0\r\n');
    expect(await me.run('CLIENT KILL ID 3')).toBe(':1\r\n');
    expect(await me.run('CLIENT KILL TYPE pubsub')).toBe(':1\r\n');
    for (const client of [a, b, c]) await client.closed();
    expect(await me.run('CLIENT KILL TYPE normal')).toBe(':0\r\n');
    expect(await me.run('CLIENT KILL TYPE normal SKIPME no USER default')).toBe(':1\r\n');
    await me.closed();
  });

  it('pauses writes or all requests, and refuses a pause that never ends', async () => {
    const server = await TestServer.inMemory();
    const [client, other] = [await server.connect(), await server.connect()];
    expect(await client.run('CLIENT PAUSE 100 write')).toBe('+OK\r\n');
    expect(await other.run('GET k')).toBe('$-1\r\n');
    const written = other.run('SET k v');
    expect(await client.run('GET k')).toBe('$-1\r\n');
    expect(await client.run('CLIENT UNPAUSE')).toBe('+OK\r\n');
    expect(await written).toBe('+OK\r\n');
    expect(await client.run('CLIENT PAUSE 100')).toBe('+OK\r\n');
    let isRead = false;
    const read = other.run('GET k').finally(() => (isRead = true));
    await server.clock.advanceGently(99);
    expect(isRead).toBe(false);
    await server.clock.advanceGently(1);
    expect(await read).toBe('$1\r\nv\r\n');
    expect(await client.run('CLIENT PAUSE 9223372036854775807'))
      .toBe('-ERR timeout is out of range\r\n');
  });

  it('stops replies, one or all', async () => {
    const client = await connect();
    client.send(['CLIENT', 'REPLY', 'SKIP'], ['PING', '1']);
    expect(await client.run('PING 2')).toBe('$1\r\n2\r\n');
    client.send(['CLIENT', 'REPLY', 'OFF'], ['FOO'], ['CLIENT', 'REPLY', 'SKIP'], ['PING']);
    expect(await client.run('CLIENT REPLY ON')).toBe('+OK\r\n');
    expect(await client.run('PING 3')).toBe('$1\r\n3\r\n');
  });

  it('refuses to switch tracking on', async () => {
    const client = await connect();
    expect(await client.run('CLIENT TRACKING ON BCAST PREFIX a NOLOOP'))
      .toBe('-ERR client tracking is not supported by this server\r\n');
  });

  it('describes its subcommands from the table', async () => {
    const client = await connect();
    for (const name of [
      'CLIENT', 'CONFIG', 'COMMAND', 'MEMORY', 'SLOWLOG', 'LATENCY', 'PUBSUB', 'ACL',
    ]) {
      const lines = await client.ask(`${name} HELP`) as string[];
      expect(lines[0]).toBe(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
      expect(lines.at(-2)).toBe('HELP');
      expect(lines.length).toBeGreaterThan(5);
    }
    expect(await client.ask('CLIENT HELP x')).toBeInstanceOf(RecordedError);
  });
});

describe('CLIENT NO-TOUCH', () => {
  it('keeps reads of this connection from ending the idle time of keys, but not TOUCH', async () => {
    const server = await TestServer.inMemory();
    const [quiet, other] = [await server.connect(), await server.connect()];
    await other.run('SET k v');
    await other.run('HSET h f v');
    await quiet.run('CLIENT NO-TOUCH ON');
    expect(await quiet.run('CLIENT INFO')).toContain(' flags=T ');
    server.clock.advance(100_000);
    for (const command of [
      'GET k', 'EXISTS k', 'STRLEN k', 'HGET h f', 'HGETALL h', 'MULTI', 'GET k', 'HLEN h', 'EXEC',
    ]) await quiet.run(command);
    expect(await other.run('OBJECT IDLETIME k')).toBe(':100\r\n');
    expect(await other.run('OBJECT IDLETIME h')).toBe(':100\r\n');
    expect(await quiet.run('TOUCH k none')).toBe(':1\r\n');
    expect(await other.run('OBJECT IDLETIME k')).toBe(':0\r\n');
    await other.run('GET h');
    await other.run('HGET h f');
    expect(await other.run('OBJECT IDLETIME h')).toBe(':0\r\n');
  });

  it('does not make what this connection writes look old, and ends with OFF and RESET', async () => {
    for (const end of ['CLIENT NO-TOUCH OFF', 'RESET']) {
      const server = await TestServer.inMemory();
      const quiet = await server.connect();
      await quiet.run('SET other v');
      await quiet.run('CLIENT NO-TOUCH ON');
      server.clock.advance(100_000);
      await quiet.run('SET new v');
      expect(await quiet.run('OBJECT IDLETIME new')).toBe(':0\r\n');
      await quiet.run(end);
      await quiet.run('GET other');
      expect(await quiet.run('OBJECT IDLETIME other')).toBe(':0\r\n');
    }
  });
});
