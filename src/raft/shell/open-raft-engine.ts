/** Opens what a Raft engine lives on: its identity, its log, its links. */

import { BlockingBudget } from '../../io/blocking-budget.ts';
import { DIRECT_SYNC_FREE_MS } from '../../io/limits.ts';
import type { Network } from '../../io/network.ts';
import { Links } from '../links/links.ts';
import { parsePeerAddress, type LinkTls, type PeerAddress } from '../links/sockets.ts';
import { openRaftLog } from '../log/open-raft-log.ts';
import { FEATURE_LEVEL } from '../core/feature-level.ts';
import { beginLife } from './begin-life.ts';
import type { HeldState } from './held-state.ts';
import type { RaftEngineOptions } from './raft-engine-options.ts';
import { RaftEngine } from './raft-engine.ts';

export interface OpenRaftEngineOptions extends RaftEngineOptions {
  readonly secret: string | undefined;
  readonly network: Network;
  readonly tls: LinkTls | undefined;
  /** Where to listen for peers; by default on the host and port of the own peer address. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Of the log, about; by default RAFT_SEGMENT_BYTES. */
  readonly segmentBytes?: number;
  /** What the store holds, so that a directory which has lost a part of itself is refused. */
  readonly held?: HeldState;
  /** See go-on-alone.ts; '' = not asked for. */
  readonly goOnAlone?: string;
}

/**
 * Rejects with DiskError, RaftLogError or PeerDirectoryError, or with Node's error when it cannot
 * listen.
 */
export async function openRaftEngine(options: OpenRaftEngineOptions): Promise<RaftEngine> {
  const { files, dir, clock, random, log, self, members, segmentBytes } = options;
  const engineOf: { engine?: RaftEngine } = {};
  const raftLog = await openRaftLog(files, dir, {
    events: {
      onDurable: ({ ticket }) => engineOf.engine?.onDurable(ticket),
      onFailure: (error) => engineOf.engine?.onLogFailure(error),
    },
    clock,
    onNoteFailure: (error) => log.warn({ error }, 'it is not noted any more how far the ' +
      'replicated log is synced, until a restart: a file that loses its end meanwhile may pass ' +
      'for a torn one'),
    syncBudget: new BlockingBudget(clock, DIRECT_SYNC_FREE_MS),
    ...segmentBytes !== undefined && { segmentBytes },
  });
  const { held, goOnAlone = '', featureLevel = FEATURE_LEVEL } = options;
  const life = { files, dir, self, random, log, raftLog, held, goOnAlone, featureLevel };
  const identity = await beginLife(life).catch(async (error: unknown) => {
    await raftLog.close();
    throw error;
  });
  const { network, secret, tls } = options;
  const links = new Links({
    network, clock, random, log, secret, tls, featureLevel,
    self: () => engineOf.engine!.facts(),
    judge: (facts) => engineOf.engine!.judge(facts),
    verdictOn: (facts, isFirstWord) => engineOf.engine!.verdictOn(facts, isFirstWord),
    onVerdict: (from, verdict) => engineOf.engine!.onVerdict(from, verdict),
    onMessage: (message) => engineOf.engine!.onMessage(message),
    onPeer: (facts) => engineOf.engine!.onPeer(facts),
    onLost: (name) => engineOf.engine!.onLost(name),
    onStream: (from, header, stream) => engineOf.engine!.onStream(from, header, stream),
  });
  const engine = new RaftEngine(options, { identity, raftLog, links });
  engineOf.engine = engine;
  try {
    const { host, port } = options.listen ?? mustParse(self.peerAddress);
    await links.listen(host, port);
  } catch (error) {
    await links.close();
    await raftLog.close();
    throw error;
  }
  links.setPeers(members.filter(({ name }) => name !== self.name)
    .map(({ name, peerAddress: address }) => ({ name, address })));
  return engine;
}

function mustParse(address: string): PeerAddress {
  const parsed = parsePeerAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no host:port`);
  return parsed;
}
