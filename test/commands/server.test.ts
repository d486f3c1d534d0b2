import { describe, expect, it } from 'vitest';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { IDLE_STORE, NO_SAVES, WholeServer, type WholeClient } from './whole-server.ts';

/** INFO as a Map of its fields; titles in order under 'titles'. */
async function info(client: WholeClient, ...sections: string[]) {
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
    const client = new WholeServer().connect();
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
    const server = new WholeServer();
    const client = server.connect();
    await client.run('SET a 1');
    await client.run('SET b 1 EX 100');
    await client.run('SELECT 3');
    await client.run('SET c 1');
    server.clock.advance(90_061_000);
    const { fields } = await info(client, 'everything');
    expect(Object.fromEntries(['redis_version', 'redis_mode', 'role', 'loading', 'tcp_port',
      'maxmemory_policy', 'connected_clients', 'connected_slaves', 'cluster_enabled', 'maxmemory',
      'uptime_in_seconds', 'uptime_in_days', 'rdb_bgsave_in_progress', 'aof_rewrite_in_progress',
      'maxclients', 'run_id', 'db0', 'db3', 'listener1', 'listener2'].map((name) =>
      [name, fields.get(name)]))).toEqual({
      redis_version: '7.2.4', redis_mode: 'standalone', role: 'master', loading: '0',
      tcp_port: '6379',
      maxmemory_policy: 'noeviction', connected_clients: '1', connected_slaves: '0',
      cluster_enabled: '0', maxmemory: '67108864', uptime_in_seconds: '90061', uptime_in_days: '1',
      rdb_bgsave_in_progress: '0', aof_rewrite_in_progress: '0', maxclients: '10000',
      run_id: 'a'.repeat(40), db0: 'keys=2,expires=1,avg_ttl=0', db3: 'keys=1,expires=0,avg_ttl=0',
      listener1: 'name=tcp,bind=[::1],port=6379', listener2: 'name=unix,bind=/run/dkvs',
    });
    expect(fields.get('used_memory')).toMatch(/^[1-9]\d+$/);
    expect(fields.get('used_memory_human')).toMatch(/^[\d.]+[KMG]$/);
    expect(fields.get('used_memory_peak_perc')).toMatch(/^[\d.]+%$/);
    expect([...fields.values()].join('\n')).not.toMatch(/undefined|NaN|Infinity/);
  });

  it('counts calls, failures, refusals and errors, until CONFIG RESETSTAT', async () => {
    const server = new WholeServer();
    const client = server.connect();
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
    const server = new WholeServer();
    server.store = { ...IDLE_STORE, failure: 'EIO: fsync', isCompacting: true };
    server.saves = { ...NO_SAVES, changesSince: 7 };
    const { fields } = await info(server.connect());
    expect(Object.fromEntries(['dkvs_version', 'log_segments', 'log_dead_bytes', 'log_failure',
      'compaction_running', 'aof_rewrite_in_progress', 'aof_last_write_status',
      'rdb_changes_since_last_save', 'read_cache_hit_perc',
    ].map((name) => [name, fields.get(name)]))).toEqual({
        dkvs_version: server.facade.version, log_segments: '1', log_dead_bytes: '400',
        log_failure: 'EIO: fsync', compaction_running: '1', aof_rewrite_in_progress: '1',
        aof_last_write_status: 'err', rdb_changes_since_last_save: '7',
        read_cache_hit_perc: '75.00%',
      });
  });
});

