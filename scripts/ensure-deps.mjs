// Installs the dependencies when they are missing or not those of the lockfile, and stops everything when that
// fails. It runs before every command, so it may use nothing but Node and must cost nothing when all is well.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folders = ['.', ...readdirSync(join(root, 'packages')).map((name) => join('packages', name))].filter(
  (folder) => existsSync(join(root, folder, 'package.json')),
);
const stampFile = join(root, 'node_modules', '.installed');

stopOnOldNode();
const wanted = stampOfInputs();
if (!isInstalled()) {
  install();
  writeFileSync(stampFile, wanted);
}

function stopOnOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Cannot run on Node ${process.versions.node}: ${engines.node} is needed`);
  process.exit(1);
}

// What the installed tree depends on, by content: times change with every checkout, and say nothing after a revert.
function stampOfInputs() {
  const hash = createHash('sha256').update(`${packageManager} ${process.platform} ${process.arch}`);
  for (const name of [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...folders.map((f) => join(f, 'package.json')),
  ]) {
    hash.update(`\0${name}\0`).update(readFileSync(join(root, name)));
  }
  return hash.digest('hex');
}

function isInstalled() {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== wanted) return false;
  return folders.every((folder) => existsSync(join(root, folder, 'node_modules')));
}

function install() {
  // CI=true: pnpm neither asks questions nor rewrites the lockfile. How old a release is was judged when it entered the
  // lockfile; to ask for the dates of all of them again takes longer than the rest of the installation.
  const args = ['--yes', packageManager, 'install', '--frozen-lockfile', '--config.minimum-release-age=0'];
  const { status, error } = spawnSync('npx', args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CI: 'true' },
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`Cannot install the dependencies: ${error?.message ?? `pnpm exited with ${status}`}`);
  process.exit(1);
}
