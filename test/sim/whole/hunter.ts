/** Runs the simulator, compiled, with one fault planted in a copy of the code. */

import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plantText, type PlantedText } from '../../lib/planted-text.ts';
import type { PlantedFault, PlantedPlace } from './planted-faults.ts';

export interface Found {
  readonly isFound: boolean;
  /** Seeds that were run, the one that failed among them. */
  readonly seeds: number;
  readonly minutes: number;
  /** First line of what the simulator said, or why it does not count. */
  readonly failure: string;
}

interface SeedLine {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly failure?: string;
}

/** Minutes of each seed: most faults show at once or not in this run. */
const MINUTES_ALONE = 6;
const MINUTES_PEERS = 3;
/** A run that hangs is ended; a healthy seed takes seconds. */
const HANG_MS = 120_000;
/** So many seeds in one process. */
const SEEDS_AT_ONCE = 20;

/** All that is changed for a fault. */
export function placesOf(fault: PlantedFault): (PlantedPlace & PlantedText)[] {
  const { name, file, from, to, also } = fault;
  return [{ name, file, from, to }, ...also === undefined ? [] : [{ name, ...also }]];
}

/** Where that is, below `dist`. */
export function plantedPath(dist: string, { file }: PlantedPlace): string {
  return join(dist, 'src', file.replace(/\.ts$/, '.js'));
}

export class Hunter {
  readonly #dist: string;
  /** Runs in which the simulator says something of the right code as well. */
  readonly #sound = new Map<string, boolean>();

  constructor(dist: string) {
    this.#dist = dist;
  }

  async hunt(fault: PlantedFault, seedsMax: number): Promise<Found> {
    const root = await mkdtemp(join(tmpdir(), 'dkvs-fault-'));
    try {
      const copy = join(root, 'dist');
      const filter = (path: string): boolean => !/\.(d\.ts|map)$/.test(path);
      await cp(this.#dist, copy, { recursive: true, filter });
      await symlink(join(this.#dist, '../node_modules'), join(root, 'node_modules'));
      await writeFile(join(root, 'package.json'), '{"type":"module"}');
      for (const place of placesOf(fault)) await plantText(plantedPath(copy, place), place);
      return await this.#seek(copy, fault, seedsMax);
    } finally {
      await rm(root, { recursive: true });
    }
  }

  async #seek(copy: string, fault: PlantedFault, seedsMax: number): Promise<Found> {
    let [seeds, minutes, failure] = [0, 0, 'nothing was said'];
    while (seeds < seedsMax) {
      const from = seeds + 1;
      const lines = await simulate(copy, fault, from, Math.min(SEEDS_AT_ONCE, seedsMax - seeds));
      for (const line of lines) {
        seeds += 1;
        minutes += line.simulatedMs / 60_000;
        if (line.failure === undefined) continue;
        failure = line.failure.split('\n')[0]!;
        if (await this.#isSound(fault, line.seed)) {
          return { isFound: true, seeds, minutes, failure };
        }
        failure = `seed ${line.seed} fails without the fault too`;
      }
      if (lines.length === 0) return { isFound: false, seeds, minutes, failure: 'it hangs' };
    }
    return { isFound: false, seeds, minutes, failure };
  }

  /** Whether the code as it is passes this seed. */
  async #isSound(fault: PlantedFault, seed: number): Promise<boolean> {
    const key = [...settingsOf(fault), seed].join(' ');
    let isSound = this.#sound.get(key);
    if (isSound === undefined) {
      const [line] = await simulate(this.#dist, fault, seed, 1);
      isSound = line !== undefined && line.failure === undefined;
      this.#sound.set(key, isSound);
    }
    return isSound;
  }
}

function settingsOf({ servers, profile, minutes }: PlantedFault): string[] {
  const each = minutes ?? (servers === 1 ? MINUTES_ALONE : MINUTES_PEERS);
  return ['--servers', `${servers}`, '--profile', profile, '--minutes', `${each}`];
}

/** What it says of each seed, up to the first that fails. */
function simulate(
  dist: string, fault: PlantedFault, seed: number, seeds: number,
): Promise<SeedLine[]> {
  const args = [
    join(dist, 'test/sim/whole/main.js'), '--seed', `${seed}`, '--seeds', `${seeds}`, '--json',
    ...settingsOf(fault),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    const kill = (): void => void child.kill('SIGKILL');
    let timer = setTimeout(kill, HANG_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      clearTimeout(timer);
      timer = setTimeout(kill, HANG_MS);
    });
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      const lines = text.split('\n').filter((line) => line.startsWith('{'));
      resolve(lines.map((line) => JSON.parse(line) as SeedLine));
    });
  });
}
