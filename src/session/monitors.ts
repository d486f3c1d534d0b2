/** Connections in MONITOR: each is shown every command that runs, with arguments quoted. */

import type { Args } from '../protocol/args.ts';

/** A connection as MONITOR sees it. */
export interface Monitor {
  deliverLine(line: string): void;
}

export interface MonitoredClient {
  readonly address: string;
  readonly dbIndex: number;
}

export class Monitors {
  readonly #monitors = new Set<Monitor>();

  get count(): number {
    return this.#monitors.size;
  }

  add(monitor: Monitor): void {
    this.#monitors.add(monitor);
  }

  remove(monitor: Monitor): void {
    this.#monitors.delete(monitor);
  }

  /** `nowMs` since the epoch. */
  show(nowMs: number, client: MonitoredClient, args: Args): void {
    const seconds = (nowMs / 1000).toFixed(6);
    const words: string[] = [];
    for (let i = 0; i < args.count; i++) words.push(quote(args.latin1(i)));
    const line = `${seconds} [${client.dbIndex} ${client.address}] ${words.join(' ')}`;
    for (const monitor of this.#monitors) monitor.deliverLine(line);
  }
}

/** As redis-cli would have it typed: printable ASCII as it is, everything else escaped. */
function quote(latin1: string): string {
  let quoted = '"';
  for (let i = 0; i < latin1.length; i++) quoted += escape(latin1.charCodeAt(i));
  return `${quoted}"`;
}

const SHORT = new Map([[10, '\\n'], [13, '\\r'], [9, '\\t'], [7, '\\a'], [8, '\\b']]);

function escape(code: number): string {
  if (code === 0x22 || code === 0x5c) return `\\${String.fromCharCode(code)}`;
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code);
  return SHORT.get(code) ?? `\\x${code.toString(16).padStart(2, '0')}`;
}

