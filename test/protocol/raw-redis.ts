/**
 * A real redis-server spoken to byte by byte, for what no client library would send. Where none is
 * installed the caller skips and says so (see hasRedisServer).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RawRedis {
  /** What the server says, in latin1, until it closes the connection. */
  untilClosed(bytes: Buffer): Promise<string>;
  stop(): Promise<void>;
}

export async function startRawRedis(...options: readonly string[]): Promise<RawRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-raw-'));
  const path = join(dir, 'socket');
  const server = spawn('redis-server', [
    '--port', '0', '--unixsocket', path, '--save', '', '--dir', dir, ...options,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('ready to accept connections at')) resolve();
    });
    server.on('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
  });
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => { server.on('exit', resolve); });
    server.kill('SIGKILL');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { untilClosed: (bytes) => untilClosed(path, bytes), stop };
}

const ANSWER_TIMEOUT_MS = 5000;

/**
 * The bytes must make Redis close: they hold a fault that it finds, or end in QUIT.
 */
function untilClosed(path: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let said = '';
    socket.on('data', (chunk: Buffer) => { said += chunk.toString('latin1'); });
    // Redis may close before it has read all that we sent.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(said));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      reject(new Error(`not closed; it said ${JSON.stringify(said)}`));
      socket.destroy();
    });
    socket.write(bytes);
  });
}
