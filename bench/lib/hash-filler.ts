/** Sets the fields of one hash as fast as a server takes them, over one connection. */

import { once } from 'node:events';
import { connect } from 'node:net';

const BATCH = 200;
const REPLY = ':0\r\n';

/** `HSET key field:<n> <prefix>:<n>` for all n below `fields`; every reply is counted. */
export async function fillHash(port: number, key: string, fields: number, prefix: string):
Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  try {
    for (let from = 0; from < fields; from += BATCH) {
      const to = Math.min(fields, from + BATCH);
      await new Promise<void>((done, fail) => {
        let left = (to - from) * REPLY.length;
        socket.removeAllListeners();
        socket.once('error', fail);
        socket.on('data', (data: Buffer) => {
          left -= data.length;
          if (data.includes('-')) fail(new Error(`HSET was answered with ${data.toString('latin1')}`));
          else if (left === 0) done();
        });
        socket.write(commandsOf(key, from, to, prefix));
      });
    }
  } finally {
    socket.destroy();
  }
}

function commandsOf(key: string, from: number, to: number, prefix: string): string {
  let text = '';
  for (let n = from; n < to; n++) {
    const args = ['HSET', key, `field:${n}`, `${prefix}:${n}`];
    text += `*4\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
  }
  return text;
}
