import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasAccounts } from '../accounts.ts';
import type { Outcome } from '../rounds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bench = suite('npm run bench');
/** Only Linux keeps the accounts that it reads. */
const measured = hasAccounts() ? bench : bench.skip;

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs it on the sources, as a process of its own. */
function run(...args: string[]): Promise<Ended> {
  const flags = ['--conditions=@proactor/source', '--import=./scripts/ts-hooks.mjs', 'bench/bench.ts'];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })));
}

measured('drives its contenders, prints a table, and writes JSON and a chart', async () => {
  const out = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const pace = ['--rounds', '1', '--slice', '20', '--connections', '20', '--out', out];
    const who = ['--only', 'echo-64,client,bulk-send,idle', '--contenders', 'operations,node data'];
    const { code, output, errors } = await run(...pace, ...who);
    assert.equal([code, errors], [0, '']);
    assert.match(output, /operations +\d+\.\d\d µs/);
    assert.match(output, /Resident memory of 20 idle connections/);
    const { outcomes } = JSON.parse(readFileSync(join(out, 'latest.json'), 'utf8')) as {
      outcomes: Outcome[];
    };
    assert.equal(
      outcomes.map(({ id, standings }) => [id, standings.map(({ name }) => name)]),
      ['echo-64', 'bulk-send', 'client'].map((id) => [id, ['operations', 'node data']]),
    );
    assert.ok(outcomes.every(({ standings }) => standings.every(({ cpu }) => cpu.median > 0)));
    assert.match(readFileSync(join(out, 'latest.svg'), 'utf8'), /^<svg /);
  } finally {
    rmSync(out, { recursive: true });
  }
});

measured(
  'a comparison that does not exist, a number that is none and an unknown option are refused',
  async () => {
    for (const [args, told] of [
      [['--only', 'echo-65'], /^Cannot run 'echo-65': there is echo-64, /],
      [['--contenders', 'operations,java'], /^Cannot run 'java': there is operations, /],
      [['--rounds', '0'], /^Cannot use --rounds 0: a number from 1 on is needed\nUsage: /],
      [['--fast'], /^Unknown option '--fast'\nUsage: /],
    ] as const) {
      const { code, output, errors } = await run(...args);
      assert.equal([code, output], [1, '']);
      assert.match(errors, told);
    }
  },
);

bench.run();
