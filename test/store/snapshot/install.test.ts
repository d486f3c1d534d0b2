import { describe, expect, it } from 'vitest';
import { decodeMarker, encodeMarker } from '../../../src/store/snapshot/install-marker.ts';
import {
  finishInstall, installSnapshot, readSnapshotMeta, SNAPSHOT_META_BYTES_MAX,
} from '../../../src/store/snapshot/install-snapshot.ts';
import { WATERMARK_NAME } from '../../../src/io/watermark-file.ts';
import { tornTailName } from '../../../src/store/recovery/torn-tails.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { findState } from '../crash-model.ts';
import { BusyStore, DIR, META, mustBeIn, take } from './helpers.ts';
import {
  diskWithOld, installEverywhere, makeIncoming, receiveAll, stateOn,
} from './install-runs.ts';

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

  it('leaves the old store or the new one wherever the power goes', async () => {
    // install.deep.test.ts has more seeds and all places.
    await installEverywhere(3, 7);
  }, 60_000);

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
    const others = [
      'raft-0000000000000001.log', 'dkvs.conf', 'checkpoint', 'my-checkpoint-1', 'checkpoint-1.old',
      '1.log',
    ];
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
