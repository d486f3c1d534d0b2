// Makes the checkout runnable: installs what package-lock.json names and compiles, each only when
// it is out of date. `npm start` and `npm test` run it first, so a clone needs Node and npm only.
//
// It imports nothing but Node, says nothing when there is nothing to do, and stops with one clear
// sentence otherwise. "Out of date" is decided by modification times and by the list of files; a
// clock that jumped backwards is cured by deleting dist/.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_WANTED = [20, 15];
const SOURCES = ['src', 'test', 'bench'];
const CONFIG_FILES = ['tsconfig.json', 'package.json', 'package-lock.json'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => join(root, ...parts);

requireNode();
installIfNeeded();
buildIfNeeded();

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = NODE_WANTED;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  stop(`dkvs needs Node ${NODE_WANTED.join('.')} or newer; this is ${process.versions.node}.`);
}

function installIfNeeded() {
  const lock = at('package-lock.json');
  const installed = at('node_modules', '.package-lock.json');
  if (modifiedMs(installed) >= modifiedMs(lock)) return;

  console.error('dkvs: installing dependencies (once)');
  // Development dependencies too, whatever NODE_ENV says: the compiler is one of them.
  const flags = ['--include=dev', '--no-fund', '--no-audit', '--loglevel=error'];
  // `npm ci` first, for exactly what the lock file names. What it says is kept back, because it
  // also refuses lock files that `npm install` can work with.
  const exact = existsSync(lock) ? npm(['ci', ...flags], 'pipe') : undefined;
  if (exact?.status !== 0 && npm(['install', ...flags], 2).status !== 0) {
    if (exact !== undefined) process.stderr.write(exact.stderr ?? '');
    stop('npm could not install the dependencies; its messages are above.');
  }
  // npm may write the lock file after its own record of the installation; without this, an
  // installation would look old at once.
  const now = new Date();
  if (existsSync(installed)) utimesSync(installed, now, now);
}

function buildIfNeeded() {
  const stamp = at('dist', '.prepared');
  const stampMs = modifiedMs(stamp);
  const files = [...CONFIG_FILES, ...SOURCES.flatMap((folder) => typescriptFiles(folder))];
  const isNewer = files.some((file) => modifiedMs(at(file)) > stampMs);
  const list = files.join('\n');
  // The list catches what times cannot: a deleted file, or an old one moved in.
  if (!isNewer && readFileSync(stamp, 'utf8') === list) return;

  const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
  // Taken before compiling: a file saved meanwhile is newer than the stamp.
  const startedAt = new Date();
  const result = spawnSync(process.execPath, [compiler, '-p', at('tsconfig.json')], {
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    rmSync(stamp, { force: true });
    stop('the sources do not compile; the messages are above.');
  }
  mkdirSync(at('dist'), { recursive: true });
  writeFileSync(stamp, list);
  utimesSync(stamp, startedAt, startedAt);
}

/**
 * Runs npm without a shell where possible: on Windows `npm` itself is a batch file. Our standard
 * output belongs to what runs after us, so what npm says goes to `output`.
 */
function npm(args, output) {
  const script = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', output, output] };
  return script !== undefined && /\.c?js$/.test(script)
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
}

function typescriptFiles(folder) {
  if (!existsSync(at(folder))) return [];
  return readdirSync(at(folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** Modification time in ms, or -1 when there is no such file. */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

function stop(message) {
  console.error(`dkvs: ${message}`);
  process.exit(1);
}
