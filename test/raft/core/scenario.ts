/**
 * Scripts that show what the core does, step by step, with the trace that it left when somebody
 * last looked at it. A script is made of blocks that an empty line divides:
 *
 *   # What the next lines are about.
 *   tick a 300
 *   deliver all
 *   ----
 *   a is preCandidate in term 0
 *   ...
 *
 * Commands stand above the line, see scenario-commands.ts; below it is everything that they bring
 * about, see scenario-trace.ts. A message is shown with its fields when it is sent, and with its
 * links when it arrives; what follows from that is indented.
 */

import { ScenarioCluster } from './scenario-cluster.ts';
import { runCommand } from './scenario-commands.ts';

const LINE = '----';

interface Block {
  readonly comments: readonly string[];
  readonly commands: readonly string[];
  readonly isTraced: boolean;
}

/** The script with the traces that its commands leave now. */
export function replayScenario(text: string): string {
  const cluster = new ScenarioCluster();
  const blocks = text.trim().split(/\n\n+/).map(parseBlock);
  return `${blocks.map((block) => replay(cluster, block)).join('\n\n')}\n`;
}

function parseBlock(text: string): Block {
  const lines = text.split('\n');
  const end = lines.indexOf(LINE);
  const head = end < 0 ? lines : lines.slice(0, end);
  return {
    comments: head.filter((line) => line.startsWith('#')),
    commands: head.filter((line) => !line.startsWith('#')),
    isTraced: end >= 0 || head.some((line) => !line.startsWith('#')),
  };
}

function replay(cluster: ScenarioCluster, { comments, commands, isTraced }: Block): string {
  if (!isTraced) return comments.join('\n');
  for (const command of commands) {
    try {
      runCommand(cluster, command);
    } catch (cause) {
      throw new Error(`at "${command}": ${String(cause)}`, { cause });
    }
  }
  const trace = cluster.takeLines();
  return [...comments, ...commands, LINE, ...(trace.length > 0 ? trace : ['ok'])].join('\n');
}
