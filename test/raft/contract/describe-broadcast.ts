/**
 * The contract of TotalOrderBroadcast (src/raft/core/total-order-broadcast.ts): one suite
 * for every engine. Three peers; real time, so each wait has a deadline.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TotalOrderBroadcast } from '../../../src/raft/core/total-order-broadcast.ts';
import { eventually, within } from '../../wire/eventually.ts';
import { ContractPeer, NEW_STATE, type KeptState } from './contract-peer.ts';
import { FEATURE_LEVEL } from '../../../src/raft/core/feature-level.ts';
import { broadcastFromAll, ready, sameLength, turns } from './contract-steps.ts';

export interface BroadcastCluster {
  /** Opens the engine of a peer, which goes on where it stopped if it ran before. */
  open(name: string): Promise<TotalOrderBroadcast>;
  /** When all engines are stopped: lets go of what they lived on. */
  remove(): Promise<void>;
}

const NAMES = ['a', 'b', 'c'];
/** Long enough for a slow machine to notice, short enough to wait for. */
const SHORT_MS = 400;
/** Batches of each that a peer misses, and about what each takes. */
const MISSED = 40;
const MISSED_BYTES = 500;

export interface ClusterNeeds {
  /** Peers shall bear with each other while a body of the largest size is under way. */
  readonly isPatient: boolean;
  /** What all that are there have saved shall be kept by nobody, as far as that can be arranged. */
  readonly isForgetful: boolean;
}

export type MakeCluster = (needs: ClusterNeeds) => Promise<BroadcastCluster>;

