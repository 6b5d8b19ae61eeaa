// Records the scenarios again on this machine's .NET, and shows what differs from the recordings in the repository:
//   node tools/parity/record.mjs [--scenarios DIR] [--recorded DIR] [--only TEXT] [--write] [-- OPTION …]
// --only records just the scenarios whose id contains the text and prints them; --write puts the new recordings in place
// of the old ones. What stands after -- is for the recorder (--runs, --loaded, --parallel). Exit code 1 when anything differs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenarios: { type: 'string', default: join(here, 'vectors/scenarios') },
    recorded: { type: 'string', default: join(here, 'vectors/recorded') },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

if (spawnSync('dotnet', ['--version']).status !== 0) {
  console.error('Cannot record: there is no dotnet on the PATH');
  process.exit(1);
}
const out = mkdtempSync(join(tmpdir(), 'parity-recorded-'));
try {
  record();
  if (values.only === undefined) compareAll();
} finally {
  rmSync(out, { recursive: true, force: true });
}

function record() {
  const project = ['run', '--project', join(here, 'recorder')];
  // Nothing is built into the repository's own folders.
  const artifacts = ['--artifacts-path', resolve(here, '../../.cache/recorder')];
  const only = values.only === undefined ? [] : ['--only', values.only];
  const { status } = spawnSync(
    'dotnet',
    [
      ...project,
      ...artifacts,
      '--',
      '--in',
      resolve(values.scenarios),
      '--out',
      out,
      ...only,
      ...positionals,
    ],
    { stdio: 'inherit' },
  );
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

/** A field and a step are a line each, so a scenario that is in both has its lines side by side. */
function differingLines(before, after) {
  const old = scenariosOf(before);
  const found = [];
  for (const [id, lines] of scenariosOf(after)) {
    const oldLines = old.get(id) ?? [];
    old.delete(id);
    for (let i = 0; i < Math.max(lines.length, oldLines.length); i += 1) {
      if (lines[i] === oldLines[i]) continue;
      found.push(`${id}\n  - ${oldLines[i] ?? ''}\n  + ${lines[i] ?? ''}`);
    }
  }
  return [...found, ...[...old.keys()].map((id) => `${id} is gone`)];
}

function scenariosOf(text) {
  const [head, ...parts] = text.split('\n    {\n');
  const scenarios = new Map([['the file', head.split('\n').map((line) => line.trim())]]);
  for (const part of parts) {
    const lines = part.split('\n').map((line) => line.trim().replace(/,$/, ''));
    // What closes a scenario says only whether another follows.
    const inner = lines.filter((line) => line !== '' && !/^[\]}]+$/.test(line));
    scenarios.set(/"id": "([^"]+)"/.exec(part)?.[1] ?? 'a scenario', inner);
  }
  return scenarios;
}
