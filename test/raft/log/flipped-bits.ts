import { expect } from 'vitest';
import { SimFiles } from '../../sim/sim-files.ts';
import {
  ALWAYS_DIRECT, DIR, batch, batches, configurationEntry, contentOf, diskOf, fresh, mustBeSame,
  open, put, stateOf, vote,
} from './helpers.ts';

type Content = Map<string, Buffer>;

/**
 * Opens a log of several segments with a bit of each `stride`-th byte flipped: it must be one of
 * the states that the log had, or refused by name. Returns how often it was what.
 */
export async function flipBits(
  stride: number,
): Promise<{ whole: number; shorter: number; error: number }> {
  const disk = new SimFiles();
  const log = await fresh(disk, { segmentBytes: 450, syncBudget: ALWAYS_DIRECT });
  const states = new Set<string>();
  const note = async (): Promise<void> => void states.add(await stateOf(log));
  for (const entries of [
    batches(1, 4, 1), [configurationEntry(5, 1, 'a', 'b')], batches(6, 9, 1), batches(7, 8, 2),
    batches(9, 12, 2), batches(11, 12, 3),
  ]) await put(log, entries, vote(log.lastTerm + 1, 'a')).then(note);
  await put(log, [batch(13, 3)]).then(note);
  await put(log, [batch(14, 3)]).then(note);
  const content = await contentOf(disk);
  const whole = await stateOf(log);
  expect(content.size).toBeGreaterThan(2);
  const counts = { whole: 0, shorter: 0, error: 0 };
  for (const [name, bytes] of content) {
    for (let at = 0; at < bytes.length; at += stride) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      counts[await outcome(new Map([...content, [name, flipped]]), name, states, whole)] += 1;
    }
  }
  return counts;
}

async function outcome(content: Content, name: string, states: ReadonlySet<string>,
  whole: string): Promise<'whole' | 'shorter' | 'error'> {
  const disk = await diskOf(content);
  try {
    const state = await stateOf(await open(disk));
    expect(states).toContain(state);
    return state === whole ? 'whole' : 'shorter';
  } catch (error) {
    expect(error).toMatchObject({ code: 'DAMAGED', file: `${DIR}/${name}` });
    mustBeSame(await contentOf(disk), content);
    return 'error';
  }
}
