/** Random commands to a real socket, and every reply held against the model. */

import { connect, type Socket } from 'node:net';
import { encodeRequest } from '../../commands/redis-server.ts';
import { ClientModel, type ClientModelOptions } from './client-model.ts';
import { RandomCommands, type RandomCommandsOptions } from './random-commands.ts';
import { ReplyDecoder } from './reply-decoder.ts';
import { bytesOf, type Reply } from './reply.ts';

/** Between the clocks of the test and of the server: both are rounded, and Redis caches its own. */
const CLOCK_SLACK_MS = 2;

type Command = readonly string[];

/** One connection: sends a pipeline and gives its replies, with the time at which each came. */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #decoder = new ReplyDecoder();
  #onData: () => void = () => {};
  #failure: Error | undefined;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.on('data', (chunk) => {
      this.#decoder.feed(chunk);
      this.#onData();
    });
    this.#socket.on('error', (error) => {
      this.#failure = error;
      this.#onData();
    });
  }

  async ask(commands: readonly Command[]): Promise<[reply: Reply, atMs: number][]> {
    this.#socket.write(commands.map(encodeRequest).join(''), 'latin1');
    const replies: [Reply, number][] = [];
    while (replies.length < commands.length) {
      const reply = this.#decoder.next();
      if (reply !== undefined) replies.push([reply, Date.now()]);
      else await new Promise<void>((resolve) => { this.#onData = resolve; });
      if (this.#failure !== undefined) throw this.#failure;
    }
    return replies;
  }

  /** Sends and closes at once: the server may execute any first ones. */
  sendAndClose(commands: readonly Command[]): void {
    this.#socket.write(commands.map(encodeRequest).join(''), 'latin1', () => this.close());
  }

  /** Waits until the server has no connection but this one. */
  async waitUntilAlone(): Promise<void> {
    for (;;) {
      const [list] = (await this.ask([['CLIENT', 'LIST']]))[0]!;
      if ((bytesOf(list) ?? '').trimEnd().split('\n').length === 1) return;
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Makes a right server a wrong one: changes what it is asked, and what it replies. */
export interface Tampering {
  /** What is sent in place of the pipeline: as many commands. */
  ask?(pipeline: readonly Command[]): readonly Command[];
  /** What is received in place of the replies: as many. */
  answer?(pipeline: readonly Command[], replies: readonly Reply[]): readonly Reply[];
}

export interface ModelRunOptions extends RandomCommandsOptions {
  readonly path: string;
  /** How many commands to run at least. */
  readonly count: number;
  readonly tampering?: Tampering;
  readonly model?: ClientModelOptions;
}

/** Runs random commands, on new connections now and then, and reads everything back. */
export class ModelRun {
  readonly #options: ModelRunOptions;
  readonly #model: ClientModel;
  readonly #commands: RandomCommands;
  #connection: PlainConnection;
  #done = 0;
  #wrong: string | undefined;

  constructor(options: ModelRunOptions) {
    this.#options = options;
    this.#model = new ClientModel({ clockSlackMs: CLOCK_SLACK_MS, ...options.model });
    this.#commands = new RandomCommands(options);
    this.#connection = new PlainConnection(options.path);
  }

  /** The first reply that is wrong, described; undefined when all are right. */
  async run(): Promise<string | undefined> {
    const { count, random } = this.#options;
    while (this.#done < count && this.#wrong === undefined) {
      if (random.below(100) === 0) await this.#reconnect(random.below(2) === 0);
      await this.#send(this.#commands.nextPipeline(Date.now()));
      const scan = random.below(3) === 0 ? undefined : this.#model.scanToContinue();
      if (scan !== undefined && !this.#model.isInTransaction) await this.#send([scan]);
    }
    await this.#reconnect(false);
    await this.#send(this.#model.readBack());
    this.#connection.close();
    return this.#wrong;
  }

  async #send(pipeline: readonly Command[]): Promise<void> {
    if (this.#wrong !== undefined) return;
    const { ask, answer } = this.#options.tampering ?? {};
    for (const command of pipeline) this.#model.send(command, Date.now());
    const timed = await this.#connection.ask(ask?.(pipeline) ?? pipeline);
    const plain = timed.map(([reply]) => reply);
    const replies = answer?.(pipeline, plain) ?? plain;
    for (const [i, reply] of replies.entries()) {
      const verdict = this.#model.receive(reply, timed[i]![1]);
      this.#done++;
      if (verdict.kind === 'right') continue;
      this.#wrong ??= verdict.kind === 'wrong' ? verdict.description : verdict.kind;
      return;
    }
  }

  async #reconnect(losesReplies: boolean): Promise<void> {
    if (losesReplies) this.#sendInVain();
    else this.#connection.close();
    this.#connection = new PlainConnection(this.#options.path);
    await this.#connection.waitUntilAlone();
    this.#model.disconnected(Date.now());
    this.#commands.disconnected();
    await this.#send([['HELLO', this.#options.random.below(2) === 0 ? '2' : '3']]);
  }

  #sendInVain(): void {
    const wasInTransaction = this.#model.isInTransaction;
    const pipeline = this.#commands.nextPipeline(Date.now());
    const names = new Set(pipeline.map(([name]) => name));
    // The model gives up where the reply to an EXEC with a SELECT in it is lost.
    const maySelect = names.has('EXEC') && (wasInTransaction || names.has('SELECT'));
    if (maySelect) return this.#connection.close();
    for (const command of pipeline) this.#model.send(command, Date.now());
    this.#connection.sendAndClose(pipeline);
  }
}

export function runModel(options: ModelRunOptions): Promise<string | undefined> {
  return new ModelRun(options).run();
}
