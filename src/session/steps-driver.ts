/**
 * Gives commands in steps what they ask for. Such a command owns its arguments and its context,
 * because other commands run between its steps.
 */

import type { Want, Provided } from '../commands/command.ts';
import type { BlockingPort, Unblocked } from '../commands/session-port.ts';
import type { Clock } from '../io/clock.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { Random } from '../lib/random.ts';

/** What the server does for commands in steps. */
export interface StepServices {
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  /** The same, noted as a save. Rejects when one is under way. */
  save(): Promise<void>;
  /** Begins a save unless one is under way. */
  saveInBackground(): void;
  /** Holds the whole server for so long. */
  stall(ms: number): void;
  compact(): void;
  reload(): Promise<void>;
  /** Checks the storage's index against the log; logs what it finds. */
  checkIndex(): Promise<IndexReport>;
}

type BlockWant = Extract<Want, { readonly kind: 'block' }>;

/** A wait that ends by itself when something has come about. */
interface ConditionalWait {
  readonly blocking: BlockingPort;
  readonly isOver: () => boolean;
}

export class StepsDriver {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #services: StepServices;
  /** At most one for each connection. */
  readonly #waits = new Set<ConditionalWait>();

  constructor(clock: Clock, random: Random, services: StepServices) {
    this.#clock = clock;
    this.#random = random;
    this.#services = services;
  }

  /**
   * `advance` runs the next step and tells what it wants, or undefined at the end. `obstacle` is
   * what has to settle before a step may run.
   */
  async drive(
    advance: (provided: Provided) => Want | undefined, obstacle: () => Promise<void> | undefined,
  ): Promise<void> {
    let want = advance(undefined);
    while (want !== undefined) {
      const provided = await this.#provide(want);
      for (let wait = obstacle(); wait !== undefined; wait = obstacle()) await wait;
      want = advance(provided);
    }
  }

  async #provide(want: Want): Promise<Provided> {
    switch (want.kind) {
      case 'scan': return want.db.scan(want.cursor, want.count);
      case 'randomKey': return want.db.randomKey(() => this.#random.float());
      case 'yield': return void await this.#after(0);
      case 'stall': return void this.#services.stall(want.ms);
      case 'block': return this.#block(want);
      case 'sync': return void await this.#services.sync();
      case 'save': return void await this.#save(want.inBackground);
      case 'compact': return void this.#services.compact();
      case 'checkIndex': return this.#services.checkIndex();
      case 'reload': return void await this.#services.reload();
      default: throw unreachable(want);
    }
  }

  async #save(inBackground: boolean): Promise<void> {
    if (inBackground) this.#services.saveInBackground();
    else await this.#services.save();
  }

  /** Something has changed that waits may be for. */
  onProgress(): void {
    for (const { blocking, isOver } of this.#waits) if (isOver()) blocking.end('timeout');
  }

  #block({ session: { blocking }, ms, isOver }: BlockWant): Promise<Unblocked> {
    return new Promise((resolve) => {
      const clock = this.#clock;
      const timer = ms === 0 ? undefined : clock.setTimer(ms, () => void blocking.end('timeout'));
      const wait = isOver === undefined ? undefined : { blocking, isOver };
      if (wait !== undefined) this.#waits.add(wait);
      blocking.begin((how) => {
        if (timer !== undefined) clock.clearTimer(timer);
        if (wait !== undefined) this.#waits.delete(wait);
        resolve(how);
      });
    });
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve));
  }
}

function unreachable(want: never): Error {
  return new Error(`assertion failed: nobody provides ${JSON.stringify(want)}`);
}
