/** Versions that the server reports; a test keeps VERSION equal to package.json's. */

export const VERSION = '0.1.0';

/** The Redis whose commands dkvs answers like: what clients and queues look at. */
export const REDIS_VERSION = '7.2.4';
