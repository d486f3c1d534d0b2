import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import type { Files } from '../../../src/io/files.ts';
import { decodeMarker, encodeMarker } from '../../../src/store/snapshot/install-marker.ts';
import {
  finishInstall, installSnapshot, readSnapshotMeta, SNAPSHOT_META_BYTES_MAX,
} from '../../../src/store/snapshot/install-snapshot.ts';
import { receiveSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import { WATERMARK_NAME } from '../../../src/io/watermark-file.ts';
import { tornTailName } from '../../../src/store/recovery/torn-tails.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import { findState, stateOf } from '../crash-model.ts';
import type { State } from '../crash-model.ts';
import {
  BUSY, BusyStore, DIR, KEY_NAMES, META, cut, mustBeIn, pass, streamed, take,
} from './helpers.ts';
import { open } from '../helpers.ts';
import { SimClock } from '../../sim/sim-clock.ts';

interface Incoming {
  readonly bytes: Buffer;
  readonly position: number;
  readonly state: State;
}

/** A snapshot of a busy store. */
async function makeIncoming(seed: number, batches = 60): Promise<Incoming> {
  const busy = await BusyStore.start(new SimFiles({ seed }), seed);
  await busy.batches(batches);
  const snapshot = await pass(busy.clock, busy.store.exportSnapshot());
  const { position } = snapshot;
  return { bytes: await streamed(snapshot), position, state: busy.history[position]! };
}

/**
 * A disk with a store that was closed or lost its process, the same for the same seed: it has
 * segments of the same names as the snapshot, others, and perhaps a checkpoint.
 */
async function diskWithOld(seed: number): Promise<{ disk: SimFiles; state: State }> {
  let disk = new SimFiles({ seed });
  const busy = await BusyStore.start(disk, seed + 100);
  await busy.batches(80);
  if (seed % 2 === 0) await busy.close();
  else await pass(busy.clock, busy.store.flushAndSync());
  disk = disk.crash(new Random(seed, 9), 'lucky');
  return { disk, state: busy.history.at(-1)! };
}

const receiveAll = (files: Files, bytes: Buffer): Promise<unknown> =>
  receiveSnapshot({ files, dir: DIR, reserveBytes: 0 }, cut(bytes, new Random(1, 1), 20_000));

/** What a start finds; leaves the disk without a store at work. */
async function stateOn(disk: SimFiles): Promise<State> {
  const clock = new SimClock();
  const store = await pass(clock, open({ files: disk, clock, options: BUSY }));
  store.logIndex = Math.max(1, store.position);
  const state = await stateOf(store, KEY_NAMES);
  await pass(clock, store.close());
  return state;
}

describe('an install', () => {
  it('removes what was noted and kept of the old log: it would speak of the new one', async () => {
    const incoming = await makeIncoming(1);
    const { disk, state } = await diskWithOld(1);
    await disk.writeWhole(`${DIR}/${tornTailName(1, 100)}`, Buffer.alloc(10, 1));
    expect(await disk.list(DIR)).toContain(WATERMARK_NAME);
    await take(disk, incoming.bytes);
    const names = await disk.list(DIR);
    expect(names.filter((name) => name === WATERMARK_NAME || name.startsWith('torn-'))).toEqual([]);
    expect(state.size).toBeGreaterThan(0);
    expect(findState([incoming.state], await stateOn(disk))).toBe(0);
  });

  it.each([1, 2, 3, 4])('leaves the old store or the new one wherever the power goes, seed %i',
    async (seed) => {
      const incoming = await makeIncoming(seed);
      const whole = await diskWithOld(seed);
      const before = whole.disk.operations;
      await take(whole.disk, incoming.bytes);
      const operations = whole.disk.operations - before;
      const outcomes = { old: 0, new: 0 };
      for (let at = 1; at <= operations + 1; at += 1) {
        const { disk, state: oldState } = await diskWithOld(seed);
        const crashAt = disk.operations + at;
        disk.onOperation = (_op, _path, number) => {
          if (number === crashAt) throw new SimCrash();
        };
        const end = await disk.runUntilCrash(() => take(disk, incoming.bytes));
        let survivor = disk.crash(new Random(seed, at));
        // The start that finishes it is cut short as well.
        const random = new Random(seed ^ 0x77, at);
        const again = 1 + random.below(60);
        survivor.onOperation = (_op, _path, number) => {
          if (number === again) throw new SimCrash();
        };
        await survivor.runUntilCrash(async () => void await finishInstall(survivor, DIR));
        survivor = survivor.crash(random);

        const what = `seed ${seed}, crash at ${at} of ${operations}, then at ${again}`;
        const state = await stateOn(survivor);
        const isNew = findState([incoming.state], state) === 0;
        expect(isNew || findState([oldState], state) === 0, what).toBe(true);
        if (end === 'finished') expect(isNew, what).toBe(true);
        expect(await readSnapshotMeta(survivor, DIR), what)
          .toEqual(isNew ? Uint8Array.from(META) : undefined);
        expect((await survivor.list(DIR)).filter((name) => /incoming|install/.test(name)), what)
          .toEqual([]);
        outcomes[isNew ? 'new' : 'old'] += 1;
      }
      expect(outcomes.old).toBeGreaterThan(10);
      expect(outcomes.new).toBeGreaterThan(10);
    }, 120_000);

  it('replaces a store that came from an earlier one, and what it knew of it', async () => {
    const [first, second] = [await makeIncoming(1), await makeIncoming(2, 20)];
    const disk = new SimFiles();
    await disk.mkdir(DIR);
    await take(disk, first.bytes);
    const one = await BusyStore.start(disk, 1);
    await one.resume(first.state);
    await one.batches(30);
    await one.close();
    await receiveAll(disk, second.bytes);
    await installSnapshot(disk, DIR, Buffer.from('later'));
    const two = await BusyStore.start(disk, 1);
    await mustBeIn(two.store, second.state, 'the second one');
    expect(two.store.position).toBe(second.position);
    expect(Buffer.from((await readSnapshotMeta(disk, DIR))!).toString()).toBe('later');
  });

  it('takes no file of the old store for one of the new, not even a hint of the same name',
    async () => {
      const { bytes, state } = await makeIncoming(3);
      const { disk } = await diskWithOld(1);
      await receiveAll(disk, bytes);
      const hint = (await disk.list(DIR)).find((name) => name.endsWith('.hint.incoming'))!;
      await disk.unlink(`${DIR}/${hint}`);
      const old = `${DIR}/${hint.replace('.incoming', '')}`;
      if (!await disk.exists(old)) await (await disk.create(old)).close();
      await installSnapshot(disk, DIR, META);
      expect(await disk.list(DIR)).not.toContain(hint.replace('.incoming', ''));
      expect(findState([state], await stateOn(disk))).toBe(0);
    });

  it('leaves alone what is not the store\'s', async () => {
    const { bytes } = await makeIncoming(1);
    const { disk } = await diskWithOld(1);
    const others = ['raft-0000000000000001.log', 'dkvs.conf', 'checkpoint', '1.log'];
    for (const name of others) await (await disk.create(`${DIR}/${name}`)).close();
    await take(disk, bytes);
    expect(await disk.list(DIR)).toEqual(expect.arrayContaining(others));
  });

  it('is refused when nothing whole is staged, and changes nothing', async () => {
    const { bytes } = await makeIncoming(1);
    const { disk, state } = await diskWithOld(2);
    await expect(installSnapshot(disk, DIR, META)).rejects.toMatchObject({ code: 'INVALID' });
    for (const missing of ['MANIFEST.incoming', /\.(log|pack)\.incoming$/]) {
      await receiveAll(disk, bytes);
      const name = (await disk.list(DIR)).find((each) => each.match(missing) !== null)!;
      await disk.unlink(`${DIR}/${name}`);
      await expect(installSnapshot(disk, DIR, META)).rejects.toMatchObject({ code: 'INVALID' });
    }
    await receiveAll(disk, bytes);
    const tooMuch = Buffer.alloc(SNAPSHOT_META_BYTES_MAX + 1);
    await expect(installSnapshot(disk, DIR, tooMuch)).rejects.toThrow(RangeError);
    expect(findState([state], await stateOn(disk))).toBe(0);
  });

  it('that was not decided is forgotten by the next start', async () => {
    const { bytes } = await makeIncoming(1);
    const { disk, state } = await diskWithOld(3);
    const before = await disk.list(DIR);
    await receiveAll(disk, bytes);
    expect(await finishInstall(disk, DIR)).toBe(false);
    expect(await disk.list(DIR)).toEqual(before);
    expect(findState([state], await stateOn(disk))).toBe(0);
  });

  it('is not finished by guessing: a damaged marker and a lost file are told', async () => {
    const { bytes } = await makeIncoming(1);
    const { disk } = await diskWithOld(3);
    await receiveAll(disk, bytes);
    disk.fail({ op: 'rename', path: '.incoming', nth: 1, code: 'EIO' });
    await expect(installSnapshot(disk, DIR, META)).rejects.toMatchObject({ code: 'EIO' });
    const lost = (await disk.list(DIR)).find((name) => name.endsWith('.log.incoming'))!;
    await disk.unlink(`${DIR}/${lost}`);
    await disk.unlink(`${DIR}/${lost.replace('.incoming', '')}`).catch(() => undefined);
    await expect(stateOn(disk)).rejects.toMatchObject({ code: 'MISSING' });
    disk.damage(`${DIR}/snapshot-install`, 30, 1);
    await expect(stateOn(disk)).rejects.toMatchObject({ code: 'DAMAGED' });
  });
});

describe('the marker of an install', () => {
  const marker = { names: ['MANIFEST', '000000000000007.pack'], meta: Uint8Array.from(META) };

  it('reads back as it was written, with or without names and meta', () => {
    for (const each of [marker, { names: [], meta: new Uint8Array(0) }]) {
      expect(decodeMarker(encodeMarker(each))).toEqual(each);
    }
  });

  it('is refused when it is cut or damaged anywhere, or names a file that is not the store\'s', () => {
    const bytes = encodeMarker(marker);
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 4;
      expect(typeof decodeMarker(damaged)).toBe('string');
      expect(typeof decodeMarker(bytes.subarray(0, at))).toBe('string');
    }
    expect(decodeMarker(encodeMarker({ ...marker, names: ['../x'] }))).toMatch(/none of a store/);
  });
});
