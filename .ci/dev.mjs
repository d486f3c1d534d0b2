// `npm run dev`: compiles on every save and restarts the server with what came out.
// Two children, the compiler and Node's own watcher; when either ends, or on Ctrl-C, both end.
// Arguments go to the server: `npm run dev -- --port 7000`.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const server = join(root, 'dist', 'src', 'main.js');

// The compiler is a launcher with a process of its own below it: only a signal to the group ends
// both. Windows has no groups to signal, but ends console programs together.
const hasGroups = process.platform !== 'win32';

const children = [
  start([compiler, '-p', join(root, 'tsconfig.json'), '--watch', '--preserveWatchOutput']),
  start(['--watch', '--watch-preserve-output', server, ...process.argv.slice(2)]),
];

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => stopAll(signal));
}

function start(args) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: hasGroups,
  });
  child.on('exit', (code) => {
    process.exitCode ??= code ?? 0;
    stopAll('SIGTERM');
  });
  return child;
}

function stopAll(signal) {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    if (hasGroups) process.kill(-child.pid, signal);
    else child.kill(signal);
  }
}
