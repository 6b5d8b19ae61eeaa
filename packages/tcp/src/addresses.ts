/** End points as Node wants them to connect and to listen, and as it tells them. */

import { isIP, type ListenOptions, type TcpSocketConnectOpts } from 'node:net';
import {
  ArgumentError,
  type EndPoint,
  IPEndPoint,
  NotSupportedError,
  PlatformNotSupportedError,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import type { TcpSettings } from './tcp-options.ts';

/** @throws NotSupportedError, ArgumentError, PlatformNotSupportedError end points that do not fit tcp, each other, or Node */
export function connectOptions(
  to: EndPoint,
  local: EndPoint | undefined,
): TcpSocketConnectOpts | { readonly path: string } {
  if (to instanceof UnixDomainSocketEndPoint) {
    if (local !== undefined) {
      throw new PlatformNotSupportedError(
        `Cannot bind ${String(local)}: Node connects Unix domain sockets without a name`,
      );
    }
    return { path: to.path };
  }
  if (!(to instanceof IPEndPoint)) {
    throw new NotSupportedError(
      `Cannot connect to ${String(to)}: transport tcp takes IP and Unix domain socket end points`,
    );
  }
  // One address, no race: core tries several in turn.
  const where = { host: to.address, port: to.port, autoSelectFamily: false };
  if (local === undefined) return where;
  if (!(local instanceof IPEndPoint) || local.family !== to.family) {
    throw new ArgumentError(`Cannot connect ${String(local)} to ${String(to)}: want one family`, 'remoteEP');
  }
  return { ...where, localAddress: local.address, localPort: local.port };
}

/** @throws NotSupportedError an end point or an option that does not fit */
export function listenOptions(at: EndPoint, settings: TcpSettings): ListenOptions {
  const { backlog, exclusive } = settings;
  if (at instanceof UnixDomainSocketEndPoint) {
    if (settings.reusePort)
      throw new NotSupportedError('Cannot listen: a Unix domain socket has no reusePort');
    return { path: at.path, backlog, exclusive };
  }
  if (!(at instanceof IPEndPoint)) {
    throw new NotSupportedError(
      `Cannot listen at ${String(at)}: transport tcp takes IP and Unix domain socket end points`,
    );
  }
  const { ipv6Only, reusePort } = settings;
  const options: ListenOptions & { reusePort: boolean } = {
    host: at.address,
    port: at.port,
    ipv6Only,
    reusePort,
    backlog,
    exclusive,
  };
  return options;
}

/**
 * An address as Node tells it. Null for what is none, and where Node does not know one (any more): before a connect, after the close, and when the peer was gone
 * before the accept.
 */
export function ipEndPointOf(address: unknown, port: number | undefined): IPEndPoint | null {
  if (typeof address !== 'string' || port === undefined || isIP(address) === 0) return null;
  try {
    return new IPEndPoint(address, port);
  } catch {
    return null; // Node takes zones that core does not
  }
}
