/** What the command line of `npm run parity` asks for. Knows its options, and nothing of scenarios. */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { NetworkName } from './network.ts';
import { WAYS } from './ways.ts';

export const USAGE =
  'Usage: npm run parity -- [--vectors DIR] [--transport NAME]… [--only PREFIX] [--json FILE] [--help]';

const NAMES = Object.keys(WAYS) as NetworkName[];

export const HELP = `${USAGE}

  --vectors DIR     recordings from elsewhere; they lie in DIR or in DIR/recorded
  --transport NAME  only on this transport (${NAMES.join(', ')}); may be repeated
  --only PREFIX     only scenarios whose id starts so: receive/, or a whole id
  --json FILE       the verdicts as JSON too
  --help            this text

A line per scenario and transport, then the sum. Exit code 1 when anything disagrees.
`;

/** A mistake on the command line; whoever made it wants to see the usage. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export interface Wishes {
  readonly help: boolean;
  readonly vectors: string;
  readonly transports: readonly NetworkName[];
  /** What the id starts with. */
  readonly only: string;
  readonly json: string | undefined;
}

export function wishesOf(args: readonly string[]): Wishes {
  const { help, vectors, transport, only, json } = parsed(args);
  for (const name of transport) {
    if (!Object.hasOwn(WAYS, name))
      throw new UsageError(`no transport "${name}": there are ${NAMES.join(', ')}`);
  }
  const transports = NAMES.filter((name) => transport.length === 0 || transport.includes(name));
  return { help, vectors, transports, only, json };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        vectors: { type: 'string', default: fileURLToPath(new URL('../vectors', import.meta.url)) },
        transport: { type: 'string', multiple: true, default: [] },
        only: { type: 'string', default: '' },
        json: { type: 'string' },
      },
    }).values;
  } catch (error) {
    // The first sentence; what follows is about arguments that this command does not have.
    throw new UsageError((error as Error).message.split(/\.\s/)[0], { cause: error });
  }
}
