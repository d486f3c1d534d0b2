/**
 * The compactor's thread: receives a job, runs it (copy-live.ts), sends the result. See
 * copier-messages.ts for the talk and thread-copier.ts for the other side.
 *
 * It reads, writes and syncs with blocking calls: through libuv's pool, which all threads share, an
 * fsync of a whole segment would stand in the way of cold reads.
 */

import { parentPort } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';

import { NodeFiles } from '../../io/node-files.ts';
import type { Ask, CopierDisk, CopyJob, CopyResult } from './copy-job.ts';
import { questionTable } from './copy-job.ts';
import { failureOf } from './copier-messages.ts';
import type { FromCopier, ToCopier } from './copier-messages.ts';
import { copyLive } from './copy-live.ts';

if (parentPort === null) throw new Error('compaction-worker runs as a worker thread only');
const port = parentPort;
const disk = blockingDisk(new NodeFiles());
let onAnswer: ((go: boolean) => void) | null = null;

port.on('message', (message: ToCopier) => {
  if (message.type === 'answer') onAnswer?.(message.go);
  else void runJob(message.job, message.memory);
});

async function runJob(job: CopyJob, memory: SharedArrayBuffer): Promise<void> {
  const question = questionTable(memory);
  const ask: Ask = (slot, bytes) => new Promise((resolve) => {
    onAnswer = resolve;
    send({ type: 'ask', slot, bytes, count: question.records.count });
  });
  try {
    const result = await copyLive(disk, job, question, ask);
    send({ type: 'done', result: plain(result) }, buffersOf(result));
  } catch (err) {
    send({ type: 'failed', failure: failureOf(err) });
  }
}

function send(message: FromCopier, transfer: readonly Transferable[] = []): void {
  port.postMessage(message, transfer);
}

/** Without classes, which cannot cross. */
function plain(result: CopyResult): CopyResult {
  const moves = result.moves.map(({ fromSlot, output, records, newOffset }) => (
    { fromSlot, output, records, newOffset }
  ));
  return { ...result, moves };
}

function buffersOf(result: CopyResult): Transferable[] {
  return result.moves.flatMap(({ records, newOffset }) => (
    [records.space, records.hi, records.lo, records.offset, records.kind, newOffset]
      .map((column) => column.buffer as ArrayBuffer)
  ));
}

function blockingDisk(files: NodeFiles): CopierDisk {
  return {
    async openRead(path) {
      const file = await files.openRead(path);
      return {
        read: async (buf, off, len, pos) => file.readSync(buf, off, len, pos),
        close: () => file.close(),
      };
    },
    async create(path) {
      const file = await files.create(path);
      return {
        write: async (buf, off, len, pos) => file.writeSync(buf, off, len, pos),
        datasync: async () => file.datasyncSync(),
        close: () => file.close(),
      };
    },
  };
}
