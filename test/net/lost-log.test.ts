/**
 * However a log fails, each request has one reply, or its connection is closed.
 *
 * Several clients send random pipelines in pieces of any size: conditional writes, transactions,
 * requests that wait for the disk or in a step, dropped replies; some read slowly. At any moment
 * the log loses what was not acknowledged, once or until it is mended. Replies come in order and
 * are those of their requests; when all was acknowledged before, no reply becomes an error and no
 * connection is closed.
 */
import { expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { ReplyDecoder } from '../sim/model/reply-decoder.ts';
import type { Reply } from '../sim/model/reply.ts';
import { NetLayer, turns, until, type NetClient } from './net-layer.ts';

const ROUNDS = 40;
const CLIENTS = 4;
const LOST = 'MISCONF the log has lost it';

/** Whether a reply, other than an error, is one to this request. */
type IsReply = (reply: Reply) => boolean;

interface Request {
  readonly line: string;
  readonly isReply: IsReply;
}

const simple = (...texts: string[]): IsReply => (reply) =>
  reply.kind === 'simple' && texts.includes(reply.text);
const either = (...all: IsReply[]): IsReply => (reply) => all.some((is) => is(reply));
const isNil: IsReply = ({ kind }) => kind === 'nil';
const isInteger: IsReply = ({ kind }) => kind === 'integer';
const isBulk: IsReply = ({ kind }) => kind === 'bulk';
const isArray = (count: number): IsReply => (reply) =>
  (reply.kind === 'array' && reply.items.length === count) || reply.kind === 'nilArray';
const says = (text: string): IsReply => (reply) => reply.kind === 'bulk' && reply.bytes === text;

class Asker {
  readonly client: NetClient;
  readonly #decoder = new ReplyDecoder();
  #expected: Request[] = [];
  /** Replies that came without a request. */
  #surplus = 0;
  /** In this round. */
  readonly errors: string[] = [];

  constructor(client: NetClient) {
    this.client = client;
  }

  send(requests: readonly Request[], random: Random): void {
    this.#expected.push(...requests.filter(({ isReply }) => isReply !== isDropped));
    let text = requests.map(({ line }) => `${line}\r\n`).join('');
    while (text.length > 0) {
      const bytes = 1 + random.below(text.length);
      this.client.socket.write(text.slice(0, bytes));
      text = text.slice(bytes);
    }
  }

  get isDone(): boolean {
    this.#decode();
    return this.client.hasEnded || this.#expected.length === 0;
  }

  get surplus(): number {
    this.#decode();
    return this.#surplus;
  }

  #decode(): void {
    this.#decoder.feed(Buffer.from(this.client.received, 'latin1'));
    this.client.received = '';
    for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
      const request = this.#expected.shift();
      if (request === undefined) this.#surplus += 1;
      else if (reply.kind === 'error') this.errors.push(reply.text);
      else if (!request.isReply(reply)) {
        throw new Error(`${JSON.stringify(reply)} is no reply to ${request.line}`);
      }
    }
  }
}

const isDropped: IsReply = () => false;

class Pipelines {
  readonly #random: Random;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Request[] {
    const requests: Request[] = [];
    const count = 1 + this.#random.below(8);
    while (requests.length < count) requests.push(...this.#some());
    return requests;
  }

  #some(): Request[] {
    const key = `k${this.#random.below(5)}`;
    this.#count += 1;
    const word = `w${this.#count}`;
    const choices: (() => Request[])[] = [
      () => [{ line: `SET ${key} ${word}`, isReply: simple('OK') }],
      () => [{ line: `SET ${key} ${word} NX`, isReply: either(simple('OK'), isNil) }],
      () => [{ line: `SET ${key} ${word} XX GET`, isReply: either(isBulk, isNil) }],
      () => [{ line: `INCR n${key}`, isReply: isInteger }],
      () => [{ line: `GET ${key}`, isReply: either(isBulk, isNil) }],
      () => [{ line: `ECHO ${word}`, isReply: says(word) }],
      () => [{ line: 'NAP 1', isReply: simple('AWAKE') }],
      () => [{ line: `SLEEP 1 ${key} ${word}`, isReply: simple('OK') }],
      () => [{ line: 'MANY large 40', isReply: isArray(40) }],
      () => [{ line: 'CLIENT REPLY SKIP', isReply: isDropped },
        { line: `SET ${key} ${word}`, isReply: isDropped }],
      () => this.#transaction(key, word),
    ];
    return choices[this.#random.below(choices.length)]!();
  }

