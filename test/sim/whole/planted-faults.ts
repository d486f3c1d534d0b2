// tidy: table
/**
 * Mistakes that a tired good engineer might make in our code, each as a change of one place, or of
 * two. The simulator of whole servers has to find every one of them; PLANTED.md says how soon it
 * does.
 *
 * `from` is the text as it stands in the compiled JavaScript, where it must occur once, so that a
 * fault cannot silently cease to be planted.
 */

import type { PlantedText } from '../../lib/planted-text.ts';

export interface PlantedFault extends PlantedText {
  readonly part: Part;
  /** Below src. */
  readonly file: string;
  /** Changed as well: where else the code keeps the mistake from doing harm. */
  readonly also?: PlantedPlace;
  readonly servers: number;
  readonly profile: string;
  /** Simulated minutes of each seed, without the peace and the checks at its end. */
  readonly minutes?: number;
}

export interface PlantedPlace {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export type Part =
  | 'session' | 'turn' | 'store' | 'engine' | 'keyspace' | 'collections' | 'cluster' | 'raft'
  | 'members';

const QUEUES = { servers: 1, profile: 'alone', minutes: 3 } as const;
const ONE_CLIENT = { servers: 1, profile: 'alone, one client' } as const;
const BAD_DISK = { servers: 1, profile: 'alone, bad disk' } as const;
const FULL_DISK = { servers: 1, profile: 'alone, full disk' } as const;
const RUDE = { servers: 1, profile: 'alone, rude clients' } as const;
const SLOW_DISK = { servers: 1, profile: 'alone, slow disk', minutes: 3 } as const;
const EVERYSEC = { servers: 1, profile: 'alone, everysec' } as const;
const STORM = { servers: 3, profile: 'storm' } as const;
const MEMBERS = { servers: 3, profile: 'members', minutes: 2 } as const;
const UPGRADE = { servers: 3, profile: 'rolling upgrade', minutes: 2 } as const;
const OLDER = { servers: 3, profile: 'older directories', minutes: 3 } as const;
const DAMAGE = { servers: 1, profile: 'alone, damage' } as const;
const PEERS_ONE_CLIENT = { servers: 3, profile: 'peers, one client', minutes: 5 } as const;

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  // ---- Sessions and connections -----------------------------------------------------------------
  {
    name: 'CLIENT REPLY SKIP skips no reply but its own',
    part: 'session', file: 'session/session.ts', ...RUDE,
    from: 'this.#repliesToSkip = mode === \'skip\' ? 2 : 0;',
    to: 'this.#repliesToSkip = mode === \'skip\' ? 1 : 0;',
  },
  {
    name: 'CLIENT REPLY SKIP skips one reply too many',
    part: 'session', file: 'session/session.ts', ...RUDE,
    from: 'this.#repliesToSkip = mode === \'skip\' ? 2 : 0;',
    to: 'this.#repliesToSkip = mode === \'skip\' ? 3 : 0;',
  },
  {
    name: 'CLIENT REPLY SKIP is forgotten at once',
    part: 'session', file: 'session/session.ts', ...RUDE,
    from: '--this.#repliesToSkip === 0)',
    to: '--this.#repliesToSkip >= 0)',
  },
  {
    name: 'a refused EXEC leaves the transaction open',
    part: 'session', file: 'commands/client/transactions.ts', ...ONE_CLIENT,
    from: 'session.transaction.discard();\n    reply.error(ABORTED);',
    to: 'reply.error(ABORTED);',
  },
  {
    name: 'what is sent behind an EXEC that selects is ordered in the database before',
    part: 'session', file: 'engine/engine.ts', ...PEERS_ONE_CLIENT,
    from: '(!progress.holdsBack && ',
    to: '(',
  },
  {
    name: 'an EXEC that selects is taken back, and its connection stays where it has gone',
    part: 'session', file: 'engine/runner.ts', ...FULL_DISK,
    from: 'if (queue.every(({ entry }) => entry.isPlain))',
    to: 'if (true)',
  },
  {
    name: 'a SELECT in an EXEC that failed stays',
    part: 'session', file: 'engine/runner.ts', ...DAMAGE,
    from: 'session.dbIndex = dbIndex;',
    to: ';',
  },
  {
    name: 'an EXEC that ran keeps what was watched',
    part: 'session', file: 'session/transaction.ts', ...ONE_CLIENT,
    from: 'this.#bytes = 0;\n        this.unwatch();',
    to: 'this.#bytes = 0;',
  },
  {
    name: 'an EXEC that had errors leaves the next transaction broken',
    part: 'session', file: 'session/transaction.ts', ...ONE_CLIENT,
    from: 'this.#isOpen = false;\n        this.#isBroken = false;',
    to: 'this.#isOpen = false;',
  },
  {
    name: 'UNWATCH does not count',
    part: 'session', file: 'commands/client/transactions.ts', ...ONE_CLIENT,
    from: 'session.transaction.unwatch();\n    reply.ok();',
    to: 'reply.ok();',
  },
  {
    name: 'an absent watched key that was set and deleted again passes for unchanged',
    part: 'session', file: 'session/transaction.ts', ...ONE_CLIENT,
    from: 'absence?.isOver === true ?',
    to: 'false ?',
  },
  {
    name: 'only the first watch of an absent key notices that it was set',
    part: 'session', file: 'keyspace/key-listeners.ts', ...ONE_CLIENT,
    from: 'for (const listener of this.#listeners.get(nameOf(db, key)) ?? [])\n' +
      '            listener.onChange(isSet);',
    to: 'this.#listeners.get(nameOf(db, key))?.values().next().value?.onChange(isSet);',
  },
  {
    name: 'requests that must wait are lost',
    part: 'session', file: 'net/connection.ts', ...ONE_CLIENT,
    from: 'if (taken < count)\n                decoder.unreadFrom(batch[taken]);',
    to: '',
  },
  {
    name: 'a request runs again when the one behind it had to wait',
    part: 'session', file: 'net/connection.ts', ...ONE_CLIENT,
    from: 'decoder.unreadFrom(batch[taken]);',
    to: 'decoder.unreadFrom(batch[Math.max(0, taken - 1)]);',
  },
  {
    name: 'what is asked behind QUIT runs',
    part: 'session', file: 'net/connection.ts', ...RUDE,
    from: 'const mayServe = !this.#isClosing || this.#hasUntaken;',
    to: 'const mayServe = true;',
  },
  {
    name: 'a connection that has stalled is not served again',
    part: 'session', file: 'net/connection.ts', ...RUDE,
    from: 'this.#isStalled = false;\n',
    to: '',
  },
  {
    name: 'a buffer of replies is used again while it is written',
    part: 'session', file: 'net/output.ts', ...ONE_CLIENT,
    from: 'this.#socket.write(buf.subarray(from, end), this.#onWritten);',
    to: 'this.#socket.write(buf.subarray(from, end), this.#onWritten);\n' +
      '        this.#reply.recycle(this.#inFlight);',
  },
  {
    name: 'a subscriber is told while a reply of its own is half written',
    part: 'session', file: 'session/session.ts', ...RUDE,
    from: 'if (this.isReplying) {\n' +
      '            this.#deferred.push(() => this.#push(kind, parts));\n' +
      '            return;\n        }',
    to: '',
  },
  {
    name: 'unsubscribed clients stay in the table of channels',
    part: 'session', file: 'session/subscriptions.ts', ...RUDE,
    from: 'for (const name of this.channels)\n' +
      '            this.#hub.unsubscribe(name, this.#subscriber);',
    to: '',
  },
  // ---- The end of a turn ------------------------------------------------------------------------
  {
    name: 'replies leave before their ticket',
    part: 'turn', file: 'net/output.ts', ...SLOW_DISK,
    from: 'if (this.#sealedTicket > this.#acknowledged || this.#inFlight.length > 0)',
    to: 'if (this.#inFlight.length > 0)',
  },
  {
    name: 'the ticket of a turn is that of the turn before',
    part: 'turn', file: 'server/store-gate.ts', ...SLOW_DISK,
    from: 'return this.#base + store.appended;',
    to: 'return this.acknowledged;',
  },
  {
    name: 'replies of a turn that was lost are sent as they are',
    part: 'turn', file: 'net/turn.ts', ...BAD_DISK,
    from: 'for (const talker of this.#talkers)\n            talker.lose(text);',
    to: '',
  },
  {
    name: 'with "always" it is enough that the log is written',
    part: 'turn', file: 'store/log/log-writer.ts', ...SLOW_DISK,
    from: 'return this.#policy === \'always\' ? this.#sync.durableLsn : this.#writtenLsn;',
    to: 'return this.#writtenLsn;',
  },
  {
    name: 'a small group is called synced without a sync',
    part: 'turn', file: 'store/log/log-sync.ts', ...SLOW_DISK,
    from: 'if (log.written > log.synced)\n            log.file.datasyncSync();',
    to: '',
  },
  {
    name: 'a sync counts for what was written while it ran',
    part: 'turn', file: 'store/log/log-sync.ts', ...EVERYSEC,
    from: 'this.#advance(log, written);\n            if (!isFull',
    to: 'this.#advance(log, log.written);\n            if (!isFull',
  },
  // ---- The store: taking back -------------------------------------------------------------------
  {
    name: 'the undo journal forgets removals',
    part: 'store', file: 'store/changes/store-changes.ts', ...FULL_DISK,
    from: 'this.takeBack.noteRemoval(probe.space, probe.slot, probe.hi, probe.lo);',
    to: '',
  },
  {
    name: 'the undo journal forgets new keys',
    part: 'store', file: 'store/changes/store-changes.ts', ...FULL_DISK,
    from: 'this.takeBack.noteInsert(space, hi, lo, segmentSlot, offset);',
    to: '',
  },
  {
    name: 'changes of chains are taken back oldest first',
    part: 'store', file: 'store/log/undo-journal.ts', ...FULL_DISK,
    from: 'this.#steps.pop().undo();',
    to: 'this.#steps.shift().undo();',
  },
  {
    name: 'a failed sync is answered MISCONF',
    part: 'store', file: 'store/log/log-writer.ts', ...SLOW_DISK,
    from: 'this.#refused = unknown(cause);\n        this.fail(cause);',
    to: 'this.fail(cause);',
  },
  // ---- The store: frames and recovery -----------------------------------------------------------
  {
    name: 'a torn record is taken for whole',
    part: 'store', file: 'store/recovery/log-scan.ts', ...ONE_CLIENT,
    from: 'const isSound = isEntryPayloadSound(buf, at);',
    to: 'const isSound = true;',
  },
  {
    name: 'the whole records of a torn frame count',
    part: 'store', file: 'store/recovery/log-scan.ts', ...ONE_CLIENT,
    from: 'if (!isSound && onSalvage === undefined) {',
    to: 'if (!isSound && this.#rows.count === rowsBefore) {',
  },
  {
    name: 'a torn tail stops the start',
    part: 'store', file: 'store/recovery/cut-log.ts', ...ONE_CLIENT,
    from: 'if (loss !== undefined && ' +
      'isFarther(watermark, { segmentId: loss.id, offset: loss.cutAt })) {',
    to: 'if (loss !== undefined) {',
  },
  {
    name: 'recovery trusts what it reads to be durable',
    part: 'store', file: 'store/recovery/seal-log.ts', ...SLOW_DISK,
    from: 'if (watermark.segmentId > log.id)\n        return frames;',
    to: 'if (watermark.segmentId >= 0)\n        return frames;',
  },
  {
    name: 'a delta that is alone in its group is not logged',
    part: 'store', file: 'store/changes/delta-groups.ts', ...ONE_CLIENT,
    from: 'if (group.count > 0)\n            this.#write(chain, group);',
    to: 'if (group.count > 1)\n            this.#write(chain, group);',
  },
  {
    name: 'a full group of deltas is kept and logged again',
    part: 'store', file: 'store/changes/delta-groups.ts', ...ONE_CLIENT,
    from: 'chain.image?.beforeFlush(group);\n        this.#write(chain, group);\n' +
      '        group.clear();',
    to: 'chain.image?.beforeFlush(group);\n        this.#write(chain, group);',
  },
  {
    name: 'SWAPDB is not logged',
    part: 'store', file: 'keyspace/keyspace.ts', ...ONE_CLIENT,
    from: 'this.#assign(b, space);\n        this.#saveSpaces();',
    to: 'this.#assign(b, space);',
  },
  {
    name: 'FLUSHDB does not log which space the database has',
    part: 'store', file: 'keyspace/keyspace.ts', ...ONE_CLIENT,
    from: 'this.#assign(index, this.#takeSpace());\n        this.#saveSpaces();',
    to: 'this.#assign(index, this.#takeSpace());',
  },
  {
    name: 'a value loses its expiry when its deltas are folded',
    part: 'store', file: 'store/changes/store-changes.ts', ...ONE_CLIENT,
    from: 'appender.append(KIND_PUT, typeByteOf(chain), space.id, key, base, expireAt, stamp);',
    to: 'appender.append(KIND_PUT, typeByteOf(chain), space.id, key, base, 0, stamp);',
  },
  {
    name: 'a chain takes its expiry from its base at the next start',
    part: 'store', file: 'store/recovery/merge-hints.ts', ...ONE_CLIENT,
    from: 'const last = fold.tail.at(-1) ?? base;',
    to: 'const last = base;',
  },
  {
    name: 'a checkpoint forgets the live bytes of segments',
    part: 'store', file: 'store/recovery/checkpoint-file.ts', ...ONE_CLIENT,
    from: 'segment.liveBytes = liveBytes;',
    to: '',
  },
  {
    name: 'segments of a checkpoint get other slots',
    part: 'store', file: 'store/recovery/checkpoint-file.ts', ...ONE_CLIENT,
    from: '\'sealed\', old.bytes, slot);',
    to: '\'sealed\', old.bytes);',
  },
  {
    name: 'a file is renamed before it is synced',
    part: 'store', file: 'io/whole-file.ts', ...ONE_CLIENT,
    from: 'await file.write(data, 0, data.length, 0);\n        await file.datasync();',
    to: 'await file.write(data, 0, data.length, 0);',
  },
  // ---- The store: compaction --------------------------------------------------------------------
  {
    name: 'the compactor drops tombstones too early',
    part: 'store', file: 'store/compaction/copy-live.ts', ...ONE_CLIENT,
    from: 'if (!live && !this.#mustKeep(buf, row))',
    to: 'if (!live)',
  },
  {
    name: 'the compactor moves a slot that points elsewhere by now',
    part: 'store', file: 'store/store-host.ts', ...ONE_CLIENT,
    from: 'else if (isPut && placeOf(index.segmentOf(slot), index.offsetOf(slot)) === place) {',
    to: 'else if (isPut) {',
  },
  {
    name: 'an overwritten record counts as live',
    part: 'store', file: 'store/changes/store-changes.ts', ...ONE_CLIENT,
    from: 'segment.subtractLive(index.sizeClassOf(slot));',
    to: '',
  },
  {
    name: 'the compactor forgets the expiry in its hints',
    part: 'store', file: 'store/compaction/output-writer.ts', ...ONE_CLIENT,
    from: 'const expiry = expirySecondsOfMs(entryExpireAtAt(src, at));',
    to: 'const expiry = 0;',
  },
  {
    name: 'segment files go before the manifest switches',
    part: 'store', file: 'store/store-host.ts', ...SLOW_DISK,
    from: 'segment.state = \'retired\';',
    to: 'segments.drop(segment);',
  },
  {
    name: 'outputs of the compactor are not synced',
    part: 'store', file: 'store/compaction/output-writer.ts', ...ONE_CLIENT,
    from: 'await this.#flush();\n        await this.#file.datasync();',
    to: 'await this.#flush();',
  },
  // ---- The store: memory ------------------------------------------------------------------------
  {
    name: 'a key is taken for the one that was asked for by its hash',
    part: 'store', file: 'store/lookup/key-probe.ts', ...ONE_CLIENT,
    from: 'this.isCold = true;\n            }\n            else if (this.#isResidentKey(key))',
    to: 'this.isCold = false;\n            }\n            else if (this.#isResidentKey(key))',
  },
  {
    name: 'the last key that was looked up is remembered beyond a change',
    part: 'store', file: 'store/changes/store-changes.ts', ...ONE_CLIENT,
    from: 'this.#system.drop(key.latin1());\n        probe.forget();',
    to: 'this.#system.drop(key.latin1());',
  },
  // ---- The store: damage at rest ----------------------------------------------------------------
  {
    name: 'the payload of a record is not checked when it is loaded',
    part: 'store', file: 'store/memory/residents.ts', ...DAMAGE,
    from: 'return entryBytesAt(buf, at) <= bytes && isEntryPayloadSound(buf, at);',
    to: 'return entryBytesAt(buf, at) <= bytes;',
  },
  {
    name: 'the compactor copies records as they are',
    part: 'store', file: 'store/compaction/segment-scan.ts', ...DAMAGE,
    from: 'if (!isEntryPayloadSound(this.#window, at)) {',
    to: 'if (this.damage !== null) {',
  },
  {
    name: 'the blocks of a hint are not checked',
    part: 'store', file: 'store/format/hint.ts', ...DAMAGE,
    from: 'if (readU32(bytes, 0) !== sumOf(bytes, id, number))',
    to: 'if (sumOf(bytes, id, number) < 0)',
  },
  {
    name: 'the blocks of a checkpoint are not checked',
    part: 'store', file: 'store/format/checkpoint.ts', ...DAMAGE,
    from: 'return readU32(block, 0) === checksum(block, 4, block.length, number);',
    to: 'return readU32(block, 12) === number;',
  },
  {
    name: 'a log that ends before what was synced is a torn one',
    part: 'store', file: 'store/recovery/recover-log.ts', ...DAMAGE,
    from: 'const place = await findSyncedPlace(env, manifest);',
    to: 'const place = undefined;',
  },
  // ---- Engine and keyspace ----------------------------------------------------------------------
  {
    name: 'expired keys are seen',
    part: 'engine', file: 'keyspace/database.ts', ...ONE_CLIENT,
    from: 'if (found.expireAt === 0 || found.expireAt > this.#keyspace.now)',
    to: 'if (found.expireAt === 0 || found.expireAt > this.#keyspace.now - 1000)',
  },
  {
    name: 'the time of the first request holds for the whole connection',
    part: 'engine', file: 'engine/engine.ts', ...ONE_CLIENT,
    from: 'this.#nowMs = nowMs;',
    to: 'this.#nowMs ||= nowMs;',
  },
  {
    name: 'a write of the wrong shape is answered before the writes ahead of it',
    part: 'engine', file: 'engine/engine.ts', ...PEERS_ONE_CLIENT,
    from: 'if (progress.due > 0 && verdict !== \'propose\')',
    to: 'if (progress.due > 0 && verdict === \'wait\')',
  },
  {
    name: 'a pause never ends',
    part: 'engine', file: 'engine/pause.ts', ...RUDE,
    from: 'this.#wait = undefined;\n        this.#end();',
    to: 'this.#wait = undefined;',
  },
  {
    name: 'a key wakes nobody when only one waits for it',
    part: 'engine', file: 'engine/key-queues.ts', ...QUEUES,
    from: 'if (isSet)\n            this.#onReady(this);',
    to: 'if (isSet && this.waiting.size > 1)\n            this.#onReady(this);',
  },
  {
    name: 'who waits no more keeps the place in the queue of its second key',
    part: 'engine', file: 'engine/key-queues.ts', ...QUEUES,
    from: 'queue.waiting.delete(request);',
    to: 'if (queue === [...joined][0])\n                queue.waiting.delete(request);',
  },
  {
    name: 'who was served waits on',
    part: 'engine', file: 'engine/blocked-requests.ts', ...QUEUES,
    from: 'if (runner.wait === undefined)\n            this.#end(request);',
    to: '',
  },
  {
    name: 'a wait ends though its attempt is on its way',
    part: 'engine', file: 'engine/blocked-requests.ts', ...STORM, minutes: 2,
    from: 'if (request.isAttempting)\n            request.ending = how;\n        else\n' +
      '            this.#endWith(request, how);',
    to: 'this.#endWith(request, how);',
  },
  {
    name: 'a connection whose server stops answers what was sent behind a wait',
    part: 'engine', file: 'net/connection.ts', ...MEMBERS, minutes: 10,
    from: 'if (this.session.isReplying)\n            this.#hasUntaken = false;\n' +
      '        if (this.#isClosing)\n            return;',
    to: 'if (this.#isClosing)\n            return;\n        if (this.session.isReplying)\n' +
      '            this.#hasUntaken = false;',
  },
  {
    name: 'an error inside a transaction ends it',
    part: 'engine', file: 'engine/engine.ts', ...ONE_CLIENT,
    from: 'transaction.break();',
    to: 'transaction.discard();',
  },
  {
    name: 'COPY forgets the expiry',
    part: 'keyspace', file: 'commands/key/keys-moves.ts', ...ONE_CLIENT,
    from: 'target.putCopy(to, found, found.expireAt);',
    to: 'target.putCopy(to, found, 0);',
  },
  {
    name: 'RENAME forgets the expiry',
    part: 'keyspace', file: 'commands/key/keys-moves.ts', ...ONE_CLIENT,
    from: 'db.putMoved(to, found, found.expireAt);',
    to: 'db.putMoved(to, found, 0);',
  },
  {
    name: 'MOVE to another database forgets the expiry',
    part: 'keyspace', file: 'commands/key/keys-moves.ts', ...ONE_CLIENT,
    from: 'target.putMoved(key, found, found.expireAt);',
    to: 'target.putMoved(key, found, 0);',
  },
  {
    name: 'a SETRANGE in the middle of a warm string cuts off what is behind it',
    part: 'keyspace', file: 'keyspace/live-string.ts', ...ONE_CLIENT,
    from: 'const newLength = Math.max(this.#length, offset + (end - from));',
    to: 'const newLength = offset + (end - from);',
  },
  // ---- The total order --------------------------------------------------------------------------
  {
    name: 'the position of a batch is not in its frame',
    part: 'cluster', file: 'store/log/log-appender.ts', ...STORM,
    from: 'this.#close(position, 0);',
    to: 'this.#close(0, 0);',
  },
  {
    name: 'a batch runs by the time of the peer',
    part: 'cluster', file: 'cluster/proposal-run.ts', ...STORM,
    from: 'session, nowMs: timeMs,',
    to: 'session, nowMs: this.#host.keyspace.now,',
  },
  {
    name: 'replies go to the client before',
    part: 'cluster', file: 'cluster/proposal-run.ts', ...STORM,
    from: 'this.#group += 1;',
    to: '',
  },
  {
    name: 'a read is linearizable without a read index',
    part: 'cluster', file: 'cluster/proposals.ts', ...STORM,
    from: 'return session.readableBytes >= session.link.bytesThrough(args);',
    to: 'return true;',
  },
  {
    name: 'a read goes ahead when its read index is known, not applied',
    part: 'cluster', file: 'cluster/proposals.ts', ...STORM,
    from: 'if (position <= this.#parts.applied.position)',
    to: 'if (position >= 0)',
  },
  {
    name: 'watched keys are not compared when a transaction is applied',
    part: 'cluster', file: 'engine/runner.ts', ...STORM,
    from: 'if (isTouched(keyspace, watched))',
    to: 'if (env.seed === undefined && isTouched(keyspace, watched))',
  },
  {
    name: 'a batch that was sent is answered NOQUORUM',
    part: 'cluster', file: 'raft/core/proposal-queue.ts', ...STORM,
    from: 'mayApply: batch.number > 0',
    to: 'mayApply: false',
  },
  {
    name: 'a batch is not sent again after a change of leader',
    part: 'cluster', file: 'raft/core/proposal-queue.ts', ...STORM,
    from: 'this.#sent = 0;\n        this.#resendAtMs = Infinity;',
    to: 'this.#resendAtMs = Infinity;',
  },
  {
    name: 'marks of applied batches are not read from a snapshot',
    part: 'cluster', file: 'server/running-order.ts', ...STORM,
    from: 'await peers.marks.reload(side.storage, side.position);',
    to: 'peers.marks.position = side.position;',
  },
  // ---- Raft -------------------------------------------------------------------------------------
  {
    name: 'a vote goes to a log that lacks entries',
    part: 'raft', file: 'raft/core/log-view.ts', ...STORM,
    from: 'return lastIndex >= this.lastIndex;',
    to: 'return true;',
  },
  {
    name: 'written is taken for durable',
    part: 'raft', file: 'raft/core/replica-driver.ts', ...STORM,
    from: 'this.#ports.log.append(undefined, entries, () => this.#written(write));',
    to: 'this.#ports.log.append(undefined, entries, () => {}); this.#written(write);',
  },
  {
    name: 'entries that contradict the leader stay',
    part: 'raft', file: 'raft/core/following.ts', ...STORM,
    from: 'return index > log.commit && log.termOf(index) !== term;',
    to: 'return index > log.lastIndex;',
  },
  {
    name: 'the position of a snapshot is one too high',
    part: 'raft', file: 'raft/core/replica-driver.ts', ...STORM,
    from: 'this.#delivered = index;',
    to: 'this.#delivered = index + 1;',
  },
  // ---- Members and levels -----------------------------------------------------------------------
  {
    name: 'a link goes on saying that this peer is no member',
    part: 'members', file: 'raft/links/links.ts', ...MEMBERS, minutes: 10,
    from: 'isMember(stated) !== isMember(self) ||',
    to: '',
  },
  {
    name: 'a peer that was removed goes on answering',
    part: 'members', file: 'raft/shell/peer-standing.ts', ...MEMBERS,
    from: 'if (removedBy !== undefined) {\n            return removed',
    to: 'if (removedBy === 0) {\n            return removed',
  },
  {
    name: 'who was away when it was removed is not told',
    part: 'members', file: 'raft/shell/peer-standing.ts', ...MEMBERS,
    from: 'if (kind === \'removed\') {',
    to: 'if (kind === \'removed\') {\n            return;',
  },
  {
    name: 'a peer that is let in again does not know',
    part: 'members', file: 'raft/shell/peer-standing.ts', ...MEMBERS,
    from: 'if (removedBy === undefined || index <= removedBy)',
    to: 'if (removedBy !== undefined || index >= 0)',
  },
  {
    name: 'a new peer answers before it has what the others have',
    part: 'members', file: 'raft/shell/peer-standing.ts', ...MEMBERS,
    from: 'isCaughtUp: this.#isFounder(founders) };',
    to: 'isCaughtUp: true };',
  },
  {
    name: 'an invitation is forgotten when the leader changes',
    part: 'members', file: 'raft/core/configuration-codec.ts', ...MEMBERS,
    from: 'return { ...lists, featureLevel, invited };',
    to: 'return { ...lists, featureLevel, invited: [] };',
  },
  {
    name: 'a joint configuration is never left',
    part: 'members', file: 'raft/core/membership.ts', ...MEMBERS,
    from: 'if (isJoint(configuration))\n        return leaveJoint(raft, configuration);',
    to: '',
  },
  {
    name: 'the level is raised though one member is of an older build',
    part: 'members', file: 'raft/core/members-policy.ts', ...UPGRADE,
    from: 'Math.min(...levels)',
    to: 'Math.max(...levels)',
  },
  {
    name: 'the level is never raised',
    part: 'members', file: 'raft/core/members-policy.ts', ...UPGRADE,
    from: 'if (featureLevel <= levelOf(view.configuration))',
    to: 'if (featureLevel >= levelOf(view.configuration))',
  },
  {
    name: 'batches are dated before all builds know that',
    part: 'members', file: 'cluster/proposals.ts', ...UPGRADE,
    from: 'const isDated = this.featureLevel >= FEATURE_LEVEL_VERSIONS;',
    to: 'const isDated = true;',
  },
  {
    name: 'a build that is too old for its directory starts',
    part: 'members', file: 'raft/shell/begin-life.ts', ...UPGRADE,
    from: 'if (level <= featureLevel)',
    to: 'if (level >= 0)',
  },
  // ---- Older copies of directories --------------------------------------------------------------
  {
    name: 'the number of a start that the directory has forgotten is used again, and nothing notices',
    part: 'members', file: 'raft/shell/begin-life.ts', ...OLDER,
    from: 'const step = 1 + parts.random.seed64()[0] % RAFT_START_STEP_MAX;',
    to: 'const step = 1;',
    also: {
      file: 'raft/core/replica.ts',
      from: 'if (!isKnown)\n            this.#forgottenEpoch = epoch;\n        return !isKnown;',
      to: 'return false;',
    },
  },
  {
    name: 'a peer that finds in an entry what it has proposed and forgotten goes on',
    part: 'members', file: 'raft/core/replica.ts', ...OLDER,
    from: 'if (this.#noteIfForgotten(proposal))\n            return undefined;',
    to: '',
  },
  {
    name: 'a peer that finds in a snapshot what it has proposed and forgotten goes on',
    part: 'members', file: 'raft/core/replica.ts', ...OLDER,
    from: 'if (mark !== undefined && this.#noteIfForgotten({ origin: this.#id, ...mark }))\n' +
      '            return [];',
    to: '',
  },
  // ---- Collections ------------------------------------------------------------------------------
  {
    name: 'a block that is read lacks the changes since it was written',
    part: 'collections', file: 'keyspace/collection/block-directory.ts', ...ONE_CLIENT,
    from: 'slot.pending?.applyAfter(slot.writtenAt,',
    to: 'void (0,',
  },
  {
    name: 'a change that a block has already is applied again when it is read',
    part: 'collections', file: 'keyspace/collection/pending-changes.ts', ...ONE_CLIENT,
    from: 'if (number > sequence)',
    to: 'if (number > 0)',
  },
  {
    name: 'a changed block leaves RAM without a trace',
    part: 'collections', file: 'keyspace/collection/block-directory.ts', ...ONE_CLIENT,
    from: 'if (slot.changedAt > slot.writtenAt && slot.pending === undefined) {',
    to: 'if (false) {',
  },
  {
    name: 'a directory is written before the blocks that were changed',
    part: 'collections', file: 'keyspace/collection/block-directory.ts', ...ONE_CLIENT,
    from: 'if (slot.isGone || slot.writtenAt >= until)',
    to: 'if (true)',
  },
  {
    name: 'a block that was cut keeps what others have now',
    part: 'collections', file: 'keyspace/collection/large-edit.ts', ...ONE_CLIENT,
    from: 'directory.rewriteBlock(entry, first.block);',
    to: '',
  },
  {
    name: 'blocks are joined, and the first stays as it was',
    part: 'collections', file: 'keyspace/collection/large-edit.ts', ...ONE_CLIENT,
    from: 'directory.rewriteBlock(first, joined);',
    to: '',
  },
  {
    name: 'the sums of counts forget what comes and goes',
    part: 'collections', file: 'keyspace/collection/entry-counts.ts', ...ONE_CLIENT,
    from: 'this.#groups[entry >>> GROUP_BITS] += growth;',
    to: ';',
  },
  {
    name: 'a field that takes the place of a removed one is not found any more',
    part: 'collections', file: 'keyspace/collection/hash/hash-pairs.ts', ...ONE_CLIENT,
    from: 'this.#enter(hash, position);\n            this.#isInOrder = false;',
    to: 'this.#isInOrder = false;',
  },
  {
    name: 'a longer value in a small hash covers the field behind it',
    part: 'collections', file: 'keyspace/collection/hash/packed-hash.ts', ...ONE_CLIENT,
    from: 'this.#move(at, valueAt + end - start);',
    to: ';',
  },
  {
    name: 'a removal from a large list takes a block too many',
    part: 'collections', file: 'keyspace/collection/list/list-edit.ts', ...ONE_CLIENT,
    from: 'edit.drop(directory, --entry);',
    to: 'edit.drop(directory, --entry);\n        if (entry > 0)\n' +
      '            edit.drop(directory, --entry);',
  },
  {
    name: 'fields of a large hash that have expired are seen after a restart',
    part: 'collections', file: 'keyspace/collection/hash/large-hash.ts', ...ONE_CLIENT,
    from: 'hash.#readTail(reader);',
    to: '',
  },
  {
    name: 'fields that were removed count as expired ones after a restart',
    part: 'collections', file: 'keyspace/collection/block-directory.ts', ...ONE_CLIENT,
    from: 'slot.times !== undefined || this.#options.mayExpire',
    to: 'this.#options.mayExpire',
  },
  {
    name: 'a field that is added to lives for ever',
    part: 'collections', file: 'commands/hash/hash-access.ts', ...ONE_CLIENT,
    from: 'const expiryMs = expiryOf(hash, field);',
    to: 'const expiryMs = 0;',
  },
  {
    name: 'peers remove fields that have expired at different positions',
    part: 'collections', file: 'engine/field-expiry.ts', ...STORM,
    from: 'if (expireFields !== undefined)',
    to: 'if (false)',
  },
  {
    name: 'commands are proposed that not all builds know',
    part: 'collections', file: 'engine/admit.ts', ...UPGRADE,
    from: 'if (featureLevel >= FEATURE_LEVEL)\n        return true;',
    to: 'return true;',
  },
];
