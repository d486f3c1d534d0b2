/** Bounds that stand in different files and must fit each other: who changes one sees the rest. */

import { describe, expect, it } from 'vitest';
import { ORDERED_BATCH_BYTES_MIN } from '../src/cluster/proposal-body.ts';
import { ORDERED_BATCH_BYTES_MAX, ORDERED_WAITING_BYTES_MAX } from '../src/cluster/proposals.ts';
import { HEARTBEATS_PER_ELECTION_TIMEOUT_MIN } from '../src/config/check-config.ts';
import {
  BULK_BYTES_MAX_DEFAULT, PEERS_MAX, QUERY_BUFFER_BYTES_MAX_DEFAULT, SEGMENT_START_BYTES_MAX,
} from '../src/config/limits.ts';
import {
  DISK_RESERVE_BYTES_DEFAULT, SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN,
} from '../src/config/options.ts';
import {
  ELECTION_TIMEOUT_MS_DEFAULT, ELECTION_TIMEOUT_MS_MAX, ELECTION_TIMEOUT_MS_MIN,
  HEARTBEAT_INTERVAL_MS_DEFAULT, HEARTBEAT_INTERVAL_MS_MAX, HEARTBEAT_INTERVAL_MS_MIN,
} from '../src/config/peer-options.ts';
import { LEVEL_LOOKS_MAX, LEVEL_LOOK_MS } from '../src/engine/admit.ts';
import { REPLY_BYTES_MAX, REQUEST_BYTES_CEILING } from '../src/protocol/limits.ts';
import {
  OUTPUT_BUFFER_BYTES_MIN, OUTPUT_BUFFER_POOLED_BYTES_MAX, OUTPUT_POOL_BYTES_MAX,
} from '../src/protocol/output-pool.ts';
import {
  CONFIGURATION_BYTES_MAX, MEMBERS_MAX, MEMBER_TEXT_BYTES_MAX,
} from '../src/raft/core/limits.ts';
import { EPOCHS_APART } from '../src/raft/core/replica.ts';
import {
  LINK_FRAME_BYTES_MAX, LINK_PING_MS, LINK_TIMEOUT_MS, RAFT_APPEND_BYTES_MAX, RAFT_BODY_BYTES_MAX,
  RAFT_FLIGHT_BYTES_MAX, RAFT_MEMBERS_MS, RAFT_START_STEP_MAX, RAFT_UNCOMMITTED_BYTES_MAX,
  RAFT_WINDOW_BYTES_MAX,
} from '../src/raft/limits.ts';
import {
  LANE_PIECE_BYTES, LANE_WINDOW_BYTES_FIRST, LANE_WINDOW_BYTES_MAX,
} from '../src/raft/links/body-lane.ts';
import {
  LANE_WHOLE_BYTES_MAX, LINK_BACKOFF_MS_MAX, LINK_BACKOFF_MS_MIN, LINK_QUEUE_BYTES_MAX,
} from '../src/raft/links/dialled-link.ts';
import { RAFT_ENTRY_BYTES_MAX } from '../src/raft/log/record.ts';
import { KEY_BYTES_MAX } from '../src/store/format/data-entry.ts';
import {
  READ_CACHE_RECORD_BYTES_MAX, RECORD_ALIGN_BYTES, RECOVERY_SPARE_BYTES, SEGMENT_SLOTS_MAX,
} from '../src/store/limits.ts';
import { READ_CACHE_CHUNK_BYTES } from '../src/store/memory/read-cache.ts';
import { KEY_READ_BYTES } from '../src/store/memory/residents.ts';
import { TORN_TAILS_BYTES_MAX, TORN_TAIL_BYTES_MAX } from '../src/store/recovery/torn-tails.ts';
import { BALLAST_BYTES, BALLAST_BYTES_MIN } from '../src/store/segments/ballast.ts';

function rises(...bounds: readonly number[]): void {
  expect(bounds.toSorted((one, other) => one - other)).toEqual(bounds);
}

describe('a record fits its slot of the index', () => {
  it('where it begins, which segment it is in and how long its key is', () => {
    expect(SEGMENT_START_BYTES_MAX).toBe(2 ** 26 * RECORD_ALIGN_BYTES);
    expect(SEGMENT_SLOTS_MAX).toBe(2 ** 20);
    expect(KEY_BYTES_MAX).toBe(2 ** 28 - 1);
    expect(SEGMENT_BYTES_MIN).toBeLessThanOrEqual(SEGMENT_BYTES_DEFAULT);
    expect(SEGMENT_BYTES_DEFAULT).toBeLessThanOrEqual(SEGMENT_START_BYTES_MAX);
  });
});

