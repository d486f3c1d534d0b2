/**
 * The process behind etcd-load.ts: its argument is an EtcdLoad as JSON, its output EtcdFigures.
 * Exit code 1 when a connection fails.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { Histogram } from '../../src/lib/histogram.ts';
import type { EtcdFigures, EtcdLoad } from './etcd-load.ts';
import {
  makePutRequest, makeRangeRequest, PUT_PATH, RANGE_PATH, writeNumber,
} from './etcd-requests.ts';
import { GrpcConnection } from './grpc-connection.ts';

class Loop {
  readonly #load: EtcdLoad;
  readonly #request: Buffer;
  readonly #micros = new Histogram();
  readonly #startedMs: Float64Array;
  #connections: readonly GrpcConnection[] = [];
  #sent = 0;
  #written = 0;
  #ended = 0;
  #errors = 0;
  #done: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(load: EtcdLoad) {
    this.#load = load;
    this.#request = load.kind === 'get' ? makeRangeRequest() : makePutRequest(load.valueBytes);
    this.#startedMs = new Float64Array(load.clients);
  }

  async run(): Promise<EtcdFigures> {
    const { ports, connections } = this.#load;
    this.#connections = await Promise.all(Array.from({ length: connections },
      (_, i) => this.#open(ports[i % ports.length] as number)));
    const startMs = performance.now();
    await new Promise<void>((done, fail) => {
      this.#done = done;
      this.#fail = fail;
      this.#startAll();
    });
    const seconds = (performance.now() - startMs) / 1000;
    for (const connection of this.#connections) connection.close();
    return this.#report(seconds);
  }

  async #open(port: number): Promise<GrpcConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new GrpcConnection({
      socket,
      path: this.#load.kind === 'get' ? RANGE_PATH : PUT_PATH,
      messageBytes: this.#request.length,
      writeMessage: (into, at) => this.#writeMessage(into, at),
      onReply: (client, messageBytes) => this.#onReply(client, messageBytes),
      onFailure: (error) => this.#fail(error),
    });
  }

  #startAll(): void {
    for (let client = 0; client < this.#load.clients; client++) this.#callNext(client);
    for (const connection of this.#connections) connection.flush();
  }

  #callNext(client: number): void {
    if (this.#sent === this.#load.requests) return;
    this.#sent++;
    this.#startedMs[client] = performance.now();
    this.#connections[client % this.#connections.length]?.call(client);
  }

  #writeMessage(into: Buffer, at: number): void {
    const { kind, keys } = this.#load;
    this.#request.copy(into, at);
    // A call may be written later than it was counted, but each is written once.
    const n = kind === 'fill' ? this.#written++ % keys : Math.floor(Math.random() * keys);
    writeNumber(into, at, n);
  }

  /** A reply to a get that found the key is longer than its value. */
  #onReply(client: number, messageBytes: number): void {
    const { kind, valueBytes, requests } = this.#load;
    if (messageBytes > (kind === 'get' ? valueBytes : 0)) {
      this.#micros.record((performance.now() - (this.#startedMs[client] as number)) * 1000);
    } else this.#errors++;
    this.#ended++;
    if (this.#ended === requests) this.#done();
    else this.#callNext(client);
  }

  #report(seconds: number): EtcdFigures {
    const ms = (percent: number): number => this.#micros.percentile(percent) / 1000;
    return {
      perSecond: this.#micros.count / seconds,
      p50Ms: ms(50), p99Ms: ms(99), maxMs: ms(100),
      errors: this.#errors,
    };
  }
}

const load = JSON.parse(process.argv[2] ?? '') as EtcdLoad;
process.stdout.write(`${JSON.stringify(await new Loop(load).run())}\n`);
