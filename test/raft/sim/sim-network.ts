/**
 * Links that lose, repeat, delay and reorder, and can be cut in one direction only. A message is
 * handed over by reference: nothing may change it.
 */

import type { SimWorld } from './sim-world.ts';

export interface NetworkMood {
  /** Milliseconds. */
  readonly delayMin: number;
  readonly delayMean: number;
  readonly loss: number;
  readonly repeat: number;
  /** Messages of one link arrive in the order in which they were sent. */
  readonly isFifo: boolean;
}

interface Link {
  isCut: boolean;
  clogMs: number;
  lastArrivalMs: number;
}

export class SimNetwork {
  readonly #world: SimWorld;
  mood: NetworkMood;
  /** By sender, then receiver. */
  readonly #links = new Map<string, Map<string, Link>>();
  sent = 0;

  constructor(world: SimWorld, mood: NetworkMood) {
    this.#world = world;
    this.mood = mood;
  }

  /** `from` and `to` are names of machines. */
  send(from: string, to: string, arrive: () => void): void {
    this.sent++;
    const world = this.#world;
    const { loss, repeat } = this.mood;
    const link = this.#link(from, to);
    if (link.isCut || (loss > 0 && world.chance(loss))) return;
    this.#carry(link, arrive);
    if (repeat > 0 && world.chance(repeat)) this.#carry(link, arrive);
  }

  isCut(from: string, to: string): boolean {
    return this.#link(from, to).isCut;
  }

  cut(from: string, to: string): void {
    this.#link(from, to).isCut = true;
  }

  clog(from: string, to: string, ms: number): void {
    this.#link(from, to).clogMs = ms;
  }

  /** All links work again. */
  heal(): void {
    for (const link of this.#everyLink()) {
      link.isCut = false;
      link.clogMs = 0;
    }
  }

  #carry(link: Link, arrive: () => void): void {
    const world = this.#world;
    const { delayMin, delayMean, isFifo } = this.mood;
    let atMs = world.nowMs + delayMin + world.around(delayMean) + link.clogMs;
    if (isFifo) {
      atMs = Math.max(atMs, link.lastArrivalMs);
      link.lastArrivalMs = atMs;
    }
    // What is cut while it is under way is lost as well.
    world.after(atMs - world.nowMs, () => {
      if (!link.isCut) arrive();
    });
  }

  #link(from: string, to: string): Link {
    let links = this.#links.get(from);
    if (links === undefined) {
      links = new Map();
      this.#links.set(from, links);
    }
    let link = links.get(to);
    if (link === undefined) {
      link = { isCut: false, clogMs: 0, lastArrivalMs: 0 };
      links.set(to, link);
    }
    return link;
  }

  #everyLink(): Link[] {
    return [...this.#links.values()].flatMap((links) => [...links.values()]);
  }
}
