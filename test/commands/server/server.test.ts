import { describe, expect, it } from 'vitest';
import { allCommands } from '../../../src/commands/all-commands.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { TestServer } from '../../server/test-server.ts';
import { VERSION } from '../../../src/version.ts';
import { eventually } from '../../wire/eventually.ts';
import type { WireClient } from '../../wire/wire-client.ts';

const DEBUG = { 'enable-debug-command': 'yes' };

async function connect(options = {}): Promise<WireClient> {
  return (await TestServer.inMemory(options)).connect();
}

/** INFO as a Map of its fields; titles in order under 'titles'. */
async function info(client: WireClient, ...sections: string[]) {
  const text = await client.ask(['INFO', ...sections]) as string;
  const lines = text.split('\r\n');
  const titles = lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
  const fields = new Map(lines.filter((line) => line.includes(':')).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
  return { titles, fields };
}

const DEFAULT_TITLES = ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU',
  'Modules', 'Errorstats', 'Cluster', 'Keyspace', 'Dkvs'];

describe('INFO', () => {
  it('has the sections of Redis in its order, and one of its own', async () => {
    const client = await connect();
    expect((await info(client)).titles).toEqual(DEFAULT_TITLES);
    expect((await info(client, 'default')).titles).toEqual(DEFAULT_TITLES);
    const all = (await info(client, 'all')).titles;
    expect(all).toContain('Commandstats');
    expect(all).not.toContain('Modules');
    expect((await info(client, 'everything')).titles).toHaveLength(DEFAULT_TITLES.length + 2);
    const some = await info(client, 'keyspace', 'SERVER', 'none');
    expect(some.titles).toEqual(['Server', 'Keyspace']);
  });

  it('has every field that clients, queues and exporters read', async () => {
    const server = await TestServer.inMemory({
      bind: ['127.0.0.1', '::1'], unixsocket: '/run/dkvs',
    });
    const client = await server.connect();
    await client.run('SET a 1');
    await client.run('SET b 1 EX 100');
    await client.run('SELECT 3');
    await client.run('SET c 1');
    await client.run('HSET h f 1 g 2');
    await client.run('HEXPIRE h 200000 FIELDS 1 f');
    server.clock.stall(90_061_000);
    const { fields } = await info(client, 'everything');
    expect(Object.fromEntries(['redis_version', 'redis_mode', 'role', 'loading', 'tcp_port',
      'maxmemory_policy', 'connected_clients', 'connected_slaves', 'cluster_enabled', 'maxmemory',
      'uptime_in_seconds', 'uptime_in_days', 'rdb_bgsave_in_progress', 'aof_rewrite_in_progress',
      'maxclients', 'db0', 'db3', 'listener1', 'listener2'].map((name) =>
      [name, fields.get(name)]))).toEqual({
      redis_version: '7.2.4', redis_mode: 'standalone', role: 'master', loading: '0',
      tcp_port: '6379',
      maxmemory_policy: 'noeviction', connected_clients: '1', connected_slaves: '0',
      cluster_enabled: '0', maxmemory: '67108864', uptime_in_seconds: '90061', uptime_in_days: '1',
      rdb_bgsave_in_progress: '0', aof_rewrite_in_progress: '0', maxclients: '10000',
      db0: 'keys=2,expires=1,avg_ttl=0,subexpiry=0',
      db3: 'keys=2,expires=0,avg_ttl=0,subexpiry=1',
      listener1: 'name=tcp,bind=[::1],port=6379', listener2: 'name=unix,bind=/run/dkvs',
    });
    expect(fields.get('run_id')).toMatch(/^[0-9a-f]{40}$/);
    expect(fields.get('used_memory')).toMatch(/^[1-9]\d+$/);
    expect(fields.get('used_memory_human')).toMatch(/^[\d.]+[KMG]$/);
    expect(fields.get('used_memory_peak_perc')).toMatch(/^[\d.]+%$/);
    expect([...fields.values()].join('\n')).not.toMatch(/undefined|NaN|Infinity/);
  });

  it('counts calls, failures, refusals and errors, until CONFIG RESETSTAT', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    for (const command of [
      'SET a x', 'GET a', 'GET a', 'GET nothing', 'INCR a', 'GET', 'FOO', 'HSET a f v', 'CLIENT ID',
    ]) await client.run(command);
    const { fields } = await info(client, 'everything');
    const calls = (name: string): string =>
      (fields.get(name) ?? '').replace(/usec=.*per_call=[\d.]+,/, '');
    expect(calls('cmdstat_get')).toBe('calls=3,rejected_calls=1,failed_calls=0');
    expect(calls('cmdstat_incr')).toBe('calls=1,rejected_calls=0,failed_calls=1');
    expect(calls('cmdstat_client|id')).toBe('calls=1,rejected_calls=0,failed_calls=0');
    expect(fields.get('errorstat_ERR')).toBe('count=3');
    expect(fields.get('errorstat_WRONGTYPE')).toBe('count=1');
    expect(fields.get('total_error_replies')).toBe('4');
    expect(fields.get('latency_percentiles_usec_get'))
      .toMatch(/^p50=[\d.]+,p99=[\d.]+,p99.9=[\d.]+$/);
    expect([fields.get('keyspace_hits'), fields.get('keyspace_misses')]).toEqual(['2', '1']);
    expect(await client.run('CONFIG RESETSTAT')).toBe('+OK\r\n');
    const after = (await info(client, 'everything')).fields;
    expect([after.get('keyspace_hits'), after.get('total_error_replies'), after.get('cmdstat_get')])
      .toEqual(['0', '0', undefined]);
  });

  it('tells what the store is doing, and why it refuses writes', async () => {
    const server = await TestServer.inMemory({ appendfsync: 'always' });
    const client = await server.connect();
    for (const key of ['a', 'b', 'b']) await client.run(`SET ${key} v`);
    server.world.disk.fail({ op: 'datasync', code: 'EIO' });
    expect(await client.run('SET c v')).toMatch(/^-UNKNOWN .*EIO/);
    const { fields } = await info(client);
    expect(Object.fromEntries(['dkvs_version', 'compaction_running',
      'aof_rewrite_in_progress', 'aof_last_write_status', 'rdb_changes_since_last_save',
    ].map((name) => [name, fields.get(name)]))).toEqual({
        dkvs_version: VERSION, compaction_running: '0',
        aof_rewrite_in_progress: '0', aof_last_write_status: 'err',
        rdb_changes_since_last_save: '4',
      });
    expect(fields.get('log_failure')).toContain('EIO');
    expect(Number(fields.get('log_dead_bytes'))).toBeGreaterThan(0);
  });
});

