/** The thread of a patient listener: one command, one answer, and in between it stands still. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { NodePeer } from './node-peer.ts';

export type Command =
  | { readonly do: 'take' }
  | { readonly do: 'write'; readonly peer: number; readonly bytes: Uint8Array }
  | { readonly do: 'read'; readonly peer: number; readonly count: number }
  | { readonly do: 'shutdown'; readonly peer: number }
  | { readonly do: 'close'; readonly peer: number; readonly abort: boolean }
  | { readonly do: 'end' };

export interface Answer {
  readonly peer?: number;
  readonly localPort?: number;
  readonly remotePort?: number;
  readonly then?: string;
  readonly bytes?: Uint8Array;
  /** Of a write. */
  readonly error?: string | null;
}

const port = parentPort;
if (port === null) throw new Error('Cannot listen patiently: this is no worker thread');
const { commands, ...at } = workerData as {
  readonly commands: Int32Array<SharedArrayBuffer>;
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
};

const peers: NodePeer[] = [];
/** Accepted while another command ran. */
const early: Socket[] = [];
let wanted: ((socket: Socket) => void) | null = null;

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
  const want = wanted;
  wanted = null;
  if (want === null) early.push(socket);
  else want(socket);
});
server.listen(at);
await once(server, 'listening');
// Node takes a backlog of 0 for its default of 511; a second listen(2) says what was meant.
(server as unknown as { readonly _handle: { listen(backlog: number): number } })._handle.listen(at.backlog);
port.postMessage({ localPort: (server.address() as { readonly port: number }).port } satisfies Answer);

for (;;) {
  Atomics.wait(commands, 0, 0); // nothing moves in this thread until there is a command
  const message = receiveMessageOnPort(port);
  if (message === undefined) continue;
  Atomics.sub(commands, 0, 1);
  // In a reaction to the connection itself, so that the loop gets no chance to accept another before the thread stands still again.
  port.postMessage(await perform(message.message as Command));
}

async function perform(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'take': {
      const peer = new NodePeer(early.shift() ?? (await new Promise<Socket>((done) => (wanted = done))));
      return { peer: peers.push(peer) - 1, localPort: peer.localPort, remotePort: peer.remotePort };
    }
    case 'write':
      return { error: (await peers[command.peer]?.write(command.bytes)) ?? null };
    case 'read':
      return (await peers[command.peer]?.read(command.count)) ?? {};
    case 'shutdown':
      await peers[command.peer]?.shutdownSend();
      return {};
    case 'close':
      peers[command.peer]?.close(command.abort);
      return {};
    case 'end':
      await new Promise<void>((go) => {
        server.close(() => go());
        for (const socket of early.splice(0)) socket.resetAndDestroy();
        // close() calls back when every connection is gone; the listening socket itself closes now.
        setImmediate(go);
      });
      return {};
  }
}
