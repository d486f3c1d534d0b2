/** The codecs of all types that have a live form: for the store, which reads records back. */

import { hashCodec } from './hash-value.ts';
import type { LiveCodec } from './live-value.ts';
import { liveStringCodec } from './live-string.ts';

export const LIVE_CODECS: readonly LiveCodec[] = Object.freeze([liveStringCodec, hashCodec]);