describe('stopping and saving', () => {
  for (const words of ['SHUTDOWN', 'SHUTDOWN NOSAVE NOW FORCE']) {
    it(`${words} stops the server, without a reply`, async () => {
      const server = await TestServer.inMemory();
      const client = await server.connect();
      client.send(words.split(' '));
      expect(await server.world.passUntil(server.stopped)).toBe(0);
      expect(await client.untilClosed()).toBe('');
    });
  }

  it('cannot be called off', async () => {
    const client = await connect();
    expect(await client.run('SHUTDOWN ABORT')).toBe('-ERR No shutdown in progress.\r\n');
  });

  it('takes KILL as a line typed without arguments, and from no client library', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    const unknown = /^-ERR unknown command 'kill'/i;
    for (const words of ['KILL', 'kill', 'KILL SAVE']) {
      expect(await client.run(words)).toMatch(unknown);
    }
    expect(await client.type('KILL now')).toMatch(unknown);
    expect(await client.ask('COMMAND INFO kill')).toEqual([null]);
    expect(await client.ask('COMMAND LIST FILTERBY PATTERN kill')).toEqual([]);
    expect(await client.run('COMMAND GETKEYS kill a')).toBe('-ERR Invalid command specified\r\n');

    expect(await client.run('MULTI')).toBe('+OK\r\n');
    expect(await client.type('KILL')).toBe('-ERR Command not allowed inside a transaction\r\n');
    expect(await client.run('KILL')).toMatch(unknown);
    expect(await client.run('DISCARD')).toBe('+OK\r\n');

    client.write('kill\r\n');
    expect(await server.world.passUntil(server.stopped)).toBe(0);
    expect(await client.untilClosed()).toBe('');
  });

  it('waits for the disk, or begins in the background, one at a time', async () => {
    const server = await TestServer.inMemory();
    const { world, clock } = server;
    const client = await server.connect();
    await client.run('SET k v');
    clock.advance(10_000);
    expect(await world.passUntil(client.run('SAVE'))).toBe('+OK\r\n');
    const savedAt = Math.floor(clock.nowMs() / 1000);
    expect(await client.run('LASTSAVE')).toBe(`:${savedAt}\r\n`);
    for (const path of await segments(server)) expect(world.disk.isDurable(path)).toBe(true);

    await client.run('SET k w');
    world.holdDisk();
    expect(await client.run('BGSAVE')).toBe('+Background saving started\r\n');
    for (const command of ['SAVE', 'BGSAVE', 'BGSAVE SCHEDULE']) {
      expect(await client.run(command)).toBe('-ERR Background save already in progress\r\n');
    }
    world.releaseDisk();
    const { fields } = await eventuallyInfo(server, client, 'rdb_bgsave_in_progress', '0');
    expect(fields.get('rdb_changes_since_last_save')).toBe('0');
    expect(await client.run('BGSAVE SCHEDULE')).toBe('+Background saving started\r\n');
  });

  it('rewrites the log in the background, one rewrite at a time', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    for (let i = 0; i < 10; i++) await client.run(`SET k ${i}`);
    server.world.holdDisk();
    expect(await client.run('BGREWRITEAOF'))
      .toBe('+Background append only file rewriting started\r\n');
    expect(await client.run('BGREWRITEAOF')).toMatch(/^-ERR .*already in progress\r\n$/);
    const { fields } = await info(client);
    expect([fields.get('compaction_running'), fields.get('aof_rewrite_in_progress')])
      .toEqual(['1', '1']);
    server.world.releaseDisk();
    await eventuallyInfo(server, client, 'compaction_running', '0');
    expect(await client.run('GET k')).toBe('$1\r\n9\r\n');
  });

  it('WAITAOF replies when the disk has it', async () => {
    const client = await connect();
    expect(await client.run('WAITAOF 1 0 0')).toBe('*2\r\n:1\r\n:0\r\n');
  });

  it('check the arguments of WAITAOF (Redis 7.2)', async () => {
    const client = await connect();
    for (const args of ['2 0 0', '-1 0 0', 'x 0 0', '0 -1 0', '0 x 0', '0 0 x', '0 0 -1']) {
      expect(await client.run(`WAITAOF ${args}`)).toMatch(/^-ERR /);
    }
  });

  it('refuse to follow a master', async () => {
    const client = await connect();
    expect(await client.run('REPLICAOF localhost 6379')).toMatch(/^-ERR dkvs does not replicate/);
  });
});