describe('what a client may send', () => {
  it('can be held, and answered', () => {
    expect(BULK_BYTES_MAX_DEFAULT).toBeLessThan(QUERY_BUFFER_BYTES_MAX_DEFAULT);
    expect(QUERY_BUFFER_BYTES_MAX_DEFAULT).toBeLessThan(REQUEST_BYTES_CEILING);
    expect(BULK_BYTES_MAX_DEFAULT).toBeLessThan(REPLY_BYTES_MAX);
  });

  it('grows the buffers of replies in steps', () => {
    rises(OUTPUT_BUFFER_BYTES_MIN, OUTPUT_BUFFER_POOLED_BYTES_MAX, OUTPUT_POOL_BYTES_MAX);
  });
});

describe('a write in the total order', () => {
  it('fits a batch, the batch a body, and the body every queue on its way', () => {
    rises(ORDERED_BATCH_BYTES_MIN, ORDERED_BATCH_BYTES_MAX, RAFT_BODY_BYTES_MAX);
    expect(RAFT_BODY_BYTES_MAX).toBeLessThanOrEqual(ORDERED_WAITING_BYTES_MAX);
    expect(RAFT_BODY_BYTES_MAX).toBeLessThanOrEqual(RAFT_UNCOMMITTED_BYTES_MAX);
    expect(RAFT_BODY_BYTES_MAX).toBeLessThan(LINK_QUEUE_BYTES_MAX);
    expect(RAFT_BODY_BYTES_MAX).toBeLessThan(LINK_FRAME_BYTES_MAX);
    expect(RAFT_BODY_BYTES_MAX).toBeLessThan(RAFT_ENTRY_BYTES_MAX);
  });

  it('is sent in appends, those in flights, those in a window', () => {
    rises(RAFT_APPEND_BYTES_MAX, RAFT_FLIGHT_BYTES_MAX, RAFT_WINDOW_BYTES_MAX);
  });

  it('goes over a link in pieces, some of them ahead of what has arrived', () => {
    expect(LANE_PIECE_BYTES).toBeLessThan(LANE_WHOLE_BYTES_MAX);
    rises(LANE_WHOLE_BYTES_MAX, LANE_WINDOW_BYTES_FIRST, LANE_WINDOW_BYTES_MAX);
  });
});

describe('the times of peers', () => {
  it('let a follower miss heartbeats before it stands for election, at every setting', () => {
    const beats = HEARTBEATS_PER_ELECTION_TIMEOUT_MIN;
    expect(HEARTBEAT_INTERVAL_MS_DEFAULT * beats).toBeLessThan(ELECTION_TIMEOUT_MS_DEFAULT);
    expect(HEARTBEAT_INTERVAL_MS_MIN * beats).toBeLessThan(ELECTION_TIMEOUT_MS_MIN);
    expect(HEARTBEAT_INTERVAL_MS_MAX * beats).toBe(ELECTION_TIMEOUT_MS_MAX);
  });

  it('let a link miss pings before it is given up', () => {
    expect(LINK_PING_MS * 4).toBeLessThanOrEqual(LINK_TIMEOUT_MS);
    rises(LINK_BACKOFF_MS_MIN, LINK_BACKOFF_MS_MAX);
  });

  it('let two starts in a row have read index requests of different numbers', () => {
    rises(RAFT_START_STEP_MAX + 1, EPOCHS_APART);
  });

  it('let WATCH see a leader look for a higher feature level more than once', () => {
    expect(LEVEL_LOOK_MS * LEVEL_LOOKS_MAX).toBeGreaterThan(2 * RAFT_MEMBERS_MS);
    expect(LEVEL_LOOK_MS).toBeLessThan(RAFT_MEMBERS_MS);
  });
});

describe('the members of a cluster', () => {
  it('fit its configuration, joint and with invitations', () => {
    expect(PEERS_MAX).toBeLessThan(MEMBERS_MAX);
    expect(MEMBERS_MAX * 3 * 2 * MEMBER_TEXT_BYTES_MAX).toBeLessThan(CONFIGURATION_BYTES_MAX);
  });
});

describe('what is kept for bad days', () => {
  it('lets a start on a full disk do what it must', () => {
    expect(BALLAST_BYTES).toBeGreaterThanOrEqual(RECOVERY_SPARE_BYTES);
    rises(BALLAST_BYTES_MIN, BALLAST_BYTES, DISK_RESERVE_BYTES_DEFAULT);
  });

  it('holds one torn tail at least', () => {
    expect(TORN_TAIL_BYTES_MAX).toBeLessThanOrEqual(TORN_TAILS_BYTES_MAX);
  });
});

describe('what is read', () => {
  it('fits the chunk of the cache that it goes to', () => {
    expect(READ_CACHE_RECORD_BYTES_MAX).toBeLessThanOrEqual(READ_CACHE_CHUNK_BYTES);
    expect(KEY_READ_BYTES).toBeLessThan(READ_CACHE_RECORD_BYTES_MAX);
  });
});
