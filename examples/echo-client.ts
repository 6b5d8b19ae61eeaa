/**
 * Shows a client that awaits: connect, send, receive, end. Start echo-server.ts first.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/echo-client.ts --port 7000 --text 'hello'
 */

import { type EndPoint, Socket, type Transport } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { endPointOf, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';

/** Sends a message and resolves with as many bytes as come back for it. */
export async function echo(transport: Transport, server: EndPoint, message: Uint8Array): Promise<Uint8Array> {
  const socket = await Socket.connect(transport, server, { timeout: 5_000 });
  try {
    const answer = new Uint8Array(message.byteLength);
    // Both at once: a long message comes back before all of it is out.
    await Promise.all([socket.send(message), socket.receiveExactly(answer, { timeout: 5_000 })]);
    await socket.end();
    return answer;
  } finally {
    socket.close(); // after an end() nothing is left to do, after an error everything
  }
}

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, { port: port(7_000), host: text('127.0.0.1'), text: text('hello') });
  const server = await endPointOf(flags.host, flags.port);
  const answer = await echo(tcp(), server, new TextEncoder().encode(flags.text));
  console.log(`${server} says: ${new TextDecoder().decode(answer)}`);
}

program(import.meta, main);
