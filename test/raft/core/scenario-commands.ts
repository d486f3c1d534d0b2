/**
 * The commands of scenarios. `X` is a member, `X->Y` a link; `quietly` at the end of any line shows
 * only new leaders, commits, reads, snapshots and what was dropped.
 *
 *   nodes a b c [learners=e]        members with empty logs that know each other; each votes
 *   options flights=2 window=0      see RaftOptions; before `nodes`
 *   given X term=8 vote=b log=1,1,4 X starts with this instead
 *   start X                         a new member that knows nobody
 *   tick X ms | tick all ms         time passes
 *   wait X ms                       time passes, and what X says meanwhile is lost
 *   deliver X->Y [n] | deliver all  `*` for X or Y: of all; `all`: until nothing is on its way
 *   drop X->Y [n]                   what is on its way is lost
 *   cut X [Y ...] | heal X [Y ...]  links to these (without: to all) lose everything
 *   elect X                         X's timer runs out and everything is delivered
 *   win X                           the same, but what X sends as a leader is still on its way
 *   propose X text ...              one payload each
 *   disk X slow|fast, persist X [n] a slow disk completes its writes when told to, n at a time
 *   crash X, restart X
 *   read X number, change X voters=a,b learners=e, transfer X Y, unreachable X Y
 *   snapshot X->Y [again|fails]     X streams its state to Y; again: the last one comes once more
 *   trim X index                    X deletes its log up to there
 *   log X, progress X, status       show
 */

import { configurationOf, idOf, idsOf, memberOf } from './members.ts';
import { NO_MEMBERS } from '../../../src/raft/core/entry.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';
import { showConfiguration, showEntries, showProgress } from './scenario-trace.ts';

type Command = (cluster: ScenarioCluster, words: readonly string[]) => void;

export function runCommand(cluster: ScenarioCluster, line: string): void {
  const words = line.split(/\s+/);
  cluster.isQuiet = words.at(-1) === 'quietly';
  if (cluster.isQuiet) words.pop();
  const command = COMMANDS.get(words[0]!);
  if (command === undefined) throw new Error(`no command "${words[0]}"`);
  command(cluster, words.slice(1));
}