export function describeBroadcast(name: string, makeCluster: MakeCluster): void {
  describe(name, () => {
    let cluster: BroadcastCluster;
    let peers: ContractPeer[];
    /** Those that were stopped in between. */
    let former: ContractPeer[];

    const open = async (peer: string, kept: KeptState = NEW_STATE): Promise<ContractPeer> => {
      const opened = new ContractPeer(peer, await cluster.open(peer), kept);
      peers = [...peers.filter((each) => each.name !== peer), opened];
      return opened;
    };
    const stop = async (peer: ContractPeer): Promise<void> => {
      peers = peers.filter((each) => each !== peer);
      former.push(peer);
      await within(`${peer.name} stops`, peer.engine.stop());
    };
    const restart = async (peer: ContractPeer, kept = peer.kept): Promise<ContractPeer> => {
      if (peers.includes(peer)) await stop(peer);
      const again = await open(peer.name, kept);
      again.start();
      return again;
    };
    /** All three, taking batches. */
    const startAll = async (): Promise<readonly [ContractPeer, ContractPeer, ContractPeer]> => {
      const three = [await open('a'), await open('b'), await open('c')] as const;
      for (const peer of three) peer.start();
      await ready(...three);
      // Until then the engine has something of its own to send, and flushes for that.
      for (const { name, engine } of three) {
        await eventually(`${name} to know the level`, () => engine.featureLevel === FEATURE_LEVEL);
      }
      return three;
    };

    beforeEach(async () => {
      peers = [];
      former = [];
      cluster = await makeCluster({ isPatient: false, isForgetful: false });
    });
    const makeAnother = async (needs: Partial<ClusterNeeds>): Promise<void> => {
      await cluster.remove();
      cluster = await makeCluster({ isPatient: false, isForgetful: false, ...needs });
    };

    afterEach(async () => {
      const all = [...peers];
      await Promise.all(all.map(stop));
      await cluster.remove();
      expect(former.flatMap((peer) => peer.faults.map((text) => `${peer.name}: ${text}`)))
        .toEqual([]);
    });

    describe('the order', () => {
      it('is the same on every peer, in every respect, and has each batch once', async () => {
        const three = await startAll();
        const texts = await broadcastFromAll(three, 60);
        await sameLength(three, texts.length);
        const [a, b, c] = three;
        expect(b.batches).toEqual(a.batches);
        expect(c.batches).toEqual(a.batches);
        expect(a.texts.toSorted()).toEqual(texts.toSorted());
        expect(new Set(a.batches.map(({ id }) => JSON.stringify(id))).size).toBe(texts.length);
      });

      it('keeps the batches of one peer in the order of their broadcast', async () => {
        const three = await startAll();
        await broadcastFromAll(three, 60);
        await sameLength(three, 180);
        for (const { name: origin } of three) {
          const own = three[0].texts.filter((text) => text.startsWith(origin));
          expect(own).toEqual(Array.from({ length: 60 }, (_, i) => `${origin}${i}`));
        }
      });

      it('gives a ticket only where the batch was broadcast, in order', async () => {
        const [a, b, c] = await startAll();
        const tickets = [0, 1, 2].map((i) => a.broadcast(`a${i}`));
        a.engine.flush();
        await sameLength([a, b, c], 3);
        expect([...a.delivered.keys()]).toEqual(tickets);
        expect([...a.delivered.values()]).toEqual(a.batches.map(({ position }) => position));
        expect(b.delivered.size + c.delivered.size).toBe(0);
        expect(a.engine.waitingBytes).toBe(0);
      });

      it('carries the seed that was given, and a time that is the clock’s', async () => {
        const before = Date.now();
        const [a, b] = await startAll();
        a.engine.broadcast(Buffer.from('x'), [0xffff_ffff, 7], 5000);
        a.engine.flush();
        await sameLength([b], 1);
        expect(b.batches[0]!.seed).toEqual([0xffff_ffff, 7]);
        expect(b.batches[0]!.timeMs).toBeGreaterThanOrEqual(before);
        expect(b.batches[0]!.timeMs).toBeLessThanOrEqual(Date.now());
      });

      it('takes bodies from none at all to bodyBytesMax, and counts what waits', async () => {
        await makeAnother({ isPatient: true });
        const [a, b, c] = await startAll();
        for (const peer of [a, b, c]) peer.keepsText = false;
        const { bodyBytesMax } = a.engine.capabilities;
        b.broadcastBody(new Uint8Array(0), 30_000);
        b.broadcastBody(new Uint8Array(bodyBytesMax).fill(7), 30_000);
        b.broadcastBody(new Uint8Array(3), 30_000);
        expect(b.engine.waitingBytes).toBe(bodyBytesMax + 3);
        b.engine.flush();
        await sameLength([a, b, c], 3);
        expect(a.texts).toEqual(['0 bytes', `${bodyBytesMax} bytes`, '3 bytes']);
        expect(b.engine.waitingBytes).toBe(0);
      }, 60_000);

      it('begins with the flush, and never before the ticket is known', async () => {
        const [a, b] = await startAll();
        const first = a.broadcast('first');
        expect(a.delivered.size).toBe(0);
        a.engine.flush();
        await eventually('it is delivered', () => a.delivered.has(first));
        await sameLength([b], 1);
      });

      it('goes on without a minority, and gives it the rest when it is back', async () => {
        const [a, b, c] = await startAll();
        await stop(c);
        await ready(a, b);
        await broadcastFromAll([a, b], 20);
        await sameLength([a, b], 40);
        const again = await restart(c);
        await sameLength([again], 40);
        expect(again.batches).toEqual(a.batches);
      });
    });

    describe('backpressure', () => {
      it('gives a busy state nothing until it resumes, and then everything', async () => {
        const [a, b, c] = await startAll();
        b.isBusy = true;
        await broadcastFromAll([a, c], 30);
        await sameLength([a, c], 60);
        await turns(20);
        expect(b.batches).toEqual([]);
        b.isBusy = false;
        b.engine.resume();
        await sameLength([b], 60);
        expect(b.batches).toEqual(a.batches);
        expect(b.takenWhileBusy).toBe(0);
      });

      it('stops in the middle when the state becomes busy there', async () => {
        const [a, b] = await startAll();
        const { apply } = b;
        b.apply = (position, batch) => {
          apply.call(b, position, batch);
          // A position without a batch may come between them.
          if (batch !== undefined) b.isBusy = true;
        };
        await broadcastFromAll([a], 10);
        await sameLength([a], 10);
        for (let taken = 1; taken <= 10; taken++) {
          await eventually('one is taken', () => b.batches.length === taken);
          await turns(5);
          expect(b.batches.length).toBe(taken);
          b.isBusy = false;
          b.engine.resume();
          await eventually('the next one', () => b.isBusy || taken === 10);
        }
      });
    });

    describe('a read index', () => {
      it('names a position with everything that was delivered anywhere before', async () => {
        const three = await startAll();
        for (let round = 0; round < 20; round++) {
          const from = three[round % 3]!;
          const ticket = from.broadcast(`round ${round}`);
          from.engine.flush();
          await eventually('it is delivered', () => from.delivered.has(ticket));
          const position = from.delivered.get(ticket)!;
          for (const peer of three) {
            const id = peer.readIndex();
            peer.engine.flush();
            await eventually('the read index', () => peer.readIndexes.has(id));
            expect(peer.readIndexes.get(id)).toBeGreaterThanOrEqual(position);
            expect(peer.readIndexes.get(id)).toBeLessThanOrEqual(position + round + 10);
          }
        }
      });

      it('may be asked for many times at once', async () => {
        const [a, b] = await startAll();
        const ids = Array.from({ length: 50 }, () => b.readIndex());
        a.broadcast('beside');
        a.engine.flush();
        b.engine.flush();
        await eventually('all readIndexes', () => ids.every((id) => b.readIndexes.has(id)));
        expect(b.failedReadIndexes.size).toBe(0);
      });
    });

    describe('without a majority', () => {
      it('refuses while the peers have not met, and takes batches afterwards', async () => {
        const [a, b] = [await open('a'), await open('b')];
        for (const peer of [a, b]) peer.start();
        await turns(20);
        expect(a.engine.refusal).toMatch(/met/);
        expect(a.engine.status().peers.map(({ name: peer }) => peer).toSorted()).toEqual(NAMES);
        const c = await open('c');
        c.start();
        await ready(a, b, c);
        expect(a.engine.refusal).toBeUndefined();
      });

      it('tells of what was never sent that it was not made, in time; and so it is', async () => {
        const [a, b, c] = await startAll();
        await Promise.all([stop(b), stop(c)]);
        await eventually('a knows no leader', () => a.engine.status().leader === '');
        const startedAt = performance.now();
        const tickets = [a.broadcast('lost 1', SHORT_MS), a.broadcast('lost 2', SHORT_MS)];
        const readIndex = a.readIndex(SHORT_MS);
        a.engine.flush();
        await eventually('the outcome', () => a.expired.size === 2 && a.failedReadIndexes.size === 1);
        // A timer may be early by a millisecond.
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(SHORT_MS - 10);
        expect([...a.expired]).toEqual(tickets.map((ticket) => [ticket, false]));
        expect(a.failedReadIndexes.has(readIndex)).toBe(true);
        expect(a.engine.waitingBytes).toBe(0);
        const again = await restart(b);
        await ready(a, again);
        a.broadcast('made');
        a.engine.flush();
        await eventually('it is made', () => again.texts.includes('made'));
        expect(a.texts.filter((text) => text.startsWith('lost'))).toEqual([]);
      });

      it('makes a batch that waited, when a majority comes back in time', async () => {
        const [a, b, c] = await startAll();
        await Promise.all([stop(b), stop(c)]);
        const ticket = a.broadcast('patient', 15_000);
        const readIndex = a.readIndex(15_000);
        a.engine.flush();
        await turns(20);
        const again = await restart(c);
        await eventually('it is delivered', () => a.delivered.has(ticket), 15_000);
        await eventually('the read index', () => a.readIndexes.has(readIndex), 15_000);
        await eventually('on both', () => again.texts.includes('patient'));
        expect(a.texts.filter((text) => text === 'patient')).toEqual(['patient']);
      });

      it('tells an outcome that comes true, whenever a peer is lost', async () => {
        const [a, b, c] = await startAll();
        const tickets: number[] = [];
        let stopped: Promise<unknown> = Promise.resolve();
        for (let i = 0; i < 40; i++) {
          tickets.push(a.broadcast(`a${i}`, SHORT_MS));
          a.engine.flush();
          if (i === 20) stopped = Promise.all([stop(b), stop(c)]);
          await turns(1);
        }
        const told = (ticket: number): boolean => a.delivered.has(ticket) || a.expired.has(ticket);
        await eventually('every ticket has its outcome', () => tickets.every(told));
        await stopped;
        const again = await restart(b, NEW_STATE);
        await ready(a, again);
        again.broadcast('end');
        again.engine.flush();
        await eventually('the end', () => a.texts.includes('end') && again.texts.includes('end'));
        for (const [i, ticket] of tickets.entries()) {
          const count = a.texts.filter((text) => text === `a${i}`).length;
          if (a.delivered.has(ticket)) expect(count, `a${i}`).toBe(1);
          else if (a.expired.get(ticket) === false) expect(count, `a${i}`).toBe(0);
          else expect(count, `a${i}`).toBeLessThanOrEqual(1);
        }
        expect(again.texts).toEqual(a.texts);
      });
    });

    describe('a restart', () => {
      it('delivers exactly what follows the position that the state holds', async () => {
        const [a, b, c] = await startAll();
        await broadcastFromAll([a, b, c], 20);
        await sameLength([a, b, c], 60);
        const all = a.batches;
        const cut = all[29]!.position;
        await stop(a);
        const again = await restart(a, a.keptAt(cut));
        await sameLength([again], 60);
        expect(again.batches).toEqual(all);
        await stop(again);
        const whole = await restart(again, NEW_STATE);
        await sameLength([whole], 60);
        expect(whole.batches).toEqual(all);
      });

      it('counts batches anew: those of the new start are not taken for old ones', async () => {
        const [a, b, c] = await startAll();
        await broadcastFromAll([a], 10);
        await sameLength([a, b, c], 10);
        const again = await restart(a);
        await ready(again, b, c);
        const tickets = [0, 1, 2].map((i) => again.broadcast(`new ${i}`));
        again.engine.flush();
        await eventually('they are delivered', () => tickets.every((t) => again.delivered.has(t)));
        await sameLength([b, c], 13);
        expect(b.batches).toEqual(again.batches);
        expect(again.batches.at(-1)!.id.epoch).toBeGreaterThan(again.batches[0]!.id.epoch);
      });

      it('of all peers one after the other loses nothing and repeats nothing', async () => {
        let three: readonly ContractPeer[] = await startAll();
        for (const restarted of NAMES) {
          await broadcastFromAll(three, 5, restarted);
          const again = await restart(three.find(({ name: peer }) => peer === restarted)!);
          three = three.map((peer) => (peer.name === restarted ? again : peer));
          await ready(...three);
        }
        const total = three[0]!.batches.length;
        expect(total).toBe(45);
        await sameLength(three, total);
        expect(three[1]!.batches).toEqual(three[0]!.batches);
        expect(three[2]!.batches).toEqual(three[0]!.batches);
      });

      it('brings a peer up to date that missed much, from what a restarted one has', async () => {
        const [a, b, c] = await startAll();
        await stop(c);
        await ready(a, b);
        const bytes = Math.min(a.engine.capabilities.bodyBytesMax, 512 * 1024);
        for (const peer of [a, b]) peer.keepsText = false;
        for (let i = 0; i < 24; i++) a.broadcastBody(new Uint8Array(bytes).fill(i), 30_000);
        a.engine.flush();
        await sameLength([a, b], 24);
        const again = [await restart(a), await restart(b)];
        await ready(...again);
        const late = await open('c', c.kept);
        late.keepsText = false;
        late.start();
        await sameLength([late], 24);
        expect(late.batches.map(({ id }) => id)).toEqual(a.batches.map(({ id }) => id));
      });

      it('of all peers at once keeps what was delivered', async () => {
        const three = await startAll();
        await broadcastFromAll(three, 10);
        await sameLength(three, 30);
        const { batches } = three[0];
        await Promise.all(three.map(stop));
        const again = await Promise.all(three.map((peer) => open(peer.name, NEW_STATE)));
        for (const peer of again) peer.start();
        await ready(...again);
        await sameLength(again, 30);
        for (const peer of again) expect(peer.batches).toEqual(batches);
      });
    });

    describe('a peer that lacks what nobody keeps', () => {
      it('is given the state of another, and goes on from there', async () => {
        const [a, b, c] = await startForgetful();
        const late = await restart(c);
        await sameLength([late], a.batches.length);
        expect(late.installs).toBe(1);
        expect(late.batches).toEqual(a.batches);
        await ready(a, b, late);
        await broadcastFromAll([a, b, late], 10, ' after');
        await sameLength([a, b, late], 30 + 2 * MISSED + 30);
        expect(late.batches).toEqual(a.batches);
        expect(b.batches).toEqual(a.batches);
      });

      it('is not given it again after a restart, and repeats nothing', async () => {
        const [a, b, c] = await startForgetful();
        const late = await restart(c);
        await sameLength([late], a.batches.length);
        const again = await restart(late);
        await ready(a, b, again);
        await broadcastFromAll([again], 3, ' again');
        await sameLength([a, b, again], 30 + 2 * MISSED + 3);
        expect(again.installs).toBe(0);
        expect(again.batches).toEqual(a.batches);
      });

      it('is given it when it has lost its own state, but not its place', async () => {
        const [a, b, c] = await startForgetful();
        const empty = await restart(c, NEW_STATE);
        await sameLength([empty], a.batches.length);
        expect(empty.batches).toEqual(a.batches);
        await ready(a, b, empty);
      });

      /** `c` has stopped, and missed what the others have saved. */
      async function startForgetful(): Promise<readonly [ContractPeer, ContractPeer, ContractPeer]> {
        await makeAnother({ isForgetful: true });
        const [a, b, c] = await startAll();
        await broadcastFromAll([a, b, c], 10);
        await sameLength([a, b, c], 30);
        await stop(c);
        await ready(a, b);
        await broadcastFromAll([a, b], MISSED, ` ${'x'.repeat(MISSED_BYTES)}`);
        await sameLength([a, b], 30 + 2 * MISSED);
        for (const { engine, kept } of [a, b]) engine.saved(kept.applied);
        return [a, b, c];
      }
    });

    describe('a stop', () => {
      it('in the middle of work ends it: nothing is told afterwards', async () => {
        const [a, b, c] = await startAll();
        for (let i = 0; i < 20; i++) a.broadcast(`a${i}`);
        a.readIndex();
        a.engine.flush();
        await stop(a);
        const { length } = a.batches;
        const told = a.delivered.size + a.expired.size + a.readIndexes.size;
        a.broadcast('too late');
        a.engine.flush();
        a.engine.resume();
        a.engine.saved(0);
        await ready(b, c);
        const ticket = b.broadcast('after it');
        b.engine.flush();
        await eventually('the others to go on', () => b.delivered.has(ticket));
        expect(a.batches.length).toBe(length);
        expect(a.delivered.size + a.expired.size + a.readIndexes.size).toBe(told);
        expect(a.engine.refusal).toBeDefined();
        expect(a.engine.status().role).toBe('stopped');
      });

      it('may be asked for twice, and before the peers have met', async () => {
        const a = await open('a');
        a.start();
        await stop(a);
        await within('a second stop', a.engine.stop());
      });
    });

    it('says who leads and who is there', async () => {
      const three = await startAll();
      for (const peer of three) {
        const status = await eventually('everybody is connected', () => {
          const now = peer.engine.status();
          return now.peers.every(({ isConnected }) => isConnected) && now;
        });
        expect(status.peers.map((each) => each.name).toSorted()).toEqual(NAMES);
        expect(status.peers.filter(({ isSelf }) => isSelf).map((each) => each.name))
          .toEqual([peer.name]);
        expect(NAMES).toContain(status.leader);
        expect(status.role).toBe(status.leader === peer.name ? 'leader' : 'follower');
        const leaders = status.peers.filter(({ role }) => role === 'leader');
        expect(leaders.map((each) => each.name)).toEqual([status.leader]);
        expect(status.committed).toBeLessThanOrEqual(status.lastPosition);
      }
    });
  });
}
