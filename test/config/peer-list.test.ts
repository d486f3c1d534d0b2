import { describe, expect, it } from 'vitest';
import { Config } from '../../src/config/config.ts';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import {
  parsePeers, splitAddress, type Peer, HOST_NAME_CHARS_MAX, PEER_NAME_CHARS_MAX,
} from '../../src/config/peer-list.ts';
import { PEERS_MAX } from '../../src/config/limits.ts';

const A: Peer = { name: 'a', clientAddress: '10.0.0.1:6379', peerAddress: '10.0.0.1:16379' };
const B: Peer = { name: 'b', clientAddress: '10.0.0.2:6379', peerAddress: '10.0.0.2:16379' };
const LINE_A = 'peer a 10.0.0.1:6379 10.0.0.1:16379\n';
const LINE_B = 'peer b 10.0.0.2:6379 10.0.0.2:16379\n';

const parse = (text: string, before: readonly Peer[] = []) => parsePeers(text.split(' '), before);
const reasonOf = (text: string, before?: readonly Peer[]): string => {
  const parsed = parse(text, before);
  return parsed.ok ? '' : parsed.reason;
};

function load(text: string, args: readonly string[] = []): Config {
  const line = parseCommandLine(args);
  if (line.kind !== 'run') throw new Error(line.kind);
  const outcome = loadConfig({ path: 'test.conf', text }, line.overrides);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.config;
}

describe('a list of peers', () => {
  it('adds each line to those before it', () => {
    expect(load(`node a\n${LINE_A}${LINE_B}`).values.peer).toEqual([A, B]);
  });

  it('is emptied by an empty value', () => {
    expect(parse('', [A])).toEqual({ ok: true, value: [] });
    const args = ['--peer', '', '--peer', 'a', '10.0.0.9:1', '10.0.0.9:2'];
    const config = load(`node a\n${LINE_A}${LINE_B}`, args);
    expect(config.values.peer.map(({ clientAddress }) => clientAddress)).toEqual(['10.0.0.9:1']);
  });

  it.each([
    ['a quoted word each', ['--peer', 'a 10.0.0.1:6379 10.0.0.1:16379']],
    ['three words each', ['--peer', 'a', '10.0.0.1:6379', '10.0.0.1:16379']],
    ['an equals sign', ['--peer=a 10.0.0.1:6379 10.0.0.1:16379']],
  ])('is read from the command line in %s', (_, args) => {
    const more = ['--peer', 'b', '10.0.0.2:6379', '10.0.0.2:16379', '--node', 'b'];
    expect(load('', [...args, ...more]).values.peer).toEqual([A, B]);
  });

  it('keeps addresses in one spelling', () => {
    const text = 'a LocalHost:06379 [0:0::0001]:1 b db_1.Example:80 [FE80::a]:65535 c 127.1:1 d-:2';
    expect(parse(text)).toMatchObject({
      ok: true,
      value: [
        { clientAddress: 'localhost:6379', peerAddress: '[::1]:1' },
        { clientAddress: 'db_1.example:80', peerAddress: '[fe80::a]:65535' },
        { clientAddress: '127.0.0.1:1', peerAddress: 'd-:2' },
      ],
    });
  });

  it('is shown and written back as it is kept', () => {
    const text = `node a\n# two\n${LINE_A}PEER  b   10.0.0.2:06379 10.0.0.2:16379\n`;
    const config = load(text);
    expect(config.get((name) => name === 'peer')).toEqual([
      ['peer', 'a 10.0.0.1:6379 10.0.0.1:16379 b 10.0.0.2:6379 10.0.0.2:16379'],
    ]);
    expect(config.rewrite(text)).toBe(text);
    const written = `# Written by CONFIG REWRITE\nnode a\n${LINE_A}${LINE_B}`;
    expect(config.rewrite('')).toBe(written);
    expect(load(written).get(() => true)).toEqual(config.get(() => true));
  });

  it('is written back where it stood when the command line gave another', () => {
    const text = `node a\n${LINE_A}hz 10\n${LINE_B}`;
    const third = ['--peer', 'c', '10.0.0.3:6379', '10.0.0.3:16379'];
    const written = `node a\n${LINE_A}${LINE_B}peer c 10.0.0.3:6379 10.0.0.3:16379\nhz 10\n`;
    expect(load(text, third).rewrite(text)).toBe(written);
    const alone = load(text, ['--peer', '', '--node', '']);
    expect(alone.rewrite(text)).toBe('node ""\npeer ""\nhz 10\n');
  });

  it('cannot change on a running server', () => {
    expect(new Config().set([['peer', '']])).toMatchObject({
      message: expect.stringContaining("can't set immutable config"),
    });
  });
});

