/** Random requests over a few keys, so that they meet often: of every family that writes. */

import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_FIELD_EXPIRY, ORDERED_TRANSACTION, ORDERED_WATCHED,
  type OrderedKind,
} from '../../src/cluster/proposal-body.ts';
import type { Random } from '../../src/lib/random.ts';
import type { BodyRequest, Line } from './cluster-layer.ts';

const STRINGS = ['a', 'b', 'c', 'd'];
const HASHES = ['h', 'i'];
const FIELDS = ['f', 'g', 'x'];
const HYPERLOGLOGS = ['p', 'q'];
const LISTS = ['l', 'm'];
export const KEYS = [...STRINGS, ...HASHES, ...HYPERLOGLOGS, ...LISTS];

export class RandomRequests {
  readonly #random: Random;
  /** What clients watched at earlier positions, encoded. */
  watched: Line[] = [[]];

  constructor(random: Random) {
    this.#random = random;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  command(timeMs: number): Line {
    const { key, field, text } = this.#words();
    const number = `${this.below(200) - 100}`;
    return this.pick<Line>([
      ['SET', this.pick(STRINGS), text], ['SET', key, text, 'PX', `${1 + this.below(300)}`],
      ['SET', key, text, 'EXAT', `${Math.floor(timeMs / 1000) + this.below(2)}`, 'GET'],
      ['SET', key, text, 'KEEPTTL', 'XX'], ['SETNX', key, text], ['GETSET', key, text],
      ['APPEND', this.pick(STRINGS), text], ['INCRBY', this.pick(STRINGS), number],
      ['INCRBYFLOAT', this.pick(STRINGS), '0.1'], ['SETRANGE', this.pick(STRINGS), '3', text],
      ['SETBIT', this.pick(STRINGS), `${this.below(90)}`, '1'], ['GETDEL', key],
      ['BITOP', 'XOR', this.pick(STRINGS), this.pick(STRINGS), this.pick(STRINGS)],
      ['BITFIELD', this.pick(STRINGS), 'INCRBY', 'u5', `${this.below(50)}`, '3'],
      ['GETEX', key, 'PX', `${1 + this.below(200)}`], ['MSET', key, text, this.pick(KEYS), number],
      ['MSETNX', key, text, 'e', number], ['DEL', key], ['UNLINK', key, this.pick(KEYS)],
      ['HSET', this.pick(HASHES), field, text, this.pick(['f', 'g', 'x']), number],
      ['HINCRBY', this.pick(HASHES), field, number], ['HDEL', this.pick(HASHES), field],
      ['HINCRBYFLOAT', this.pick(HASHES), field, '1.5'], ['HSETNX', this.pick(HASHES), field, text],
      ['HPEXPIRE', this.pick(HASHES), `${this.below(300)}`, 'FIELDS', '2', field, 'x'],
      ['HPEXPIREAT', this.pick(HASHES), `${timeMs + this.below(400) - 50}`, 'LT', 'FIELDS', '1', field],
      ['HPERSIST', this.pick(HASHES), 'FIELDS', '1', field],
      ['RPUSH', this.pick(LISTS), this.pick(STRINGS), number], ['LPUSH', this.pick(LISTS), field],
      ['LTRIM', this.pick(LISTS), '0', '20'],
      ['SORT', this.pick(LISTS), 'ALPHA', 'BY', '*', 'STORE', this.pick(LISTS)],
      ['SORT', this.pick(LISTS), 'BY', 'h->*', 'GET', '*', 'GET', '#', 'STORE', this.pick(LISTS)],
      ['SORT', this.pick(LISTS), 'BY', 'nosort', 'GET', '*', 'LIMIT', '1', '9'],
      ['PFADD', this.pick(HYPERLOGLOGS), text, number], ['PFADD', this.pick(HYPERLOGLOGS), field],
      ['PFMERGE', this.pick(HYPERLOGLOGS), this.pick(HYPERLOGLOGS)],
      ['PFDEBUG', this.pick(['TODENSE', 'DECODE']), this.pick(HYPERLOGLOGS)],
      ['RENAME', key, this.pick(KEYS)], ['RENAMENX', key, this.pick(KEYS)],
      ['COPY', key, this.pick(KEYS), 'REPLACE'], ['COPY', key, this.pick(KEYS), 'DB', '1'],
      ['MOVE', key, '1'], ['PEXPIRE', key, `${this.below(300)}`], ['PERSIST', key],
      ['PEXPIREAT', key, `${timeMs + this.below(400) - 50}`], ['EXPIRE', key, '1', 'GT'],
      ['PUBLISH', 'news', text],
      this.below(8) === 0 ? ['FLUSHDB'] : ['SETNX', key, number],
      this.below(8) === 0 ? ['SWAPDB', '0', '1'] : ['APPEND', key, '.'],
    ]);
  }

  request(timeMs: number, session: number): BodyRequest {
    return { session, ...this.#request(timeMs) };
  }

  #request(timeMs: number): BodyRequest {
    const db = this.below(2);
    const kind = this.pick<OrderedKind>([ORDERED_COMMAND, ORDERED_COMMAND, ORDERED_TRANSACTION]);
    if (this.below(10) === 0) return { kind: ORDERED_EXPIRY, db, commands: [KEYS] };
    if (this.below(10) === 0) {
      const commands = HASHES.map((hash): Line => [hash, ...FIELDS]);
      return { kind: ORDERED_FIELD_EXPIRY, db, commands };
    }
    if (kind === ORDERED_COMMAND) return { kind, db, commands: [this.command(timeMs)] };
    const commands = Array.from({ length: 1 + this.below(4) }, (): Line => {
      return this.below(4) === 0 ? this.#queuedOnly() : this.command(timeMs);
    });
    const queue = [...commands, 'DBSIZE'];
    if (this.below(2) === 0) return { kind, db, commands: queue };
    return { kind: ORDERED_WATCHED, db, commands: [this.pick(this.watched), ...queue] };
  }

  read(): Line {
    const key = this.pick(KEYS);
    return this.pick([
      ['GET', key], ['HGETALL', key], ['HRANDFIELD', key, '3'], ['RANDOMKEY'], ['TTL', key],
      ['SCAN', '0'], ['EXISTS', ...KEYS], ['OBJECT', 'FREQ', key], ['TOUCH', key], ['TYPE', key],
    ]);
  }

  #queuedOnly(): Line {
    const key = this.pick(HASHES);
    return this.pick<Line>([
      ['SELECT', `${this.below(2)}`], ['HRANDFIELD', key, '2'], ['GET', this.pick(KEYS)],
      ['CLIENT', 'SETNAME', 'x'], ['PING'],
    ]);
  }

  #words(): { key: string; field: string; text: string } {
    const text = this.below(12) === 0 ? 'long '.repeat(this.below(60)) + '!' : `v${this.below(50)}`;
    return { key: this.pick(KEYS), field: this.pick(['f', 'g', 'x', 'y']), text };
  }
}

