/**
 * Clients that behave badly, each connection in one way: they vanish in the middle of a request, do
 * not read, ask for no replies, kill others, or speak another protocol. What is checked is that
 * what they get is RESP, that they get no more replies than they asked for, and that others do not
 * notice.
 */

import type { Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import { ask } from './check-end.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import { encode, type Command, type Wire } from './wire.ts';

type Behaviour = (client: RudeClient) => void;

const KEY = 'rude';
const DATABASE = '9';
const BIG_BYTES = 200_000;
/** Stands for every reply. */
const ANY = '*';
const GARBAGE = ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '*3\r\n$3\r\nSET\r\n$-5\r\n', '\0\0\0\0\r\n'];
const QUESTIONS: readonly Command[] = [
  ['INFO', 'everything'], ['CLIENT', 'LIST'], ['MEMORY', 'STATS'], ['SLOWLOG', 'GET'],
  ['LATENCY', 'HISTOGRAM'], ['COMMAND', 'COUNT'], ['CONFIG', 'GET', '*'], ['DEBUG', 'HELP'],
  ['MEMORY', 'USAGE', KEY], ['OBJECT', 'ENCODING', KEY], ['CONFIG', 'RESETSTAT'],
  ['CLIENT', 'INFO'], ['LATENCY', 'LATEST'], ['SLOWLOG', 'RESET'], ['PEERS', 'LIST'],
];

