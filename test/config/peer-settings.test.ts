import { describe, expect, it } from 'vitest';
import { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Directive } from '../../src/config/parse-config.ts';
import { chooseBroadcast, defaultPort, findOwnPeer } from '../../src/config/peer-settings.ts';

const PEERS = 'peer a h:7001 h:1\npeer b h:7002 h:2\n';
const PORT_6379: Directive = { line: 1, name: 'port', words: ['6379'] };

function load(text: string, overrides: readonly Directive[] = []): Config {
  const outcome = loadConfig({ path: 'test.conf', text }, overrides);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.config;
}

describe('the options of peers', () => {
  it('have these defaults', () => {
    expect(new Config().values).toMatchObject({
      node: '',
      peer: [],
      consistency: 'sequential',
      broadcast: 'auto',
      'peer-secret': '',
      'peer-tls-cert-file': '',
      'peer-tls-key-file': '',
      'peer-tls-ca-file': '',
      'broadcast-timeout': 5000,
      'election-timeout': 600,
      'heartbeat-interval': 100,
      'raft-log-bytes': 268_435_456,
      'snapshot-rate': 67_108_864,
    });
  });

  it.each([
    ['consistency', 'linearizable'],
    ['broadcast-timeout', '100'],
    ['broadcast-timeout', '600000'],
    ['raft-log-bytes', '16mb'],
    ['snapshot-rate', '1gb'],
  ])('%s may become %s on a running server', (name, value) => {
    expect(new Config().set([[name, value]])).toEqual({ ok: true });
  });

  it.each([
    ['consistency', 'eventual', 'must be one of the following: sequential, linearizable'],
    ['broadcast-timeout', '99', 'must be between 100 and 600000 inclusive'],
    ['broadcast-timeout', '600001', 'must be between 100 and 600000 inclusive'],
    ['snapshot-rate', '1023kb', 'must be between 1048576 and 9007199254740991 inclusive'],
    ['raft-log-bytes', '15mb', 'must be between 16777216 and 9007199254740991 inclusive'],
    ['node', 'a', "can't set immutable config"],
    ['broadcast', 'none', "can't set immutable config"],
    ['peer-secret', 'x', "can't set immutable config"],
    ['peer-tls-key-file', 'x', "can't set immutable config"],
    ['election-timeout', '700', "can't set immutable config"],
    ['heartbeat-interval', '50', "can't set immutable config"],
  ])('%s may not become %s on a running server', (name, value, reason) => {
    expect(new Config().set([[name, value]])).toMatchObject({
      message: expect.stringContaining(reason),
    });
  });

  it.each([
    ['broadcast jetstream', 'argument(s) must be one of the following: auto, raft, none'],
    ['election-timeout 49', 'argument must be between 50 and 60000 inclusive'],
    ['heartbeat-interval 9', 'argument must be between 10 and 20000 inclusive'],
  ])('refuse %s at start', (text, reason) => {
    expect(loadConfig({ path: 'test.conf', text })).toMatchObject({ errors: [{ reason }] });
  });
});

describe('the own peer', () => {
  it('is the one that node names, if any', () => {
    expect(findOwnPeer(load(`node b\n${PEERS}`).values)).toMatchObject({ peerAddress: 'h:2' });
    expect(findOwnPeer(new Config().values)).toBeUndefined();
  });
});

describe('the broadcast that auto comes to', () => {
  it('is raft with peers and none without', () => {
    expect(chooseBroadcast(load(`node b\n${PEERS}`).values)).toBe('raft');
    expect(chooseBroadcast(new Config().values)).toBe('none');
  });

  it('is what was asked for otherwise', () => {
    expect(chooseBroadcast(load(`node b\n${PEERS}broadcast raft`).values)).toBe('raft');
    expect(chooseBroadcast(load('broadcast none').values)).toBe('none');
  });
});

describe('the port of a node', () => {
  it('follows from its own peer line, and is not written down by CONFIG REWRITE', () => {
    const text = `node b\n${PEERS}`;
    const config = load(text);
    expect(config.values.port).toBe(7002);
    expect(config.get((name) => name === 'port')).toEqual([['port', '7002']]);
    expect(config.rewrite(text)).toBe(text);
    expect(load(PEERS, [{ line: 1, name: 'node', words: ['a'] }]).values.port).toBe(7001);
  });

  it('is as given where it is given, be it the usual one, or 0', () => {
    const text = `node b\n${PEERS}`;
    expect(load(`port 6379\n${text}`).values.port).toBe(6379);
    expect(load(`${text}port 0\n`).values.port).toBe(0);
    const config = load(text, [PORT_6379]);
    expect(config.values.port).toBe(6379);
    expect(config.rewrite(text)).toBe(`${text}# Written by CONFIG REWRITE\nport 6379\n`);
  });

  it('is the usual one for a server that stands alone', () => {
    expect(defaultPort(new Config().values)).toBe(6379);
    expect(load('').values.port).toBe(6379);
  });
});
