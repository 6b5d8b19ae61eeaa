/** The command line: which lines and which file it writes, and how it exits. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

test('a transport that does not exist, a folder without vectors and an unknown option exit with 1 and a reason', async () => {
  for (const [options, reason] of [
    [['--transport', 'quic'], /no transport "quic": there are loopback, tcp, udp/],
    [['--vectors', join(folder, 'empty')], /no vectors in /],
    [['--vectors', join(folder, 'nowhere')], /Cannot replay: /],
    [['--vector', 'x'], /Unknown option '--vector'/],
  ] as const) {
    const { code, errors } = await parity(...options);
    assert.is(code, 1);
    assert.match(errors, reason);
  }
});

test.run();

function scenario(id: string): JsonObject {
  const found = vectors.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return found as unknown as JsonObject;
}

function folderOf(name: string, scenarios: readonly JsonObject[]): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'some.json'), JSON.stringify({ group: 'some', scenarios }));
}

function parity(...options: readonly string[]): Promise<{ code: number; lines: string[]; errors: string }> {
  const command = [
    '--conditions=@proactor/source',
    '--import=./scripts/ts-hooks.mjs',
    'tools/parity/src/parity.ts',
  ];
  return new Promise((done) => {
    const child = execFile(process.execPath, [...command, ...options], { cwd: root }, (_, output, errors) => {
      done({ code: child.exitCode ?? -1, lines: output.trimEnd().split('\n'), errors });
    });
  });
}
