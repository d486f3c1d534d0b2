/**
 * The least that could be called a server: one fs.read at a random place for each request, its
 * bytes as the reply. It does not parse: all requests are GETs of equal length, which it counts.
 * What remains between its speed and that of a bare loop of fs.read is the price of sockets in
 * Node.
 *
 * Arguments: port, directory, bytes of a read, bytes of a value, bytes of a request.
 */

import { createServer, type Socket } from 'node:net';
import { openSegments, RandomReads } from './log-reads.ts';

const [portText = '', dir = '', ...numbers] = process.argv.slice(2);
const [readBytes = 0, valueBytes = 0, requestBytes = 0] = numbers.map(Number);

const reads = new RandomReads(openSegments(dir, readBytes + 1), readBytes);
const head = Buffer.from(`$${valueBytes}\r\n`);
const replyBytes = head.length + valueBytes + 2;

createServer((socket) => {
  let pendingBytes = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    if (isQuestion(data)) {
      socket.write(data[0] === 0x50 ? '+PONG\r\n' : '-ERR only GET\r\n');
      return;
    }
    pendingBytes += data.length;
    const requests = Math.floor(pendingBytes / requestBytes);
    pendingBytes -= requests * requestBytes;
    for (let i = 0; i < requests; i++) answer(socket);
  });
}).listen(Number(portText), '127.0.0.1');

/** PING, or redis-benchmark's request for the configuration, which comes in one piece. */
function isQuestion(data: Buffer): boolean {
  return data[0] === 0x50 || (data[0] === 0x2a && data[1] === 0x33);
}

function answer(socket: Socket): void {
  const buffer = Buffer.allocUnsafe(Math.max(readBytes, replyBytes));
  reads.read(buffer, () => {
    const start = buffer.length - replyBytes;
    head.copy(buffer, start);
    buffer[buffer.length - 2] = 13;
    buffer[buffer.length - 1] = 10;
    socket.write(buffer.subarray(start));
  });
}
