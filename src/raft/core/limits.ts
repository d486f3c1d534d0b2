/**
 * Bounds that several files of raft/core/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { KiB } from '../../lib/size-units.ts';

/** Members of one configuration: a byte counts them, and clusters have 3 to 7. */
export const MEMBERS_MAX = 64;

/** A member's id, name or address: the longest host name, a colon and a port take 259 bytes. */
export const MEMBER_TEXT_BYTES_MAX = 300;

/**
 * A configuration in which each of the 64 members has four texts of 300 bytes, and each of 64
 * invited peers three.
 */
export const CONFIGURATION_BYTES_MAX = 160 * KiB;
