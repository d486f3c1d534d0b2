/** The client of node-redis that the families take: its types depend on how it is made. */

import { createClient } from 'redis';

export type Place = { port: number; host: string } | { path: string; tls: false };

/** RESP3 replies are typed as those of RESP2, which is what the client makes of them. */
export function createNodeRedis(place: Place, RESP: 2 | 3) {
  return createClient({ socket: place, RESP: RESP as 2 }).on('error', () => {});
}

export type NodeRedis = ReturnType<typeof createNodeRedis>;
