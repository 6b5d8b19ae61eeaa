/** A worker of a cluster, told what to do by its primary: listens, greets each client with its way of reading, echoes, says how each ended. */

import { type EndPoint, IPEndPoint, Socket, SocketException, UnixDomainSocketEndPoint } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';

export interface Order {
  readonly what: 'listen' | 'close' | 'drain' | 'leave';
  readonly at?: string;
  readonly exclusive?: boolean;
  readonly timeout?: number;
}

const reading = process.argv[2] === 'readable' ? 'readable' : 'onread';
let listener: Socket | null = null;

process.on('message', (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) =>
      process.send?.({ answer: error instanceof SocketException ? error.code : String(error) }),
  );
});

async function carryOut({ what, at = '', exclusive = false, timeout }: Order): Promise<unknown> {
  if (what === 'listen') {
    listener = new Socket(tcpReading(reading, { exclusive }));
    listener.bind(placeOf(at));
    await listener.listen();
    void serveAll(listener);
    return String(listener.localEndPoint);
  }
  if (what === 'drain') return await listener?.drain({ timeout });
  listener?.close();
  await listener?.closed;
  if (what === 'leave') process.disconnect();
  return 'closed';
}

function placeOf(at: string): EndPoint {
  return at.startsWith('/') ? new UnixDomainSocketEndPoint(at) : IPEndPoint.parse(at);
}

async function serveAll(from: Socket): Promise<void> {
  for await (const client of from.connections()) {
    serve(client).then(
      () => process.send?.({ ended: 'in order' }),
      (error: SocketException) => {
        client.close();
        process.send?.({ ended: error.code });
      },
    );
  }
}

async function serve(client: Socket): Promise<void> {
  await client.send(Buffer.from(`${reading}\n`));
  for await (const chunk of client.chunks()) await client.send(chunk);
  await client.end();
}

process.send?.({ answer: 'ready' }); // what was said before has been lost
