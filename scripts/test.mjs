// Runs test files, each in a process of its own, as many at once as there are cores:
//   node scripts/test.mjs [--jobs N] [--timeout MS] [--grace MS] [FILE or FOLDER …]
// uvu alone calls many broken files passed (a hook that throws, a suite that never ran); scripts/uvu-watched.mjs
// tells of those from inside the process, and this file judges what only shows from outside. Every line of the
// traps is proved in scripts/test/runner.test.mjs. The last line is always 'N passed, N failed, N skipped'.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const isTestFile = /\.test\.(?:ts|mjs)$/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: String(availableParallelism()) },
    timeout: { type: 'string', default: '120000' },
    grace: { type: 'string', default: '5000' },
  },
});

const files = positionals.length > 0 ? positionals.flatMap(named) : everyTestFile();
const waiting = [...files];
const running = new Set();
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) killGroup(child, 'SIGKILL');
    process.exit(1);
  });
}

await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}\n`).join('')}`);
if (files.length === 0) console.log('Cannot run: no test file found');
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

function everyTestFile() {
  const folders = ['examples', 'bench', 'scripts/test'];
  for (const parent of ['packages', 'tools']) {
    if (!existsSync(join(root, parent))) continue;
    for (const name of readdirSync(join(root, parent)).sort()) folders.push(join(parent, name, 'test'));
  }
  return folders.flatMap((folder) => testsBelow(join(root, folder)));
}

/** A file that is named runs whatever it is called; a folder stands for the test files below it. */
function named(name) {
  const path = resolve(name);
  const found = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? testsBelow(path) : [path];
  if (found.length > 0) return found;
  console.error(`Cannot run ${name}: it holds no test file`);
  process.exit(1);
}

function testsBelow(folder) {
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isTestFile.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !/[\\/](?:node_modules|fixtures)[\\/]/.test(path))
    .sort();
}

async function work() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) report(file, await run(file));
}

function report(file, { total, passed, skipped, error, output, seconds }) {
  const name = relative(root, file);
  totals.passed += passed;
  totals.skipped += skipped;
  if (error === undefined) {
    console.log(`ok    ${name}: ${total} in ${seconds} s`);
    return;
  }
  // A file may fail with every test passed: it left something behind, or died afterwards.
  totals.failed += Math.max(1, total - passed);
  failures.push(`${name}: ${error}`);
  console.log(`\nFAIL  ${name}: ${error}\n${output.trimEnd().replace(/^/gm, '    ')}\n`);
}

function run(file) {
  return new Promise((settle) => {
    const began = performance.now();
    // A group of its own, so that what a test started can be ended together with it.
    const child = spawn(process.execPath, [...nodeArguments(), file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    running.add(child);
    let output = '';
    let stopped;
    const stop = (why) => {
      stopped ??= why;
      killGroup(child, 'SIGTERM'); // scripts/uvu-watched.mjs then says what keeps the process alive
      timers.push(setTimeout(killGroup, 1000, child, 'SIGKILL'));
    };
    const timers = [setTimeout(stop, Number(values.timeout), `no end within ${values.timeout} ms`)];
    let ended = false;
    const take = (chunk) => {
      output += chunk;
      if (ended || !/^ {2}Duration: /m.test(stripVTControlCharacters(output))) return;
      ended = true;
      timers.push(setTimeout(stop, Number(values.grace), 'the tests ended, the process did not'));
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => (stopped ??= error.message));
    // After its exit only a process that the test left behind can hold the pipes open.
    child.on('exit', () => {
      for (const timer of timers) clearTimeout(timer);
      timers.push(setTimeout(stop, 1000, 'a process was left behind'));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      for (const timer of timers) clearTimeout(timer);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      settle({
        ...judge(output, stopped ?? (code === 0 ? undefined : `exit ${signal ?? code}`)),
        output,
        seconds,
      });
    });
  });
}

function nodeArguments() {
  const hooks = ['ts-hooks.mjs', 'test-hooks.mjs'].map((name) => `--import=./scripts/${name}`);
  return ['--conditions=@proactor/source', '--enable-source-maps', ...hooks];
}

function judge(output, stopped) {
  const text = stripVTControlCharacters(output);
  const summaries = [...text.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)];
  const [total, passed, skipped] = summaries.at(-1)?.slice(1).map(Number) ?? [0, 0, 0];
  let error = stopped;
  // The second time uvu forgets what failed the first time.
  if (summaries.length > 1)
    error ??= `uvu ran ${summaries.length} times: run() was called after the tests began`;
  if (passed < total) error = `${total - passed} of ${total} failed`;
  else if (total + skipped === 0) error ??= 'no test ran';
  return { total, passed, skipped, error };
}

function killGroup(child, signal) {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It ended in the meantime.
  }
}
