/**
 * What people may ask of an order that has a leader, beside the seam itself: an engine without one,
 * such as a broker's, lacks it (TotalOrderBroadcast.administration).
 */

import type { NamedPeer } from './entry.ts';

export interface ClusterAdministration {
  /**
   * Begins to invite a peer that is no member: it is let in as soon as it is there, whichever peer
   * leads then; it learns first and votes when it has caught up. Else the reason why not.
   */
  add(peer: NamedPeer): string | undefined;
  /** Begins to take a peer, or its invitation, out for good. Else the reason why not. */
  remove(name: string): string | undefined;
  /**
   * What is committed has it as a member, also one that is about to leave, or invites it; if its
   * addresses are given, with these. Undefined while this peer does not take part.
   */
  hasCommitted(name: string, place?: NamedPeer): boolean | undefined;
  /**
   * Begins to hand leadership over to the peer of that name; `status` tells when it leads. Else the
   * reason why not, and nothing happens.
   */
  transfer(name: string): string | undefined;
  /**
   * From now on `onChange` is called when `status` may tell something else of a peer: often, so it
   * has to be quick, and it may ask but not act.
   */
  watch(onChange: () => void): void;
}
