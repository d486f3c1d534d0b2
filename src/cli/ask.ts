/**
 * One question to a server, for tools: connects, asks, and gives the elements of a flat reply.
 *
 * Never rejects: who does not answer in time, or not so, has not answered.
 */

import { connect, type Socket } from 'node:net';
import { KiB } from '../lib/size-units.ts';

/** A server that does not answer in this time is not counted on. */
const ASK_MS_MAX = 2000;

/** A name and an address are far shorter. */
const ASK_REPLY_BYTES_MAX = 64 * KiB;

export interface AskedServer {
  readonly host: string;
  readonly port: number;
  /** '' where none is needed. */
  readonly password: string;
}

/** Elements of an array, none for nil; undefined when there is no such reply. */
export async function ask(
  { host, port, password }: AskedServer, command: readonly string[],
): Promise<readonly string[] | undefined> {
  const commands = password === '' ? [command] : [['AUTH', password], command];
  const socket = connect({ host, port });
  socket.write(commands.map(encode).join(''));
  try {
    const replies = await readReplies(socket, commands.length);
    return replies?.at(-1);
  } finally {
    socket.destroy();
  }
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

function readReplies(
  socket: Socket, count: number,
): Promise<readonly (readonly string[])[] | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(undefined), ASK_MS_MAX);
    const finish = (replies: readonly (readonly string[])[] | undefined): void => {
      clearTimeout(timer);
      resolve(replies);
    };
    socket.setEncoding('utf8');
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const replies = parseReplies(text, count);
      if (replies !== 'more') finish(replies);
      else if (text.length > ASK_REPLY_BYTES_MAX) finish(undefined);
    });
  });
}

/** 'more' while bytes are missing; undefined where a reply is an error or not flat. */
function parseReplies(
  text: string, count: number,
): readonly (readonly string[])[] | undefined | 'more' {
  const lines = text.split('\r\n').slice(0, -1);
  const replies: string[][] = [];
  let at = 0;
  while (replies.length < count) {
    const head = lines[at++];
    if (head === undefined) return 'more';
    if (head.startsWith('+') || head.startsWith(':')) replies.push([head.slice(1)]);
    else if (!head.startsWith('*')) return undefined;
    else {
      const size = Math.max(0, Number(head.slice(1)));
      // Each element is a length and a text, neither of which has a line end in what tools ask for.
      if (lines.length < at + size * 2) return 'more';
      replies.push(Array.from({ length: size }, (_, i) => lines[at + i * 2 + 1]!));
      at += size * 2;
    }
  }
  return replies;
}
