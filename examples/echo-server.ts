/**
 * Shows a whole server in the operation model: reusable args, one block of buffers and a limit on clients, all in echo-service.ts.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/echo-server.ts --port 7000
 *   nc 127.0.0.1 7000
 */

import { endPointOf, integer, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';
import { serve } from './serve.ts';

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    port: port(7_000),
    host: text('127.0.0.1'),
    'max-clients': integer(1_000, 1, 1_000_000),
    'buffer-size': integer(65_536, 1, 16_777_216),
  });
  const at = await endPointOf(flags.host, flags.port);
  await serve(at, { clientsMax: flags['max-clients'], bufferSize: flags['buffer-size'] });
}

program(import.meta, main);
