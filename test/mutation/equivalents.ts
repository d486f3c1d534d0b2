// tidy: table
/**
 * Mutants that change nothing that can be seen, with the reason. Each is told by its text
 * (mutants.ts); one that no longer exists is reported when its folder is mutated.
 */

import type { Change } from './mutants.ts';

export interface Equivalent extends Change {
  readonly why: string;
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'cluster/apply-session.ts',
    line: 'bytesThrough(): number {',
    from: '{ return 0; }',
    to: '{}',
    why: 'it is not asked of this session, whose requests have no bytes on a wire',
  },
  {
    file: 'cluster/proposal-run.ts',
    line: 'default: break;',
    from: 'default: break;',
    to: 'default:',
    why: 'a kind that does nothing goes on behind the switch either way',
  },
  {
    file: 'cluster/applied-marks.ts',
    line: 'if (found !== undefined) storage.remove(SYSTEM_SPACE, key);',
    from: 'found !== undefined',
    to: 'true',
    why: 'nothing else removes a left-over record, so it is there',
  },
  {
    file: 'cluster/applied-marks.ts',
    line: 'readonly #leftOver: Buffer[] = [];',
    from: '[]',
    to: '["Stryker was here"]',
    why: '`reload` empties it before it is used',
  },
  {
    file: 'cluster/applied-marks.ts',
    line:
      'if (found === undefined || found === COLD) throw new Error(\'assertion failed: a lost ' +
      'mark\');',
    from: 'found === undefined || found === COLD',
    to: 'false',
    why: 'asserts what cannot be: the record was loaded on the line above',
  },
  {
    file: 'cluster/applied-marks.ts',
    line:
      'if (found === undefined || found === COLD) throw new Error(\'assertion failed: a lost ' +
      'mark\');',
    from: 'found === undefined || found === COLD',
    to: 'found === undefined && found === COLD',
    why: 'asserts what cannot be: the record was loaded on the line above',
  },
  {
    file: 'cluster/applied-marks.ts',
    line:
      'if (found === undefined || found === COLD) throw new Error(\'assertion failed: a lost ' +
      'mark\');',
    from: 'found === undefined',
    to: 'false',
    why: 'asserts what cannot be: the record was loaded on the line above',
  },
  {
    file: 'cluster/apply-session.ts',
    line: 'readonly mayTakeMore = true;',
    from: 'true',
    to: 'false',
    why: 'only connections are asked, and batches are run without',
  },
  {
    file: 'cluster/open-batch.ts',
    line: 'this.#followers.push({ session: undefined, entries: [], resolve });',
    from: '[]',
    to: '["Stryker was here"]',
    why: 'the requests of one that has no session are not looked at',
  },
  {
    file: 'cluster/proposal-body.ts',
    line: 'readonly commands: Args[] = [];',
    from: '[]',
    to: '["Stryker was here"]',
    why: 'the number of commands is set for each request that is read',
  },
  {
    file: 'cluster/proposal-body.ts',
    line: 'if (this.commands.length > 1) this.commands.length = 1;',
    from: 'this.commands.length > 1',
    to: 'true',
    why: 'memory only: the number of commands is set for each request that is read',
  },
  {
    file: 'cluster/proposal-body.ts',
    line: 'if (this.commands.length > 1) this.commands.length = 1;',
    from: 'this.commands.length > 1',
    to: 'false',
    why: 'memory only: the number of commands is set for each request that is read',
  },
  {
    file: 'cluster/proposal-body.ts',
    line: 'if (this.commands.length > 1) this.commands.length = 1;',
    from: 'this.commands.length > 1',
    to: 'this.commands.length <= 1',
    why: 'memory only: the number of commands is set for each request that is read',
  },
  {
    file: 'cluster/proposal-body.ts',
    line: 'if (request.commands.length !== count) request.commands.length = count;',
    from: 'request.commands.length !== count',
    to: 'true',
    why: 'setting a length to what it is changes nothing',
  },
  {
    file: 'cluster/proposal-body.ts',
    line:
      'if (this.#at > this.#buf.length) throw new Error(\'assertion failed: a batch is cut ' +
      'short\');',
    from: 'this.#at > this.#buf.length',
    to: 'false',
    why: 'the next number is looked for behind the end, which is refused as well',
  },
  {
    file: 'cluster/proposal-run.ts',
    line: 'const isPlain = kind === ORDERED_COMMAND && args !== undefined;',
    from: 'args !== undefined',
    to: 'true',
    why: 'a command has its arguments',
  },
  {
    file: 'cluster/proposal-run.ts',
    line: 'if (this.#next >= this.#lookedUpTo) this.#lookAhead();',
    from: 'this.#next >= this.#lookedUpTo',
    to: 'false',
    why: 'speed only: requests run one by one, and nothing is looked up ahead',
  },
  {
    file: 'cluster/proposal-run.ts',
    line: 'if (this.#next >= this.#lookedUpTo) this.#lookAhead();',
    from: 'this.#next >= this.#lookedUpTo',
    to: 'this.#next < this.#lookedUpTo',
    why: 'speed only: requests run one by one, and nothing is looked up ahead',
  },
  {
    file: 'cluster/proposal-run.ts',
    line:
      'while (to < end && this.#entries[to] !== undefined && this.#requests[to]!.db === db) to ' +
      '+= 1;',
    from: 'to < end && this.#entries[to] !== undefined && this.#requests[to]!.db  ...',
    to: 'false',
    why: 'speed only: requests run one by one',
  },
  {
    file: 'cluster/proposal-run.ts',
    line: 'for (let i = this.#next; i < end; i++) {',
    from: 'i < end',
    to: 'i <= end',
    why: 'behind the end there is no entry, and that is left out',
  },
  {
    file: 'cluster/proposal-run.ts',
    line:
      'if (entry === undefined) throw new Error(`assertion failed: no command ' +
      '${args.text(0)}`);',
    from: 'entry === undefined',
    to: 'false',
    why: 'asserts what cannot be: all peers know the commands of the level',
  },
  {
    file: 'cluster/proposals.ts',
    line: 'if (i > first && this.#wouldOverflow(commands)) {',
    from: 'i > first',
    to: 'i >= first',
    why: 'a group without requests is put into a batch whose other groups are complete',
  },
  {
    file: 'cluster/proposals.ts',
    line: 'if (this.#closed.length > 0) this.flush();',
    from: 'this.#closed.length > 0',
    to: 'true',
    why: 'flushing nothing does nothing; what is open goes a little earlier, in the same order',
  },
  {
    file: 'cluster/proposals.ts',
    line: 'this.#behind = [];',
    from: '[]',
    to: '["Stryker was here"]',
    why: 'after a stop no reader waits, and a text has no position',
  },
  {
    file: 'cluster/proposals.ts',
    line:
      'return !this.#open.isEmpty && this.#open.bytes + orderedBytesMax(commands) > ' +
      'bodyBytesMax;',
    from: 'this.#open.bytes + orderedBytesMax(commands) > bodyBytesMax',
    to: 'this.#open.bytes + orderedBytesMax(commands) >= bodyBytesMax',
    why: 'the batch is closed one request earlier: the bound is above what is written',
  },
  {
    file: 'cluster/proposals.ts',
    line: 'if (groups.length > 0) this.#waiting.set(ticket, groups);',
    from: 'groups.length > 0',
    to: 'groups.length >= 0',
    why: 'memory only: it is taken out when the batch is applied',
  },
  {
    file: 'cluster/request-pool.ts',
    line: 'if (this.#all.length > ORDERED_KEPT_MAX) this.#all.length = ORDERED_KEPT_MAX;',
    from: 'this.#all.length > ORDERED_KEPT_MAX',
    to: 'this.#all.length >= ORDERED_KEPT_MAX',
    why: 'cutting a list to its length changes nothing',
  },
  {
    file: 'session/delivery-gate.ts',
    line: 'return since !== undefined && since < position;',
    from: 'since !== undefined',
    to: 'true',
    why: 'undefined is below no position',
  },
  {
    file: 'session/keyspace-events.ts',
    line: 'if (this.#classes === \'\' || !this.#classes.includes(kind)) return;',
    from: 'this.#classes === \'\'',
    to: 'false',
    why: 'no letters hold no class',
  },
  {
    file: 'session/session.ts',
    line: 'this.#repliesToSkip = mode === \'skip\' ? 2 : 0;',
    from: 'mode === \'skip\'',
    to: 'true',
    why: 'only SKIP counts, and it begins with two',
  },
  {
    file: 'session/session.ts',
    line:
      'if (this.#replyMode === \'skip\' && --this.#repliesToSkip === 0) this.#replyMode = \'on\';',
    from: 'this.#replyMode === \'skip\'',
    to: 'true',
    why: 'only SKIP counts: the others begin with none, and none less one is not none',
  },
  {
    file: 'session/subscriptions.ts',
    line:
      'if (this.shardChannels.delete(name)) this.#hub.unsubscribeShard(name, this.#subscriber);',
    from: 'this.shardChannels.delete(name)',
    to: 'true',
    why: 'the hub leaves alone who is not there',
  },
  {
    file: 'session/delivery-gate.ts',
    line: 'if (this.#pending.size === 0) return;',
    from: 'this.#pending.size === 0',
    to: 'false',
    why: 'speed only: there is nothing to settle',
  },
  {
    file: 'session/keyspace-events.ts',
    line: '#toKeyevent = false;',
    from: 'false',
    to: 'true',
    why: 'no class is notified before the letters are configured',
  },
  {
    file: 'session/progress.ts',
    line: 'if (this.#prefetched === 0) return;',
    from: 'this.#prefetched === 0',
    to: 'false',
    why: 'nothing is held when nothing was prefetched',
  },
  {
    file: 'net/connection.ts',
    line:
      'if (text !== undefined && !session.isReplying && session.turnReplies.replace(reply, ' +
      'text)) {',
    from: 'text !== undefined && !session.isReplying',
    to: 'text !== undefined || !session.isReplying',
    why: 'the log fails at commits, when no reply is being written',
  },
  {
    file: 'net/connection.ts',
    line:
      'if (text !== undefined && !session.isReplying && session.turnReplies.replace(reply, ' +
      'text)) {',
    from: 'text !== undefined',
    to: 'true',
    why:
      'one that waits and has replies of this turn is told twice, and the second time it is ' +
      'closed',
  },
  {
    file: 'raft/shell/peer-standing.ts',
    line: 'const status = this.#parts.replica()?.status;',
    from: 'this.#parts.replica()?.status',
    to: 'this.#parts.replica().status',
    why: 'it is known what to wait for only once there is a replica',
  },
  {
    file: 'raft/shell/peer-standing.ts',
    line:
      'return placed.index > memberAt && placed.configuration.members.every((one) => one.id ' +
      '!== id);',
    from: 'placed.index > memberAt',
    to: 'placed.index >= memberAt',
    why: 'the configuration at that index has it as a member, so it is not the one without',
  },
  {
    file: 'store/segments/ballast.ts',
    line: 'for (let i = 0; i < words.length; i++) words[i] = random.next();',
    from: 'i < words.length',
    to: 'i <= words.length',
    why: 'what is written behind the end of a typed array goes nowhere',
  },
  {
    file: 'store/segments/segment-table.ts',
    line: 'readonly bySlot: (Segment | undefined)[] = [undefined];',
    from: '[undefined]',
    to: '[]',
    why: '`add` fills the array up to its slot',
  },
  {
    file: 'store/recovery/log-scan.ts',
    line: 'if (next <= at || this.#windowEnd >= bytes) return -1;',
    from: 'next <= at || this.#windowEnd >= bytes',
    to: 'next <= at && this.#windowEnd >= bytes',
    why:
      'a whole header from `at` on is in the window, so `next` is greater; and at the end of ' +
      'the file the loop ends by itself',
  },
  {
    file: 'store/recovery/recover-log.ts',
    line: 'if (hadOpenFrames || manifest.open.length > 0) {',
    from: 'hadOpenFrames || manifest.open.length > 0',
    to: 'true',
    why: 'where it is false, the manifest that is written is the one that is there',
  },
  {
    file: 'store/recovery/recover-log.ts',
    line: 'const known = new Set<string>([MANIFEST_NAME]);',
    from: '[MANIFEST_NAME]',
    to: '[]',
    why: 'only names of segments, checkpoints and temporary files are looked up',
  },
  {
    file: 'store/recovery/seal-log.ts',
    line: 'return at + ENTRY_HEADER_BYTES <= end && isEntryHeaderSound(buf, at) &&',
    from: 'at + ENTRY_HEADER_BYTES <= end',
    to: 'at + ENTRY_HEADER_BYTES < end',
    why: 'records begin and frames end at multiples of 8, and a header has 36 bytes',
  },
  {
    file: 'store/lookup/key-probe.ts',
    line: 'if (this.#memoSpace === spaceId && this.#memoStart === key.start &&',
    from: 'this.#memoSpace === spaceId && this.#memoStart === key.start && this.# ...',
    to: 'false',
    why: 'time only: the same key is looked up once more',
  },
  {
    file: 'store/lookup/lookahead.ts',
    line: 'run(): void {',
    from: '{ const index = this.#index; const count = this.#count; if (index ===  ...',
    to: '{}',
    why: 'time only: a key is looked up when it is asked for, if not before',
  },
  {
    file: 'store/lookup/lookahead.ts',
    line: 'if (slot === -1) continue;',
    from: 'slot === -1',
    to: 'true',
    why: 'time only: no record is read before it is asked for',
  },
  {
    file: 'store/memory/read-cache.ts',
    line:
      'if (this.#table.length > TABLE_SLOTS_MIN) this.#table = new ' +
      'Uint32Array(TABLE_SLOTS_MIN);',
    from: 'this.#table.length > TABLE_SLOTS_MIN',
    to: 'true',
    why: 'a new table of the least size is as empty as one that was wiped',
  },
  {
    file: 'store/memory/residents.ts',
    line: 'if (needed > buf.length) buf = this.#readBytesNow(segment, offset, needed);',
    from: 'needed > buf.length',
    to: 'true',
    why: 'time only: the same header and key are read once more',
  },
  {
    file: 'store/index/index-pages.ts',
    line: 'if (slab !== undefined) sink ^= slab[(slot & SLAB_MASK) * SLOT_WORDS]!;',
    from: 'slab !== undefined',
    to: 'false',
    why: 'time only: the slots are read later, when they are asked for',
  },
  {
    file: 'store/index/space-table.ts',
    line: 'for (let i = 0; i < count; i += 1) {',
    from: 'i < count',
    to: 'i <= count',
    why: 'behind the rows zeros are read: the system space, since the beginning, as it is without',
  },
];