const BEHAVIOURS: readonly Behaviour[] = [
  function vanishes(client) {
    const whole = encode(['SET', KEY, 'x'.repeat(client.chance.below(5000))]);
    client.sendRaw(whole.repeat(3).slice(0, client.chance.below(whole.length * 3)), Infinity);
    client.leaveAfter(client.chance.between(0, 10));
  },
  function doesNotRead(client) {
    client.ask(['SET', KEY, 'y'.repeat(BIG_BYTES)]);
    client.pause();
    for (let i = 0; i < 40; i++) client.ask(['GET', KEY]);
    client.leaveAfter(client.chance.between(1000, 20_000));
  },
  function readsLate(client) {
    client.ask(['SET', KEY, 'y'.repeat(BIG_BYTES * 2)]);
    client.pause();
    for (let i = 0; i < 20; i++) client.ask(['APPEND', KEY, 'z'], ['GET', KEY]);
    client.resumeAfter(client.chance.between(10, 3000));
    client.leaveAnswered(15_000);
  },
  function wantsNoReplies(client) {
    client.sendRaw(encode(['CLIENT', 'REPLY', 'OFF']), 0);
    for (let i = 0; i < 5; i++) client.sendRaw(encode(['SET', KEY, `${i}`]), 0);
    client.ask(['CLIENT', 'REPLY', 'ON']);
    client.sendRaw(encode(['CLIENT', 'REPLY', 'SKIP']) + encode(['SET', KEY, 'skipped']), 0);
    client.ask(['ECHO', '1'], ['ECHO', '2']);
    client.expect('OK', '1', '2');
    client.leaveAfter(5000);
  },
  function asksWhatIsBehindQuit(client) {
    const key = client.newKey();
    client.ask(['SET', key, 'before'], ['QUIT']);
    client.sendRaw(encode(['SET', key, 'behind']), 0);
    client.leaveAfter(5000);
  },
  function publishesToItself(client) {
    const publish = ['PUBLISH', KEY, 'x'];
    client.ask(['HELLO', '3']);
    client.sendRaw(encode(['SUBSCRIBE', KEY]), 0);
    client.ask(['MULTI'], publish, publish, ['EXEC']);
    client.expect(ANY, 'OK', 'QUEUED', 'QUEUED', '[integer,integer]');
    client.leaveAfter(5000);
  },
  function kills(client) {
    client.ask(['CLIENT', 'KILL', 'ID', String(client.chance.below(60))]);
    client.ask(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    client.leaveAfter(2000);
  },
  function unblocks(client) {
    const how = client.chance.choose(['TIMEOUT', 'ERROR']);
    for (let i = 0; i < 20; i++) {
      client.ask(['CLIENT', 'UNBLOCK', String(client.chance.below(200)), how]);
    }
    client.leaveAfter(2000);
  },
  function pausesOthers(client) {
    const mode = client.chance.choose(['WRITE', 'ALL']);
    client.ask(['CLIENT', 'PAUSE', String(client.chance.below(800)), mode]);
    client.leaveAfter(2000);
  },
  function speaksAnotherProtocol(client) {
    client.sendRaw(client.chance.choose(GARBAGE), Infinity);
    client.leaveAfter(2000);
  },
  function asksForEverything(client) {
    for (const question of QUESTIONS) if (client.chance.oneIn(2)) client.ask(question);
    client.leaveAfter(2000);
  },
  function leavesTransactionsOpen(client) {
    client.ask(['WATCH', KEY, 'other'], ['MULTI'], ['SET', KEY, '1'], ['INCR', KEY]);
    if (client.chance.oneIn(2)) client.ask(['QUIT']);
    client.leaveAfter(client.chance.between(0, 500));
  },
  function listens(client) {
    client.sendRaw(encode(client.chance.choose([['MONITOR'], ['PSUBSCRIBE', '*']])), Infinity);
    client.leaveAfter(client.chance.between(100, 20_000));
  },
];

export class RudeClients {
  readonly cluster: Cluster;
  readonly host: ClientHost;
  /** Keys that one client sets before its QUIT, and must not set behind it. */
  readonly keys: string[] = [];
  isStopped = false;
  visits = 0;

  constructor(cluster: Cluster, host: ClientHost, everyMs: number) {
    this.cluster = cluster;
    this.host = host;
    const chance = cluster.chance.fork();
    const next = (): void => host.after(chance.wait(everyMs), () => {
      if (this.isStopped) return;
      if (cluster.ready.length > 0) {
        this.visits += 1;
        visit(this, chance);
      }
      next();
    });
    next();
  }

  /** When all is well again. */
  async check(): Promise<void> {
    const [machine] = this.cluster.ready;
    if (machine === undefined) return;
    const commands = this.keys.map((key): Command => ['GET', key]);
    for (const reply of await ask(this.host, machine, [['SELECT', DATABASE], ...commands])) {
      const isBehind = reply.kind === 'bulk' && reply.bytes === 'behind';
      if (isBehind) this.cluster.fail('what was asked behind QUIT was done');
    }
  }
}

function visit(all: RudeClients, chance: Chance): RudeClient {
  return new RudeClient(all, chance.fork(), chance.choose(BEHAVIOURS));
}

class RudeClient {
  readonly chance: Chance;
  readonly #all: RudeClients;
  readonly #behaviour: Behaviour;
  readonly #wire: Wire;
  /** Replies that may still come. */
  #due = 0;
  /** What replies without an error must be, in their order. */
  readonly #expected: string[] = [];

  constructor(all: RudeClients, chance: Chance, behaviour: Behaviour) {
    this.#all = all;
    this.chance = chance;
    this.#behaviour = behaviour;
    const { cluster, host } = all;
    this.#wire = host.connect(chance.choose(cluster.ready), () => this.#begin(), {
      onReply: (reply) => this.#onReply(reply),
      onPush: () => {},
      onClosed: () => {},
    });
  }

  /** In a database of its own. */
  #begin(): void {
    this.ask(['SELECT', DATABASE]);
    this.expect('OK');
    this.#behaviour(this);
  }

  ask(...commands: readonly Command[]): void {
    this.#due += commands.length;
    this.#wire.send(commands);
  }

  /** Bytes that make at most so many replies. */
  sendRaw(bytes: string, replies: number): void {
    this.#due += replies;
    this.#wire.sendRaw(bytes);
  }

  expect(...texts: readonly string[]): void {
    this.#expected.push(...texts);
  }

  newKey(): string {
    const key = `quit-${this.#all.keys.length}`;
    this.#all.keys.push(key);
    return key;
  }

  pause(): void {
    this.#wire.pause();
  }

  resumeAfter(ms: number): void {
    this.#all.host.after(ms, () => this.#wire.resume());
  }

  leaveAfter(ms: number): void {
    this.#all.host.after(ms, () => this.#wire.destroy());
  }

  /** When all is well it has every reply by then, unless the server has closed the connection. */
  leaveAnswered(ms: number): void {
    const { cluster, host } = this.#all;
    const { isPeace } = cluster;
    host.after(ms, () => {
      if (isPeace && this.#wire.isOpen && this.#due > 0) {
        cluster.fail(`a client that ${this.#behaviour.name} lacks ${this.#due} replies`);
      }
      this.#wire.destroy();
    });
  }

  /** A server that closes the connection may say why. */
  #onReply(reply: Reply): void {
    // SUBSCRIBE has an error for its reply there, where messages were expected.
    if (reply.kind === 'error' && reply.text.startsWith('REMOVED ')) return this.#wire.destroy();
    this.#due -= 1;
    const expected = this.#expected.shift();
    const isChecked = expected !== undefined && expected !== ANY && reply.kind !== 'error';
    if (isChecked && textOf(reply) !== expected) {
      this.#all.cluster.fail(`a client that ${this.#behaviour.name} got ${textOf(reply)}, ` +
        `not ${expected}`);
    }
    if (this.#due >= 0 || (reply.kind === 'error' && this.#due === -1)) return;
    this.#all.cluster.fail(`a client that ${this.#behaviour.name} got more replies than it asked ` +
      `for, the last one ${JSON.stringify(reply).slice(0, 200)}`);
  }
}

function textOf(reply: Reply): string {
  if (reply.kind === 'simple') return reply.text;
  if (reply.kind === 'array') return `[${reply.items.map(({ kind }) => kind).join()}]`;
  return reply.kind === 'bulk' ? reply.bytes : JSON.stringify(reply).slice(0, 100);
}