async function segments({ dir, world }: TestServer): Promise<string[]> {
  const names = await world.disk.list(dir);
  return names.filter((name) => name.endsWith('.log')).map((name) => `${dir}/${name}`);
}

/** INFO, once the field has this value; lets time pass until then. */
function eventuallyInfo(server: TestServer, client: WireClient, name: string, value: string) {
  return server.world.passUntil(eventually(`${name}:${value}`, async () => {
    const all = await info(client);
    return all.fields.get(name) === value && all;
  }));
}

describe('DEBUG', () => {
  it('is refused unless its option allows it, to this machine or to all', async () => {
    const open = { 'protected-mode': 'no' };
    const far = '10.1.2.3';
    const refused = /^-ERR DEBUG command not allowed/;
    const none = await TestServer.inMemory(open);
    expect(await (await none.connect()).run('DEBUG SLEEP 0')).toMatch(refused);
    const local = await TestServer.inMemory({ ...open, 'enable-debug-command': 'local' });
    expect(await (await local.connect()).run('DEBUG SLEEP 0')).toBe('+OK\r\n');
    expect(await (await local.connect(far)).run('DEBUG SLEEP 0')).toMatch(refused);
    expect(await (await local.connect('::1')).run('DEBUG SLEEP 0')).toBe('+OK\r\n');
    const all = await TestServer.inMemory({ ...open, ...DEBUG });
    expect(await (await all.connect(far)).run('DEBUG SLEEP 0')).toBe('+OK\r\n');
  });

  it('stops the server for a time, reloads and looks at keys', async () => {
    const server = await TestServer.inMemory(DEBUG);
    const client = await server.connect();
    const before = server.clock.monotonicMs();
    expect(await client.run('DEBUG SLEEP 0.5')).toBe('+OK\r\n');
    expect(server.clock.monotonicMs() - before).toBe(500);
    expect(await client.run('DEBUG SLEEP nonsense')).toBe('+OK\r\n');
    expect(server.clock.monotonicMs() - before).toBe(500);
    await client.run('SET k hello');
    expect(await server.world.passUntil(client.run('DEBUG RELOAD'))).toBe('+OK\r\n');
    expect(await client.run('DEBUG OBJECT k'))
      .toMatch(/^\+Value at:0x0 refcount:1 encoding:embstr serializedlength:5 lru:\d+ /);
    expect(await client.run('DEBUG OBJECT none')).toBe('-ERR no such key\r\n');
    expect(await client.run('DEBUG NOSUCH')).toMatch(/^-ERR unknown subcommand or wrong number/);
    expect(await client.run('DEBUG HELP')).toMatch(/^\*13\r\n\+DEBUG /);
  });

  it('keeps what has expired, or lets it be removed', async () => {
    const server = await TestServer.inMemory(DEBUG);
    const client = await server.connect();
    expect(await client.run('DEBUG SET-ACTIVE-EXPIRE 0')).toBe('+OK\r\n');
    await client.run('SET k v PX 10');
    await server.clock.advanceGently(1000);
    expect(await client.run('DBSIZE')).toBe(':1\r\n');
    expect(await client.run('DEBUG SET-ACTIVE-EXPIRE 1')).toBe('+OK\r\n');
    await server.clock.advanceGently(1000);
    expect(await client.run('DBSIZE')).toBe(':0\r\n');
  });

  it('checks the index, and tells the first faults and how many there are', async () => {
    const server = await TestServer.inMemory(DEBUG);
    const { world } = server;
    const client = await server.connect();
    for (let i = 0; i < 4; i++) await client.run(`SET key:${i} v`);
    expect(await client.run('DEBUG CHECK-INDEX'))
      .toMatch(/^\+4 keys, 0 chains, 4 records and \d segments agree\r\n$/);
    await world.passUntil(client.run('SAVE'));
    await world.passUntil(client.run('DEBUG RELOAD'));
    for (const path of await segments(server)) {
      const text = Buffer.from(world.disk.contentOf(path)).toString('latin1');
      for (const { index } of text.matchAll(/key:\d/g)) world.disk.damage(path, index, 1);
    }
    const reply = await client.run('DEBUG CHECK-INDEX');
    expect(reply).toMatch(/^-ERR the index has 4 faults, all are in the log: unreadable: /);
    expect(reply.split('unreadable: ')).toHaveLength(4);
    expect(await client.run('DEBUG CHECK-INDEX now')).toMatch(/^-ERR unknown subcommand/);
  });
});

