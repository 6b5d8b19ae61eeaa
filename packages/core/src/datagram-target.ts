/** Which datagrams cannot go where they should, as far as that can be told without asking anyone. Knows nothing of queues and ports. */

import { IPEndPoint, type EndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketError } from './enums/socket-error.ts';
import { unmapped } from './ip-address.ts';
import type { SocketCore } from './socket-core.ts';
import type { Capabilities } from './transport.ts';

/** Why a datagram of so many bytes cannot go there, or Success. Linux's answers, for what needs no system call. */
export function refusedTarget(core: SocketCore, bytes: number, to: EndPoint | null): SocketError {
  if (to !== null && !core.addresses.carries(to)) return SocketError.AddressFamilyNotSupported;
  if (to instanceof IPEndPoint) {
    const six = to.family === 'inet6';
    const family = core.addresses.current;
    if (family === AddressFamily.InterNetwork && six) return SocketError.AddressFamilyNotSupported;
    if (
      family === AddressFamily.InterNetworkV6 &&
      !core.addresses.dualMode &&
      core.addresses.given !== AddressFamily.Unspecified
    ) {
      if (!six || unmapped(to.address) !== null) return SocketError.NetworkUnreachable;
    }
    if (to.port === 0) return SocketError.InvalidArgument;
    if ((unmapped(to.address) ?? to.address) === '255.255.255.255' && core.options['broadcast'] !== true)
      return SocketError.AccessDenied;
  }
  return bytes > unitBytesMax(core.transport.caps, to) ? SocketError.MessageSize : SocketError.Success;
}

/** The largest datagram that goes there; to a mapped address IPv4's. */
function unitBytesMax(
  { unitBytesMax: most, unitBytesMaxOf: less }: Capabilities,
  to: EndPoint | null,
): number {
  if (most === undefined) return Number.POSITIVE_INFINITY;
  if (less === undefined || to === null) return most;
  const mapped = to instanceof IPEndPoint && to.family === 'inet6' && unmapped(to.address) !== null;
  return less[mapped ? 'inet' : to.family] ?? most;
}
