/**
 * A web application that keeps sessions by express-session and connect-redis: `/login/NAME` begins
 * one, `/` counts views, `/look` changes nothing, `/logout` ends it.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { closeServer, listenOn } from './web-application.ts';

export interface SessionApplication {
  readonly address: string;
  readonly store: RedisStore;
  close(): Promise<void>;
}

type SessionRequest = IncomingMessage & { session: session.Session };

export const SESSION_SECONDS = 600;

/** `client` is one of node-redis. */
export async function startSessionApplication(client: unknown): Promise<SessionApplication> {
  const store = new RedisStore({ client, prefix: 'shop:' });
  const sessions = session({
    store, secret: 'a secret', resave: false, saveUninitialized: false,
    cookie: { maxAge: SESSION_SECONDS * 1000 },
  });
  const server = createServer((request, response) => {
    sessions(request, response, (error) => {
      if (error) response.statusCode = 500;
      const answer = error ? { error: `${error}` } : answerTo(request as SessionRequest);
      response.end(JSON.stringify(answer));
    });
  });
  return { store, address: await listenOn(server), close: () => closeServer(server) };
}

function answerTo({ session, url = '/' }: SessionRequest): object {
  const [, action, name] = url.split('/');
  if (action === 'login') Object.assign(session, { user: name, views: 0 });
  if (action === '' && session.user !== undefined) session.views = (session.views ?? 0) + 1;
  const { user = null, views = 0 } = session;
  if (action === 'logout') session.destroy(() => {});
  return { user, views };
}
