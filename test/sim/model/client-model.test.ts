/** What the model of a client takes for right and for wrong, where it cannot know everything. */

import { describe, expect, it } from 'vitest';
import { ClientModel, type ClientModelOptions } from './client-model.ts';
import { array, bulk, failure, integer, NIL, NIL_ARRAY, OK, QUEUED, type Reply } from './reply.ts';

const UNKNOWN = failure('UNKNOWN it may have been made');

/** A model and a clock: `ask` gives the verdict on one command and its reply. */
class Conversation {
  readonly model: ClientModel;
  nowMs = 1_000_000;

  constructor(options: ClientModelOptions = {}) {
    this.model = new ClientModel(options);
  }

  send(text: string): void {
    this.model.send(text.split(' '), this.nowMs);
  }

  receive(reply: Reply): string {
    return this.model.receive(reply, this.nowMs).kind;
  }

  ask(text: string, reply: Reply, tookMs = 0): string {
    this.send(text);
    this.nowMs += tookMs;
    return this.receive(reply);
  }

  /** All of these are possible replies. */
  mayReply(text: string, replies: readonly Reply[]): boolean[] {
    return replies.map((reply) => {
      const verdict = this.ask(text, reply);
      return verdict === 'right';
    });
  }
}

describe('ClientModel', () => {
  it('describes what was sent, what came and what was expected', () => {
    const model = new ClientModel();
    model.send(['GET', 'k'], 5);
    const verdict = model.receive(bulk('x'), 7);
    expect(verdict).toEqual({
      kind: 'wrong',
      description: 'GET k (database 0, sent 5, now 7)\n  got "x"\n  of 1 hypotheses:\n' +
        '  hypothesis 1: nil',
    });
  });

  it('says that a reply is wrong when nothing was asked', () => {
    expect(new Conversation().receive(OK)).toBe('wrong');
  });

  it('keeps the state when a command is refused', () => {
    const c = new Conversation();
    c.ask('SET k 1', OK);
    expect(c.ask('SET k 2', failure('MISCONF the disk is full'))).toBe('refused');
    expect(c.ask('GET k', bulk('2'))).toBe('wrong');
    expect(c.ask('GET k', bulk('1'))).toBe('right');
  });

  it('ends a transaction whose EXEC was refused', () => {
    const c = new Conversation();
    c.ask('MULTI', OK);
    c.ask('SET k 1', QUEUED);
    const text = 'EXECABORT Transaction discarded because of: NOQUORUM no majority';
    expect(c.ask('EXEC', failure(text))).toBe('refused');
    expect(c.ask('GET k', NIL)).toBe('right');
  });

  it('aborts a transaction of which a command was refused', () => {
    const c = new Conversation();
    c.ask('MULTI', OK);
    c.ask('SET k 1', failure('OOM command not allowed'));
    const text = 'EXECABORT Transaction discarded because of previous errors.';
    expect(c.ask('EXEC', failure(text))).toBe('right');
  });

  it('knows no transaction whose MULTI was refused', () => {
    const c = new Conversation();
    c.send('MULTI');
    c.send('SET k 1');
    expect(c.receive(failure('LOADING data'))).toBe('refused');
    expect(c.receive(OK)).toBe('right');
    expect(c.ask('GET k', bulk('1'))).toBe('right');
  });
});

