/** The command line: which lines and which file it writes, and how it exits. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../src/json.ts';
import { readVectors } from '../src/vectors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const vectors = readVectors(fileURLToPath(new URL('../vectors', import.meta.url)));
const test = suite('npm run parity');
let folder = '';

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'parity-command-'));
  const right = [
    scenario('args/defaults'),
    scenario('receive/window-respected'),
    scenario('deviation/reuse-first-write'),
  ];
  folderOf('right', right);
  const json = JSON.stringify(scenario('receive/window-respected'));
  folderOf('wrong', [JSON.parse(json.replace('"Success"', '"TimedOut"')) as JsonObject]);
  mkdirSync(join(folder, 'empty'));
});

test.after(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('every scenario is a line on every transport, and an entry of the JSON; what deviates says why', async () => {
  const file = join(folder, 'verdicts.json');
  const { code, lines } = await parity('--vectors', join(folder, 'right'), '--json', file);
  assert.is(code, 0);
  assert.match(lines[0] ?? '', /^agrees +loopback args\/defaults$/);
  assert.match(lines[2] ?? '', /^deviates +loopback deviation\/reuse-first-write: a disconnect for reuse /);
  assert.is(lines.at(-1), '4 agrees, 2 deviates, 0 skipped, 0 disagrees');
  const verdicts = JSON.parse(readFileSync(file, 'utf8')) as JsonObject[];
  assert.equal(
    verdicts.map(({ id, transport, outcome }) => [id, transport, outcome]),
    ['loopback', 'tcp'].flatMap((transport) => [
      ['args/defaults', transport, 'agrees'],
      ['receive/window-respected', transport, 'agrees'],
      ['deviation/reuse-first-write', transport, 'deviates'],
    ]),
  );
  assert.equal(Object.keys(verdicts[0] ?? {}), ['id', 'transport', 'outcome']);
  assert.equal(Object.keys(verdicts[2] ?? {}), ['id', 'transport', 'outcome', 'reason']);
});

test('what disagrees is told with step, fact, expected and seen, and the exit code is 1', async () => {
  const { code, lines } = await parity('--vectors', join(folder, 'wrong'), '--transport', 'loopback');
  assert.is(code, 1);
  assert.match(
    lines[0] ?? '',
    /^disagrees loopback receive\/window-respected: step \d+ \(receive\) socketError: expected "TimedOut", saw "Success"$/,
  );
  assert.is(lines.at(-1), '0 agrees, 0 deviates, 0 skipped, 1 disagrees');
});

test('a mistake on the command line exits with 1, a reason and the usage', async () => {
  const wrong = [
    [['--transport', 'quic'], `no transport "quic": there are loopback, tcp, udp`],
    [['--transport', 'tcp', '--transport', 'quic'], `no transport "quic": there are loopback, tcp, udp`],
    [['--vector', 'x'], `Unknown option '--vector'`],
    [['args/defaults'], `Unexpected argument 'args/defaults'`],
  ] as const;
  const judge = async ([options, reason]: (typeof wrong)[number]): Promise<void> => {
    const { code, errors } = await parity(...options);
    assert.is(code, 1);
    const [first, second, ...more] = linesOf(errors);
    assert.is(first, `Cannot replay: ${reason}`);
    assert.match(second ?? '', /^Usage: npm run parity -- .*--only PREFIX/);
    assert.equal(more, []);
  };
  await Promise.all(wrong.map(judge));
});

test('nothing to replay is an error of one line', async () => {
  const right = join(folder, 'right');
  const nothing = folderOf('nothing', []);
  const wrong = [
    [['--vectors', right, '--only', 'nosuch/'], 'no scenario\'s id starts with "nosuch/"'],
    [['--vectors', right, '--only', 'defaults'], 'no scenario\'s id starts with "defaults"'],
    [['--vectors', right, '--transport', 'udp'], 'none of these scenarios is for udp'],
    [['--vectors', nothing], `no scenario in ${nothing}`],
    [['--vectors', join(folder, 'empty')], `no vectors in ${join(folder, 'empty')}`],
    [['--vectors', join(folder, 'nowhere')], `${join(folder, 'nowhere')} is no folder of vectors`],
    [['--vectors', join(right, 'some.json')], `${join(right, 'some.json')} is no folder of vectors`],
  ] as const;
  const judge = async ([options, reason]: (typeof wrong)[number]): Promise<void> => {
    const { code, output, errors } = await parity(...options);
    assert.is(code, 1);
    assert.is(output, '');
    assert.equal(linesOf(errors), [`Cannot replay: ${reason}`]);
  };
  await Promise.all(wrong.map(judge));
});

test('--only takes a group or one id, and a repeated --transport takes both', async () => {
  const right = ['--vectors', join(folder, 'right')];
  const group = await parity(...right, '--only', 'receive/', '--transport', 'tcp', '--transport', 'loopback');
  assert.equal(group.lines.slice(0, -1), [
    'agrees    loopback receive/window-respected',
    'agrees    tcp      receive/window-respected',
  ]);
  const one = await parity(...right, '--only', 'args/defaults', '--transport', 'loopback');
  assert.equal(one.lines.slice(0, -1), ['agrees    loopback args/defaults']);
});

test('--help prints the usage and exits with 0', async () => {
  for (const run of [parity, record]) {
    const { code, output, errors } = await run('--help');
    assert.is(code, 0);
    assert.match(output, /^Usage: npm run parity/);
    assert.is(errors, '');
  }
});

test('a file for the JSON that cannot be written is told before anything is replayed', async () => {
  const file = join(folder, 'nowhere', 'verdicts.json');
  const { code, output, errors } = await parity('--vectors', join(folder, 'right'), '--json', file);
  assert.is(code, 1);
  assert.is(output, '');
  assert.equal(linesOf(errors), [`Cannot replay: the JSON cannot be written to ${file} (ENOENT)`]);
});

test('a scenario that is not as the format says is refused with its file and id', async () => {
  const good = scenario('args/defaults');
  const without = (field: string): JsonObject =>
    Object.fromEntries(Object.entries(good).filter(([name]) => name !== field));
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ ...good, dotnetonly: 'why' }, 'args/defaults: unknown field "dotnetonly"'],
    [{ ...good, constructor: 1 }, 'args/defaults: unknown field "constructor"'],
    [{ ...good, on: 'sctp' }, 'args/defaults: "on" is one of none, tcp, tcp6, dual, unix, udp, udp6'],
    [{ ...good, compare: 'loose' }, 'args/defaults: "compare" is one of strict, outcome'],
    [{ ...good, bug: 'true' }, 'args/defaults: "bug" is true or false'],
    [{ ...good, dotnetOnly: true }, 'args/defaults: "dotnetOnly" is a text'],
    [{ ...good, id: 'defaults' }, 'defaults: "id" is a text like group/what'],
    [without('id'), 'scenario 1: needs "id"'],
    [without('end'), 'args/defaults: needs "end", which a recording has'],
    [without('steps'), 'args/defaults: needs "steps"'],
    [{ ...good, steps: {} }, 'args/defaults: "steps" is a list of steps, each an object'],
    [{ ...good, steps: ['args'] }, 'args/defaults: "steps" is a list of steps, each an object'],
    [{ ...good, steps: [{ as: 'e' }] }, 'args/defaults: step 1: needs "do", the verb'],
    [
      { ...good, steps: [{ do: 'receive', compare: 'loose' }] },
      'args/defaults: step 1: "compare" is one of strict, outcome',
    ],
    [
      { ...good, steps: [{ do: 'on', steps: [{ do: 'on', steps: [null] }] }] },
      'args/defaults: step 1: step 1: "steps" is a list of steps, each an object',
    ],
    ['args/defaults', 'scenario 1: a scenario is an object'],
  ];
  for (const [index, [one, reason]] of wrong.entries()) {
    const place = folderOf(`wrong-${index}`, [one]);
    assert.throws(
      () => readVectors(place),
      (error: Error) => error.message === `${join(place, 'some.json')}: ${reason}` || fail(error.message),
    );
  }
  const place = join(folder, 'wrong-0');
  const { code, errors } = await parity('--vectors', place);
  assert.is(code, 1);
  assert.equal(linesOf(errors), [
    `Cannot replay: ${join(place, 'some.json')}: args/defaults: unknown field "dotnetonly"`,
  ]);
});

test("the repository's own scenarios are as the format says", () => {
  const recorded = fileURLToPath(new URL('../vectors/recorded', import.meta.url));
  const files = readdirSync(recorded).sort();
  const scenarios = files.flatMap((name) => JSON.parse(readFileSync(join(recorded, name), 'utf8')).scenarios);
  assert.equal(vectors, scenarios);
});

test('broken JSON, and a file without scenarios, are told with the file', () => {
  const file = join(folder, 'broken', 'some.json');
  mkdirSync(join(folder, 'broken'));
  for (const [content, reason] of [
    ['{ "scenarios": [\n}', 'in JSON at position|is not valid JSON'],
    ['[]', 'needs the list "scenarios"'],
  ] as const) {
    writeFileSync(file, content);
    assert.throws(
      () => readVectors(join(folder, 'broken')),
      (error: Error) =>
        (error.message.startsWith(`${file}: `) && new RegExp(`^.*(?:${reason}).*$`).test(error.message)) ||
        fail(error.message),
    );
  }
});

test('one id in two files of a folder is refused with both files', () => {
  const place = folderOf('twice', [scenario('args/defaults')]);
  const [one, other] = [join(place, 'other.json'), join(place, 'some.json')];
  copyFileSync(other, one);
  assert.throws(
    () => readVectors(place),
    (error: Error) =>
      error.message === `args/defaults is in ${one} and again in ${other}` || fail(error.message),
  );
});

test('a verb that does not exist disagrees, whatever objects inherit', async () => {
  const place = folderOf('verbs', [{ ...scenario('args/defaults'), steps: [{ do: 'constructor' }] }]);
  const { lines } = await parity('--vectors', place, '--transport', 'loopback');
  assert.is(lines[0], 'disagrees loopback args/defaults: step 1: no verb "constructor"');
});

test('a mistake in what shall be recorded is one line, with the usage where that is wrong', async () => {
  const wrong = [
    [['--only', 'nosuch/x'], 'no scenario\'s id starts with "nosuch/x"', false],
    [['--only', 'defaults'], 'no scenario\'s id starts with "defaults"', false],
    [['--scenarios', 'package.json'], 'package.json is no folder of scenarios', false],
    [['--bogus'], `Unknown option '--bogus'`, true],
    [['--', '--rusn', '3'], `Unknown option '--rusn'`, true],
    [['--', '--runs', 'many'], '--runs is a number', true],
    [['--only', 'args/', '--write'], '--write is for a whole recording, without --only', true],
  ] as const;
  const judge = async ([options, reason, usage]: (typeof wrong)[number]): Promise<void> => {
    const { code, errors } = await record(...options);
    assert.is(code, 1);
    const [first, ...more] = linesOf(errors);
    assert.is(first, `Cannot record: ${reason}`);
    assert.is(more.length, usage ? 1 : 0, errors);
    if (usage) assert.match(more[0] ?? '', /^Usage: npm run parity:record -- /);
  };
  await Promise.all(wrong.map(judge));
});

test('an interrupted recording leaves no folder behind', async () => {
  const temporary = join(folder, 'temporary');
  const programs = join(folder, 'programs');
  for (const one of [temporary, programs]) mkdirSync(one);
  // Tells that it has begun, and then never ends.
  const dotnet = '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho begun\nexec sleep 600\n';
  writeFileSync(join(programs, 'dotnet'), dotnet, { mode: 0o755 });
  const child = spawn(process.execPath, ['tools/parity/record.mjs', '--only', 'args/defaults'], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, PATH: `${programs}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  assert.is(readdirSync(temporary).length, 1);
  child.kill('SIGINT');
  assert.equal(await once(child, 'exit'), [1, null]);
  assert.equal(readdirSync(temporary), []);
});

test.run();

function scenario(id: string): JsonObject {
  const found = vectors.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return found as unknown as JsonObject;
}

function folderOf(name: string, scenarios: readonly unknown[]): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'some.json'), JSON.stringify({ group: 'some', scenarios }));
  return join(folder, name);
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

function fail(message: string): never {
  throw new Error(`said: ${message}`);
}

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly lines: string[];
  readonly errors: string;
}

function parity(...options: readonly string[]): Promise<Ended> {
  const hooks = ['--conditions=@proactor/source', '--import=./scripts/ts-hooks.mjs'];
  return node(...hooks, 'tools/parity/src/parity.ts', ...options);
}

function record(...options: readonly string[]): Promise<Ended> {
  return node('tools/parity/record.mjs', ...options);
}

function node(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [...args], { cwd: root }, (_, output, errors) => {
      done({ code: child.exitCode ?? -1, output, lines: linesOf(output), errors });
    });
  });
}
