/** Random commands to a real socket, and every reply held against the model. */

import { connect, type Socket } from 'node:net';
import { encodeRequest, type RealServer } from '../../commands/real-server.ts';
import { ClientModel, type ClientModelOptions } from './client-model.ts';
import { RandomCommands, type RandomCommandsOptions } from './random-commands.ts';
import { ReplyDecoder } from './reply-decoder.ts';
import type { Reply } from './reply.ts';

/** Between the clocks of the test and of the server: both are rounded, and Redis caches its own. */
const CLOCK_SLACK_MS = 2;

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

  async ask(commands: readonly (readonly string[])[]): Promise<[reply: Reply, atMs: number][]> {
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

  close(): void {
    this.#socket.destroy();
  }
}

export type Corrupt = (command: readonly string[], reply: Reply) => Reply;

export interface ModelRun {
  readonly commands: number;
  /** The first wrong reply. */
  readonly wrong: string | undefined;
  readonly hypothesesMax: number;
}

/**
 * Runs at least `count` commands, and reads everything back. New connections come now and then.
 */
export async function runModel(
  server: Pick<RealServer, 'path'>, count: number, options: RandomCommandsOptions,
  { corrupt = (_, reply) => reply, model: modelOptions = {} }: {
    readonly corrupt?: Corrupt; readonly model?: ClientModelOptions;
  } = {},
): Promise<ModelRun> {
  const model = new ClientModel({ clockSlackMs: CLOCK_SLACK_MS, ...modelOptions });
  const commands = new RandomCommands(options);
  let connection = new PlainConnection(server.path);
  const run = { commands: 0, wrong: undefined as string | undefined, hypothesesMax: 1 };
  const send = async (pipeline: string[][]): Promise<void> => {
    for (const command of pipeline) model.send(command, Date.now());
    for (const [reply, atMs] of await connection.ask(pipeline)) {
      const verdict = model.receive(corrupt(pipeline[0]!, reply), atMs);
      pipeline.shift();
      run.commands++;
      run.hypothesesMax = Math.max(run.hypothesesMax, model.hypothesisCount);
      if (verdict.kind === 'right') continue;
      run.wrong ??= verdict.kind === 'wrong' ? verdict.description : verdict.kind;
    }
  };
  const reconnect = async (): Promise<void> => {
    connection.close();
    connection = new PlainConnection(server.path);
    model.disconnected(Date.now());
    commands.disconnected();
    await send([['HELLO', options.random.below(2) === 0 ? '2' : '3']]);
  };
  while (run.commands < count && run.wrong === undefined) {
    if (options.random.below(100) === 0) await reconnect();
    await send(commands.nextPipeline(Date.now()));
    const scan = options.random.below(3) === 0 ? undefined : model.scanToContinue();
    if (scan !== undefined && !model.isInTransaction) await send([scan]);
  }
  if (run.wrong === undefined) {
    await reconnect();
    await send(model.readBack());
  }
  connection.close();
  return run;
}