describe('ClientModel, of a command that may have been executed,', () => {
  it('takes both for right until a reply decides', () => {
    const c = new Conversation();
    c.ask('SET k 1', OK);
    expect(c.ask('SET k 2', UNKNOWN)).toBe('unknown');
    expect(c.model.hypothesisCount).toBe(2);
    expect(c.ask('GET k', bulk('3'))).toBe('wrong');
    expect(c.ask('GET k', bulk('2'))).toBe('right');
    expect(c.ask('GET k', bulk('1'))).toBe('wrong');
  });

  it('keeps the order of several: the later one was not executed without the earlier', () => {
    const c = new Conversation();
    c.ask('SET a 1', UNKNOWN);
    c.ask('SET b 1', UNKNOWN);
    expect(c.model.hypothesisCount).toBe(3);
    c.ask('GET b', bulk('1'));
    expect(c.ask('GET a', NIL)).toBe('wrong');
    expect(c.ask('GET a', bulk('1'))).toBe('right');
  });

  it('leaves to the next crash what the server then finds', () => {
    const c = new Conversation();
    c.ask('SET k 1', OK);
    c.ask('SET k 2', UNKNOWN);
    expect(c.ask('GET k', bulk('1'))).toBe('right');
    c.model.crashed({ keepsReplied: true }, c.nowMs);
    expect(c.ask('GET k', bulk('2'))).toBe('right');
    c.model.crashed({ keepsReplied: true }, c.nowMs);
    expect(c.ask('GET k', bulk('1'))).toBe('wrong');
  });

  it('gives its keys up when it may be executed later', () => {
    const c = new Conversation({ mayExecuteLater: true });
    c.ask('SET j 1', OK);
    c.ask('MSET k 2 l 2', UNKNOWN);
    expect([...c.model.abandonedKeys()]).toEqual(['k', 'l']);
    expect(c.ask('GET k', bulk('anything'))).toBe('unchecked');
    expect(c.ask('GET j', bulk('2'))).toBe('wrong');
    expect(c.ask('DBSIZE', integer(9))).toBe('unchecked');
    expect(c.model.readBack().flat()).not.toContain('k');
  });

  it('gives up also what a command took from such keys', () => {
    const c = new Conversation({ mayExecuteLater: true });
    c.ask('INCR k', UNKNOWN);
    c.ask('SET j 1', OK);
    expect(c.ask('COPY k j REPLACE', integer(0))).toBe('unchecked');
    expect(c.ask('GET j', bulk('5'))).toBe('unchecked');
  });
});

describe('ClientModel, after a disconnect,', () => {
  it('expects that any first ones of the commands in flight were executed', () => {
    for (const made of [0, 1, 2, 3]) {
      const c = new Conversation();
      for (const text of ['INCR k', 'INCR k', 'INCR k']) c.send(text);
      c.model.disconnected(c.nowMs);
      expect(c.model.hypothesisCount).toBe(4);
      expect(c.ask('GET k', made === 0 ? NIL : bulk(`${made}`))).toBe('right');
      expect(c.model.hypothesisCount).toBe(1);
    }
  });

  it('does not expect a later one without an earlier one, unless that may be refused', () => {
    for (const mayRefuse of [false, true]) {
      const c = new Conversation({ mayRefuse });
      c.send('SET a 1');
      c.send('SET b 1');
      c.model.disconnected(c.nowMs);
      c.ask('GET b', bulk('1'));
      expect(c.ask('GET a', NIL)).toBe(mayRefuse ? 'right' : 'wrong');
    }
  });

  it('expects all of a transaction or nothing', () => {
    const c = new Conversation();
    for (const text of ['MULTI', 'INCR a', 'INCR b', 'EXEC']) c.send(text);
    c.receive(OK);
    c.receive(QUEUED);
    c.model.disconnected(c.nowMs);
    expect(c.model.hypothesisCount).toBe(2);
    c.ask('GET a', bulk('1'));
    expect(c.ask('GET b', NIL)).toBe('wrong');
    expect(c.ask('GET b', bulk('1'))).toBe('right');
  });

  it('forgets the selected database, MULTI and WATCH', () => {
    const c = new Conversation();
    c.ask('SELECT 2', OK);
    c.ask('WATCH k', OK);
    c.ask('SET k 1', OK);
    c.ask('MULTI', OK);
    c.model.disconnected(c.nowMs);
    expect(c.ask('GET k', NIL)).toBe('right');
    c.ask('MULTI', OK);
    expect(c.ask('EXEC', array([]))).toBe('right');
  });

  it('follows SELECT in a pipeline that was lost', () => {
    const c = new Conversation();
    for (const text of ['SELECT 1', 'SET k 1']) c.send(text);
    c.model.disconnected(c.nowMs);
    expect(c.ask('GET k', bulk('1'))).toBe('wrong');
    c.ask('SELECT 1', OK);
    expect(c.ask('GET k', bulk('1'))).toBe('right');
  });

  it('gives up when there are too many possibilities, and starts afresh', () => {
    const c = new Conversation({ hypothesesMax: 4, hypothesesHardMax: 8 });
    for (let i = 0; i < 6; i++) c.send('INCR k');
    c.model.disconnected(c.nowMs);
    expect(c.model.isTooUncertain).toBe(true);
    expect(c.model.hypothesisCount).toBe(7);
    for (let i = 0; i < 6; i++) c.send('INCR l');
    c.model.disconnected(c.nowMs);
    expect(c.ask('GET k', bulk('17'))).toBe('unchecked');
    c.model.startFresh();
    expect(c.model.isTooUncertain).toBe(false);
    expect(c.ask('GET k', bulk('17'))).toBe('unchecked');
    expect(c.ask('GET m', bulk('17'))).toBe('wrong');
    expect(c.ask('GET m', NIL)).toBe('right');
  });
});

