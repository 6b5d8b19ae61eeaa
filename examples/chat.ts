/**
 * Shows a server that awaits: a line chat in which everybody hears everybody, on whatever transport its listener has.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/chat.ts --port 7001
 *   nc 127.0.0.1 7001
 */

import { Socket, SocketException } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { endPointOf, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';

/** Serves the clients of a listener until that is closed. */
export async function chat(listener: Socket): Promise<void> {
  const room = new Room();
  for await (const socket of listener.connections()) void room.welcome(socket);
}

class Room {
  readonly #members = new Map<Socket, string>();
  #guests = 0;

  /** One member's stay, from the first word to the last. */
  async welcome(socket: Socket): Promise<void> {
    const name = `guest ${++this.#guests}`;
    this.#members.set(socket, name);
    this.#say(`* ${name} has come, ${this.#members.size} here`);
    try {
      for await (const line of lines(socket)) this.#say(`${name}: ${line}`);
    } catch (error) {
      if (!(error instanceof SocketException)) throw error; // a connection that breaks is only somebody who leaves
    } finally {
      this.#members.delete(socket);
      this.#say(`* ${name} has left, ${this.#members.size} here`);
      await socket.end().catch(() => undefined); // after a deadline it has been aborted
    }
  }

  #say(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (const socket of this.#members.keys()) {
      // Who does not read must not fill our memory with what the others say.
      if (socket.stats.queuedSendBytes > UNREAD_BYTES_MAX) socket.close({ abort: true });
      else socket.send(bytes).catch(() => undefined); // its own loop hears of it
    }
  }
}

const UNREAD_BYTES_MAX = 65_536;

/** Lines as they come, without their ends; one that is too long is cut. */
async function* lines(socket: Socket): AsyncIterableIterator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of socket.chunks()) {
    const found = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = (found.pop() ?? '').slice(0, LINE_LENGTH_MAX);
    for (const line of found) yield line.slice(0, LINE_LENGTH_MAX);
  }
  if (rest !== '') yield rest; // who leaves in the middle of a line is heard
}

const LINE_LENGTH_MAX = 1_000;

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, { port: port(7_001), host: text('127.0.0.1') });
  const listener = new Socket(tcp());
  listener.bind(await endPointOf(flags.host, flags.port));
  await listener.listen();
  process.once('SIGINT', () => void listener.drain({ timeout: 1_000 }));
  console.log(`chat on ${listener.localEndPoint}`);
  await chat(listener);
}

program(import.meta, main);
