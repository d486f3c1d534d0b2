/**
 * Waits until what was written before has reached the disk: after a fill of gigabytes the kernel
 * writes back for many seconds, and every sync of that time waits for it. Linux tells how much
 * there is; elsewhere this returns at once.
 */

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
const CALM_BYTES = 32 * 1024 * 1024;
/** The kernel writes back what is older than this (vm.dirty_expire_centisecs), twice over. */
const WAIT_MS_MAX = 60_000;

/** Returns how long that took, in milliseconds. */
export async function diskCalm(): Promise<number> {
  const startMs = performance.now();
  const passed = (): number => performance.now() - startMs;
  while (passed() < WAIT_MS_MAX && await unwrittenBytes() > CALM_BYTES) await delay(POLL_MS);
  return passed();
}

async function unwrittenBytes(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kib = [...text.matchAll(/^(?:Dirty|Writeback): *(\d+) kB/gm)].map(([, n]) => Number(n));
  return kib.reduce((sum, n) => sum + n, 0) * 1024;
}
