/** Who takes part: a name, and the command that starts it here. What this machine lacks says why, and is left out. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './program.ts';

/** A command, or why there is none. */
export type Found = Command | string;

const here = fileURLToPath(new URL('.', import.meta.url));
const built = fileURLToPath(new URL('../.cache/bench/', import.meta.url));

/** One of our programs on the Node that runs this, with its hooks. */
export function onNode(program: string, ...args: readonly (string | number)[]): Command {
  const flags = [...process.execArgv, '--expose-gc'];
  return { file: process.execPath, args: [...flags, join(here, program), ...args.map(String)] };
}

/** A C program of ours, built when it has changed. */
export function inC(program: string): Found {
  const source = join(here, 'native', `${program}.c`);
  const binary = join(built, program);
  if (modified(binary) < modified(source)) {
    mkdirSync(built, { recursive: true });
    const { status, error, stderr } = spawnSync('cc', ['-O2', '-Wall', '-o', binary, source], {
      encoding: 'utf8',
    });
    if (error !== undefined) return 'no C compiler (cc)';
    if (status !== 0) return `cc: ${stderr}`;
  }
  return { file: binary, args: [] };
}

/** Bun, when its package or its command is there. */
export function onBun(program: string): Found {
  const file = bunPackage() ?? 'bun';
  const { status } = spawnSync(file, ['--version']);
  return status === 0 ? { file, args: [join(here, program)] } : 'no bun (npm install --no-save bun)';
}

function bunPackage(): string | null {
  try {
    return join(createRequire(import.meta.url).resolve('bun/package.json'), '../bin/bun.exe');
  } catch {
    return null;
  }
}

/** .NET's own server, built when it has changed. `inline`: handlers run on the thread that polls. */
export function onDotnet(bufferSize: number, inline: boolean, ...more: readonly string[]): Found {
  const folder = join(here, 'servers/dotnet');
  const out = join(built, 'dotnet');
  const binary = join(out, 'dotnet.dll');
  if (spawnSync('dotnet', ['--version']).status !== 0) return 'no dotnet';
  if (modified(binary) < modified(join(folder, 'Program.cs'))) {
    const objects = `-p:BaseIntermediateOutputPath=${join(built, 'dotnet-obj')}/`;
    const args = ['build', folder, '-c', 'Release', '-o', out, objects, '--nologo', '-v', 'quiet'];
    const { status, stdout } = spawnSync('dotnet', args, { encoding: 'utf8' });
    if (status !== 0) return `dotnet build: ${stdout.trim()}`;
  }
  const env = inline ? { DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS: '1' } : undefined;
  return { file: 'dotnet', args: [binary, String(bufferSize), ...more], env };
}

function modified(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}
