/** Two connected sockets in one call, for tests that are about what is said on a connection and not about how it came to be. */

import { type EndPoint, IPEndPoint, Socket, type Transport } from '@proactor/core';
import { loopback } from './loopback.ts';

/**
 * Makes two ends of one connection. The listener that it takes is closed before this resolves; the two are yours to close.
 *
 * @param transport what connects them; must listen and connect. Default: a fresh {@linkcode loopback}
 * @param at where they meet for a moment; a transport that takes no IP addresses needs it. Default: a free port of 127.0.0.1
 * @throws what bind, listen, accept or connect reject with; nothing is left open then
 *
 * @example
 * ```ts
 * import { pair } from '@proactor/testing';
 *
 * const [client, server] = await pair();
 * await client.send(Uint8Array.of(1, 2, 3));
 * console.log(await server.receive(new Uint8Array(8))); // 3
 * client.close();
 * server.close();
 * ```
 */
export async function pair(
  transport: Transport = loopback(),
  at: EndPoint = new IPEndPoint('127.0.0.1', 0),
): Promise<[client: Socket, server: Socket]> {
  const listener = new Socket(transport);
  try {
    listener.bind(at);
    await listener.listen(1);
    const accepting = listener.accept();
    const connecting = Socket.connect(transport, listener.localEndPoint ?? at);
    connecting.catch(() => listener.close()); // else the accept waits for ever
    const [client, server] = await Promise.allSettled([connecting, accepting]);
    if (client.status === 'fulfilled' && server.status === 'fulfilled') return [client.value, server.value];
    for (const end of [client, server]) if (end.status === 'fulfilled') end.value.close();
    throw client.status === 'rejected' ? client.reason : (server as PromiseRejectedResult).reason;
  } finally {
    listener.close();
  }
}
