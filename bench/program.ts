/** One program of the comparison as a child process that speaks in lines. It ends when its input does, so nothing is left when we end. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #errors = '';
  #exited = false;
  #wake: () => void = () => undefined;

  constructor(name: string, { file, args, env }: Command) {
    this.name = name;
    this.#child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined); // it has gone: `line()` tells
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    if (stdout !== null)
      createInterface({ input: stdout }).on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    this.#child.on('error', (error) => this.#leave(error.message));
    this.#child.on('close', () => this.#leave(''));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** What follows the word on the next line that it prints. @throws Error when another comes, or the program is gone, or is silent */
  async answer(word: string): Promise<string> {
    const line = await this.#line(word);
    if (!line.startsWith(word)) throw new Error(`${this.name} said '${line}', not '${word}'`);
    return line.substring(word.length).trim();
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      if (this.#exited) resolve();
      else this.#child.once('close', () => resolve());
    });
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  async #line(word: string): Promise<string> {
    const due = Date.now() + SILENCE_MS;
    while (this.#lines.length === 0) {
      if (this.#exited)
        throw new Error(`${this.name} ended before it said '${word}'\n${this.#errors.trimEnd()}`);
      const left = due - Date.now();
      if (left <= 0) throw new Error(`${this.name} has not said '${word}' for ${SILENCE_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift() ?? '';
  }

  #leave(error: string): void {
    this.#errors += error;
    this.#exited = true;
    this.#wake();
  }
}

const SILENCE_MS = 60_000;
const STOP_MS = 3_000;
