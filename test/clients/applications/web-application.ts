/** A web application in the test's process, and a browser that keeps its cookies. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port; gives the address. */
export async function listenOn(server: Server): Promise<string> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
}

export class Browser {
  readonly #address: string;
  #cookie = '';

  constructor(address: string) {
    this.#address = address;
  }

  /** The body of the response as JSON. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#address}${path}`, { headers: { cookie: this.#cookie } });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';', 1)[0] ?? '';
    return response.json();
  }
}
