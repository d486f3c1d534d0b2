// tidy: table
/**
 * Mistakes that people make in code like ours, each as a change of one place. The simulator has to
 * find every one of them (planted-faults.deep.test.ts); a simulator that finds nothing proves nothing.
 *
 * `from` must occur once in the compiled file, so that a fault cannot silently cease to be planted.
 */

import type { PlantedText } from '../../lib/planted-text.ts';

export interface PlantedFault extends PlantedText {
  /** Where to look first, because it was found there: only saves time. */
  readonly firstSeed?: number;
  /** Inside dist/src/raft. */
  readonly file: string;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'votes twice in a term',
    file: 'core/election.js',
    from: 'const isGranted = term === raft.term && mayVote &&',
    to: 'const isGranted = term === raft.term &&',
  },
  {
    name: 'forgets its vote in a restart',
    file: 'core/raft-state.js',
    from: 'const hardState = { term: this.term, votedFor: this.votedFor };',
    to: 'const hardState = { term: this.term, votedFor: undefined };',
  },
  {
    name: 'votes for a log that lacks entries',
    file: 'core/log-view.js',
    from: 'return lastIndex >= this.lastIndex;',
    to: 'return true;',
  },
  {
    name: 'speaks before its term and vote are durable',
    file: 'core/replica-driver.js',
    from: 'if (this.#hardStatesUnderWay > 0)\n            this.#held.push',
    to: 'if (false)\n            this.#held.push',
  },
  {
    name: 'commits an entry of an older term by counting',
    file: 'core/leading.js',
    from: 'if (log.termOf(index) !== raft.term || !log.commitTo(index))',
    to: 'if (!log.commitTo(index))',
  },
  {
    name: 'counts its own entries before they are durable',
    firstSeed: 8,
    file: 'core/leading.js',
    from: 'return id === raft.id ? log.durable :',
    to: 'return id === raft.id ? log.lastIndex :',
  },
  {
    name: 'acknowledges entries before they are durable',
    file: 'core/following.js',
    from: 'return Math.min(matched, log.durable);',
    to: 'return matched;',
  },
  {
    name: 'takes written for durable',
    file: 'core/replica-driver.js',
    from: 'this.#ports.log.append(undefined, entries, () => this.#written(write));',
    to: 'this.#ports.log.append(undefined, entries, () => {}); this.#written(write);',
  },
  {
    name: 'appends without looking at the entry before',
    firstSeed: 7,
    file: 'core/following.js',
    from: 'const isKnown = prevIndex < log.commit || log.termOf(prevIndex) === prevTerm;',
    to: 'const isKnown = prevIndex <= log.lastIndex;',
  },
  {
    name: 'keeps entries that contradict the leader',
    file: 'core/following.js',
    from: 'return index > log.commit && log.termOf(index) !== term;',
    to: 'return index > log.lastIndex;',
  },
  {
    name: 'commits what it has not compared with the leader',
    file: 'core/following.js',
    from: 'raft.log.commitTo(Math.min(message.commit, raft.matched));',
    to: 'raft.log.commitTo(message.commit);',
  },
  {
    name: 'takes what agreed with the last leader for what agrees with this one',
    firstSeed: 6,
    file: 'core/raft-state.js',
    from: 'this.votedFor = votedFor;\n        this.matched = this.acknowledged = 0;',
    to: 'this.votedFor = votedFor;\n        if (1) { this.#noteHardState(); return; }',
  },
  {
    name: 'a snapshot throws away acknowledged entries behind it',
    firstSeed: 31,
    file: 'core/following.js',
    from: 'if (log.termOf(index) === term)\n            log.commitTo(index);',
    to: 'if (false)\n            log.commitTo(index);',
  },
  {
    name: 'acknowledges a snapshot before it is installed',
    file: 'core/log-view.js',
    from: 'this.#durable = 0;',
    to: 'this.#durable = base.index;',
  },
  {
    name: 'does not learn from a snapshot which batches were applied',
    file: 'core/replica-driver.js',
    from: 'this.replica.origins.restore(marks);',
    to: '',
  },
  {
    name: 'a change of members needs only the new majority',
    firstSeed: 38,
    file: 'core/quorum.js',
    from: 'return outgoing.length === 0 ? one : Math.min(one, reachedBy(outgoing, reached));',
    to: 'return one;',
  },
  {
    name: 'a change of members goes without a joint configuration',
    firstSeed: 28,
    file: 'core/membership.js',
    from: 'voters, outgoing: now.voters, learners, members: [...members, ...leaving],',
    to: 'voters, outgoing: [], learners, members,',
  },
  {
    name: 'learners count',
    firstSeed: 3,
    file: 'core/quorum.js',
    from: 'const one = reachedBy(voters, reached);',
    to: 'const one = reachedBy([...voters, ...arguments[0].learners], reached);',
  },
  {
    name: 'reads without proof that it still leads',
    firstSeed: 12,
    file: 'core/reading.js',
    from: 'return id === raft.id ? Infinity : raft.progress.get(id)?.heardRound ?? 0;',
    to: 'return Infinity;',
  },
  {
    name: 'a new leader reads before it has committed anything',
    firstSeed: 2,
    file: 'core/reading.js',
    from: 'if (log.termOf(log.commit) !== raft.term)\n        return;',
    to: '',
  },
  {
    name: 'a read joins a read index request that was sent before it arrived',
    firstSeed: 7,
    file: 'core/read-index-requests.js',
    from: 'this.#waiting.push({ id, deadlineMs });',
    to: '(this.#request?.waiters ?? this.#waiting).push({ id, deadlineMs });',
  },
  {
    name: 'a repeated batch is applied again',
    file: 'core/duplicate-detection.js',
    from: 'if (number !== expected ||',
    to: 'if (number > expected ||',
  },
  {
    name: 'a batch overtakes one that is missing',
    file: 'core/duplicate-detection.js',
    from: 'if (number !== expected ||',
    to: 'if (number < expected ||',
  },
  {
    name: 'sends again under a new number',
    file: 'core/proposal-queue.js',
    from: 'if (batch.number === 0)\n            batch.number = ++this.#lastNumber;',
    to: 'batch.number = ++this.#lastNumber;',
  },
  {
    name: 'says refused of a batch that was sent',
    file: 'core/proposal-queue.js',
    from: 'mayApply: batch.number > 0',
    to: 'mayApply: false',
  },
  {
    name: 'delivers what is committed elsewhere but not durable here',
    firstSeed: 22,
    file: 'core/raft.js',
    from: 'return Math.min(log.commit, log.durable);',
    to: 'return log.commit;',
  },
  {
    name: 'the log of a snapshot keeps the old term',
    file: 'core/log-view.js',
    from: 'this.#runs = new TermRuns(base.index, base.term);\n        this.#configurations = [];',
    to: 'this.#runs = new TermRuns(base.index, 0);\n        this.#configurations = [];',
  },
  {
    name: 'stamps an entry with its own clock though that is behind the log',
    file: 'core/sending.js',
    from: 'const timeMs = Math.max(log.lastTimeMs, elapsedMs, now.wallMs);',
    to: 'const timeMs = now.wallMs;',
  },
  {
    name: 'lets time stand still until its clock has come to where another has put it',
    file: 'core/sending.js',
    from: 'const timeMs = Math.max(log.lastTimeMs, elapsedMs, now.wallMs);',
    to: 'const timeMs = Math.max(log.lastTimeMs, now.wallMs);',
  },
  {
    name: 'a truncated configuration stays in force',
    firstSeed: 23,
    file: 'core/log-view.js',
    from: 'while ((this.#configurations.at(-1)?.index ?? 0) > index)',
    to: 'while (false)',
  },
  {
    name: 'begins to lead without knowing which batches its disk has',
    firstSeed: 600_313,
    file: 'core/proposing.js',
    from: 'next: commit + 1, lastIndex',
    to: 'next: lastIndex + 1, lastIndex',
  },
];
