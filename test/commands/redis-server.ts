/**
 * A real redis-server to compare with, the one way in which tests start it: without persistence, on
 * a Unix socket, ended with the test. Ask `hasRedisServer` first, and skip visibly.
 */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askAll, untilClosed, type Reply } from './real-conversations.ts';

export interface RedisServer {
  /** Its Unix socket. */
  readonly path: string;
  /** Runs the commands on a new connection; the bytes of each reply, as latin1. */
  run(commands: readonly (readonly string[])[], protocol?: 2 | 3): Promise<string[]>;
  /** The same in one pipeline, decoded, in RESP2. */
  ask(commands: readonly (readonly string[])[]): Promise<Reply[]>;
  /**
   * Sends these bytes on a new connection: what the server says, in latin1, until it closes.
   */
  untilClosed(bytes: Buffer): Promise<string>;
  stop(): Promise<void>;
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

export async function startRedisServer(...options: readonly string[]): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-real-'));
  const path = join(dir, 'socket');
  const server = spawn('redis-server', [
    '--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', dir,
    ...options,
    // SORT with ALPHA compares by the locale.
  ], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, LC_ALL: 'C' } });
  const ended = new Promise<void>((resolve) => { server.on('exit', () => resolve()); });
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('ready to accept connections at')) resolve();
    });
    server.on('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
  });
  return {
    path,
    run: (commands, protocol = 2) => runOn(path, commands, protocol),
    ask: (commands) => askAll(path, commands.map(encodeRequest).join(''), commands.length),
    untilClosed: (bytes) => untilClosed(path, bytes),
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Runs the commands on a new connection to the Unix socket `path`; the bytes of each reply. */
export async function runOn(
  path: string, commands: readonly (readonly string[])[], protocol: 2 | 3,
): Promise<string[]> {
  const socket = connect(path);
  try {
    const hello = ['HELLO', `${protocol}`];
    const replies = await exchange(socket, [hello, ...commands]);
    return replies.slice(1);
  } finally {
    socket.destroy();
  }
}

const END_KEY = 'dkvs-end-of-notifications';

/** 'event key@db' of each keyspace notification of database 0 while `body` runs. */
export async function notificationsOn(
  path: string, body: () => Promise<unknown>,
): Promise<string[]> {
  await runOn(path, [['CONFIG', 'SET', 'notify-keyspace-events', 'KEAmn']], 2);
  const socket = connect(path);
  const subscribed = exchange(socket, [['PSUBSCRIBE', '__keyevent@0__:*']]);
  await subscribed;
  const heard: string[] = [];
  const all = new Promise<void>((resolve, reject) => {
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let end = replyEnd(text, 0); end !== undefined; end = replyEnd(text, 0)) {
        const [, , channel = '', key = ''] = bulksOf(text.slice(0, end));
        text = text.slice(end);
        if (key === END_KEY) return resolve();
        heard.push(`${channel.slice(channel.indexOf(':') + 1)} ${key}@0`);
      }
    });
  });
  await body();
  await runOn(path, [['SET', END_KEY, '1'], ['DEL', END_KEY]], 2);
  await all;
  socket.destroy();
  await runOn(path, [['CONFIG', 'SET', 'notify-keyspace-events', '']], 2);
  return heard;
}

function exchange(socket: Socket, commands: readonly (readonly string[])[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const replies: string[] = [];
    let text = '';
    const done = (): void => {
      socket.off('data', onData);
      socket.off('error', reject);
      resolve(replies);
    };
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      for (let end = replyEnd(text, 0); end !== undefined; end = replyEnd(text, 0)) {
        replies.push(text.slice(0, end));
        text = text.slice(end);
      }
      if (replies.length === commands.length) done();
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.write(commands.map(encodeRequest).join(''), 'latin1');
  });
}

export function encodeRequest(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

/** The contents of an array of bulks. */
function bulksOf(reply: string): string[] {
  const contents: string[] = [];
  let at = reply.indexOf('\r\n') + 2;
  while (at < reply.length) {
    const end = replyEnd(reply, at) ?? reply.length;
    contents.push(reply.slice(reply.indexOf('\r\n', at) + 2, end - 2));
    at = end;
  }
  return contents;
}

/** Where the reply that begins at `at` ends, in RESP2 or RESP3; undefined while incomplete. */
export function replyEnd(text: string, at: number): number | undefined {
  const lineEnd = text.indexOf('\r\n', at);
  if (at >= text.length || lineEnd < 0) return undefined;
  const type = text.charAt(at);
  const count = Number(text.slice(at + 1, lineEnd));
  let end = lineEnd + 2;
  if ('+-:_,#('.includes(type)) return end;
  if ('$=!'.includes(type)) {
    if (count >= 0) end += count + 2;
    return end <= text.length ? end : undefined;
  }
  let elements = type === '%' || type === '|' ? count * 2 : Math.max(0, count);
  for (; elements > 0; elements--) {
    const next = replyEnd(text, end);
    if (next === undefined) return undefined;
    end = next;
  }
  return end;
}
