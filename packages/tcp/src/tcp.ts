/** The door: options in, a Transport out. It owns what is said once for all sockets; sockets are the channel's and the listener's. */

import { type Capabilities, platformRuntime, type Transport } from '@proactor/core';
import { resolve } from './resolve.ts';
import { type ChannelContext, type Reading, TcpChannel } from './tcp-channel.ts';
import { TcpListener } from './tcp-listener.ts';
import { checkOption, readTcpOptions, settingsOf, SOCKET_OPTIONS, type TcpOptions } from './tcp-options.ts';

/**
 * Streams over `node:net`: TCP, Unix domain sockets and, on Windows, named pipes.
 *
 * End points are `IPEndPoint`, `DnsEndPoint` and `UnixDomainSocketEndPoint`. Bytes are read only while a receive waits for them, into
 * one buffer that all connections share; a send that the kernel takes at once is done at once.
 *
 * @param options the defaults of its sockets; own properties only
 * @throws ArgumentError an option of an unknown name or the wrong type; ArgumentOutOfRangeError a number out of range;
 *   PlatformNotSupportedError `reusePort` where Node would ignore it
 * @example An echo, once
 * ```ts
 * import { IPEndPoint, Socket } from '@proactor/core';
 * import { tcp } from '@proactor/tcp';
 *
 * const transport = tcp();
 * const listener = new Socket(transport);
 * listener.bind(IPEndPoint.parse('127.0.0.1:0'));
 * await listener.listen();
 * const client = await Socket.connect(transport, listener.localEndPoint ?? IPEndPoint.any);
 * const server = await listener.accept();
 *
 * await client.send(new TextEncoder().encode('hello'));
 * const buffer = new Uint8Array(1024);
 * const bytes = await server.receive(buffer);
 * console.log(new TextDecoder().decode(buffer.subarray(0, bytes))); // hello
 * for (const socket of [client, server, listener]) socket.close();
 * ```
 */
export function tcp(options?: TcpOptions): Transport {
  return tcpReading('onread', options);
}

/** The same, with the way of reading chosen: tests run both. */
export function tcpReading(reading: Reading, options?: TcpOptions): Transport {
  const settings = readTcpOptions(options);
  const context: ChannelContext = { runtime: platformRuntime, reading };
  return {
    name: 'tcp',
    caps: CAPABILITIES,
    runtime: platformRuntime,
    connect: (to, sink, o) => TcpChannel.connect(to, o.local, sink, settingsOf(settings, o.options), context),
    listen: (at, sink, o) => new TcpListener(at, sink, settingsOf(settings, o.options), context),
    resolve: (name, done) => resolve(name, settings.lookup, done),
    checkOption: (name, value) => void checkOption(name, value),
  };
}

const CAPABILITIES: Capabilities = /* @__PURE__ */ Object.freeze({
  kind: 'stream',
  families: /* @__PURE__ */ Object.freeze(['inet', 'inet6', 'unix']),
  halfClose: true,
  abort: 'reset',
  flow: 'pause',
  keepsContext: true,
  options: SOCKET_OPTIONS,
});