describe('ClientModel, after a crash,', () => {
  it('expects all that was replied when replies rest on the disk', () => {
    const c = new Conversation();
    c.ask('SET k 1', OK);
    c.send('SET k 2');
    c.model.crashed({ keepsReplied: true }, c.nowMs);
    expect(c.model.hypothesisCount).toBe(2);
    expect(c.ask('GET k', NIL)).toBe('wrong');
  });

  it('expects any state since the last durable one when they do not', () => {
    for (const [i, value] of ['0', '1', '2', '3', '4'].entries()) {
      const c = new Conversation({ keepsHistory: true });
      c.ask('SET k 0', OK);
      c.ask('SET k 1', OK);
      c.model.markDurable();
      c.ask('SET k 2', OK);
      c.ask('SET k 3', OK);
      c.send('SET k 4');
      c.model.crashed({ keepsReplied: false }, c.nowMs);
      expect(c.ask('GET k', bulk(value))).toBe(i === 0 ? 'wrong' : 'right');
    }
  });

  it('expects a first part of what was made, not a later part', () => {
    const c = new Conversation({ keepsHistory: true });
    c.ask('SET a 1', OK);
    c.ask('SET b 1', OK);
    c.model.crashed({ keepsReplied: false }, c.nowMs);
    c.ask('GET b', bulk('1'));
    expect(c.ask('GET a', NIL)).toBe('wrong');
  });

  it('reads back all that there may be', () => {
    const c = new Conversation();
    c.ask('SET a 1', OK);
    c.ask('SELECT 3', OK);
    c.ask('HSET h f 1', integer(1));
    expect(c.model.readBack().map((command) => command.join(' '))).toEqual([
      'SELECT 0', 'TYPE a', 'GET a', 'PEXPIRETIME a', 'TYPE h', 'GET h', 'PEXPIRETIME h',
      'SELECT 3', 'TYPE a', 'GET a', 'PEXPIRETIME a', 'TYPE h', 'HGETALL h', 'PEXPIRETIME h',
      'SELECT 3',
    ]);
  });
});

