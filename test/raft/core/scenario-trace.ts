/**
 * How a scenario shows what happens. An entry is `index@term text`; `-` is the empty one of a new
 * leader; a configuration is `voters(+learners)`, while it is joint `voters<outgoing(+learners)`.
 */

import { parseConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { Configuration, LogEntry } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { Progress } from '../../../src/raft/core/progress.ts';
import { textOf } from './members.ts';

export function showConfiguration(configuration: Configuration): string {
  const { voters, outgoing, learners } = configuration;
  const old = outgoing.length > 0 ? `<${outgoing.join(',')}` : '';
  const others = learners.length > 0 ? `(+${learners.join(',')})` : '';
  return voters.length > 0 ? `${voters.join(',')}${old}${others}` : 'nobody';
}

export function showEntry({ index, term, kind, payload }: LogEntry): string {
  const place = `${index}@${term}`;
  if (kind === 'empty') return `${place} -`;
  if (kind === 'batch') return `${place} ${textOf(payload)}`;
  return `${place} ${showConfiguration(parseConfiguration(payload)!)}`;
}

export function showEntries(entries: readonly LogEntry[]): string {
  return `[${entries.map(showEntry).join(', ')}]`;
}

export function showMessage(message: Message): string {
  const { from, to, kind, term } = message;
  return `${from}->${to} ${kind} term=${term}${showFields(message)}`;
}

export function showProgress({ id, state, match, next }: Progress): string {
  return `${id}: ${state} match=${match} next=${next}`;
}

function showFields(message: Message): string {
  switch (message.kind) {
    case 'preVote': return ` last=${message.lastIndex}@${message.lastTerm}`;
    case 'vote': {
      const { lastIndex, lastTerm, isTransfer } = message;
      return ` last=${lastIndex}@${lastTerm}${isTransfer ? ' transfer' : ''}`;
    }
    case 'preVoteResponse': case 'voteResponse': return message.isGranted ? ' granted' : ' refused';
    case 'append': {
      const { prevIndex, prevTerm, commit, entries } = message;
      return ` prev=${prevIndex}@${prevTerm} commit=${commit} ${showEntries(entries)}`;
    }
    case 'appended': return ` match=${message.matchIndex}`;
    case 'rejected': {
      const { prevIndex, hintIndex, hintTerm } = message;
      return ` prev=${prevIndex} hint=${hintIndex}@${hintTerm}`;
    }
    case 'heartbeat': return ` commit=${message.commit} round=${message.round}`;
    case 'heartbeatResponse': {
      const { round, receivedIndex, matchIndex } = message;
      return ` round=${round} received=${receivedIndex} match=${matchIndex}`;
    }
    case 'propose': return ` [${message.payloads.map(textOf).join(', ')}]`;
    case 'readIndex': return ` request=${message.request}`;
    case 'readIndexed': return ` request=${message.request} index=${message.index}`;
    case 'timeoutNow': return '';
    case 'snapshot': {
      const { index, indexTerm, configuration } = message;
      return ` state=${index}@${indexTerm} ${showConfiguration(configuration)}`;
    }
    default: return message satisfies never;
  }
}
