/** From an end point that may be a name to the addresses that this socket can use, in the resolver's order. */

import { DnsEndPoint, EndPoint, IPEndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketError } from './enums/socket-error.ts';
import { readIPAddress } from './ip-address.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException } from './socket-exception.ts';

/**
 * Calls `done` once, inside the call where nobody needs to be asked: with the addresses, mapped as the socket wants them, or with the
 * reason why there are none (NoData when none of its family was found).
 */
export function resolve(
  core: SocketCore,
  target: EndPoint,
  done: (error: unknown, usable: readonly EndPoint[]) => void,
): void {
  if (!isName(core, target)) return done(null, [core.addresses.mapped(target)]);
  const name = target as DnsEndPoint;
  const literal = readIPAddress(name.host);
  if (literal !== null) return choose(core, name, null, [new IPEndPoint(literal.text, name.port)], done);
  const refused = refusedName(name.host);
  if (refused !== null) return done(refused, []);
  let told = false;
  const answer = (error: unknown, found: unknown): void => {
    if (told) return; // a resolver that calls twice is heard once
    told = true;
    core.engine.enterUpcall();
    try {
      choose(core, name, error, found, done);
    } finally {
      core.engine.leaveUpcall();
    }
  };
  try {
    core.transport.resolve?.(name, answer);
  } catch (error) {
    answer(error, []);
  }
}

/** Of what was found, what the name asks for and the socket can use. What is no list of end points holds none. */
function choose(
  core: SocketCore,
  name: DnsEndPoint,
  error: unknown,
  found: unknown,
  done: (error: unknown, usable: readonly EndPoint[]) => void,
): void {
  if (error !== null && error !== undefined) return done(error, []);
  const wanted = name.addressFamily;
  const usable = (Array.isArray(found) ? found : []).filter(
    (address: unknown): address is EndPoint =>
      address instanceof EndPoint &&
      (wanted === AddressFamily.Unspecified || address.addressFamily === wanted) &&
      core.addresses.takes(address),
  );
  if (usable.length === 0) return done(new SocketException(SocketError.NoData), []);
  done(
    null,
    usable.map((address) => core.addresses.mapped(address)),
  );
}

/** Whether a transport wants this name resolved, rather than taking it as an address of its own. */
export function isName(core: SocketCore, target: EndPoint): boolean {
  return target instanceof DnsEndPoint && core.transport.resolve !== undefined;
}

/**
 * Names that no resolver is asked about: what cannot be a name (RFC 1035's lengths), and what readers disagree about: `localhost\0.evil`
 * is cut by some, and `0x7f.1` or `2130706433` is 127.0.0.1 to inet_aton and a name to others.
 */
function refusedName(host: string): SocketException | null {
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x20\x7f]/.test(host)) return new SocketException(SocketError.InvalidArgument);
  const labels = host.replace(/\.$/, '').split('.');
  const last = labels.at(-1) ?? '';
  const impossible = host.length > 253 || labels.some((label) => label.length > 63 || label === '');
  return impossible || /^(?:\d+|0x[\da-f]*)$/i.test(last)
    ? new SocketException(SocketError.HostNotFound)
    : null;
}
