/** Every part of a peer's directory may be lost or be an older copy: who comes back then? */

import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import { encodeConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import { encodeLogBase } from '../../../src/raft/core/log-base-codec.ts';
import { openRaftLog } from '../../../src/raft/log/open-raft-log.ts';
import type { RaftLog } from '../../../src/raft/log/raft-log.ts';
import { beginLife, refuseWithoutPeers } from '../../../src/raft/shell/begin-life.ts';
import type { HeldState, LifeParts } from '../../../src/raft/shell/held-state.ts';
import {
  clusterOf, saveIdentity, type Identity,
} from '../../../src/raft/shell/identity.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { batches, configurationEntry, configurationOf, DIR, vote } from '../log/helpers.ts';

const ID = 'b:1' as MemberId;
const FOUNDERS = configurationOf('a', 'b', 'c');
const CLUSTER = clusterOf(FOUNDERS);
const MEMBER: Identity = { id: ID, starts: 4, founders: FOUNDERS };
const NEVER_FOUNDED: Identity = { id: ID, starts: 1, founders: undefined };
const NAMED = { clientAddress: 'b:1', peerAddress: 'b:2' };

interface Given {
  readonly identity?: Identity;
  /** Its entries are those up to here, behind `base`. */
  readonly logTo?: number;
  readonly base?: number;
  readonly applied?: number;
  readonly keys?: number;
  readonly epoch?: number;
  readonly snapshotMeta?: Uint8Array;
  readonly alone?: string;
}

class Disk {
  readonly files = new SimFiles();
  readonly random = { seed64: () => [0, ++this.seeds] as [number, number] };
  seeds = 0;
  raftLog: RaftLog | undefined;
  /** Positions that the keys of the store were given. */
  readonly taken: number[] = [];

  async begin(given: Given = {}): Promise<Identity> {
    await this.raftLog?.close();
    this.raftLog = await openRaftLog(this.files, DIR, {
      events: { onDurable: () => {}, onFailure: () => {} },
    });
    const { identity, logTo, base = 0 } = given;
    if (identity !== undefined) await saveIdentity(this.files, DIR, identity);
    if (logTo !== undefined) {
      await this.raftLog.reset({ index: base, term: base > 0 ? 2 : 0, timeMs: 0, configuration: FOUNDERS },
        vote(2, 'b'));
      if (logTo > base) {
        const ticket = this.raftLog.append(batches(base + 1, logTo, 2));
        this.raftLog.flush();
        await this.raftLog.whenDurable(ticket);
      }
    }
    return beginLife(this.parts(given));
  }

  parts({ applied = 0, keys = 0, epoch = 0, snapshotMeta, alone = '' }: Given): LifeParts {
    const held: HeldState = {
      applied, keys, timeMs: 1000, snapshotMeta, epochOf: (id) => (id === ID ? epoch : 0),
      takeAs: async (position) => void this.taken.push(position),
    };
    return {
      files: this.files, dir: DIR, self: { name: 'b', ...NAMED }, random: this.random,
      log: pino({ level: 'silent' }), raftLog: this.raftLog!, held, goOnAlone: alone,
    };
  }
}

function begin(given: Given): Promise<Identity> {
  return new Disk().begin(given);
}

describe('a peer whose directory is whole', () => {
  it('goes on as the member that it was, and counts its start', async () => {
    expect(await begin({ identity: MEMBER, logTo: 9, applied: 9 }))
      .toEqual({ ...MEMBER, starts: 5, previousStarts: 4 });
    expect(await begin({ identity: MEMBER, logTo: 9, applied: 3 })).toMatchObject({ id: ID });
    expect(await begin({ identity: MEMBER, base: 5, logTo: 9, applied: 5 }))
      .toMatchObject({ id: ID });
  });

  it('is new when it is empty', async () => {
    const identity = await begin({});
    expect(identity).toMatchObject({ starts: 1, founders: undefined });
    expect(identity.id).toMatch(/^b:[0-9a-f]{16}$/);
  });

  it('goes on when a crash came before, or in the midst of, the founding of its cluster', async () => {
    expect(await begin({ identity: NEVER_FOUNDED })).toEqual({ ...NEVER_FOUNDED, starts: 2, previousStarts: 1 });
    const disk = new Disk();
    await disk.begin({ identity: NEVER_FOUNDED });
    await disk.raftLog!.reset({ index: 0, term: 0, timeMs: 0, configuration: FOUNDERS }, vote(0));
    expect(await disk.begin()).toMatchObject({ id: ID, starts: 3, founders: FOUNDERS });
  });

  it('goes on when a state was installed and the log behind it was not begun', async () => {
    const snapshotMeta = encodeLogBase({ index: 50, term: 3, timeMs: 1, configuration: FOUNDERS });
    expect(await begin({ identity: MEMBER, logTo: 9, applied: 50, snapshotMeta }))
      .toMatchObject({ id: ID });
  });
});

describe('keys of a server that stood alone', () => {
  it('are in no order, so no peer begins with them', async () => {
    const foreign = { code: 'EFOREIGN', message: expect.stringContaining('has 3 keys of a server') };
    await expect(begin({ keys: 3 })).rejects.toMatchObject(foreign);
    await expect(begin({ identity: MEMBER, keys: 3 })).rejects.toMatchObject(foreign);
    await expect(begin({ identity: MEMBER, logTo: 9, keys: 3 })).rejects.toMatchObject(foreign);
    expect(await begin({ identity: MEMBER, logTo: 9, applied: 9, keys: 3 })).toMatchObject({ id: ID });
  });
});

describe('a peer that has only its name left', () => {
  it('comes back as a new member, which has promised nothing and founds nothing', async () => {
    const identity = await begin({ identity: MEMBER });
    expect(identity.id).not.toBe(ID);
    expect(identity).toMatchObject({ starts: 1, founders: undefined });
  });
});

describe('a peer that has lost a part of what it promised', () => {
  for (const [title, given, missing] of [
    ['only the store', { applied: 5 }, /the replicated log in raft\/ is missing/],
    ['the store and its name', { identity: MEMBER, applied: 5 }, /replicated log .* is missing/],
    ['only the log', { logTo: 9 }, /member\.json is missing/],
    ['the log and the store', { logTo: 9, applied: 9 }, /member\.json is missing/],
    ['a name from before the log', { identity: NEVER_FOUNDED, logTo: 9 }, /older than the/],
    ['a log without its end', { identity: MEMBER, logTo: 9, applied: 12 }, /ends at 9/],
    ['a log that begins behind the store', { identity: MEMBER, base: 5, logTo: 9, applied: 2 },
      /begins behind 5: the store is missing/],
    ['a log whose store is gone', { identity: MEMBER, base: 5, logTo: 9 }, /store is missing/],
    ['an older copy of raft/', { identity: MEMBER, logTo: 9, applied: 9, epoch: 5 },
      /knows of start 4, the store of start 5/],
  ] as const) {
    it(`is refused with ${title}, and changes nothing`, async () => {
      const disk = new Disk();
      await expect(disk.begin(given)).rejects.toMatchObject({
        code: 'EINCOMPLETE', message: expect.stringMatching(missing),
      });
      await expect(disk.begin({ applied: given.applied ?? 0, epoch: given.epoch ?? 0 }))
        .rejects.toMatchObject({ code: 'EINCOMPLETE' });
    });
  }

  it('is refused once it was given up, until its directory is empty', async () => {
    await expect(begin({ identity: { ...MEMBER, givenUp: 'a went on alone' }, logTo: 9 }))
      .rejects.toMatchObject({ code: 'EGIVENUP', message: /^a went on alone; empty/ });
  });

  it('is refused by a build that does not know the feature level of its cluster', async () => {
    const disk = new Disk();
    await disk.begin({ identity: MEMBER, logTo: 9, applied: 9 });
    const payload = encodeConfiguration({ ...FOUNDERS, featureLevel: 9, invited: [] });
    const entry = { ...configurationEntry(10, 2, 'a', 'b', 'c'), payload };
    const ticket = disk.raftLog!.append([entry]);
    disk.raftLog!.flush();
    await disk.raftLog!.whenDurable(ticket);
    await expect(disk.begin({ applied: 9 })).rejects.toMatchObject({
      code: 'ELEVEL', message: /feature level 9, and this build knows up to 2/,
    });
  });
});

describe('the directory of a cluster, given to a server without peers', () => {
  it('is refused with the name of the cluster, whatever part of it is left', async () => {
    const disk = new Disk();
    await disk.files.mkdir('/data/raft');
    await refuseWithoutPeers(disk.files, '/data', 0);
    await expect(refuseWithoutPeers(disk.files, '/data', 8)).rejects
      .toMatchObject({ code: 'ENOTALONE', message: /\(unknown\)/ });
    await saveIdentity(disk.files, '/data/raft', MEMBER);
    await expect(refuseWithoutPeers(disk.files, '/data', 0)).rejects
      .toMatchObject({ code: 'ENOTALONE', message: new RegExp(`${CLUSTER}, as b:1`) });
  });

  it('is none when there was never a peer', async () => {
    await refuseWithoutPeers(new SimFiles(), '/data', 0);
  });
});

describe('going on alone', () => {
  const lost = { identity: MEMBER, logTo: 9, applied: 4 };

  it('makes this peer the only member of another cluster, with all entries that it has', async () => {
    const disk = new Disk();
    const identity = await disk.begin({ ...lost, alone: CLUSTER });
    expect(identity).toMatchObject({ starts: 1, leftBehind: [CLUSTER], isCaughtUp: true });
    expect(identity.id).not.toBe(ID);
    expect(clusterOf(identity.founders)).not.toBe(CLUSTER);
    const log = disk.raftLog!;
    expect([log.lastIndex, log.lastTerm, log.hardState]).toEqual([10, 3, vote(3)]);
    const newest = log.configurations().at(-1)!.configuration;
    expect(newest).toMatchObject({ voters: [identity.id], outgoing: [], learners: [] });
    expect((await log.read(1, 1e6)).map(({ index }) => index)).toHaveLength(10);
  });

  it('is done once, however often the option is there', async () => {
    const disk = new Disk();
    const identity = await disk.begin({ ...lost, alone: CLUSTER });
    const again = await disk.begin({ applied: 4, alone: CLUSTER });
    expect(again).toEqual({ ...identity, starts: 2, previousStarts: 1 });
    expect(disk.raftLog!.lastIndex).toBe(10);
  });

  it('goes on from the store where the log is gone, or ends before it', async () => {
    for (const given of [{ applied: 12 }, { logTo: 9, applied: 12 }]) {
      const disk = new Disk();
      const identity = await disk.begin({ ...given, alone: 'unknown' });
      expect(identity.leftBehind).toEqual(['unknown']);
      expect(disk.raftLog!.base).toMatchObject({ index: 12, timeMs: 1000 });
      expect(disk.raftLog!.base.configuration.voters).toEqual([identity.id]);
      expect(await disk.begin({ applied: 12, alone: 'unknown' })).toMatchObject({ starts: 2 });
    }
  });

  it('begins in a term above all that it has voted in, also where its log ends too early', async () => {
    const disk = new Disk();
    await disk.begin({ identity: MEMBER, logTo: 9, applied: 9 });
    const ticket = disk.raftLog!.append([], vote(7, 'b'));
    disk.raftLog!.flush();
    await disk.raftLog!.whenDurable(ticket);
    await disk.begin({ applied: 12, alone: CLUSTER });
    expect(disk.raftLog!.base).toMatchObject({ index: 12, term: 8 });
  });

  it('is refused for another cluster, for an empty directory and over a gap', async () => {
    await expect(begin({ ...lost, alone: 'abc' })).rejects.toMatchObject({
      code: 'EALONE', message: expect.stringContaining(`belongs to cluster ${CLUSTER}`),
    });
    await expect(begin({ alone: 'unknown' })).rejects.toMatchObject({ code: 'EALONE' });
    await expect(begin({ identity: MEMBER, base: 5, logTo: 9, applied: 2, alone: CLUSTER }))
      .rejects.toMatchObject({ code: 'EINCOMPLETE' });
  });

  it('takes the keys of a server that stood alone as the state at position 1', async () => {
    const disk = new Disk();
    await expect(disk.begin({ keys: 3, alone: 'other' })).rejects.toMatchObject({ code: 'EALONE' });
    expect(disk.taken).toEqual([]);
    const identity = await disk.begin({ keys: 3, alone: 'unknown' });
    expect(disk.taken).toEqual([1]);
    expect(disk.raftLog!.base).toMatchObject({ index: 1 });
    expect(await disk.begin({ keys: 3, applied: 1, alone: 'unknown' }))
      .toEqual({ ...identity, starts: 2, previousStarts: 1 });
    expect(disk.taken).toEqual([1]);
  });

  it('is done again when a crash cut it off before its name was written', async () => {
    const disk = new Disk();
    await disk.begin({ ...lost, alone: CLUSTER });
    await saveIdentity(disk.files, DIR, MEMBER);
    const identity = await disk.begin({ applied: 4, alone: CLUSTER });
    expect(disk.raftLog!.configurations().at(-1)!.configuration.voters).toEqual([identity.id]);
  });
});
