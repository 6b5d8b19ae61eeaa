/** Every verb by its name. */

import type { Verb } from '../interpreter.ts';
import { ARGS_VERBS } from './args.ts';
import { COMPLETION_VERBS } from './completions.ts';
import { OPERATION_VERBS } from './operations.ts';
import { PEER_VERBS } from './peers.ts';
import { SETUP_VERBS } from './setup.ts';
import { SOCKET_VERBS } from './sockets.ts';

export const VERBS: Readonly<Record<string, Verb | undefined>> = {
  ...SETUP_VERBS,
  ...ARGS_VERBS,
  ...OPERATION_VERBS,
  ...COMPLETION_VERBS,
  ...SOCKET_VERBS,
  ...PEER_VERBS,
};
