/** peer.c, compiled once a process where there is a compiler, and a handle on it: lines in, lines out. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EndPoint, IPEndPoint } from '@proactor/core';

/** The program; null where there is no C compiler. */
export const cPeer: string | null = compile();

function compile(): string | null {
  if (process.platform === 'win32') return null;
  const folder = mkdtempSync(join(tmpdir(), 'proactor-peer-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const source = fileURLToPath(new URL('peer.c', import.meta.url));
  const { status } = spawnSync('cc', ['-o', join(folder, 'peer'), source]);
  return status === 0 ? join(folder, 'peer') : null;
}

/** What the kernel says of a socket of ours, asked by another process that has it too. */
export function kernelOptions(fd: number): {
  readonly noDelay: number;
  readonly keepAlive: number;
  readonly keepIdle: number;
  readonly reusePort: number;
  /** -1: no IPv6 socket. */
  readonly ipv6Only: number;
} {
  const { stdout } = spawnSync(cPeer ?? '', ['options'], { stdio: [fd, 'pipe', 'inherit'] });
  return JSON.parse(String(stdout)) as ReturnType<typeof kernelOptions>;
}

export class CPeer {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #heard: () => void = () => {};
  #over = false;

  /** Resolves when it is connected. */
  static async connect(at: EndPoint | null): Promise<CPeer> {
    const peer = new CPeer(String((at as IPEndPoint).port));
    const first = await peer.line();
    if (first !== 'connected') throw new Error(first);
    return peer;
  }

  private constructor(port: string) {
    this.#child = spawn(cPeer ?? '', [port], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#heard();
    });
    this.#child.on('close', () => {
      this.#over = true;
      this.#heard();
    });
  }

  /** Says something, and resolves with the answer. */
  async does(what: string): Promise<string> {
    this.#child.stdin?.write(`${what}\n`);
    return await this.line();
  }

  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#over) throw new Error('the peer has ended');
      await new Promise<void>((go) => {
        this.#heard = go;
      });
    }
  }

  /** It dies as a program dies that is killed: the kernel ends its connections. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    while (!this.#over)
      await new Promise<void>((go) => {
        this.#heard = go;
      });
  }

  /** It closes what is open, and ends. */
  async leave(): Promise<void> {
    this.#child.stdin?.end();
    while (!this.#over)
      await new Promise<void>((go) => {
        this.#heard = go;
      });
  }
}
