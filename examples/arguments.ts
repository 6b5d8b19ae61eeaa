/** The command line of the examples: flags are read and checked here, and what is wrong with one is told in one line. */

import { lookup } from 'node:dns/promises';
import { parseArgs } from 'node:util';
import { IPEndPoint } from '@proactor/core';

/** The command line is wrong; its message is for the user. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** One flag: what it means when it is not given, and how its text is read. */
export interface Flag<T> {
  readonly fallback: T;
  /** @throws UsageError */
  readonly read: (text: string, name: string) => T;
}

/**
 * Reads `--name value` (or `--name=value`) for each flag.
 *
 * @throws UsageError an unknown flag, one without its value or with a wrong one, or anything that is no flag
 */
export function readFlags<F extends Readonly<Record<string, Flag<unknown>>>>(
  args: readonly string[],
  flags: F,
): { [Name in keyof F]: F[Name]['fallback'] } {
  const names = Object.keys(flags);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  let texts: Readonly<Record<string, unknown>>;
  try {
    texts = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`Cannot start: ${fault(error)}; there are --${names.join(', --')}`);
  }
  const read = (name: string): unknown => {
    const text = texts[name];
    return typeof text === 'string' ? flags[name]?.read(text, name) : flags[name]?.fallback;
  };
  return Object.fromEntries(names.map((name) => [name, read(name)])) as ReturnType<typeof readFlags<F>>;
}

/** Node's own words, without its advice. */
function fault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const [sentence = message] = message.split(/\.\s|\.?$/);
  const name = /'(--[^ ']+)/.exec(message)?.[1] ?? 'a flag';
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return `${name} needs a value`;
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** An integer in a range. */
export function integer(fallback: number, min: number, max: number): Flag<number> {
  const read = (text: string, name: string): number => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new UsageError(`Cannot start with --${name} '${text}': an integer from ${min} to ${max} is needed`);
  };
  return { fallback, read };
}

/** 0 takes any free port. */
export const port = (fallback: number): Flag<number> => integer(fallback, 0, 65_535);

export function text(fallback: string): Flag<string> {
  const read = (given: string, name: string): string => {
    if (given !== '') return given;
    throw new UsageError(`Cannot start with --${name} '': it must not be empty`);
  };
  return { fallback, read };
}

/** One of a few words; the first is meant when none is given. */
export function oneOf<Word extends string>(fallback: Word, ...others: readonly Word[]): Flag<Word> {
  const words = [fallback, ...others];
  const read = (given: string, name: string): Word => {
    const word = words.find((one) => one === given);
    if (word !== undefined) return word;
    throw new UsageError(`Cannot start with --${name} '${given}': one of ${words.join(', ')} is needed`);
  };
  return { fallback, read };
}

/** An address, or the first address of a name. @throws UsageError a host that nobody knows */
export async function endPointOf(host: string, port: number): Promise<IPEndPoint> {
  try {
    return new IPEndPoint(host, port);
  } catch {
    // Not an address: a name.
  }
  try {
    return new IPEndPoint((await lookup(host)).address, port);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new UsageError(`Cannot find host '${host}': no address found (${code})`);
  }
}