describe('SLOWLOG and LATENCY', () => {
  it('tell of slow commands, with who sent them', async () => {
    const client = await connect({ ...DEBUG, 'latency-monitor-threshold': 100 });
    await client.run('CLIENT SETNAME me');
    await client.run('DEBUG SLEEP 0.25');
    const [entry] = await client.ask('SLOWLOG GET') as [unknown[]];
    expect(entry.slice(2)).toEqual([
      250_000, ['DEBUG', 'SLEEP', '0.25'], '127.0.0.1:50001', 'me',
    ]);
    expect(await client.run('SLOWLOG LEN')).toBe(':1\r\n');
    const at = entry[1];
    expect(await client.ask('LATENCY LATEST')).toEqual([['command', at, 250, 250]]);
    expect(await client.ask('LATENCY HISTORY command')).toEqual([[at, 250]]);
    expect(await client.ask('LATENCY DOCTOR')).toContain('command: 1 samples');
    expect(await client.run('LATENCY RESET command')).toBe(':1\r\n');
    expect(await client.run('LATENCY LATEST')).toBe('*0\r\n');
  });

  it('draw how long each command takes, cumulatively, in powers of two', async () => {
    const client = await connect(DEBUG);
    for (const micros of [0.5, 1.5, 3, 3, 1000]) await client.run(`DEBUG SLEEP ${micros / 1e6}`);
    expect(await client.ask('LATENCY HISTOGRAM debug get')).toEqual([
      'debug', ['calls', 5, 'histogram_usec', [1, 1, 2, 2, 4, 4, 1048, 5]],
    ]);
  });
});

