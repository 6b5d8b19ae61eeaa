/**
 * Binds `dgram` sockets inside the call. It owns that a socket has a port of its own choosing, not one that the system may take back, and
 * which further sockets a wildcard takes to know where datagrams were sent. It knows nothing of what goes through them.
 */

import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { type EndPoint, IPEndPoint, NotSupportedError } from '@proactor/core';
import { literalLookup } from './literal-lookup.ts';
import { informationAt, isWildcard, localAddresses, NOT_KNOWN } from './packet-info.ts';
import { sourceEndPoint } from './source-end-points.ts';
import type { UdpSettings } from './udp-options.ts';
import type { IPPacketInformation } from '@proactor/core';

/** A bound socket of Node, and what is known of all that it hears. */
export interface Bound {
  readonly socket: Socket;
  /** Null: bound to an address, and not asked for yet. */
  readonly info: IPPacketInformation | null;
}

/**
 * Sockets bound to an address; the first is the one that sends.
 *
 * @throws NotSupportedError an end point that is no IP address; what the system says (EADDRINUSE, EADDRNOTAVAIL, EACCES…)
 */
export function bindTo(at: EndPoint, settings: UdpSettings): readonly Bound[] {
  if (!(at instanceof IPEndPoint))
    throw new NotSupportedError(`Cannot bind to ${String(at)}: transport udp takes IP end points`);
  const shares = settings.reuseAddress || settings.reusePort;
  const wildcard = isWildcard(at.address);
  if (!wildcard || !settings.packetInfo) {
    const socket = at.port === 0 ? bindAnyPort(at, settings) : open(at, at.port, settings);
    return [{ socket, info: wildcard ? NOT_KNOWN : null }];
  }
  // Sharing hides that others are there already: asked without it first.
  const port =
    shares && at.port !== 0 ? at.port : freePort(at, at.port, { ...settings, reuseAddress: false });
  return bindEach(at, port, { ...settings, reuseAddress: true });
}

/** The wildcard, and beside it every address that it stands for: the kernel prefers those for what is sent to them. */
function bindEach(at: IPEndPoint, port: number, settings: UdpSettings): readonly Bound[] {
  const all: Bound[] = [{ socket: open(at, port, settings), info: NOT_KNOWN }];
  for (const address of localAddresses(at.address, settings.ipv6Only)) {
    try {
      const socket = open(sourceEndPoint(address, port), port, settings);
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
      return open(at, freePort(at, 0, settings), settings);
    } catch (error) {
      // Somebody else took it in between.
      if (tries === TRIES_MAX || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** The port, or one that is free; nobody has it when this returns. */
function freePort(at: IPEndPoint, port: number, settings: UdpSettings): number {
  const probe = open(at, port, settings);
  const free = probe.address().port;
  probe.close();
  return free;
}

/** A socket, bound when this returns. */
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
