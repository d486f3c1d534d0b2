import { expect, it } from 'vitest';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { NEED_VALUE } from '../../src/keyspace/storage.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { open } from '../store/helpers.ts';

const at = (text: string): ByteRange => ByteRange.ofText(text);
const LISTENER = { modified: () => {}, flushed: () => {}, notify: () => {} };

it('databases that were emptied or exchanged are as before when that is taken back', async () => {
  const disk = new SimFiles();
  const store = await open({ files: disk, clock: new SimClock() });
  const keyspace = new Keyspace(store, LISTENER);
  const valueIn = (db: number): string | undefined =>
    keyspace.db(db).find(at('k'), NEED_VALUE)?.value.text();
  keyspace.db(0).put(at('k'), at('zero'));
  keyspace.db(1).put(at('k'), at('one'));
  store.commit();

  const mark = store.mark();
  keyspace.swap(0, 1);
  keyspace.flush(1);
  keyspace.db(1).put(at('k'), at('new'));
  store.takeBack(mark);
  expect([valueIn(0), valueIn(1)]).toEqual(['zero', 'one']);

  keyspace.flush(0);
  keyspace.swap(0, 1);
  disk.fail({ op: 'write', path: '.log', code: 'ENOSPC' });
  expect(store.commit()?.code).toBe('FULL');
  expect([valueIn(0), valueIn(1)]).toEqual(['zero', 'one']);

  keyspace.swap(0, 1);
  expect(store.commit()).toBeUndefined();
  expect([valueIn(0), valueIn(1)]).toEqual(['one', 'zero']);
});
