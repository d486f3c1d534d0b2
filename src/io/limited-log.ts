/**
 * Lines that anybody who can open a connection can cause: so many a minute of each class, then a
 * count of those that were left out. Without a bound, one client could fill the disk of the log, or
 * hide what matters in it.
 *
 * A class is a text; texts are constants, so there are few. The minute of a class begins with its
 * first line. What was left out is said when the minute is over: by `flush`, which is called about
 * once a second, or with the next line.
 */

import type { Logger } from 'pino';

/**
 * Lines of one class that anybody who can open a connection can cause, in this time: enough to see
 * who it is, too few to fill a disk. The others are counted.
 */
export const LIMITED_LOG_LINES_MAX = 10;
export const LIMITED_LOG_MS = 60_000;

type Level = 'info' | 'warn';

interface LineClass {
  readonly level: Level;
  startedMs: number;
  lines: number;
  leftOut: number;
}

export class LimitedLog {
  readonly #log: Logger;
  readonly #monotonicMs: () => number;
  readonly #classes = new Map<string, LineClass>();

  constructor(log: Logger, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  info(fields: object, text: string): void {
    this.#write('info', fields, text, text);
  }

  /** `kind` is the class where the text is not a constant. */
  warn(fields: object, text: string, kind = text): void {
    this.#write('warn', fields, text, kind);
  }

  /** Says what was left out of the classes whose minute is over. */
  flush(): void {
    const nowMs = this.#monotonicMs();
    for (const [kind, found] of this.#classes) {
      if (nowMs - found.startedMs < LIMITED_LOG_MS) continue;
      this.#classes.delete(kind);
      this.#sayLeftOut(kind, found);
    }
  }

  #write(level: Level, fields: object, text: string, kind: string): void {
    this.flush();
    let found = this.#classes.get(kind);
    if (found === undefined) {
      found = { level, startedMs: this.#monotonicMs(), lines: 0, leftOut: 0 };
      this.#classes.set(kind, found);
    }
    if (found.lines >= LIMITED_LOG_LINES_MAX) found.leftOut++;
    else {
      found.lines++;
      this.#log[level](fields, text);
    }
  }

  #sayLeftOut(kind: string, { level, leftOut }: LineClass): void {
    if (leftOut === 0) return;
    const seconds = LIMITED_LOG_MS / 1000;
    this.#log[level]({ leftOut }, `${kind}: ${leftOut} more such lines in ${seconds} s left out`);
  }
}
