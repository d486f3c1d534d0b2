/** The memory budget on this machine: what `maxmemory` says, or a share of what there is. */

import { totalmem } from 'node:os';
import { shareMemory, type MemoryBudget } from '../config/memory-budget.ts';
import type { ConfigValues } from '../config/options.ts';

export function memoryBudget(values: ConfigValues): MemoryBudget {
  const machineBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return shareMemory(values, 0, machineBytes);
}
