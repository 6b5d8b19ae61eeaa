/** A server with few descriptors, run as a child: greets 100 clients less those it had to drop, then tells how many of which. */

import { Socket } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';
import { anyPort } from './peers.ts';

const CLIENTS = 100;

async function main(): Promise<void> {
  const listener = new Socket(tcpReading(process.argv[2] === 'readable' ? 'readable' : 'onread'));
  listener.bind(anyPort);
  await listener.listen();
  const { stats } = listener;
  const served: Promise<void>[] = [];
  const serving = (async () => {
    for await (const client of listener.connections()) served.push(greet(client));
  })();
  const { key } = listener.localEndPoint ?? anyPort;
  console.log(key.substring(key.lastIndexOf(':') + 1));
  // The clients go when each of them has been greeted or dropped.
  while (stats.accepted === 0 || stats.accepted + stats.dropped < CLIENTS)
    await new Promise((go) => setImmediate(go));
  await Promise.all(served);
  const lost = listener.getOption('acceptsLost');
  const { accepted, dropped } = stats;
  await listener.drain();
  await serving;
  console.log(JSON.stringify({ accepted, dropped, lost }));
}

/** Served until it leaves. */
async function greet(client: Socket): Promise<void> {
  try {
    await client.send(new Uint8Array([1]));
    await client.receive(new Uint8Array(1));
  } catch {
    // it has left
  }
  client.close({ abort: true });
  await client.closed;
}

void main();
