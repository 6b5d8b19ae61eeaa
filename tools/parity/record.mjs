// Records the scenarios again on this machine's .NET, and shows what differs from the recordings in the repository:
//   npm run parity:record -- [--scenarios DIR] [--recorded DIR] [--only PREFIX | --write] [--help] [-- OPTION N …]
// --only records just the scenarios whose id starts so and prints them; --write puts the new recordings in place of the
// old ones. What stands after a second -- is for the recorder (--runs, --loaded, --parallel). Exit code 1 when anything differs.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { differingLines } from './recorded-differences.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const USAGE =
  'Usage: npm run parity:record -- [--scenarios DIR] [--recorded DIR] [--only PREFIX | --write] [--help] [-- --runs N --loaded N --parallel N]';
const { values, positionals } = optionsOf(process.argv.slice(2), {
  scenarios: { type: 'string', default: join(here, 'vectors/scenarios') },
  recorded: { type: 'string', default: join(here, 'vectors/recorded') },
  only: { type: 'string' },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
checkOptions();

const chosen = chosenScenarios();
if (spawnSync('dotnet', ['--version']).status !== 0) fail('there is no dotnet on the PATH');
const folder = mkdtempSync(join(tmpdir(), 'parity-recorded-'));
// However it ends.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const from = join(folder, 'in');
const out = join(folder, 'out');
mkdirSync(from);
mkdirSync(out);
for (const [name, file] of chosen) writeFileSync(join(from, name), JSON.stringify(file));
await record();
if (values.only === undefined) compareAll();
else for (const name of readdirSync(out).sort()) process.stdout.write(readFileSync(join(out, name), 'utf8'));

function checkOptions() {
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (values.only !== undefined && values.write)
    fail('--write is for a whole recording, without --only', USAGE);
  const number = { type: 'string' };
  const { values: more, positionals: rest } = optionsOf(positionals, {
    runs: number,
    loaded: number,
    parallel: number,
  });
  if (rest.length > 0) fail(`Unexpected argument '${rest[0]}'`, USAGE);
  for (const [name, value] of Object.entries(more))
    if (!/^\d+$/.test(value)) fail(`--${name} is a number`, USAGE);
}

function optionsOf(args, options) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    // The first sentence; what follows is about arguments that this command does not have.
    return fail(error.message.split(/\.\s/)[0], USAGE);
  }
}

/** The files as they are, with the scenarios that are asked for; nothing at all is a mistake. */
function chosenScenarios() {
  const files = new Map();
  if (statSync(values.scenarios, { throwIfNoEntry: false })?.isDirectory() !== true)
    fail(`${values.scenarios} is no folder of scenarios`);
  for (const name of readdirSync(values.scenarios).sort()) {
    if (!name.endsWith('.json')) continue;
    const path = join(values.scenarios, name);
    const file = parsed(path);
    if (!Array.isArray(file?.scenarios)) fail(`${path}: needs the list "scenarios"`);
    const scenarios = file.scenarios.filter((one) => String(one?.id).startsWith(values.only ?? ''));
    if (scenarios.length > 0) files.set(name, { ...file, scenarios });
  }
  if (files.size === 0)
    fail(
      values.only === undefined
        ? `no scenario in ${values.scenarios}`
        : `no scenario's id starts with "${values.only}"`,
    );
  return files;
}

function parsed(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail(`${path}: ${error.message.replaceAll(/\s+/g, ' ')}`);
  }
}

/** An interrupt ends the recorder first, then this. */
async function record() {
  // Nothing is built into the repository's own folders.
  const artifacts = ['--artifacts-path', resolve(here, '../../.cache/recorder')];
  const command = [
    'run',
    '--project',
    join(here, 'recorder'),
    ...artifacts,
    '--',
    '--in',
    from,
    '--out',
    out,
  ];
  const count = [...chosen.values()].reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  console.error(`recording ${count} scenario${count === 1 ? '' : 's'}, many times each`);
  const began = performance.now();
  const progress = setInterval(() => {
    console.error(`still recording, for ${Math.round((performance.now() - began) / 1_000)} s`);
  }, 10_000);
  const recorder = spawn('dotnet', [...command, ...positionals], { stdio: 'inherit' });
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      interrupted = true;
      recorder.kill('SIGTERM');
    });
  const status = await new Promise((ended) => {
    recorder.once('error', () => ended(1));
    recorder.once('close', ended);
  });
  clearInterval(progress);
  if (interrupted) fail('interrupted');
  if (status !== 0) process.exit(1);
}

function compareAll() {
  for (const name of readdirSync(out).sort()) {
    const old = join(values.recorded, name);
    const lines = existsSync(old)
      ? differingLines(readFileSync(old, 'utf8'), readFileSync(join(out, name), 'utf8'))
      : ['new'];
    if (lines.length > 0) process.exitCode = 1;
    for (const line of lines) console.log(`${name}: ${line}`);
    if (!values.write) continue;
    mkdirSync(values.recorded, { recursive: true });
    copyFileSync(join(out, name), old);
  }
  if (process.exitCode === undefined) console.log('nothing differs');
}

function fail(reason, ...more) {
  console.error([`Cannot record: ${reason}`, ...more].join('\n'));
  process.exit(1);
}
