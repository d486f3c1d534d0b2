// tidy: table
/**
 * Mistakes that people make in code like ours, each as a change of one place. The simulator has to
 * find every one of them (planted-faults.deep.test.ts); a simulator that finds nothing proves nothing.
 *
 * `find` must occur once in the compiled file, so that a fault cannot silently cease to be planted.
 */

export interface PlantedFault {
  readonly name: string;
  /** Where to look first, because it was found there: only saves time. */
  readonly firstSeed?: number;
  /** Inside dist/src/replication. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'votes twice in a term',
    file: 'core/election.js',
    find: 'const isGranted = term === raft.term && mayVote &&',
    replace: 'const isGranted = term === raft.term &&',
  },
  {
    name: 'forgets its vote in a restart',
    file: 'core/raft-state.js',
    find: 'const hardState = { term: this.term, votedFor: this.votedFor };',
    replace: 'const hardState = { term: this.term, votedFor: undefined };',
  },
  {
    name: 'votes for a log that lacks entries',
    file: 'core/raft-log.js',
    find: 'return lastIndex >= this.lastIndex;',
    replace: 'return true;',
  },
  {
    name: 'speaks before its term and vote are durable',
    file: 'core/replica-driver.js',
    find: 'if (this.#hardStatesUnderWay > 0)\n            this.#held.push',
    replace: 'if (false)\n            this.#held.push',
  },
  {
    name: 'commits an entry of an older term by counting',
    file: 'core/leading.js',
    find: 'if (log.termOf(index) !== raft.term || !log.commitTo(index))',
    replace: 'if (!log.commitTo(index))',
  },
  {
    name: 'counts its own entries before they are durable',
    firstSeed: 8,
    file: 'core/leading.js',
    find: 'return id === raft.id ? log.durable :',
    replace: 'return id === raft.id ? log.lastIndex :',
  },
  {
    name: 'acknowledges entries before they are durable',
    file: 'core/following.js',
    find: 'return Math.min(matched, log.durable);',
    replace: 'return matched;',
  },
  {
    name: 'takes written for durable',
    file: 'core/replica-driver.js',
    find: 'this.#ports.log.append(undefined, entries, () => this.#written(write));',
    replace: 'this.#ports.log.append(undefined, entries, () => {}); this.#written(write);',
  },
  {
    name: 'appends without looking at the entry before',
    firstSeed: 7,
    file: 'core/following.js',
    find: 'const isKnown = prevIndex < log.commit || log.termOf(prevIndex) === prevTerm;',
    replace: 'const isKnown = prevIndex <= log.lastIndex;',
  },
  {
    name: 'keeps entries that contradict the leader',
    file: 'core/following.js',
    find: 'return index > log.commit && log.termOf(index) !== term;',
    replace: 'return index > log.lastIndex;',
  },
  {
    name: 'commits what it has not compared with the leader',
    file: 'core/following.js',
    find: 'raft.log.commitTo(Math.min(message.commit, raft.matched));',
    replace: 'raft.log.commitTo(message.commit);',
  },
  {
    name: 'takes what agreed with the last leader for what agrees with this one',
    firstSeed: 6,
    file: 'core/raft-state.js',
    find: 'this.votedFor = votedFor;\n        this.matched = this.acknowledged = 0;',
    replace: 'this.votedFor = votedFor;\n        if (1) { this.#noteHardState(); return; }',
  },
  {
    name: 'a snapshot throws away acknowledged entries behind it',
    firstSeed: 31,
    file: 'core/following.js',
    find: 'if (log.termOf(index) === term)\n            log.commitTo(index);',
    replace: 'if (false)\n            log.commitTo(index);',
  },
  {
    name: 'acknowledges a snapshot before it is installed',
    file: 'core/raft-log.js',
    find: 'this.#durable = 0;',
    replace: 'this.#durable = base.index;',
  },
  {
    name: 'does not learn from a snapshot which batches were applied',
    file: 'core/replica-driver.js',
    find: 'this.replica.origins.restore(marks);',
    replace: '',
  },
  {
    name: 'a change of members needs only the new majority',
    firstSeed: 38,
    file: 'core/quorum.js',
    find: 'return outgoing.length === 0 ? one : Math.min(one, reachedBy(outgoing, reached));',
    replace: 'return one;',
  },
  {
    name: 'a change of members goes without a joint configuration',
    firstSeed: 28,
    file: 'core/membership.js',
    find: 'voters, outgoing: now.voters, learners, members: [...members, ...leaving],',
    replace: 'voters, outgoing: [], learners, members,',
  },
  {
    name: 'learners count',
    firstSeed: 3,
    file: 'core/quorum.js',
    find: 'const one = reachedBy(voters, reached);',
    replace: 'const one = reachedBy([...voters, ...arguments[0].learners], reached);',
  },
  {
    name: 'reads without proof that it still leads',
    firstSeed: 12,
    file: 'core/reading.js',
    find: 'return id === raft.id ? Infinity : raft.progress.get(id)?.heardRound ?? 0;',
    replace: 'return Infinity;',
  },
  {
    name: 'a new leader reads before it has committed anything',
    firstSeed: 2,
    file: 'core/reading.js',
    find: 'if (log.termOf(log.commit) !== raft.term)\n        return;',
    replace: '',
  },
  {
    name: 'a read joins a read index request that was sent before it arrived',
    firstSeed: 7,
    file: 'core/read-index-requests.js',
    find: 'this.#waiting.push({ id, deadlineMs });',
    replace: '(this.#request?.waiters ?? this.#waiting).push({ id, deadlineMs });',
  },
  {
    name: 'a repeated batch is applied again',
    file: 'core/duplicate-detection.js',
    find: 'if (number !== expected ||',
    replace: 'if (number > expected ||',
  },
  {
    name: 'a batch overtakes one that is missing',
    file: 'core/duplicate-detection.js',
    find: 'if (number !== expected ||',
    replace: 'if (number < expected ||',
  },
  {
    name: 'sends again under a new number',
    file: 'core/proposal-queue.js',
    find: 'if (batch.number === 0)\n            batch.number = ++this.#lastNumber;',
    replace: 'batch.number = ++this.#lastNumber;',
  },
  {
    name: 'says refused of a batch that was sent',
    file: 'core/proposal-queue.js',
    find: 'mayApply: batch.number > 0',
    replace: 'mayApply: false',
  },
  {
    name: 'delivers what is committed elsewhere but not durable here',
    firstSeed: 22,
    file: 'core/raft.js',
    find: 'return Math.min(log.commit, log.durable);',
    replace: 'return log.commit;',
  },
  {
    name: 'the log of a snapshot keeps the old term',
    file: 'core/raft-log.js',
    find: 'this.#runs = new TermRuns(base.index, base.term);\n        this.#configurations = [];',
    replace: 'this.#runs = new TermRuns(base.index, 0);\n        this.#configurations = [];',
  },
  {
    name: 'stamps an entry with its own clock though that is behind the log',
    file: 'core/sending.js',
    find: 'const timeMs = Math.max(log.lastTimeMs, elapsedMs, now.wallMs);',
    replace: 'const timeMs = now.wallMs;',
  },
  {
    name: 'lets time stand still until its clock has come to where another has put it',
    file: 'core/sending.js',
    find: 'const timeMs = Math.max(log.lastTimeMs, elapsedMs, now.wallMs);',
    replace: 'const timeMs = Math.max(log.lastTimeMs, now.wallMs);',
  },
  {
    name: 'a truncated configuration stays in force',
    firstSeed: 23,
    file: 'core/raft-log.js',
    find: 'while ((this.#configurations.at(-1)?.index ?? 0) > index)',
    replace: 'while (false)',
  },
  {
    name: 'begins to lead without knowing which batches its disk has',
    firstSeed: 600_313,
    file: 'core/proposing.js',
    find: 'next: commit + 1, lastIndex',
    replace: 'next: lastIndex + 1, lastIndex',
  },
];
