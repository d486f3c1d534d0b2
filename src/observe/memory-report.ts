/** What the RAM is used for, in bytes: for INFO and MEMORY. Pure. */

import type { InfoSource, MemoryFacts } from './info-source.ts';

/**
 * The memory in use, divided as Redis divides it: overhead is what an empty server takes, the index
 * and the buffers of clients; the rest holds data.
 */
export function divideMemory({ memory, clients, store }: InfoSource): Record<
  'overhead' | 'dataset', number
> {
  const needed = memory.startupBytes + clients.bufferBytes + store.indexBytes;
  const overhead = Math.min(needed, memory.usedBytes);
  return { overhead, dataset: memory.usedBytes - overhead };
}

/** What was asked of the allocators of V8 and of Buffers, and what they took for it. */
export function allocatorUse(memory: MemoryFacts): Record<'allocated' | 'active', number> {
  const { externalBytes, heapBytes, heapUsedBytes } = memory;
  return { allocated: heapUsedBytes + externalBytes, active: heapBytes + externalBytes };
}

/**
 * By part. 'total' is what the process uses; the parts of the store are what they may grow to
 * without asking for more, so their sum can be larger.
 */
export function memoryParts(source: InfoSource): Record<string, number> {
  const { memory, clients, store } = source;
  return {
    total: memory.usedBytes,
    ...divideMemory(source),
    ...allocatorUse(memory),
    peak: memory.peakBytes,
    startup: memory.startupBytes,
    resident: memory.residentBytes,
    budget: memory.maxBytes,
    clients: clients.bufferBytes,
    index: store.indexBytes,
    'hot-tail': store.hotTailBytes,
    'read-cache': store.readCacheBytes,
    'live-values': store.liveValueBytes,
  };
}
