/** A peer as the configuration names it; addresses are host:port. */
export interface ConfiguredMember {
  readonly name: string;
  readonly clientAddress: string;
  readonly peerAddress: string;
}
