import { describe, expect, it } from 'vitest';
import { ReplyDecoder } from './reply-decoder.ts';
import {
  array, bulk, describeReply, failure, integer, NIL, NIL_ARRAY, OK, sameReply, type Reply,
} from './reply.ts';

const CASES: readonly (readonly [bytes: string, reply: Reply])[] = [
  ['+OK\r\n', OK],
  ['-ERR no\r\n', failure('ERR no')],
  [':-12\r\n', integer(-12)],
  [':9223372036854775807\r\n', integer(2n ** 63n - 1n)],
  ['$5\r\na\r\n\xffb\r\n', bulk('a\r\n\xffb')],
  ['$0\r\n\r\n', bulk('')],
  ['$-1\r\n', NIL],
  ['*-1\r\n', NIL_ARRAY],
  ['_\r\n', NIL],
  ['*0\r\n', array([])],
  ['*3\r\n:1\r\n*1\r\n$1\r\na\r\n$-1\r\n', array([integer(1), array([bulk('a')]), NIL])],
  ['%1\r\n+a\r\n*0\r\n', { kind: 'map', items: [{ kind: 'simple', text: 'a' }, array([])] }],
  ['~1\r\n:1\r\n', { kind: 'set', items: [integer(1)] }],
  ['>1\r\n+a\r\n', { kind: 'push', items: [{ kind: 'simple', text: 'a' }] }],
  [',1.5\r\n', { kind: 'double', text: '1.5' }],
  ['#t\r\n', { kind: 'boolean', value: true }],
  ['(123456789012345678901234567890\r\n',
    { kind: 'bigNumber', text: '123456789012345678901234567890' }],
  ['=5\r\ntxt:a\r\n', { kind: 'verbatim', bytes: 'txt:a' }],
  ['!5\r\nERR x\r\n', failure('ERR x')],
  ['|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n', bulk('a')],
  ['*2\r\n|1\r\n+ttl\r\n:5\r\n:1\r\n:2\r\n', array([integer(1), integer(2)])],
];

const ALL = Buffer.from(CASES.map(([bytes]) => bytes).join(''), 'latin1');

function decode(chunks: readonly Uint8Array[]): Reply[] {
  const decoder = new ReplyDecoder();
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
      replies.push(reply);
    }
  }
  expect(decoder.pendingBytes).toBe(0);
  return replies;
}

describe('ReplyDecoder', () => {
  for (const [bytes, reply] of CASES) {
    it(`decodes ${JSON.stringify(bytes)}`, () => {
      expect(decode([Buffer.from(bytes, 'latin1')])).toEqual([reply]);
    });
  }

  it('decodes the same when the bytes come one by one', () => {
    const chunks = Array.from(ALL, (byte) => Uint8Array.of(byte));
    expect(decode(chunks)).toEqual(CASES.map(([, reply]) => reply));
  });

  it('decodes the same when the bytes are cut at any place', () => {
    for (let at = 0; at <= ALL.length; at++) {
      expect(decode([ALL.subarray(0, at), ALL.subarray(at)])).toEqual(CASES.map(([, r]) => r));
    }
  });

  it('keeps nothing of a chunk that its owner overwrites', () => {
    const decoder = new ReplyDecoder();
    const chunk = Buffer.from('$4\r\nab');
    decoder.feed(chunk);
    expect(decoder.next()).toBeUndefined();
    chunk.fill(0);
    decoder.feed(Buffer.from('cd\r\n'));
    expect(decoder.next()).toEqual(bulk('abcd'));
  });

  it('decodes a large string from many chunks', () => {
    const text = 'x'.repeat(400_000);
    const bytes = Buffer.from(`$${text.length}\r\n${text}\r\n`);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 1000) chunks.push(bytes.subarray(at, at + 1000));
    expect(decode(chunks)).toEqual([bulk(text)]);
  });

  for (const bytes of [
    'hello\r\n', ':x\r\n', '$x\r\n', '$3\r\nabcd\r\n', '$9999999999\r\n', '*-2\r\n', '+a\rb\r\n',
    '#x\r\n', '*9999999999\r\n', '_x\r\n', '*1\r\n'.repeat(40),
  ]) {
    it(`throws on ${JSON.stringify(bytes.slice(0, 20))}`, () => {
      const decoder = new ReplyDecoder();
      decoder.feed(Buffer.from(bytes));
      expect(() => { while (decoder.next() !== undefined) { /* to the end */ } }).toThrow(/RESP/);
    });
  }
});

describe('replies', () => {
  it('are the same only when kind, value and order are', () => {
    for (const [i, [, one]] of CASES.entries()) {
      for (const [, other] of CASES) {
        const isSame = describeReply(one) === describeReply(other) && one.kind === other.kind;
        expect(sameReply(one, other), `case ${i}`).toBe(isSame);
      }
    }
    expect(sameReply(array([integer(1), integer(2)]), array([integer(2), integer(1)]))).toBe(false);
    expect(sameReply(array([integer(1)]), array([integer(1), NIL]))).toBe(false);
  });

  it('are described shortly', () => {
    expect(describeReply(array([bulk('a'), NIL, failure('ERR x')]))).toBe('["a", nil, -ERR x]');
    expect(describeReply(bulk('y'.repeat(100_000))).length).toBeLessThan(100);
  });
});
