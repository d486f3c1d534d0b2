/** How the time of requests that run together is told: all of it, once, to the right command. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.ts';
import type { TableEntry } from '../../src/commands/table.ts';
import { Accounts, type CallObserver } from '../../src/engine/accounts.ts';
import { SimClock } from '../sim/sim-clock.ts';

const CONTEXT = {} as Context;
const GET = { isBrief: true } as TableEntry;
const SET = { isBrief: true } as TableEntry;
const KEYS = { isBrief: false } as TableEntry;
const NAMES = new Map([[GET, 'get'], [SET, 'set'], [KEYS, 'keys']]);

let clock: SimClock;
let accounts: Accounts;
let told: string[];
let slowUs: number;
let wantsEach: boolean;
/** The observer throws at its next call. */
let breaks: boolean;

beforeEach(() => {
  clock = new SimClock();
  told = [];
  slowUs = Infinity;
  wantsEach = breaks = false;
  const tell = (line: string): void => {
    if (breaks) {
      breaks = false;
      throw new Error('full');
    }
    told.push(line);
  };
  const observer: CallObserver = {
    called: (entry, us, failed) => tell(`${NAMES.get(entry)} ${us} ${failed ?? 'ok'}`),
    calledOften: (entry, count, us) => tell(`${count} ${NAMES.get(entry)} ${us}`),
    get wantsEach() {
      return wantsEach;
    },
    isSlow: (us) => us >= slowUs,
    refused: () => {},
    crashed: (entry, error) => void told.push(`${NAMES.get(entry)} crashed: ${String(error)}`),
  };
  accounts = new Accounts(clock, observer);
});

/** Each took so many milliseconds. */
function run(...calls: readonly [TableEntry, number, string?][]): void {
  accounts.begin();
  for (const [entry, ms, failed] of calls) {
    clock.advance(ms);
    accounts.ran(entry, failed, CONTEXT);
  }
  accounts.end(CONTEXT);
}

describe('brief calls of one command', () => {
  it('are told together, with their mean time', () => {
    run([GET, 1], [GET, 2], [GET, 3]);
    expect(told).toEqual(['3 get 2000']);
  });

  it('are told when another command comes, or one that is not brief', () => {
    run([GET, 1], [GET, 1], [SET, 1], [KEYS, 2], [GET, 4]);
    // A clock is read between rows only, so what ended a row has its time in the row.
    expect(told).toEqual(['2 get 1500', '1 set 2000', 'keys 0 ok', '1 get 4000']);
  });

  it('are told one by one when that is wanted, or when one fails', () => {
    run([GET, 1], [GET, 1, 'ERR no']);
    expect(told).toEqual(['1 get 2000', 'get 0 ERR no']);
    told.length = 0;
    wantsEach = true;
    run([GET, 1], [GET, 2]);
    expect(told).toEqual(['get 1000 ok', 'get 2000 ok']);
  });

  it('that took long leave the time to the last, and a microsecond to the others', () => {
    slowUs = 5000;
    run([GET, 0], [GET, 0], [GET, 5]);
    expect(told).toEqual(['2 get 1', 'get 4998 ok']);
    told.length = 0;
    run([GET, 5]);
    expect(told).toEqual(['get 5000 ok']);
    told.length = 0;
    slowUs = 0;
    run([GET, 0], [GET, 0]);
    expect(told).toEqual(['1 get 0', 'get 0 ok']);
  });

  it('are not told again by the next burst, whose time begins with itself', () => {
    run([GET, 1]);
    clock.advance(100);
    run([SET, 2]);
    run();
    expect(told).toEqual(['1 get 1000', '1 set 2000']);
  });
});

describe('an observer that throws', () => {
  it('is reported, and the next calls are told', () => {
    breaks = true;
    run([GET, 1], [KEYS, 1]);
    expect(told).toEqual(['get crashed: Error: full', 'keys 0 ok']);
    breaks = true;
    run([KEYS, 1], [GET, 2]);
    expect(told.slice(2)).toEqual(['keys crashed: Error: full', '1 get 2000']);
  });
});
