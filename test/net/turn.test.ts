/** Who is told what at the end of a turn, and who is no longer told. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { OnLost, WriteGate } from '../../src/engine/write-gate.ts';
import { Turn, type Talker } from '../../src/net/turn.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { turns } from './net-layer.ts';

class Gate implements Pick<WriteGate, 'commit' | 'acknowledged' | 'onAcknowledged' | 'onLost'> {
  acknowledged = 0;
  commits = 0;
  /** What the next commit does besides. */
  duringCommit: () => void = () => {};
  acknowledge: () => void = () => {};
  lose: OnLost = () => {};

  commit(): number {
    this.commits += 1;
    this.duringCommit();
    return this.commits;
  }

  onAcknowledged(listener: () => void): void {
    this.acknowledge = listener;
  }

  onLost(listener: OnLost): void {
    this.lose = listener;
  }
}

class Speaker implements Talker {
  readonly heard: string[] = [];
  /** Of what it was told last. */
  ticket = 0;

  endTurn(ticket: number, acknowledged: number): boolean {
    this.heard.push(`turn ${ticket} of ${acknowledged}`);
    this.ticket = ticket;
    return ticket > acknowledged;
  }

  acknowledge(acknowledged: number): boolean {
    this.heard.push(`acknowledged ${acknowledged}`);
    return this.ticket > acknowledged;
  }

  waitsBeyond(ticket: number): boolean {
    return this.ticket > ticket;
  }

  lose(text?: string): void {
    this.heard.push(`lost ${text ?? 'all'}`);
  }
}

let gate: Gate;
let turn: Turn;
let one: Speaker;
let two: Speaker;
let ends: number;

beforeEach(() => {
  gate = new Gate();
  ends = 0;
  turn = new Turn(gate as unknown as WriteGate, new SimClock(), () => (ends += 1));
  one = new Speaker();
  two = new Speaker();
});

describe('a turn', () => {
  it('ends once for all that were added, and again when more come', async () => {
    turn.add(one);
    turn.add(two);
    turn.add(one);
    await turns(2);
    expect([gate.commits, ends, one.heard, two.heard])
      .toEqual([1, 1, ['turn 1 of 0'], ['turn 1 of 0']]);
    turn.schedule();
    turn.schedule();
    await turns(2);
    expect([gate.commits, ends, one.heard.length]).toEqual([2, 2, 1]);
    turn.add(two);
    await turns(2);
    expect([gate.commits, one.heard.length, two.heard.length]).toEqual([3, 1, 2]);
  });

  it('tells who was added while it ended at the next end', async () => {
    one.endTurn = () => {
      turn.add(two);
      return false;
    };
    turn.add(one);
    turn.end();
    expect(two.heard).toEqual([]);
    await turns(2);
    expect(two.heard).toEqual(['turn 2 of 0']);
  });

  it('says nothing to those that are removed, before it, in it and behind it', () => {
    turn.add(one);
    turn.remove(one);
    turn.end();
    expect(one.heard).toEqual([]);
    two.endTurn = () => {
      turn.remove(one);
      return false;
    };
    turn.add(two);
    turn.add(one);
    turn.end();
    expect(one.heard).toEqual([]);
    turn.add(one);
    turn.end();
    turn.remove(one);
    gate.acknowledged = 3;
    gate.acknowledge();
    gate.lose('LOST', 0);
    expect(one.heard).toEqual(['turn 3 of 0']);
  });
});

describe('those that wait', () => {
  it('are told of the log until it has come to their ticket', () => {
    turn.add(one);
    turn.end();
    turn.add(one);
    turn.end();
    turn.add(two);
    turn.end();
    one.heard.length = two.heard.length = 0;
    for (const acknowledged of [1, 2, 3, 4]) {
      gate.acknowledged = acknowledged;
      gate.acknowledge();
    }
    expect(one.heard).toEqual(['acknowledged 1', 'acknowledged 2']);
    expect(two.heard).toEqual(['acknowledged 1', 'acknowledged 2', 'acknowledged 3']);
  });

  it('wait no longer when the end of a later turn finds all of it acknowledged', () => {
    turn.add(one);
    turn.end();
    gate.acknowledged = 5;
    turn.add(one);
    turn.end();
    gate.acknowledge();
    expect(one.heard).toEqual(['turn 1 of 0', 'turn 2 of 5']);
  });

  it('for what is lost are told so once, and those whose tickets stay are not', () => {
    turn.add(one);
    turn.end();
    turn.add(two);
    turn.end();
    gate.lose('LOST', 1);
    gate.lose('LOST', 0);
    gate.acknowledged = 1;
    gate.acknowledge();
    expect(one.heard).toEqual(['turn 1 of 0', 'lost all']);
    expect(two.heard).toEqual(['turn 2 of 0', 'lost all']);
  });
});

describe('a loss', () => {
  it('in the middle of a commit is told behind it, to those of the turn, and no later ones', () => {
    gate.duringCommit = () => {
      gate.lose('LOST', 0);
      expect(one.heard).toEqual([]);
    };
    turn.add(one);
    turn.end();
    expect(one.heard).toEqual(['lost LOST', 'turn 1 of 0']);
    gate.duringCommit = () => {};
    turn.add(two);
    turn.end();
    expect(two.heard).toEqual(['turn 2 of 0']);
  });

  it('between turns is told at once, and ends the turn', async () => {
    turn.add(one);
    gate.lose('LOST', 0);
    expect(one.heard).toEqual(['lost LOST']);
    await turns(2);
    expect(one.heard).toEqual(['lost LOST', 'turn 1 of 0']);
    gate.lose('LOST', 1);
    await turns(2);
    expect(gate.commits).toBe(2);
  });
});
