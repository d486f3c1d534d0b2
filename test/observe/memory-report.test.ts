import { describe, expect, it } from 'vitest';
import type { InfoSource } from '../../src/observe/info-source.ts';
import { divideMemory, memoryParts } from '../../src/observe/memory-report.ts';

const MiB = 1024 * 1024;

/** A process that uses `used` MiB, 20 of them since it started, with an index of `index` MiB. */
function source(used: number, index: number): InfoSource {
  return {
    memory: {
      usedBytes: used * MiB, peakBytes: 200 * MiB, residentBytes: 210 * MiB, startupBytes: 20 * MiB,
      maxBytes: 1024 * MiB, heapBytes: 40 * MiB, heapUsedBytes: 30 * MiB, externalBytes: 50 * MiB,
    },
    clients: { bufferBytes: 5 * MiB },
    store: {
      indexBytes: index * MiB, hotTailBytes: 32 * MiB, readCacheBytes: 512 * MiB, liveValueBytes: 0,
      neededBytes: 0,
    },
  } as InfoSource;
}

describe('memory, divided', () => {
  it('is overhead and data together, whatever the parts may grow to', () => {
    expect(divideMemory(source(100, 30))).toEqual({ overhead: 55 * MiB, dataset: 45 * MiB });
    expect(divideMemory(source(40, 30))).toEqual({ overhead: 40 * MiB, dataset: 0 });
  });

  it('has every part by name', () => {
    expect(memoryParts(source(100, 30))).toEqual({
      total: 100 * MiB, overhead: 55 * MiB, dataset: 45 * MiB, peak: 200 * MiB, startup: 20 * MiB,
      resident: 210 * MiB, budget: 1024 * MiB, clients: 5 * MiB, index: 30 * MiB,
      allocated: 80 * MiB, active: 90 * MiB, 'hot-tail': 32 * MiB, 'read-cache': 512 * MiB, 'live-values': 0,
    });
  });
});
