/** RAM by part, and what MEMORY DOCTOR makes of it. Pure: figures in, figures and text out. */

import type { InfoSource } from './info-source.ts';

/** Bytes by the names of MEMORY STATS, where Redis has one. 'total' is what the process holds. */
export function memoryParts({ memory, clients, store }: InfoSource): Record<string, number> {
  return {
    total: memory.usedBytes,
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
