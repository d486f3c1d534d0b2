/** What the tests need of express-session, which has no types of its own. */
declare module 'express-session' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, ServerResponse } from 'node:http';

  namespace session {
    interface SessionData {
      cookie: { maxAge: number | null };
      user?: string;
      views?: number;
    }
    interface Session extends SessionData {
      destroy(done: (error?: unknown) => void): void;
    }
    class Store extends EventEmitter {}
    interface Options {
      secret: string;
      store: Store;
      resave: boolean;
      saveUninitialized: boolean;
      cookie: { maxAge: number };
    }
  }
  type Middleware = (
    request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void,
  ) => void;
  function session(options: session.Options): Middleware;
  export = session;
}
