/** Which addresses are listened on, under which names, and what of it is let go when one fails. */
import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Network } from '../../src/io/network.ts';
import { Listeners, type ListenOptions } from '../../src/net/listeners.ts';

const OPTIONS: ListenOptions = {
  hosts: [], port: 700, backlog: 10, unixPath: undefined, unixMode: undefined,
};

/** Addresses that fail, and how. */
let faults: Map<string, NodeJS.ErrnoException>;
let servers: FakeServer[];
let errors: Error[];
let listeners: Listeners;

class FakeServer extends EventEmitter {
  asked: { host: string; port: number; backlog: number; ipv6Only: boolean } | undefined;
  isOpen = false;
  #port = 0;

  listen(options: NonNullable<FakeServer['asked']>, onListening: () => void): void {
    this.asked = options;
    queueMicrotask(() => {
      const fault = faults.get(options.host);
      if (fault !== undefined) return void this.emit('error', fault);
      this.isOpen = true;
      this.#port = options.port === 0 ? 49_152 : options.port;
      onListening();
    });
  }

  address(): { port: number } {
    return { port: this.#port };
  }

  close(): void {
    this.isOpen = false;
  }
}

const network = {
  createServer: () => {
    const server = new FakeServer();
    servers.push(server);
    return server as unknown as Server;
  },
} as unknown as Network;

const fault = (code: string, syscall?: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`it says ${code}`), { code, syscall });

beforeEach(() => {
  faults = new Map();
  servers = [];
  errors = [];
  listeners = new Listeners(() => {}, (error) => void errors.push(error), network);
});

afterEach(async () => {
  await listeners.close();
  expect(servers.filter(({ isOpen }) => isOpen)).toEqual([]);
});

const open = (...hosts: string[]): Promise<void> => listeners.open({ ...OPTIONS, hosts });

describe('addresses', () => {
  it('are those of the hosts, a star for all of a kind', async () => {
    await open('127.0.0.1', '*', '::*', '::1', '-10.0.0.1');
    expect(listeners.addresses).toEqual([
      '127.0.0.1:700', '0.0.0.0:700', '[::]:700', '[::1]:700', '10.0.0.1:700',
    ]);
    expect(servers.map(({ asked }) => [asked!.host, asked!.ipv6Only])).toEqual([
      ['127.0.0.1', false], ['0.0.0.0', false], ['::', true], ['::1', false], ['10.0.0.1', false],
    ]);
    expect(servers[0]!.asked).toMatchObject({ port: 700, backlog: 10 });
  });

  it('share the port that the first of them was given', async () => {
    await listeners.open({ ...OPTIONS, port: 0, hosts: ['127.0.0.1', '::1'] });
    expect(servers.map(({ asked }) => asked!.port)).toEqual([0, 49_152]);
    expect([listeners.port, listeners.addresses[1]]).toEqual([49_152, '[::1]:49152']);
  });

  it('are none any more when it has closed', async () => {
    await open('127.0.0.1');
    await listeners.close();
    expect(listeners.addresses).toEqual([]);
    await open('127.0.0.2');
    expect(listeners.addresses).toEqual(['127.0.0.2:700']);
  });
});

describe('an address that cannot be had', () => {
  const missing = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTFOUND'];
  it.each(missing)('is done without: -h with %s', async (code) => {
    faults.set('h', fault(code));
    await open('127.0.0.1', '-h', '::1');
    expect(listeners.addresses).toEqual(['127.0.0.1:700', '[::1]:700']);
    await expect(new Listeners(() => {}, undefined, network).open({ ...OPTIONS, hosts: ['h'] }))
      .rejects.toMatchObject({ name: 'ListenError', code });
  });

  it.each([
    ['EADDRINUSE', 'listen', 'another process listens there; choose another --port'],
    ['EADDRINUSE', undefined, 'it says EADDRINUSE'],
    ['EACCES', 'listen', 'this user may not; ports below 1024 need privileges'],
    ['EMFILE', 'listen', 'it says EMFILE'],
  ])('ends all: %s of %s', async (code, syscall, text) => {
    faults.set('h', fault(code, syscall));
    await expect(open('127.0.0.1', '-h')).rejects.toMatchObject({
      code, message: `cannot listen on h:700: ${text}`,
    });
    expect(listeners.addresses).toEqual([]);
    expect(servers.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });

  it('for want of an address of the machine is named so', async () => {
    faults.set('h', fault('EADDRNOTAVAIL'));
    await expect(open('h')).rejects
      .toThrow('cannot listen on h:700: this machine has no such address');
  });
});

it('passes on what a listening socket has trouble with, and goes on', async () => {
  await open('127.0.0.1');
  servers[0]!.emit('error', new Error('too many open files'));
  expect(errors.map(({ message }) => message)).toEqual(['too many open files']);
  expect(listeners.addresses).toEqual(['127.0.0.1:700']);
});