describe('ClientModel, of keys that expire,', () => {
  it('is sure before and after, and takes both for right in between', () => {
    for (const [afterMs, mayBeThere, mayBeGone] of [
      [99, true, false], [100, true, true], [101, false, true],
    ] as const) {
      const c = new Conversation();
      c.ask('SET k v PX 100', OK);
      c.nowMs += afterMs;
      expect(c.mayReply('GET k', [bulk('v')]), `after ${afterMs} ms`).toEqual([mayBeThere]);
      const d = new Conversation();
      d.ask('SET k v PX 100', OK);
      d.nowMs += afterMs;
      expect(d.mayReply('GET k', [NIL]), `after ${afterMs} ms`).toEqual([mayBeGone]);
    }
  });

  it('counts from any time at which the command may have run', () => {
    const c = new Conversation();
    c.ask('SET k v PX 100', OK, 50);
    c.nowMs += 60;
    expect(c.model.hypothesisCount).toBe(1);
    expect(c.ask('GET k', bulk('v'))).toBe('right');
    c.nowMs += 41;
    expect(c.ask('GET k', bulk('v'))).toBe('wrong');
    expect(c.ask('GET k', NIL)).toBe('right');
  });

  it('does not expect a key again that was seen to be gone, unless clocks may go back', () => {
    for (const isDeathFinal of [true, false]) {
      const c = new Conversation({ clockSlackMs: 20, isDeathFinal });
      c.ask('SET k v PX 100', OK);
      c.nowMs += 100;
      expect(c.ask('GET k', NIL)).toBe('right');
      expect(c.ask('GET k', bulk('v'))).toBe(isDeathFinal ? 'wrong' : 'right');
      c.nowMs += 50;
      expect(c.ask('GET k', bulk('v'))).toBe('wrong');
    }
  });

  it('learns the end of a key from PEXPIRETIME and PTTL', () => {
    const c = new Conversation();
    c.ask('SET k v PX 1000', OK, 100);
    expect(c.ask('PEXPIRETIME k', integer(c.nowMs + 1001))).toBe('wrong');
    expect(c.ask('PEXPIRETIME k', integer(c.nowMs + 950))).toBe('right');
    expect(c.ask('PTTL k', integer(949))).toBe('wrong');
    expect(c.ask('PTTL k', integer(950))).toBe('right');
  });

  it('takes both for right when GT cannot be decided', () => {
    for (const reply of [0, 1]) {
      const c = new Conversation();
      c.ask('SET k v PX 1000', OK, 100);
      expect(c.ask('PEXPIRE k 950 GT', integer(reply))).toBe('right');
    }
    const c = new Conversation();
    c.ask('SET k v PX 1000', OK, 100);
    expect(c.ask('PEXPIRE k 800 GT', integer(1))).toBe('wrong');
  });

  it('counts a key that may be gone as one that DBSIZE and KEYS may have', () => {
    const c = new Conversation();
    c.ask('SET k v PX 100', OK);
    c.ask('SET l v', OK);
    c.nowMs += 100;
    expect(c.mayReply('DBSIZE', [0, 1, 2, 3].map(integer))).toEqual([false, true, true, false]);
    const lists = [['l'], ['k', 'l'], ['k']].map((keys) => array(keys.map(bulk)));
    expect(c.mayReply('KEYS *', lists)).toEqual([true, true, false]);
  });

  it('lets EXEC fail when a watched key may have expired', () => {
    for (const [afterMs, mayFail, mayRun] of [
      [50, false, true], [100, true, true], [150, true, false],
    ] as const) {
      for (const fails of [true, false]) {
        const c = new Conversation();
        c.ask('SET k v PX 100', OK);
        c.ask('WATCH k', OK);
        c.ask('MULTI', OK);
        c.nowMs += afterMs;
        const verdict = c.ask('EXEC', fails ? NIL_ARRAY : array([]));
        expect(verdict === 'right').toBe(fails ? mayFail : mayRun);
      }
    }
  });
});

describe('ClientModel, of SCAN,', () => {
  const piece = (cursor: string, ...keys: string[]): Reply =>
    array([bulk(cursor), array(keys.map(bulk))]);

  it('expects every key that was there all the time, and none that was not', () => {
    const c = new Conversation();
    c.ask('MSET a 1 b 1 c 1', OK);
    expect(c.ask('SCAN 0', piece('7', 'a', 'x'))).toBe('wrong');
    expect(c.ask('SCAN 0', piece('7', 'a'))).toBe('right');
    c.ask('DEL c', integer(1));
    c.ask('SET d 1', OK);
    expect(c.model.scanToContinue()).toEqual(['SCAN', '7', 'MATCH', '*']);
    expect(c.ask('SCAN 7', piece('0', 'a'))).toBe('wrong');
    expect(c.ask('SCAN 7', piece('0', 'b', 'a'))).toBe('right');
  });
});

describe('ClientModel, of a connection of which it knows too little,', () => {
  it('checks nothing until the next connection', () => {
    const c = new Conversation();
    c.ask('MULTI', UNKNOWN);
    expect(c.ask('SET k 1', QUEUED)).toBe('unchecked');
    expect(c.ask('EXEC', array([OK]))).toBe('unchecked');
    expect(c.model.isTooUncertain).toBe(true);
    c.model.disconnected(c.nowMs);
    c.model.startFresh();
    expect(c.ask('SET l 1', QUEUED)).toBe('wrong');
    expect(c.ask('SET l 1', OK)).toBe('right');
  });
});
