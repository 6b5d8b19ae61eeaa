/** A program of this folder as a child process, for tests: its lines as they come, and how it ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class ChildProgram {
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #waiting: { readonly pattern: RegExp; readonly found: (match: RegExpExecArray) => void }[] = [];

  /** Starts `file`, a name in this folder, as `npm run` does. */
  static start(file: string, ...args: string[]): ChildProgram {
    return new ChildProgram([join(import.meta.dirname, file), ...args]);
  }

  /** Runs a few lines of a module; they stand in the root of the repository. */
  static evaluate(source: string): ChildProgram {
    return new ChildProgram(['--input-type=module', '--eval', source], { NODE_V8_COVERAGE: '' });
  }

  /** `env`: on top of ours. Without NODE_V8_COVERAGE nothing is written at the end, which another user might not be allowed. */
  private constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const node = ['--conditions=@proactor/source', '--import=./scripts/ts-hooks.mjs', ...args];
    const child = spawn(process.execPath, node, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#heard(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.exit = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** The first whole line on stdout that matches; rejects when the program ends without it. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    const said = new Promise<RegExpExecArray>((found) => this.#waiting.push({ pattern, found }));
    this.#heard('');
    const ended = this.exit.then(({ code, stderr }) => {
      throw new Error(`ended with ${code} and never said ${pattern}: ${stderr}`);
    });
    return Promise.race([said, ended]);
  }

  /** The port of its `listening on …` line. */
  async port(): Promise<number> {
    const [, port] = await this.line(/ on .*:(\d+)$/);
    return Number(port);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** For the end of a test: a program that has ended is left alone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
  }

  #heard(text: string): void {
    this.#stdout += text;
    const lines = this.#stdout.split('\n').slice(0, -1);
    this.#waiting = this.#waiting.filter(({ pattern, found }) => {
      const match = lines.map((line) => pattern.exec(line)).find((one) => one !== null);
      if (match) found(match);
      return !match;
    });
  }
}

const ROOT = join(import.meta.dirname, '..');

/** Runs a test with a program, and ends that whatever happens. */
export async function withProgram<T>(
  program: ChildProgram,
  test: (program: ChildProgram) => Promise<T>,
): Promise<T> {
  try {
    return await test(program);
  } finally {
    await program.end();
  }
}
