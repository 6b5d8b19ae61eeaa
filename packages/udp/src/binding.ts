/**
 * Binds `dgram` sockets inside the call. It owns that a socket has a port of its own choosing, not one that the system may take back, and
 * which further sockets a wildcard takes to know where datagrams were sent. It knows nothing of what goes through them.
 */

import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { type EndPoint, IPEndPoint, type IPPacketInformation, NotSupportedError } from '@proactor/core';
import { literalLookup } from './literal-lookup.ts';
import { informationAt, isWildcard, localAddresses } from './packet-info.ts';
import { sourceEndPoint } from './source-end-points.ts';
import type { UdpSettings } from './udp-options.ts';

/** A socket that hears for one local address, beside the one on the wildcard, and what is known of all that it hears. */
export interface Beside {
  readonly socket: Socket;
  readonly info: IPPacketInformation;
}

/**
 * A socket, bound when this returns.
 *
 * @throws NotSupportedError an end point that is no IP address; what the system says (EADDRINUSE, EADDRNOTAVAIL, EACCES…)
 */
export function bindTo(at: EndPoint, settings: UdpSettings): Socket {
  if (!(at instanceof IPEndPoint))
    throw new NotSupportedError(`Cannot bind to ${String(at)}: transport udp takes IP end points`);
  const { packetInfo, reuseAddress, reusePort } = settings;
  if (!packetInfo || !isWildcard(at.address))
    return at.port === 0 ? bindAnyPort(at, settings) : open(at, at.port, settings);
  // Sharing hides that others are there already: asked without it first.
  const asked = (reuseAddress || reusePort) && at.port !== 0;
  return open(at, asked ? at.port : freePort(at, settings), { ...settings, reuseAddress: true });
}

/** For each address that a wildcard stands for a socket of its own: the kernel prefers those for what is sent there. */
export function bindBeside(
  { address: wildcard, port }: IPEndPoint,
  settings: UdpSettings,
): readonly Beside[] {
  const all: Beside[] = [];
  for (const address of localAddresses(wildcard, settings.ipv6Only)) {
    try {
      const socket = open(sourceEndPoint(address, port), port, { ...settings, reuseAddress: true });
      all.push({ socket, info: informationAt(address) });
    } catch {
      // An address that cannot be bound yet, or not any more: the wildcard hears for it.
    }
  }
  return all;
}

/**
 * The system takes a port that it chose itself back at a disconnect (Linux: udp_disconnect without SOCK_BINDPORT_LOCK), and the next connect
 * would come from another. So it is let choose, and then asked for that very one.
 */
function bindAnyPort(at: IPEndPoint, settings: UdpSettings): Socket {
  for (let tries = 1; ; tries++) {
    try {
      return open(at, freePort(at, settings), settings);
    } catch (error) {
      // Somebody else took it in between.
      if (tries === TRIES_MAX || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** The port, or for 0 one that is free; nobody has it when this returns. */
function freePort(at: IPEndPoint, settings: UdpSettings): number {
  const probe = open(at, at.port, settings);
  const free = probe.address().port;
  probe.close();
  return free;
}

function open(at: IPEndPoint, port: number, settings: UdpSettings): Socket {
  const { ipv6Only, reuseAddress: reuseAddr, reusePort } = settings;
  const options: SocketOptions & { reusePort?: boolean } = {
    type: at.family === 'inet' ? 'udp4' : 'udp6',
    lookup: literalLookup,
    reuseAddr,
    ipv6Only,
    ...(reusePort ? { reusePort } : {}),
  };
  const socket = createSocket(options);
  let failure: Error | null = null;
  const failed = (error: Error): void => {
    failure = error;
  };
  socket.on('error', failed);
  // Exclusive: in a worker of a cluster the primary would be asked, and answer later.
  socket.bind({ address: at.address, port, exclusive: true });
  if (failure !== null) {
    socket.close();
    throw failure as Error;
  }
  socket.off('error', failed);
  return socket;
}

/** The chance that two in a row are taken is small. */
const TRIES_MAX = 16;
