/** The door: options in, a Transport out. It owns what is said once for all sockets; sockets are the channel's. */

import { type Capabilities, platformRuntime, type Transport } from '@proactor/core';
import { resolve } from './resolve.ts';
import { UdpChannel } from './udp-channel.ts';
import { checkOption, readUdpOptions, settingsOf, SOCKET_OPTIONS, type UdpOptions } from './udp-options.ts';
import { UNIT_BYTES_MAX_IPV4, UNIT_BYTES_MAX_IPV6 } from './unit-sizes.ts';

/**
 * Datagrams over `node:dgram`: UDP on IPv4 and IPv6, multicast and broadcast.
 *
 * End points are `IPEndPoint`, and `DnsEndPoint` for connects. A datagram comes whole, or is cut with `SocketFlags.Truncated`; those that nobody
 * waits for are kept up to a bound, then dropped and counted; every send tells what became of it, as far as this host knows.
 *
 * @param options the defaults of its sockets; own properties only
 * @throws ArgumentError an option of an unknown name or the wrong type; ArgumentOutOfRangeError a number out of range;
 *   PlatformNotSupportedError `reusePort` where Node would ignore it
 * @example A question and its answer
 * ```ts
 * import { IPEndPoint, Socket } from '@proactor/core';
 * import { udp } from '@proactor/udp';
 *
 * const transport = udp();
 * const server = new Socket(transport);
 * server.bind(IPEndPoint.parse('127.0.0.1:0')); // bound at once, or it throws
 * const client = await Socket.connect(transport, server.localEndPoint ?? IPEndPoint.any);
 *
 * await client.send(new TextEncoder().encode('who is there?'));
 * const buffer = new Uint8Array(1_500);
 * const { bytes, remoteEndPoint } = await server.receiveFrom(buffer);
 * await server.sendTo(buffer.subarray(0, bytes), remoteEndPoint);
 * console.log(await client.receive(buffer)); // 13
 * for (const socket of [client, server]) socket.close();
 * ```
 */
export function udp(options?: UdpOptions): Transport {
  const settings = readUdpOptions(options);
  return {
    name: 'udp',
    caps: CAPABILITIES,
    runtime: platformRuntime,
    bind: (at, sink, o) => new UdpChannel(at, sink, settingsOf(settings, o.options)),
    resolve: (name, done) => resolve(name, settings.lookup, done),
    checkOption,
  };
}

const CAPABILITIES: Capabilities = /* @__PURE__ */ Object.freeze({
  kind: 'datagram',
  families: /* @__PURE__ */ Object.freeze(['inet', 'inet6']),
  halfClose: false,
  abort: 'silent',
  flow: 'none',
  unitBytesMax: UNIT_BYTES_MAX_IPV6,
  unitBytesMaxOf: /* @__PURE__ */ Object.freeze({ inet: UNIT_BYTES_MAX_IPV4 }),
  options: SOCKET_OPTIONS,
  keepsContext: true,
});
