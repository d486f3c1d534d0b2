/** Who may connect, by the configuration of this moment. */

import type { Socket } from 'node:net';
import type { ConfigValues } from '../config/options.ts';
import type { ClientsPolicy } from '../net/clients.ts';

const PROTECTED =
  'DENIED dkvs is running in protected mode because no password is set, and this client is on ' +
  'another machine. To let it in, set a password with requirepass (then clients send AUTH), or, ' +
  'in a network that only friends reach, set protected-mode no';

export function clientsPolicy(values: ConfigValues): ClientsPolicy {
  return {
    maxClients: values.maxclients,
    timeoutSeconds: values.timeout,
    keepAliveSeconds: values['tcp-keepalive'],
    refusal: (socket, isUnixSocket) => {
      const isOpen = !values['protected-mode'] || values.requirepass !== '';
      return isOpen || isUnixSocket || isLocal(socket) ? undefined : PROTECTED;
    },
  };
}

function isLocal({ remoteAddress = '' }: Socket): boolean {
  return remoteAddress.startsWith('127.') || remoteAddress === '::1' ||
    remoteAddress.startsWith('::ffff:127.');
}
