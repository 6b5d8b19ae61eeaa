// Runs all tests with V8's coverage on, reports by c8, and holds every package to its own floor, which c8 cannot do.
// The runner's last line is kept back, so that it is the last line here too.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

/** Per cent of the lines. Core is the part that everything else stands on. */
const lineFloors = { core: 95, tcp: 85, udp: 85, testing: 85 };

const root = fileURLToPath(new URL('..', import.meta.url));
const c8 = createRequire(import.meta.url).resolve('c8/bin/c8.js');

rmSync(join(root, 'coverage'), { recursive: true, force: true });
const { code, lastLine } = await runTests();
const report = spawnSync(process.execPath, [c8, 'report'], { cwd: root, stdio: 'inherit' });
const belowFloor = report.status === 0 ? packagesBelowFloor() : ['the report'];
console.log(lastLine);
if (code !== 0 || belowFloor.length > 0) process.exitCode = 1;

function runTests() {
  return new Promise((settle) => {
    const child = spawn(process.execPath, ['scripts/test.mjs', ...process.argv.slice(2)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_V8_COVERAGE: join(root, 'coverage/tmp') },
    });
    let keptBack = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (keptBack + text).split('\n');
      // Ends in '\n' or not: the last whole line and what follows it stay here until more comes.
      keptBack = lines.splice(-2).join('\n');
      if (lines.length > 0) console.log(lines.join('\n'));
    });
    child.on('close', (exitCode) => settle({ code: exitCode, lastLine: keptBack.trimEnd() }));
  });
}

function packagesBelowFloor() {
  const files = Object.entries(
    JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8')),
  );
  const below = [];
  console.log();
  for (const [name, floor] of Object.entries(lineFloors)) {
    const source = join(root, 'packages', name, 'src', sep);
    const own = files.filter(([file]) => file.startsWith(source) && hasCode(file));
    const [lines, branches] = ['lines', 'branches'].map((kind) =>
      percentage(own.map(([, counts]) => counts[kind])),
    );
    const isBelow = !(lines >= floor);
    if (isBelow) below.push(name);
    console.log(
      `coverage of ${name}: lines ${lines} % (floor ${floor} %${isBelow ? ', BELOW' : ''}), branches ${branches} %`,
    );
  }
  console.log();
  return below;
}

/** A file of types only is never loaded, and c8 takes that for code which never ran. */
function hasCode(file) {
  return (
    transformSync(readFileSync(file, 'utf8'), { loader: 'ts' })
      .code.replace(/^export \{\};$/m, '')
      .trim() !== ''
  );
}

function percentage(counts) {
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  return Math.floor((1000 * sum('covered')) / sum('total')) / 10; // NaN, below every floor, where there is nothing
}
