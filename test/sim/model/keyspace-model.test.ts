import { describe, expect, it } from 'vitest';
import { Entry } from './entry.ts';
import { distinct, KeyspaceModel } from './keyspace-model.ts';

function modelOf(keys: Readonly<Record<string, string>>): KeyspaceModel {
  const model = new KeyspaceModel(3);
  for (const [key, value] of Object.entries(keys)) model.put(0, key, new Entry(value));
  return model;
}

describe('KeyspaceModel', () => {
  it('does not change with its clone, nor its clone with it', () => {
    const model = modelOf({ a: '1' });
    const copy = model.clone();
    expect(copy.isChanged).toBe(false);
    copy.put(0, 'a', new Entry('2'));
    copy.flush(1);
    model.put(0, 'b', new Entry('3'));
    expect(model.get(0, 'a')?.value).toBe('1');
    expect(copy.get(0, 'a')?.value).toBe('2');
    expect(copy.get(0, 'b')).toBeUndefined();
    expect(copy.isChanged).toBe(true);
  });

  it('swaps databases without mixing up who may change them', () => {
    const model = modelOf({ a: '1' });
    const copy = model.clone();
    copy.put(0, 'a', new Entry('2'));
    copy.swap(0, 1);
    copy.put(0, 'c', new Entry('4'));
    expect(copy.get(1, 'a')?.value).toBe('2');
    expect(model.get(0, 'a')?.value).toBe('1');
    expect(model.get(0, 'c')).toBeUndefined();
    expect(model.get(1, 'c')).toBeUndefined();
  });

  it('is the same as another with the same keys, in whatever order they came', () => {
    const models = [
      modelOf({ a: '1', b: '2' }), modelOf({ b: '2', a: '1' }), modelOf({ a: '1' }),
      modelOf({ a: '2', b: '1' }),
    ];
    expect(distinct(models)).toEqual([models[0], models[2], models[3]]);
  });

  it('tells keys apart whose expiry or type differs', () => {
    const entries = [
      new Entry('1'), new Entry('1', { earliestMs: 5, latestMs: 6 }),
      new Entry('1', { earliestMs: 5, latestMs: 7 }), new Entry(new Map([['f', { text: '1' }]])),
      new Entry(new Map([['f', { text: '2' }]])),
      new Entry(new Map([['f', { text: '2', expiry: { earliestMs: 5, latestMs: 6 } }]])),
    ];
    const models = entries.map((entry) => {
      const model = new KeyspaceModel(1);
      model.put(0, 'k', entry);
      return model;
    });
    expect(distinct([...models, ...models])).toHaveLength(entries.length);
  });
});