describe('a list of peers is refused', () => {
  const every = 'means every address: expected one that the other servers reach';
  const host = "has no valid host: expected a name, an IPv4 address or [IPv6]";
  const port = 'has no valid port: expected 1 to 65535';

  it.each([
    ['a', 'a peer has three words, <name> <host:port> <host:port>: got 1'],
    ['a h:1 h:2 b', 'a peer has three words, <name> <host:port> <host:port>: got 4'],
    ['a.b h:1 h:2', "'a.b' is not a name: 1 to 32 letters, digits, - and _"],
    [' h:1 h:2', "'' is not a name: 1 to 32 letters, digits, - and _"],
    ['a h h:2', "'h' has no port: expected host:port"],
    ['a h:1 :2', `':2' ${host}`],
    ['a ::1:6379 h:2', `'::1:6379' ${host}`],
    ['a [::1 h:2', `'[::1' ${host}`],
    ['a [::1] h:2', `'[::1]' ${host}`],
    ['a [::x]:1 h:2', `'[::x]:1' ${host}`],
    ['a [::1::]:1 h:2', `'[::1::]:1' ${host}`],
    ['a 10.0.0.256:1 h:2', `'10.0.0.256:1' ${host}`],
    ['a h/x:1 h:2', `'h/x:1' ${host}`],
    ['a u@h:1 h:2', `'u@h:1' ${host}`],
    ['a h:0 h:2', `'h:0' ${port}`],
    ['a h:65536 h:2', `'h:65536' ${port}`],
    ['a h:x h:2', `'h:x' ${port}`],
    ['a h: h:2', `'h:' ${port}`],
    ['a h:-1 h:2', `'h:-1' ${port}`],
    ['a 0.0.0.0:1 h:2', `'0.0.0.0:1' ${every}`],
    ['a [0::0]:1 h:2', `'[0::0]:1' ${every}`],
    ['a h:1 H:01', "peer 'a' has h:1 for both clients and peers: give it two ports"],
    ['a h:1 h:2 a h:3 h:4', "the name 'a' is given to two peers"],
    ['a h:1 h:2 b h:1 h:3', "h:1 already belongs to peer 'a'"],
    ['a h:1 h:2 b h:3 h:2', "h:2 already belongs to peer 'a'"],
    ['a h:1 h:2 b h:2 h:3', "h:2 already belongs to peer 'a'"],
    ['a h:1 h:2 b h:3 h:1', "h:1 already belongs to peer 'a'"],
  ])('as in %j', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('with everything that is wrong with it', () => {
    expect(reasonOf('a! h:0 h')).toBe(
      `'a!' is not a name: 1 to 32 letters, digits, - and _; 'h:0' ${port}; ` +
        "'h' has no port: expected host:port",
    );
    expect(reasonOf('a 10.0.0.1:16379 10.0.0.1:6379', [A])).toBe(
      "the name 'a' is given to two peers; 10.0.0.1:16379 already belongs to peer 'a'; " +
        "10.0.0.1:6379 already belongs to peer 'a'",
    );
  });

  it('with more peers than a majority is worth', () => {
    const words = (count: number) =>
      Array.from({ length: count }, (_, i) => `n${i} h${i}:1 h${i}:2`).join(' ');
    expect(parse(words(PEERS_MAX)).ok).toBe(true);
    expect(reasonOf(words(PEERS_MAX + 1))).toBe(
      'this makes 10 peers, and at most 9 are allowed',
    );
  });

  it('with names that are too long', () => {
    const name = 'n'.repeat(PEER_NAME_CHARS_MAX);
    expect(parse(`${name} h:1 h:2`).ok).toBe(true);
    expect(parse(`${name}n h:1 h:2`).ok).toBe(false);
    const host = 'h'.repeat(HOST_NAME_CHARS_MAX);
    expect(parse(`a ${host}:1 h:2`).ok).toBe(true);
    expect(parse(`a ${host}h:1 h:2`).ok).toBe(false);
  });
});

describe('an address of a peer', () => {
  it.each([
    ['localhost:6379', { host: 'localhost', port: 6379 }],
    ['[::1]:16379', { host: '::1', port: 16379 }],
  ])('%s is split for a socket', (address, split) => {
    expect(splitAddress(address)).toEqual(split);
  });

  it('is asserted, not parsed, once more', () => {
    expect(() => splitAddress('localhost')).toThrow('not the address of a peer: localhost');
  });
});
