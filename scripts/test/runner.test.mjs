// The runner is only worth something when it fails the files that uvu alone calls passed: one fixture for each trap.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const runner = fileURLToPath(new URL('../test.mjs', import.meta.url));

/** The fixture, and what the runner must say about it. */
const traps = {
  'fails.fixture.ts': /1 of 2 failed/,
  'hook-throws-before.fixture.ts': /2 of 2 failed/,
  'hook-throws-after.fixture.ts': /exit 1/,
  'hook-throws-before-each.fixture.ts': /2 of 2 failed/,
  'hook-throws-after-each.fixture.ts': /of 2 failed/,
  'throws-string.fixture.ts': /1 of 2 failed/,
  'throws-undefined.fixture.ts': /1 of 2 failed/,
  'throws-null-prototype.fixture.ts': /1 of 2 failed/,
  'never-run.fixture.ts': /exit 1/,
  'no-tests.fixture.ts': /no test ran/,
  'empty.fixture.ts': /no test ran/,
  'run-in-a-timer.fixture.ts': /uvu ran 2 times/,
  'second-suite-never-run.fixture.ts': /exit 1/,
  'test-after-run.fixture.ts': /exit 1/,
  'only-left-in.fixture.ts': /exit 1/,
  'never-settles.fixture.ts': /exit 1|exit 13/,
  'exits-with-0.fixture.ts': /exit 1/,
  'exits-before-the-tests.fixture.ts': /exit 1/,
  'unhandled-rejection.fixture.ts': /exit 1/,
  'late-throw.fixture.ts': /exit 1/,
  'leaves-a-process.fixture.ts': /a process was left behind/,
  'syntax-error.fixture.mts': /exit 1/,
  'not-there.fixture.ts': /exit 1/,
};

/** These end by force, so the runner gets short limits for them; the others get the usual ones, however slow the machine. */
const endless = {
  'open-handle.fixture.ts': /the tests ended, the process did not/,
  'never-ends-with-timer.fixture.ts': /no end within/,
  'never-ends-busy.fixture.ts': /no end within/,
};

const test = suite('test runner');
let trapped;
let forced;

test.before(async () => {
  const files = (table) => Object.keys(table).map(fixture);
  [trapped, forced] = await Promise.all([
    run(files(traps)),
    run(['--timeout', '8000', '--grace', '1000', '--jobs', '3', ...files(endless)]),
  ]);
});

for (const [name, reason] of Object.entries({ ...traps, ...endless })) {
  test(`${name} fails, and the reason is told`, () => {
    const { lines } = name in endless ? forced : trapped;
    const line = lines.find((text) => text.startsWith('FAIL') && text.includes(`/${name}: `));
    assert.ok(line, `no FAIL line for ${name}`);
    assert.match(line, reason);
  });
}

test('a run with failures exits with 1 and counts every failing file', () => {
  assert.is(trapped.code, 1);
  const [, failed] = /^\d+ passed, (\d+) failed, \d+ skipped$/.exec(trapped.lines.at(-1));
  assert.ok(Number(failed) >= Object.keys(traps).length, trapped.lines.at(-1));
});

test('the output says which test hangs, which never ran, what a hook threw and what keeps the process alive', () => {
  const output = [...trapped.lines, ...forced.lines].join('\n');
  for (const told of [
    /Still running: one/,
    /Never ran: second: two/,
    /Failed in a hook, before: .*from the hook/,
    /Kept alive by: .*TCPServerWrap/,
    /thrown, though no Error: 'a string'/,
  ]) {
    assert.match(output, told);
  }
});

test('a good file passes in one line, and the counts are the last line', async () => {
  const { code, lines } = await run([fixture('passes.fixture.ts')]);
  assert.is(code, 0, lines.join('\n'));
  assert.is(lines.length, 2);
  assert.match(lines[0], /^ok +scripts\/test\/fixtures\/passes\.fixture\.ts: 2 /);
  assert.is(lines[1], '2 passed, 0 failed, 1 skipped');
});

test('a run in which nothing passed exits with 1', async () => {
  const { code, lines } = await run([fixture('skips-everything.fixture.ts')]);
  assert.is(lines.at(-1), '0 passed, 0 failed, 1 skipped');
  assert.is(code, 1);
});

test('a folder without test files is refused', async () => {
  const { code, lines } = await run([fixture('')]);
  assert.match(lines.at(-1), /holds no test file/);
  assert.is(code, 1);
});

test.run();

function fixture(name) {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

function run(args) {
  return new Promise((settle) => {
    const { NODE_V8_COVERAGE: _, ...env } = process.env; // what the fixtures reach is nobody's coverage
    const child = spawn(process.execPath, [runner, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (code) => settle({ code, lines: output.trimEnd().split('\n') }));
  });
}
