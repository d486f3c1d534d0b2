import { describe, expect, it } from 'vitest';
import { findConflicts } from '../../src/config/check-config.ts';
import { describeConfigError, loadConfig, type ConfigError } from '../../src/config/load-config.ts';
import type { ConfigValues } from '../../src/config/options.ts';
import { defaultValues } from '../../src/config/registry.ts';
import { createServer } from '../../src/server.ts';

const PEERS = 'peer a h:1 h:2\npeer b h:3 h:4\n';
const TLS_ALLOWED =
  'all of peer-tls-cert-file, peer-tls-key-file, peer-tls-ca-file; or none of them';

function errorsOf(text: string): readonly ConfigError[] {
  const outcome = loadConfig({ path: 'my.conf', text });
  return outcome.ok ? [] : outcome.errors;
}

/** The line of the file and the reason, for each. */
const reasonsOf = (text: string) => errorsOf(text).map(({ line, reason }) => [line, reason]);

describe('options that contradict each other', () => {
  it('are not found among the defaults', () => {
    expect(findConflicts(defaultValues() as ConfigValues)).toEqual([]);
  });

  it.each([
    [
      'node a',
      [1, "node 'a' is given, but no peer"],
      'a peer line for each server, this one included; or no node',
    ],
    [
      PEERS,
      [2, '2 peers are given, but no node says which of them is this server'],
      'node with one of the names a, b',
    ],
    [
      'peer a h:1 h:2',
      [1, '1 peer is given, but no node says which of them is this server'],
      'node with one of the names a',
    ],
    [
      `${PEERS}node c`,
      [3, "node 'c' is not one of the peers"],
      'node with one of the names a, b',
    ],
    [
      'broadcast raft',
      [1, 'broadcast raft needs peers, and none are given'],
      'auto; raft with peers; none without',
    ],
    [
      `node a\n${PEERS}broadcast none`,
      [4, 'broadcast none would leave the 2 given peers without the writes'],
      'auto; raft with peers; none without',
    ],
    [
      'peer-tls-key-file k.pem',
      [1, 'TLS between peers lacks peer-tls-cert-file and peer-tls-ca-file'],
      TLS_ALLOWED,
    ],
    [
      'peer-tls-cert-file ""\npeer-tls-key-file k.pem\npeer-tls-ca-file c.pem',
      [2, 'TLS between peers lacks peer-tls-cert-file'],
      TLS_ALLOWED,
    ],
    [
      'heartbeat-interval 201',
      [1, 'heartbeat-interval 201 is more than a third of election-timeout 600'],
      'heartbeat-interval up to 200, or election-timeout from 603',
    ],
    [
      'hz 10\nelection-timeout 299',
      [2, 'heartbeat-interval 100 is more than a third of election-timeout 299'],
      'heartbeat-interval up to 99, or election-timeout from 300',
    ],
  ])('are refused: %j', (text, placeAndReason, allowed) => {
    expect(reasonsOf(text)).toEqual([placeAndReason]);
    expect(errorsOf(text)[0]?.allowed).toBe(allowed);
  });

  it.each([
    `node a\n${PEERS}broadcast raft`,
    `node b\n${PEERS}broadcast auto`,
    'node a\npeer a h:1 h:2',
    'broadcast none',
    'peer-tls-cert-file a\npeer-tls-key-file b\npeer-tls-ca-file c',
    'heartbeat-interval 200',
    'election-timeout 300',
  ])('are told from those that do not: %j', (text) => {
    expect(reasonsOf(text)).toEqual([]);
  });

  it('are shown all at once, in the order of the file', () => {
    const text = 'broadcast raft\nheartbeat-interval 300\nnode a\npeer-tls-ca-file x\nhz many\n';
    expect(errorsOf(text).map(({ line }) => line)).toEqual([1, 2, 3, 4, 5]);
  });

  it('are not invented from a line that could not be read', () => {
    expect(reasonsOf('node b\npeer a h:1 h:2\npeer b h:3\n').map(([line]) => line)).toEqual([3]);
    expect(reasonsOf('node b\npeer "b h:3 h:4\n').map(([line]) => line)).toEqual([2]);
    expect(reasonsOf(`node b!\n${PEERS}`).map(([line]) => line)).toEqual([1]);
  });

  it('are described with the line, the reason and what is allowed', () => {
    const source = { path: 'my.conf', text: `${PEERS}NODE  c` };
    expect(errorsOf(source.text).map(describeConfigError)).toEqual([
      "In my.conf, line 3:\n    NODE  c\n    node 'c' is not one of the peers\n" +
        '    allowed: node with one of the names a, b',
    ]);
    const outcome = loadConfig(undefined, [{ line: 1, name: 'broadcast', words: ['raft'] }]);
    expect(outcome.ok ? [] : outcome.errors.map(describeConfigError)).toEqual([
      'On the command line:\n    --broadcast raft\n' +
        '    broadcast raft needs peers, and none are given\n' +
        '    allowed: auto; raft with peers; none without',
    ]);
  });

  it('are refused by createServer, which takes a list of peers as words', () => {
    expect(() => createServer({ node: 'c', peer: ['a h:1 h:2', 'b h:3 h:4'] })).toThrow(
      "Option 'node' of createServer:\n    node: \"c\"\n    node 'c' is not one of the peers",
    );
  });
});

describe('the name of this server', () => {
  it.each(['a!', 'a.b', 'n'.repeat(33), 'ä'])('is not %s', (name) => {
    expect(reasonsOf(`node ${name}\n${PEERS}`)).toEqual([
      [1, `'${name}' is not a name: 1 to 32 letters, digits, - and _`],
    ]);
  });
});