  #transaction(key: string, word: string): Request[] {
    const queued = [`SET ${key} ${word}`, `GET ${key}`, `INCR n${key}`, 'PING']
      .slice(this.#random.below(3));
    return [
      { line: `WATCH ${key}`, isReply: simple('OK') }, { line: 'MULTI', isReply: simple('OK') },
      ...queued.map((line) => ({ line, isReply: simple('QUEUED') })),
      { line: 'EXEC', isReply: isArray(queued.length) },
    ];
  }
}

class LosingRun {
  readonly #random: Random;
  readonly #pipelines: Pipelines;
  readonly #server: NetLayer;
  #askers: Asker[] = [];
  closed = 0;
  told = 0;

  constructor(random: Random, server: NetLayer) {
    this.#random = random;
    this.#pipelines = new Pipelines(random);
    this.#server = server;
  }

  async round(why: string): Promise<void> {
    const random = this.#random;
    const { gate, storage } = this.#server;
    await this.#redial();
    gate.isAutomatic = random.below(2) === 0;
    for (let i = 0; i < 5; i += 1) if (random.below(3) === 0) storage.coldKeys.add(`k${i}`);
    for (const asker of this.#askers) {
      if (random.below(3) === 0) asker.client.socket.pause();
      asker.send(this.#pipelines.next(), random);
    }
    await turns(random.below(6));
    const mayLose = random.below(3) > 0 && await this.#lose();
    for (const asker of this.#askers) asker.send(this.#pipelines.next(), random);
    await this.#settle(why);
    for (const asker of this.#askers) {
      expect(asker.surplus, `${why}: replies too many`).toBe(0);
      const foreign = asker.errors.filter((text) => !/^(?:MISCONF|EXECABORT)/.test(text));
      expect(foreign, why).toEqual([]);
      if (!mayLose) expect([asker.errors, asker.client.hasEnded], why).toEqual([[], false]);
      this.told += asker.errors.splice(0).length;
    }
  }

  /** False when all was acknowledged before, so that nothing can be lost. */
  async #lose(): Promise<boolean> {
    const { gate } = this.#server;
    switch (this.#random.below(4)) {
      case 0: gate.lose(LOST); return true;
      case 1: gate.fail(LOST); return true;
      case 2: gate.failsWith = LOST; return true;
      default:
        await this.#settle('before a loss of nothing');
        gate.lose(LOST);
        await turns(2);
        return false;
    }
  }

  /** All that waits goes on until each client has its replies or is closed. */
  async #settle(why: string): Promise<void> {
    const { gate, storage, clock } = this.#server;
    for (const { client } of this.#askers) client.socket.resume();
    await until(() => {
      if (gate.acknowledged < gate.commits) gate.acknowledge();
      storage.arrive();
      clock.advance(1);
      return this.#askers.every((asker) => asker.isDone);
    }, `${why}: each client has its replies`);
    await turns(3);
    gate.failsWith = gate.refusal = gate.freeingRefusal = undefined;
    storage.coldKeys.clear();
  }

  async #redial(): Promise<void> {
    const open = this.#askers.filter(({ client }) => !client.hasEnded);
    this.closed += this.#askers.length - open.length;
    this.#askers = open;
    while (this.#askers.length < CLIENTS) this.#askers.push(new Asker(await this.#server.dial()));
  }
}

it.each([testSeed(), 1])('one reply for each request, or the end, seed %i', async (seed) => {
  const server = await new NetLayer().listen();
  const filler = await server.dial();
  filler.send(`SET large ${'x'.repeat(20_000)}`);
  await filler.expect('+OK');
  const run = new LosingRun(new Random(5, seed), server);
  for (let round = 0; round < ROUNDS; round += 1) await run.round(`round ${round}, seed ${seed}`);
  expect(run.closed, 'clients that were closed').toBeGreaterThan(10);
  expect(run.told, 'replies that became errors').toBeGreaterThan(10);
  await server.close();
  expect([server.bugs, server.crashes]).toEqual([[], []]);
  expect([server.storage.pinned, server.storage.loading, server.pool.lent]).toEqual([0, 0, 0]);
  expect([server.plumbing.watched.count, server.plumbing.keyspace.keyListeners.size]).toEqual([0, 0]);
}, 60_000);
