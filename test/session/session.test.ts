/** What one connection is, as commands and CLIENT LIST see it, and what ends with it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { EngineLayer, type LayerClient } from '../engine/engine-layer.ts';

let server: EngineLayer;
let client: LayerClient;
let other: LayerClient;

beforeEach(() => {
  server = new EngineLayer();
  client = server.connect();
  other = server.connect();
});

const letters = (): string => client.session.flagLetters;

describe('a reply mode', () => {
  it('SKIP takes its own reply and the next one, each time', () => {
    const { session } = client;
    for (let round = 0; round < 2; round += 1) {
      session.replyMode = 'skip';
      session.endSkip();
      expect(session.replyMode).toBe('skip');
      session.endSkip();
      expect(session.replyMode).toBe('on');
    }
  });

  it('SKIP means nothing while replies are off', () => {
    const { session } = client;
    session.replyMode = 'off';
    session.replyMode = 'skip';
    session.endSkip();
    session.endSkip();
    expect(session.replyMode).toBe('off');
  });

  it('ON ends a SKIP, and a later SKIP is whole', () => {
    const { session } = client;
    session.replyMode = 'skip';
    session.endSkip();
    session.replyMode = 'on';
    session.endSkip();
    expect(session.replyMode).toBe('on');
    session.replyMode = 'skip';
    session.endSkip();
    expect(session.replyMode).toBe('skip');
  });

  it('OFF ends with RESET, and SKIP does not', () => {
    const { session } = client;
    session.replyMode = 'off';
    session.reset();
    expect(session.replyMode).toBe('on');
    session.replyMode = 'skip';
    session.reset();
    expect(session.replyMode).toBe('skip');
  });
});

describe('the flags of a connection', () => {
  it('say what it does, and N when that is nothing', async () => {
    expect(letters()).toBe('N');
    await client.run('CLIENT NO-EVICT on');
    await client.run('CLIENT NO-TOUCH on');
    expect(letters()).toBe('eT');
    await client.run('MULTI');
    expect(letters()).toBe('xeT');
    await client.run('RESET');
    expect(letters()).toBe('N');
    await client.run('SSUBSCRIBE a');
    expect(letters()).toBe('P');
    await client.run('RESET');
    await client.run('PSUBSCRIBE a');
    expect(letters()).toBe('P');
    await client.run('RESET');
    client.session.blocking.begin(() => {});
    expect(letters()).toBe('b');
    client.session.blocking.end('timeout');
    await client.run('MONITOR');
    expect(letters()).toBe('O');
  });

  it('have a d once a watched key has changed, and not while it is cold', async () => {
    for (const name of ['here', 'there']) await client.run(['SET', name, '1']);
    await client.run('WATCH here there absent');
    expect(letters()).toBe('N');
    server.storage.coldKeys.add('there');
    await other.run('SET there 2');
    server.storage.coldKeys.add('there');
    expect(letters()).toBe('N');
    server.storage.coldKeys.delete('there');
    expect(letters()).toBe('d');
    await client.run('UNWATCH');
    expect(letters()).toBe('N');
  });

  it('have a d for any of the keys, whichever of them are cold', async () => {
    for (const name of ['a', 'b']) await client.run(['SET', name, '1']);
    await client.run('WATCH a b');
    await other.run('SET b 2');
    server.storage.coldKeys.add('a');
    expect(letters()).toBe('d');
  });
});

describe('RESET', () => {
  it('brings everything back to the beginning', async () => {
    const { session } = client;
    for (const command of [
      'HELLO 3', 'SELECT 3', 'CLIENT SETNAME me', 'CLIENT NO-EVICT on', 'CLIENT NO-TOUCH on',
      'WATCH k', 'SUBSCRIBE c', 'PSUBSCRIBE p', 'SSUBSCRIBE s', 'MONITOR', 'MULTI',
    ]) await client.run(command);
    session.wantsLatest = true;
    expect(session).toMatchObject({ isSubscriber: true, monitoring: true, isPlain: false });
    expect(server.plumbing.watched.count).toBe(1);
    session.reset();
    expect(session).toMatchObject({
      protocol: 2, dbIndex: 0, name: '', noEvict: false, noTouch: false, wantsLatest: undefined,
      inTransaction: false, isSubscriber: false, monitoring: false, authenticated: true,
      isPlain: true,
    });
    expect(server.plumbing.watched.count).toBe(0);
    expect(server.plumbing.monitors.count).toBe(0);
    expect([server.plumbing.hub.channelCount, server.plumbing.hub.patterns]).toEqual([0, 0]);
  });

  it('takes the authentication back where there is a password', async () => {
    const guarded = new EngineLayer('secret').connect();
    const both = (): boolean[] => [guarded.session.authenticated, guarded.decoder.authenticated];
    expect(both()).toEqual([false, false]);
    expect(guarded.session.isPlain).toBe(false);
    await guarded.run('AUTH secret');
    expect(both()).toEqual([true, true]);
    expect(guarded.session.isPlain).toBe(true);
    guarded.session.reset();
    expect(both()).toEqual([false, false]);
  });
});

describe('a plain connection', () => {
  it.each([
    ['replies off', () => { client.session.replyMode = 'off'; }],
    ['a transaction', () => client.session.transaction.begin()],
    ['a subscription', () => client.session.subscriptions.subscribe(Buffer.from('c'))],
    ['a shard subscription', () => client.session.subscriptions.ssubscribe(Buffer.from('c'))],
  ])('is none with %s', (_what, change) => {
    expect(client.session.isPlain).toBe(true);
    change();
    expect(client.session.isPlain).toBe(false);
  });
});

describe('messages', () => {
  const message = (text: string): void =>
    client.session.deliver(Buffer.from('c'), Buffer.from(text));

  it('wait for the end of the outer reply, in order', () => {
    const { session } = client;
    session.beginReply();
    expect([session.isReplying, session.inExec]).toEqual([true, false]);
    session.beginReply();
    expect([session.isReplying, session.inExec]).toEqual([true, true]);
    message('one');
    session.deliverLine('two');
    session.endReply();
    expect([session.isReplying, session.inExec, client.heard()]).toEqual([true, false, '']);
    session.endReply();
    expect(session.isReplying).toBe(false);
    expect(client.heard()).toBe('*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\none\r\n+two\r\n');
    session.beginReply();
    session.endReply();
    expect(client.heard()).toBe('');
  });

  it('are pushes with RESP3', () => {
    client.session.protocol = 3;
    message('x');
    expect(client.heard()).toBe('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n');
  });

  it('come with replies off, and lines of MONITOR do not', () => {
    client.session.replyMode = 'off';
    client.session.deliverLine('line');
    expect(client.heard()).toBe('');
    message('x');
    expect(client.heard()).toContain('message');
  });

  it('that end the connection come after the reply, and as the last', () => {
    const { session } = client;
    session.beginReply();
    session.endWith('UNKNOWN lost');
    expect([client.heard(), client.isClosed]).toEqual(['', false]);
    session.endReply();
    expect([client.heard(), client.isClosed]).toEqual(['-UNKNOWN lost\r\n', true]);
  });

  it('are none for a connection that has ended, also those that waited', () => {
    const { session } = client;
    session.beginReply();
    message('x');
    session.deliverLine('y');
    session.endWith('UNKNOWN lost');
    session.end();
    session.endReply();
    message('x');
    session.deliverLine('y');
    session.endWith('UNKNOWN lost');
    expect([client.heard(), client.isClosed]).toEqual(['', false]);
  });
});

describe('the end of a connection', () => {
  it('gives back all that it held, also when it ends twice', async () => {
    const { session } = client;
    for (const command of ['WATCH k', 'SUBSCRIBE c', 'PSUBSCRIBE p', 'SSUBSCRIBE s', 'MONITOR']) {
      await client.run(command);
    }
    await client.run('MULTI');
    const events: string[] = [];
    session.blocking.begin((how) => void events.push(how));
    session.progress.onPrefetched(1, () => void events.push('released'));
    session.end();
    session.end();
    expect(events).toEqual(['timeout', 'released']);
    expect(session).toMatchObject({ isEnded: true, inTransaction: false, isSubscriber: false });
    const { hub, monitors, watched, keyspace } = server.plumbing;
    expect([hub.channelCount, hub.patterns, hub.shardChannelCount]).toEqual([0, 0, 0]);
    expect([monitors.count, watched.count, keyspace.keyListeners.size]).toEqual([0, 0, 0]);
  });
});
