/** What follows from the options of peers once check-config.ts has found them sound. Pure. */
import { OPTIONS, type ConfigValues } from './options.ts';
import { splitAddress, type Peer } from './peer-list.ts';

type Named = Pick<ConfigValues, 'node' | 'peer'>;

/** This server's own line; undefined for a server that stands alone. */
export function findOwnPeer({ node, peer }: Named): Peer | undefined {
  return peer.find(({ name }) => name === node);
}

/** What `auto` comes to. */
export function chooseBroadcast(
  { broadcast, peer }: Pick<ConfigValues, 'broadcast' | 'peer'>,
): 'raft' | 'none' {
  if (broadcast !== 'auto') return broadcast;
  return peer.length > 0 ? 'raft' : 'none';
}

/** The port to listen on where none is given: that of the own line, so that a file stays short. */
export function defaultPort(values: Named): number {
  const own = findOwnPeer(values);
  return own === undefined ? OPTIONS.port.default : splitAddress(own.clientAddress).port;
}

/**
 * What a start does with a damaged log. A peer never goes on with a part of it: it would differ
 * from the others without a word, and they have what it lacks.
 */
export function damagedRecordsPolicy(
  values: Pick<ConfigValues, 'damaged-records' | 'broadcast' | 'peer'>,
): ConfigValues['damaged-records'] {
  return chooseBroadcast(values) === 'none' ? values['damaged-records'] : 'refuse';
}

/**
 * When the store syncs its log. With peers a reply does not rest on that: a majority has the write
 * in its replicated log, from which a restart takes what the store has lost.
 */
export function storeFsync(
  values: Pick<ConfigValues, 'appendfsync' | 'broadcast' | 'peer'>,
): ConfigValues['appendfsync'] {
  const isSafeElsewhere = chooseBroadcast(values) !== 'none' && values.appendfsync === 'always';
  return isSafeElsewhere ? 'everysec' : values.appendfsync;
}