/** What `name=` gives, or nothing. */
function option(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

function namesOf(cluster: ScenarioCluster, word: string): string[] {
  return word === 'all' ? [...cluster.members.keys()] : [word];
}

function countOf(word: string | undefined): number {
  return word === undefined ? Infinity : Number(word);
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['options', (cluster, words) => {
    const names = {
      append: 'appendBytesMax', flights: 'flightsMax', bytes: 'flightBytesMax',
      window: 'windowBytesMax', uncommitted: 'uncommittedBytesMax',
    };
    for (const [name, key] of Object.entries(names)) {
      const value = option(words, name);
      if (value !== undefined) cluster.options = { ...cluster.options, [key]: Number(value) };
    }
  }],
  ['nodes', (cluster, words) => {
    const voters = words.filter((word) => !word.includes('='));
    const learners = option(words, 'learners') ?? '';
    cluster.configuration = configurationOf(voters.join(','), learners);
    for (const id of [...idsOf(voters.join(',')), ...idsOf(learners)]) {
      cluster.add(id, {}, cluster.configuration);
    }
  }],
  ['given', (cluster, [name = '', ...words]) => {
    const log = option(words, 'log')?.split(',').map(Number) ?? [];
    const vote = option(words, 'vote');
    const term = Number(option(words, 'term') ?? log.at(-1) ?? 0);
    const votedFor = vote === undefined ? undefined : idOf(vote);
    cluster.add(idOf(name), { term, votedFor, log }, cluster.configuration);
  }],
  ['start', (cluster, [name = '']) => cluster.add(idOf(name), {}, NO_MEMBERS)],
  ['tick', (cluster, [who = '', ms]) => {
    for (const name of namesOf(cluster, who)) {
      if (cluster.member(name).isRunning) cluster.member(name).pass(Number(ms));
    }
  }],
  ['wait', (cluster, [name = '', ms]) => {
    cluster.silently(name, () => cluster.member(name).pass(Number(ms)));
  }],
  ['deliver', (cluster, [pattern = '', count]) => {
    if (pattern === 'all') cluster.deliverAll();
    else cluster.deliver(pattern, countOf(count));
  }],
  ['drop', (cluster, [pattern = '', count]) => cluster.drop(pattern, countOf(count))],
  ['cut', (cluster, [name = '', ...others]) => {
    for (const other of othersOf(cluster, name, others)) cluster.cut(name, other);
  }],
  ['heal', (cluster, [name = '', ...others]) => {
    for (const other of othersOf(cluster, name, others)) cluster.heal(name, other);
  }],
  ['elect', (cluster, [name = '']) => {
    cluster.member(name).pass(cluster.options.electionTimeoutMs);
    cluster.deliverAll();
  }],
  ['win', (cluster, [name = '']) => {
    const member = cluster.member(name);
    member.pass(cluster.options.electionTimeoutMs);
    for (let rounds = 0; rounds < 2 && member.raft.status.role !== 'leader'; rounds++) {
      cluster.deliver(`${name}->*`);
      cluster.deliver(`*->${name}`);
    }
  }],
  ['propose', (cluster, [name = '', ...texts]) => {
    const payloads = texts.map((text) => new TextEncoder().encode(text));
    cluster.member(name).step({ kind: 'propose', payloads });
  }],
  ['disk', (cluster, [name = '', speed]) => {
    const member = cluster.member(name);
    member.isSlow = speed === 'slow';
    if (!member.isSlow) member.persist();
  }],
  ['persist', (cluster, [name = '', count]) => cluster.member(name).persist(countOf(count))],
  ['crash', (cluster, [name = '']) => cluster.member(name).crash()],
  ['restart', (cluster, [name = '']) => cluster.member(name).start()],
  ['read', (cluster, [name = '', request]) => {
    cluster.member(name).step({ kind: 'read', request: Number(request) });
  }],
  ['change', (cluster, [name = '', ...words]) => {
    const voters = idsOf(option(words, 'voters') ?? '');
    const learners = idsOf(option(words, 'learners') ?? '');
    const target = { voters, learners, members: [...voters, ...learners].map(memberOf) };
    const member = cluster.member(name);
    const refusal = member.raft.membersRefusal(target);
    if (refusal !== undefined) cluster.show(`refused: ${refusal}`, true);
    member.step({ kind: 'changeMembers', target });
  }],
  ['transfer', (cluster, [name = '', to = '']) => {
    cluster.member(name).step({ kind: 'transfer', to: idOf(to) });
  }],
  ['unreachable', (cluster, [name = '', other = '']) => {
    cluster.member(name).step({ kind: 'unreachable', id: idOf(other) });
  }],
  ['snapshot', (cluster, [link = '', how]) => {
    const [from = '', to = ''] = link.split('->');
    const member = cluster.member(from);
    if (how === 'again') cluster.repeatSnapshot(link);
    else if (how === undefined) cluster.sendSnapshot(member, idOf(to));
    else member.step({ kind: 'snapshotSent', to: idOf(to), index: 0, isOk: false });
  }],
  ['trim', (cluster, [name = '', index]) => {
    const member = cluster.member(name);
    const base = member.raft.baseAt(Number(index));
    if (base === undefined) throw new Error(`${name} has no entry ${index}`);
    member.trim(base);
  }],
  ['log', (cluster, [name = '']) => {
    const { base, entries } = cluster.member(name).disk;
    const behind = base.index > 0 ? ` behind ${base.index}@${base.term}` : '';
    cluster.show(`${name} has${behind} ${showEntries(entries)}`);
  }],
  ['progress', (cluster, [name = '']) => {
    for (const one of cluster.member(name).raft.progress.values()) {
      cluster.show(showProgress(one));
    }
  }],
  ['status', (cluster) => {
    for (const member of cluster.members.values()) {
      if (!member.isRunning) continue;
      const { id, role, term, lastIndex, commit, configuration } = member.raft.status;
      const members = showConfiguration(configuration);
      cluster.show(`${id} ${role} term=${term} last=${lastIndex} commit=${commit} ${members}`);
    }
  }],
]);

function othersOf(
  cluster: ScenarioCluster, name: string, others: readonly string[],
): readonly string[] {
  if (others.length > 0) return others;
  return [...cluster.members.keys()].filter((other) => other !== name);
}
