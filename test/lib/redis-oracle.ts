/**
 * A real redis-server as an oracle: started on a free port without persistence, ended with the
 * test. Where none is installed `startRedisOracle` gives undefined, and the caller says so by
 * skipping.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toInt64 } from '../../src/lib/int64.ts';

/** redis-parser has no types of its own. */
const RedisParser = createRequire(import.meta.url)('redis-parser') as new (options: {
  returnReply(reply: unknown): void;
  returnError(error: Error): void;
  returnFatalError(error: Error): void;
  returnBuffers: boolean;
  stringNumbers: boolean;
}) => { execute(chunk: Buffer): void };

/** Integers are exact: a bigint where a number would round. */
export type Reply = string | number | bigint | null | Error | Reply[];

export interface RedisOracle {
  /** Sends commands in one pipeline; arguments are latin1 strings, one character per byte. */
  run(commands: ReadonlyArray<readonly string[]>): Promise<Reply[]>;
  stop(): Promise<void>;
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

export async function startRedisOracle(): Promise<RedisOracle> {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-oracle-'));
  const path = join(dir, 'socket');
  const server = spawn('redis-server', [
    '--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', dir,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('ready to accept connections at')) resolve();
    });
    server.on('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
  });
  const socket = connect(path);
  const stop = async (): Promise<void> => {
    socket.destroy();
    const ended = new Promise((resolve) => { server.on('exit', resolve); });
    server.kill('SIGKILL');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { run: (commands) => runPipeline(socket, commands), stop };
}

function runPipeline(
  socket: Socket, commands: ReadonlyArray<readonly string[]>,
): Promise<Reply[]> {
  const replies: Reply[] = [];
  return new Promise((resolve, reject) => {
    const add = (reply: Reply): void => {
      replies.push(reply);
      if (replies.length === commands.length) finish();
    };
    const parser = new RedisParser({
      returnReply: (reply) => add(readable(reply)),
      returnError: add,
      returnFatalError: reject,
      returnBuffers: true,
      stringNumbers: true,
    });
    const onData = (chunk: Buffer): void => parser.execute(chunk);
    const finish = (): void => {
      socket.off('data', onData);
      socket.off('error', reject);
      resolve(replies);
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.write(encode(commands), 'latin1');
    if (commands.length === 0) finish();
  });
}

function readable(reply: unknown): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  // Texts come as Buffers, so a string is an integer that the parser was told not to round.
  if (typeof reply === 'string') return toInt64(BigInt(reply)) ?? null;
  return Array.isArray(reply) ? reply.map(readable) : reply as Reply;
}

function encode(commands: ReadonlyArray<readonly string[]>): string {
  return commands.map((args) => {
    const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
    return `*${args.length}\r\n${parts.join('')}`;
  }).join('');
}