describe('stopping and saving', () => {
  it('shut down as asked, and can be called off', async () => {
    const server = new WholeServer();
    const client = server.connect();
    expect(await client.run('SHUTDOWN')).toBe('');
    expect(await client.run('SHUTDOWN NOSAVE NOW FORCE')).toBe('');
    expect(server.asked).toEqual([
      'shutdown save=undefined now=false force=false', 'shutdown save=false now=true force=true',
    ]);
    expect(await client.run('SHUTDOWN ABORT')).toBe('+OK\r\n');
    expect(await client.run('SHUTDOWN ABORT')).toBe('-ERR No shutdown in progress.\r\n');
  });

  it('take KILL as a line typed without arguments, and from no client library', async () => {
    const server = new WholeServer();
    const client = server.connect();
    const unknown = /^-ERR unknown command 'kill'/i;
    for (const words of ['KILL', 'kill', 'KILL SAVE']) {
      expect(await client.run(words)).toMatch(unknown);
    }
    expect(await client.type('KILL now')).toMatch(unknown);
    expect(server.asked).toEqual([]);
    expect(await client.ask('COMMAND INFO kill')).toEqual([null]);
    expect(await client.ask('COMMAND LIST FILTERBY PATTERN kill')).toEqual([]);
    expect(await client.run('COMMAND GETKEYS kill a')).toBe('-ERR Invalid command specified\r\n');

    expect(await client.run('MULTI')).toBe('+OK\r\n');
    expect(await client.type('KILL')).toBe('-ERR Command not allowed inside a transaction\r\n');
    expect(await client.run('KILL')).toMatch(unknown);
    expect(await client.run('DISCARD')).toBe('+OK\r\n');
    expect(server.asked).toEqual([]);

    expect(await client.type('kill')).toBe('');
    expect(server.asked).toEqual(['shutdown save=undefined now=false force=false']);
  });

  it('begin in the background or wait for the disk, one at a time', async () => {
    const server = new WholeServer();
    const client = server.connect();
    expect(await client.run('SAVE')).toBe('+OK\r\n');
    expect(await client.run('BGSAVE')).toBe('+Background saving started\r\n');
    expect(await client.run('BGSAVE SCHEDULE')).toBe('+Background saving started\r\n');
    expect(await client.run('BGREWRITEAOF'))
      .toBe('+Background append only file rewriting started\r\n');
    expect(await client.run('WAITAOF 1 0 0')).toBe('*2\r\n:1\r\n:0\r\n');
    expect(server.asked).toEqual([
      'save', 'save in the background', 'save in the background', 'compact', 'sync',
    ]);
    server.saves = { ...NO_SAVES, isRunning: true };
    for (const command of ['SAVE', 'BGSAVE', 'BGSAVE SCHEDULE']) {
      expect(await client.run(command)).toBe('-ERR Background save already in progress\r\n');
    }
    server.saves = NO_SAVES;
    server.store = { ...IDLE_STORE, isCompacting: true };
    expect(await client.run('BGREWRITEAOF')).toMatch(/^-ERR .*already in progress\r\n$/);
    expect(await client.run('LASTSAVE')).toBe(':1700000000\r\n');
  });

  it('check the arguments of WAITAOF (Redis 7.2)', async () => {
    const client = new WholeServer().connect();
    for (const args of ['2 0 0', '-1 0 0', 'x 0 0', '0 -1 0', '0 x 0', '0 0 x', '0 0 -1']) {
      expect(await client.run(`WAITAOF ${args}`)).toMatch(/^-ERR /);
    }
  });

  it('refuse to follow a master', async () => {
    const client = new WholeServer().connect();
    expect(await client.run('REPLICAOF localhost 6379')).toMatch(/^-ERR dkvs does not replicate/);
  });
});

describe('DEBUG', () => {
  it('is refused unless its option allows it, to this machine or to all', async () => {
    const server = new WholeServer();
    const far = server.connect();
    far.address = '10.1.2.3:4';
    expect(await far.run('DEBUG SLEEP 0')).toMatch(/^-ERR DEBUG command not allowed/);
    const local = new WholeServer({ 'enable-debug-command': 'local' });
    const [near, away] = [local.connect(), local.connect()];
    away.address = '10.1.2.3:4';
    expect(await near.run('DEBUG SLEEP 0')).toBe('+OK\r\n');
    expect(await away.run('DEBUG SLEEP 0')).toMatch(/^-ERR DEBUG command not allowed/);
    near.address = '[::1]:4';
    expect(await near.run('DEBUG SLEEP 0')).toBe('+OK\r\n');
  });

  it('stops the server for a time, reloads and looks at keys', async () => {
    const server = new WholeServer({ 'enable-debug-command': 'yes' });
    const client = server.connect();
    expect(await client.run('DEBUG SLEEP 0.5')).toBe('+OK\r\n');
    expect(await client.run('DEBUG SLEEP nonsense')).toBe('+OK\r\n');
    expect(await client.run('DEBUG RELOAD')).toBe('+OK\r\n');
    expect(server.asked).toEqual(['stall 500', 'reload']);
    await client.run('SET k hello');
    server.storage.coldKeys.add('k');
    expect(await client.run('DEBUG OBJECT k'))
      .toMatch(/^\+Value at:0x0 refcount:1 encoding:embstr serializedlength:5 lru:\d+ /);
    expect(await client.run('DEBUG OBJECT none')).toBe('-ERR no such key\r\n');
    expect(await client.run('DEBUG SET-ACTIVE-EXPIRE 0')).toBe('+OK\r\n');
    expect(server.expiry.isOn).toBe(false);
    expect(await client.run('DEBUG SET-ACTIVE-EXPIRE 1')).toBe('+OK\r\n');
    expect(server.expiry.isOn).toBe(true);
    expect(await client.run('DEBUG NOSUCH')).toMatch(/^-ERR unknown subcommand or wrong number/);
    expect(await client.run('DEBUG HELP')).toMatch(/^\*13\r\n\+DEBUG /);
  });

  it('checks the index, and tells the first faults and how many there are', async () => {
    const server = new WholeServer({ 'enable-debug-command': 'yes' });
    const client = server.connect();
    const counts = { slots: 7, chains: 1, records: 9, segments: 2 };
    server.indexReport = { ...counts, findings: [] };
    expect(await client.run('DEBUG CHECK-INDEX'))
      .toBe('+7 keys, 1 chains, 9 records and 2 segments agree\r\n');
    const findings = [1, 2, 3, 4].map((i) => ({ fault: 'doubled', text: `key '${i}'` }) as const);
    server.indexReport = { ...counts, findings };
    expect(await client.run('DEBUG CHECK-INDEX')).toBe(
      "-ERR the index has 4 faults, all are in the log: doubled: key '1'; doubled: key '2'; " +
      "doubled: key '3'\r\n");
    expect(await client.run('DEBUG CHECK-INDEX now')).toMatch(/^-ERR unknown subcommand/);
  });
});

