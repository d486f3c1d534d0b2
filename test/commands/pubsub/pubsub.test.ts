import { describe, expect, it } from 'vitest';
import { TestServer } from '../../server/test-server.ts';
import { eventually } from '../../wire/eventually.ts';

describe('channels between connections', () => {
  it('deliver to subscribers once per channel and pattern, in order', async () => {
    const server = await TestServer.inMemory();
    const [one, two] = [await server.connect(), await server.connect()];
    const speaker = await server.connect();
    await one.run('SUBSCRIBE news');
    await one.run('PSUBSCRIBE n*');
    await two.run('PSUBSCRIBE *s');
    expect(await speaker.run('PUBLISH news hi')).toBe(':3\r\n');
    expect(await speaker.run('PUBLISH other hi')).toBe(':0\r\n');
    expect(await speaker.run('PUBLISH night hi')).toBe(':1\r\n');
    expect((await one.replies(3)).join('')).toBe(
      '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n' +
      '*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n' +
      '*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$5\r\nnight\r\n$2\r\nhi\r\n',
    );
    expect(await two.reply())
      .toBe('*4\r\n$8\r\npmessage\r\n$2\r\n*s\r\n$4\r\nnews\r\n$2\r\nhi\r\n');
    expect(await speaker.run('PUBSUB NUMPAT')).toBe(':2\r\n');
    expect(await speaker.run('PUBSUB NUMSUB news night'))
      .toBe('*4\r\n$4\r\nnews\r\n:1\r\n$5\r\nnight\r\n:0\r\n');
  });

  it('carry any bytes', async () => {
    const server = await TestServer.inMemory();
    const [listener, speaker] = [await server.connect(), await server.connect()];
    const bytes = '\x00\xff\r\n';
    await listener.run(['SUBSCRIBE', bytes]);
    expect(await speaker.run(['PUBLISH', bytes, bytes])).toBe(':1\r\n');
    expect(await listener.reply())
      .toBe(`*3\r\n$7\r\nmessage\r\n$4\r\n${bytes}\r\n$4\r\n${bytes}\r\n`);
  });

  it('keep shard channels apart from the others', async () => {
    const server = await TestServer.inMemory();
    const [listener, speaker] = [await server.connect(), await server.connect()];
    await listener.run('HELLO 3');
    await listener.run('SSUBSCRIBE a');
    expect(await speaker.run('PUBLISH a 1')).toBe(':0\r\n');
    expect(await speaker.run('SPUBLISH a 2')).toBe(':1\r\n');
    expect(await listener.reply()).toBe('>3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\n2\r\n');
    expect(await speaker.run('PUBSUB CHANNELS')).toBe('*0\r\n');
    expect(await speaker.run('PUBSUB SHARDCHANNELS')).toBe('*1\r\n$1\r\na\r\n');
    expect(await speaker.run('PUBSUB SHARDNUMSUB a')).toBe('*2\r\n$1\r\na\r\n:1\r\n');
  });

  it('forget a connection that is gone', async () => {
    const server = await TestServer.inMemory();
    const [listener, speaker] = [await server.connect(), await server.connect()];
    for (const command of ['SUBSCRIBE a', 'PSUBSCRIBE a*', 'SSUBSCRIBE a']) {
      await listener.run(command);
    }
    listener.close();
    // It is gone when the server knows.
    await eventually('the server to miss it', async () => {
      return !(await speaker.run('CLIENT LIST')).includes(' sub=1 ');
    });
    expect(await speaker.run('PUBLISH a x')).toBe(':0\r\n');
    expect(await speaker.run('SPUBLISH a x')).toBe(':0\r\n');
    expect(await speaker.run('PUBSUB CHANNELS')).toBe('*0\r\n');
    expect(await speaker.run('PUBSUB NUMPAT')).toBe(':0\r\n');
  });

  it('unsubscribe from everything, one reply each', async () => {
    const client = await (await TestServer.inMemory()).connect();
    client.send(['SUBSCRIBE', 'a', 'b']);
    await client.replies(2);
    client.send(['UNSUBSCRIBE']);
    expect((await client.replies(2)).join('')).toBe(
      '*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n',
    );
  });

  it('publish inside MULTI to other connections', async () => {
    const server = await TestServer.inMemory();
    const [listener, speaker] = [await server.connect(), await server.connect()];
    await listener.run('SUBSCRIBE a');
    for (const command of ['MULTI', 'PUBLISH a 1', 'SET k v', 'PUBLISH a 2']) {
      await speaker.run(command);
    }
    expect(await listener.run('PING')).toBe('*2\r\n$4\r\npong\r\n$0\r\n\r\n');
    expect(await speaker.run('EXEC')).toBe('*3\r\n:1\r\n+OK\r\n:1\r\n');
    for (const message of ['1', '2']) {
      expect(await listener.reply())
        .toBe(`*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n${message}\r\n`);
    }
  });
});

describe('MONITOR', () => {
  it('shows commands of all connections, but not those for administrators', async () => {
    const server = await TestServer.inMemory();
    const [watcher, client] = [await server.connect(), await server.connect()];
    expect(await watcher.run('MONITOR')).toBe('+OK\r\n');
    expect(await client.run('CLIENT LIST ID 1')).toContain(' flags=O ');
    await client.run('SELECT 2');
    await client.run(['SET', 'k"\\', '\x00\xff\n']);
    await client.run('CONFIG GET x');
    await client.run('NOSUCH x');
    await client.run('ECHO end');
    const lines = await watcher.replies(3);
    expect(lines.map((line) => line.replace(/^\+\d+\.\d{6} /, ''))).toEqual([
      // As in Redis, a command is shown after it ran.
      '[2 127.0.0.1:50002] "SELECT" "2"\r\n',
      '[2 127.0.0.1:50002] "SET" "k\\"\\\\" "\\x00\\xff\\n"\r\n',
      '[2 127.0.0.1:50002] "ECHO" "end"\r\n',
    ]);
  });
});
