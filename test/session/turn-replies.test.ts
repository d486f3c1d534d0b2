/** When the replies of a turn can be told from all else, and be replaced. */
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import { TurnReplies } from '../../src/session/turn-replies.ts';
import { textOf } from '../protocol/text-of.ts';

let reply: ReplyEncoder;
let turn: TurnReplies;

beforeEach(() => {
  reply = new ReplyEncoder(new OutputPool());
  turn = new TurnReplies();
});

function answer(text: string): void {
  const from = reply.length;
  reply.simple(text);
  turn.add(from, reply.length);
}

const replace = (): boolean => turn.replace(reply, 'MISCONF no');

describe('replies of a turn', () => {
  it('become one error each, and nothing before them does', () => {
    reply.simple('EARLIER');
    answer('a');
    answer('b');
    expect(replace()).toBe(true);
    expect(textOf(reply)).toBe('+EARLIER\r\n-MISCONF no\r\n-MISCONF no\r\n');
  });

  it('cannot be told when there are none, or when they were replaced already', () => {
    expect(replace()).toBe(false);
    answer('a');
    expect(replace()).toBe(true);
    expect(replace()).toBe(false);
    expect(textOf(reply)).toBe('-MISCONF no\r\n');
  });

  it.each([
    ['between them', () => { answer('a'); reply.simple('MESSAGE'); answer('b'); answer('c'); }],
    ['behind them', () => { answer('a'); reply.simple('MESSAGE'); }],
  ])('cannot be replaced with something else %s', (_where, fill) => {
    fill();
    const before = reply.length;
    expect(replace()).toBe(false);
    expect(reply.length).toBe(before);
  });

  it('of the next turn can be told, whatever this one was', () => {
    answer('a');
    reply.simple('MESSAGE');
    answer('b');
    turn.clear();
    answer('c');
    expect(replace()).toBe(true);
    expect(textOf(reply)).toBe('+a\r\n+MESSAGE\r\n+b\r\n-MISCONF no\r\n');
    answer('d');
    reply.simple('MESSAGE');
    answer('e');
    expect(replace()).toBe(false);
    answer('f');
    expect(replace()).toBe(true);
  });

  it('of an ended turn are left as they are', () => {
    answer('a');
    turn.clear();
    expect(replace()).toBe(false);
    expect(textOf(reply)).toBe('+a\r\n');
  });
});