describe('SLOWLOG and LATENCY', () => {
  it('tell of slow commands, with who sent them', async () => {
    const server = new WholeServer({
      'enable-debug-command': 'yes', 'latency-monitor-threshold': 100,
    });
    const client = server.connect();
    await client.run('CLIENT SETNAME me');
    server.latency.thresholdMs = 100;
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
    const server = new WholeServer();
    const client = server.connect();
    const { id } = server.table.entries.find(({ command }) => command.name === 'set')!;
    for (const micros of [0.5, 1.5, 3, 3, 1000]) server.commandStats.record(id, micros, false);
    expect(await client.ask('LATENCY HISTOGRAM set get')).toEqual([
      'set', ['calls', 5, 'histogram_usec', [1, 1, 2, 2, 4, 4, 1048, 5]],
    ]);
  });
});

describe('MEMORY', () => {
  it('tells what a key costs', async () => {
    const server = new WholeServer();
    const client = server.connect();
    await client.run('SET k hello');
    const bytes = await client.ask('MEMORY USAGE k SAMPLES 0');
    const { space } = server.plumbing.keyspace.db(0);
    expect(bytes).toBe(server.storage.memoryUsage(space, ByteRange.ofText('k')));
    await client.run('PEXPIREAT k 1');
    expect(await client.run('MEMORY USAGE k')).toBe('$-1\r\n');
  });

  it('accounts for the RAM in the words of Redis and in its own', async () => {
    const client = new WholeServer().connect();
    await client.run('HELLO 3');
    const stats = await client.ask('MEMORY STATS') as Map<string, unknown>;
    expect(stats.get('dkvs.index')).toBe(4096);
    expect(stats.get('dkvs.hot-tail')).toBe(8192);
    expect(stats.get('keys.count')).toBe(0);
    expect(stats.get('total.allocated')).toBeGreaterThan(0);
    expect(stats.get('peak.percentage')).toBeLessThanOrEqual(100);
    expect(await client.ask('MEMORY MALLOC-STATS')).toContain('index: 4096\n');
  });

  it('has a doctor that names an index too large for its budget, and else nothing', async () => {
    const server = new WholeServer();
    const client = server.connect();
    expect(await client.ask('MEMORY DOCTOR')).not.toContain('index');
    server.store = { ...IDLE_STORE, indexBytes: 60 * 1024 * 1024 };
    expect(await client.ask('MEMORY DOCTOR')).toContain('index');
  });
});

describe('CONFIG and COMMAND', () => {
  it('get options by several patterns in any case, each once', async () => {
    const client = new WholeServer().connect();
    await client.run('HELLO 3');
    const found = await client.ask('CONFIG GET MAXMEM*y maxmemory-policy hz') as
      Map<string, string>;
    expect([...found.keys()].sort()).toEqual(
      ['hz', 'maxmemory', 'maxmemory-eviction-tenacity', 'maxmemory-policy'],
    );
  });

  it('set several options or none', async () => {
    const server = new WholeServer();
    const client = server.connect();
    expect(await client.run('CONFIG SET hz 50 timeout 7')).toBe('+OK\r\n');
    expect(await client.run('CONFIG SET hz 60 timeout x')).toMatch(/^-ERR CONFIG SET failed/);
    expect([server.config.values.hz, server.config.values.timeout]).toEqual([50, 7]);
  });

  it('list, describe and count all commands of the table', async () => {
    const server = new WholeServer();
    const client = server.connect();
    await client.run('HELLO 3');
    const names = server.table.all.map(({ name }) => name);
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
    expect(list).toHaveLength(server.table.entries.length - 1);
    expect(await client.ask('COMMAND LIST FILTERBY ACLCAT Transaction'))
      .toEqual(['multi', 'exec', 'discard', 'watch', 'unwatch']);
    expect(await client.ask('ACL CAT transaction'))
      .toEqual(['multi', 'exec', 'discard', 'watch', 'unwatch']);
  });

  it('tell no flag that clients do not know', async () => {
    const server = new WholeServer();
    const text = await server.connect().run('COMMAND');
    for (const flag of ['subscribed', 'immediate', 'runs_queued', 'secret', 'global', 'watches']) {
      expect(text).not.toContain(`+${flag}\r\n`);
    }
  });
});
