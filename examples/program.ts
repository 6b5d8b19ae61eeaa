/** How every example starts: `main` runs when its file is the program, and a failure that can be expected is one line, not a trace. */

import { existsSync, realpathSync } from 'node:fs';
import { SocketException } from '@proactor/core';
import { UsageError } from './arguments.ts';

export type Main = (args: readonly string[]) => Promise<void>;

/** Runs `main` if the file of `meta` was started; when a test or another example imports it, nothing happens. */
export function program(meta: ImportMeta, main: Main): void {
  const started = process.argv[1];
  if (started === undefined || !existsSync(started) || realpathSync(started) !== meta.filename) return;
  void run(main, process.argv.slice(2));
}

/** What the user or the network did wrong: one line on stderr, exit code 1. Anything else is a mistake of ours, and shows its trace. */
export async function run(main: Main, args: readonly string[]): Promise<void> {
  process.stdout.on('error', endQuietly); // who reads our lines may leave first
  try {
    await main(args);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SocketException)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function endQuietly(): void {}
