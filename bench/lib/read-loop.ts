/**
 * A process that does nothing but fs.read at random places of a log, so many at a time; prints the
 * reads of a second. Arguments: directory, bytes of a read, reads at a time, seconds.
 */

import { openSegments, RandomReads } from './log-reads.ts';

const WARM_UP_MS = 200;

const [dir = '', ...numbers] = process.argv.slice(2);
const [readBytes = 0, concurrency = 0, seconds = 0] = numbers.map(Number);

const reads = new RandomReads(openSegments(dir, readBytes + 1), readBytes);
let count = 0;
let isOver = false;

for (let i = 0; i < concurrency; i++) readAgain(Buffer.allocUnsafe(readBytes));

setTimeout(() => {
  const startedAt = performance.now();
  const countBefore = count;
  setTimeout(() => {
    isOver = true;
    const elapsed = (performance.now() - startedAt) / 1000;
    process.stdout.write(`${(count - countBefore) / elapsed}\n`);
  }, seconds * 1000);
}, WARM_UP_MS);

function readAgain(buffer: Buffer): void {
  reads.read(buffer, () => {
    count++;
    if (!isOver) readAgain(buffer);
  });
}
