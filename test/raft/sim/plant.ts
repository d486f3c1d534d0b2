/** Runs the simulator, compiled, with one fault planted in a copy of the code. */

import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plantText } from '../../lib/planted-text.ts';
import type { PlantedFault } from './planted-faults.ts';

export interface Hunt {
  readonly isFound: boolean;
  /** What the simulator said. */
  readonly text: string;
}

/** `dist`: the compiled project. Looks for the fault with seeds 1 to `seeds`. */
export async function hunt(dist: string, fault: PlantedFault, seeds: number): Promise<Hunt> {
  const copy = await mkdtemp(join(tmpdir(), 'dkvs-fault-'));
  try {
    for (const part of ['src/raft/core', 'src/lib', 'test/raft', 'test/checker', 'test/lib']) {
      await cp(join(dist, part), join(copy, part), { recursive: true });
    }
    await writeFile(join(copy, 'package.json'), '{"type":"module"}');
    await plantText(join(copy, 'src/raft', fault.file), fault);
    const quick = await simulate(copy, fault.firstSeed ?? 1, 1);
    return quick.isFound ? quick : await simulate(copy, 1, seeds);
  } finally {
    await rm(copy, { recursive: true });
  }
}

function simulate(dir: string, seed: number, seeds: number): Promise<Hunt> {
  const main = join(dir, 'test/raft/sim/main.js');
  const args = [main, '--seed', String(seed), '--seeds', String(seeds), '--first', '--brief'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ isFound: code === 1 && text.includes(' fails '), text }));
  });
}
