/** Sends one small command after the other as fast as a server takes them, over one connection. */

import { once } from 'node:events';
import { connect } from 'node:net';

const BATCH = 200;

/** The command of each n below `count`; each is answered with an integer. */
export async function fillCommands(
  port: number, count: number, commandOf: (n: number) => readonly string[],
): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  try {
    for (let from = 0; from < count; from += BATCH) {
      const to = Math.min(count, from + BATCH);
      await new Promise<void>((done, fail) => {
        let left = to - from;
        socket.removeAllListeners();
        socket.once('error', fail);
        socket.on('data', (data: Buffer) => {
          if (data.includes('-')) fail(new Error(`it was answered with ${data.toString('latin1')}`));
          left -= data.toString('latin1').split('\n').length - 1;
          if (left === 0) done();
        });
        socket.write(encode(from, to, commandOf));
      });
    }
  } finally {
    socket.destroy();
  }
}

function encode(from: number, to: number, commandOf: (n: number) => readonly string[]): string {
  let text = '';
  for (let n = from; n < to; n++) {
    const args = commandOf(n);
    text += `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
  }
  return text;
}
