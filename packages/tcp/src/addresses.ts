/** End points as Node wants them to connect and to listen, and as it tells them. */

import { isIP, type ListenOptions, type TcpSocketConnectOpts } from 'node:net';
import {
  ArgumentError,
  type EndPoint,
  IPEndPoint,
  NotSupportedError,
  PlatformNotSupportedError,
  quote,
  SocketError,
  SocketException,
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
    return { path: pathOf(to) };
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
    return { path: pathOf(at), backlog, exclusive };
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
 * The path, if this platform takes it as it is. Core's end point is the same everywhere; here it meets the system, and Node would cut what is
 * too long without a word (uv_pipe_bind and uv_pipe_connect, libuv 1.46 to 1.52): two names would be one socket.
 *
 * @throws SocketException InvalidArgument
 */
export function pathOf({ path }: UnixDomainSocketEndPoint, platform: string = process.platform): string {
  const why = platform === 'win32' ? problemOfPipe(path) : problemOfPath(path, platform);
  if (why !== null)
    throw new SocketException(SocketError.InvalidArgument, `Cannot use socket path ${quote(path)}: ${why}`);
  return path;
}

/** CreateNamedPipe of Windows: the whole name is at most 256 characters. Node knows no Unix sockets there. */
function problemOfPipe(path: string): string | null {
  if (!/^\\\\[.?]\\pipe\\./i.test(path)) return 'on Windows it is the name of a pipe, \\\\.\\pipe\\ and more';
  return path.length <= PIPE_NAME_MAX ? null : `the name of a pipe has at most ${PIPE_NAME_MAX} characters`;
}

/** The room in `sun_path`, less the NUL at its end: 108 bytes on Linux (unix(7)), 104 on macOS and the BSDs. */
function problemOfPath(path: string, platform: string): string | null {
  const max = platform === 'linux' || platform === 'android' ? 107 : 103;
  return Buffer.byteLength(path) <= max ? null : `it is longer than the ${max} bytes that this system takes`;
}

const PIPE_NAME_MAX = 256;

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

/** Whether it stands for every address of this machine, so that a connection's own is another. */
export function isWildcard(endPoint: EndPoint): boolean {
  return endPoint instanceof IPEndPoint && (endPoint.address === '0.0.0.0' || endPoint.address === '::');
}
