import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatReport, inspect } from '../../src/cli/inspect.ts';
import { NodeClock } from '../../src/io/node-clock.ts';
import { NodeFiles } from '../../src/io/node-files.ts';
import { Random } from '../../src/lib/random.ts';
import { inspectStore } from '../../src/store/inspect.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { committed, open, put, range } from './helpers.ts';

async function example(): Promise<SimFiles> {
  const disk = new SimFiles();
  const store = await open({ files: disk, clock: new SimClock(), options: { appendfsync: 'always' } });
  for (let i = 0; i < 10; i += 1) put(store, `key:${i}`, 'x'.repeat(100));
  for (let i = 0; i < 5; i += 1) put(store, `key:${i}`, 'y'.repeat(100));
  store.remove(1, range('key:9'));
  await committed(store);
  put(store, 'last', 'z');
  await committed(store);
  return disk.crash(new Random(1, 1), 'lucky');
}

describe('inspecting a store', () => {
  it('counts records by kind and computes what is live, without writing anything', async () => {
    const disk = await example();
    const before = disk.usedBytes;
    const { segments, keys } = await inspectStore(disk, '/data');
    const written = segments.find(({ puts }) => puts > 0)!;
    expect([written.puts, written.tombstones, written.isSealed]).toEqual([16, 1, false]);
    expect(keys.get(1)).toBe(10);
    const store = await open({ files: disk.crash(new Random(1, 1), 'lucky'), clock: new SimClock() });
    expect(written.liveBytes).toBe(store.compaction.liveBytes());
    expect(disk.usedBytes).toBe(before);
  });

  it('names file, offset and key of what is damaged', async () => {
    const disk = await example();
    const { segments } = await inspectStore(disk, '/data');
    const { file } = segments.find(({ puts }) => puts > 0)!;
    const at = Buffer.from(disk.contentOf(file)).indexOf('key:3') + 20;
    disk.damage(file, at, 0x01);
    const report = await inspectStore(disk, '/data');
    const [bad] = report.segments.find((segment) => segment.file === file)!.bad;
    expect([bad?.offset, bad?.key?.toString()]).toEqual([at - 56, 'key:3']);
    expect(formatReport(report).join('\n')).toContain(`${file} at byte ${at - 56}`);
  });

  it('misses a segment that the manifest lists, open ones too', async () => {
    const disk = await example();
    const { segments, manifest } = await inspectStore(disk, '/data');
    const { id, file } = segments.find(({ puts }) => puts > 0)!;
    expect(manifest.open).toContain(id);
    await disk.unlink(file);
    const report = await inspectStore(disk, '/data');
    expect(report.segments.find((segment) => segment.id === id)?.bad)
      .toMatchObject([{ reason: 'the file is missing' }]);
    await expect(open({ files: disk, clock: new SimClock() })).rejects.toMatchObject({
      code: 'MISSING',
    });
  });

  it('from the command line tells by the exit code whether all is well', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dkvs-inspect-'));
    const store = await open({ files: new NodeFiles(), clock: new NodeClock(), dir });
    put(store, 'a', '1');
    await store.close();
    const lines: string[] = [];
    expect(await inspect([dir], (line) => lines.push(line))).toBe(0);
    expect(lines.join('\n')).toContain('space 1: 1 keys');
    expect(await inspect([join(dir, 'none')], () => undefined)).toBe(2);
    expect(await inspect([], () => undefined)).toBe(2);
    await rm(dir, { recursive: true });
  });
});