describe('MEMORY', () => {
  it('tells what a key costs', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    await client.run('SET k hello');
    const bytes = await client.ask('MEMORY USAGE k SAMPLES 0') as number;
    await client.run(`SET k ${'x'.repeat(1000)}`);
    expect(await client.ask('MEMORY USAGE k')).toBeGreaterThan(bytes + 900);
    await client.run('PEXPIREAT k 1');
    expect(await client.run('MEMORY USAGE k')).toBe('$-1\r\n');
  });

  it('accounts for the RAM in the words of Redis and in its own', async () => {
    const client = await connect();
    await client.run('HELLO 3');
    await client.run('SET k v');
    const stats = await client.ask('MEMORY STATS') as Map<string, unknown>;
    expect(stats.get('dkvs.index')).toBeGreaterThan(0);
    expect(stats.get('dkvs.hot-tail')).toBeGreaterThan(0);
    expect(stats.get('keys.count')).toBe(1);
    expect(stats.get('total.allocated')).toBeGreaterThan(0);
    expect(stats.get('peak.percentage')).toBeLessThanOrEqual(100);
    expect(await client.ask('MEMORY MALLOC-STATS')).toMatch(/^index: [1-9]\d*$/m);
  });

  it('has a doctor that names an index too large for its budget, and else nothing', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    expect(await client.ask('MEMORY DOCTOR')).not.toContain('index');
    await client.run('SET k v');
    await client.run('CONFIG SET maxmemory 1000');
    expect(await client.ask('MEMORY DOCTOR')).toContain('index');
  });
});

describe('CONFIG and COMMAND', () => {
  it('get options by several patterns in any case, each once', async () => {
    const client = await connect();
    await client.run('HELLO 3');
    const found = await client.ask('CONFIG GET MAXMEM*y maxmemory-policy hz') as
      Map<string, string>;
    expect([...found.keys()].sort()).toEqual(
      ['hz', 'maxmemory', 'maxmemory-eviction-tenacity', 'maxmemory-policy'],
    );
  });

  it('set several options or none', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    expect(await client.run('CONFIG SET hz 50 timeout 7')).toBe('+OK\r\n');
    expect(await client.run('CONFIG SET hz 60 timeout x')).toMatch(/^-ERR CONFIG SET failed/);
    expect(await client.ask('CONFIG GET hz timeout')).toEqual(['hz', '50', 'timeout', '7']);
  });

  it('list, describe and count all commands of the table', async () => {
    const table = new CommandTable(allCommands);
    const client = await connect();
    await client.run('HELLO 3');
    const names = table.all.map(({ name }) => name);
    expect(await client.ask('COMMAND COUNT')).toBe(names.length);
    const infos = await client.ask('COMMAND') as unknown[][];
    expect(infos.map(([name]) => name)).toEqual(names);
    expect(await client.ask('COMMAND INFO')).toEqual(infos);
    const docs = await client.ask('COMMAND DOCS') as Map<string, Map<string, unknown>>;
    expect([...docs.keys()]).toEqual(names);
    for (const [name, doc] of docs) {
      expect([...doc.keys()].slice(0, 3), name).toEqual(['summary', 'since', 'group']);
    }
    const list = await client.ask('COMMAND LIST') as string[];
    // KILL is there for a person who types it, and listed for nobody.
    expect(list).toHaveLength(table.entries.length - 1);
    expect(await client.ask('COMMAND LIST FILTERBY ACLCAT Transaction'))
      .toEqual(['multi', 'exec', 'discard', 'watch', 'unwatch']);
    expect(await client.ask('ACL CAT transaction'))
      .toEqual(['multi', 'exec', 'discard', 'watch', 'unwatch']);
  });

  it('tell no flag that clients do not know', async () => {
    const client = await connect();
    const text = await client.run('COMMAND');
    for (const flag of ['subscribed', 'immediate', 'runs_queued', 'secret', 'global', 'watches']) {
      expect(text).not.toContain(`+${flag}\r\n`);
    }
  });
});
