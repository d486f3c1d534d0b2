/** What a check of the storage's index has found: plain data, for commands, tools and tests. */

export type IndexFault =
  /** The record that a slot or chain points to cannot be read, or is not as it was written. */
  | 'unreadable'
  /** A slot or chain points to a segment, or names a chain, that is not there. */
  | 'dangling'
  /** The key of the record does not hash to the slot. */
  | 'wrong-hash'
  /** The record disagrees with what the index or the chain says of it. */
  | 'wrong-key' | 'wrong-space' | 'wrong-kind' | 'wrong-type' | 'wrong-expiry' | 'wrong-size'
  | 'wrong-order'
  /** Two slots have records with one key. */
  | 'doubled'
  /** A look-up by the key does not lead to the slot. */
  | 'not-found'
  /** The read cache has other bytes than the disk. */
  | 'stale-cache'
  /** A chain that no slot names. */
  | 'lost-chain'
  /** Live bytes or records of a segment, or numbers of keys, are not what they should be. */
  | 'wrong-account';

export interface IndexFinding {
  readonly fault: IndexFault;
  /** What was found where, and what was expected. */
  readonly text: string;
}

export interface IndexReport {
  /** Index slots that were looked at, and chains and records read on the way. */
  readonly slots: number;
  readonly chains: number;
  readonly records: number;
  readonly segments: number;
  /** Empty: all agrees. Never more than INDEX_FINDINGS_MAX: the check stops there. */
  readonly findings: readonly IndexFinding[];
}
