/**
 * What every operation of the simulated disk passes through: it is counted, shown to the test's
 * hook, matched with the planned faults, and, when asynchronous, completed in an order that a seed
 * decides.
 *
 * An asynchronous operation takes effect when it completes, one per turn of the event loop. So a
 * caller that reuses a buffer too early, or syncs before its write has ended, is caught.
 *
 * A crash freezes the kernel: every later call throws SimCrash, and nothing under way ever
 * completes.
 */

import { DiskError } from '../../src/io/files.ts';
import type { DiskOp } from '../../src/io/files.ts';
import type { Random } from '../../src/lib/random.ts';

/** Thrown by a test's hook to cut the power before an operation, and by every call after that. */
export class SimCrash extends Error {
  override readonly name = 'SimCrash';

  constructor(message = 'the simulated power is off') {
    super(message);
  }
}

/** Called before each operation with its number, from 1. May throw SimCrash. */
export type OperationHook = (op: DiskOp, path: string, number: number) => void;

export type SimFault = {
  readonly op: DiskOp;
  /** Only operations whose path contains this. */
  readonly path?: string;
  /** The n-th matching operation from now on fails; default 1, the next one. */
  readonly nth?: number;
  /** How many in a row fail; default 1. */
  readonly times?: number;
  readonly code: 'EIO' | 'ENOSPC' | 'EROFS' | 'EACCES' | 'EMFILE';
};

/** Performs the operation, or what the planned `fault` leaves of it, and then throws that fault. */
export type Effect<T> = (fault: DiskError | null) => T;

type Task = { run(): void; settle(): void };
type PlannedFault = { readonly fault: SimFault; seen: number };

/** Who decides when operations end, and in whose name: by default the real event loop. */
export interface KernelHost {
  /** Runs `turn` after what an operation takes. */
  later(turn: () => void): void;
  /** For an operation that begins now: what tells its caller of the end. */
  callback(settle: () => void): () => void;
  /** An operation on the caller's own thread ends: it waits for as long as that takes. */
  wait?(op: DiskOp): void;
}

const EVENT_LOOP: KernelHost = {
  later: (turn) => void setImmediate(turn),
  callback: (settle) => settle,
};

export class SimKernel {
  readonly random: Random;
  readonly host: KernelHost;
  readonly crashed: Promise<void>;
  onOperation: OperationHook | null;
  operations = 0;
  readonly #faults: PlannedFault[] = [];
  #underWay: Task[] = [];
  #isTurnDue = false;
  #isFrozen = false;
  #announceCrash: () => void = () => {};

  constructor(random: Random, onOperation: OperationHook | null, host: KernelHost = EVENT_LOOP) {
    this.random = random;
    this.host = host;
    this.onOperation = onOperation;
    this.crashed = new Promise((resolve) => {
      this.#announceCrash = resolve;
    });
  }

  fail(fault: SimFault): void {
    this.#faults.push({ fault, seen: 0 });
  }

  /** No planned failure is left. */
  heal(): void {
    this.#faults.length = 0;
  }

  sync<T>(op: DiskOp, path: string, effect: Effect<T>): T {
    const fault = this.#begin(op, path);
    this.host.wait?.(op);
    return effect(fault);
  }

  /** Throws SimCrash at once when the power is off; every other failure goes to `done`. */
  callback<T>(
    op: DiskOp, path: string, effect: Effect<T>,
    done: (err: DiskError | null, value: T | undefined) => void,
  ): void {
    this.#submit(op, path, effect, (err, value) => {
      if (err !== null && !(err instanceof DiskError)) throw err;
      done(err, value);
    });
  }

  async promise<T>(op: DiskOp, path: string, effect: Effect<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      this.#submit(op, path, effect, (err, value) => {
        if (err === null) resolve(value as T);
        else reject(err);
      });
    });
  }

  /** The power is gone. Of what was under way, each operation happened or not, in any order. */
  freeze(random: Random): void {
    this.#isFrozen = true;
    const tasks = this.#underWay;
    this.#underWay = [];
    while (tasks.length > 0) {
      const [task] = tasks.splice(random.below(tasks.length), 1);
      if (random.below(2) === 0) task!.run();
    }
    this.#announceCrash();
  }

  #begin(op: DiskOp, path: string): DiskError | null {
    if (this.#isFrozen) throw new SimCrash(`${op} of ${path} after the simulated power loss`);
    this.operations += 1;
    try {
      this.onOperation?.(op, path, this.operations);
    } catch (err) {
      if (err instanceof SimCrash) {
        this.#isFrozen = true;
        this.#announceCrash();
      }
      throw err;
    }
    return this.#faultOf(op, path);
  }

  #faultOf(op: DiskOp, path: string): DiskError | null {
    let hit: DiskError | null = null;
    for (const planned of this.#faults) {
      const { fault } = planned;
      if (fault.op !== op || !path.includes(fault.path ?? '')) continue;
      planned.seen += 1;
      const first = fault.nth ?? 1;
      const isDue = planned.seen >= first && planned.seen < first + (fault.times ?? 1);
      if (isDue) hit ??= diskError(op, path, fault.code);
    }
    return hit;
  }

  #submit<T>(
    op: DiskOp, path: string, effect: Effect<T>,
    done: (err: Error | null, value: T | undefined) => void,
  ): void {
    const fault = this.#begin(op, path);
    let err: Error | null = null;
    let value: T | undefined;
    const run = (): void => {
      try {
        value = effect(fault);
      } catch (thrown) {
        err = thrown as Error;
      }
    };
    const settle = this.host.callback(() => done(err, value));
    this.#underWay.push({ run, settle });
    this.#planTurn();
  }

  #planTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.host.later(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    if (this.#isFrozen || this.#underWay.length === 0) return;
    const [task] = this.#underWay.splice(this.random.below(this.#underWay.length), 1);
    if (this.#underWay.length > 0) this.#planTurn();
    try {
      task!.run();
      task!.settle();
    } catch (err) {
      // A callback that went on to a disk without power; `crashed` tells the test.
      if (!(err instanceof SimCrash)) throw err;
    }
  }
}

export function diskError(op: DiskOp, path: string, code: string): DiskError {
  return new DiskError(op, path, Object.assign(new Error('simulated'), { code }));
}
