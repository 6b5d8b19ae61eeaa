/** Which multicast groups one datagram port has joined, with the kernel's errors (Linux 6). Knows nothing of ports or delivery. */

import {
  ArgumentError,
  type EndPoint,
  IPEndPoint,
  type MulticastGroup,
  SocketError,
  SocketException,
} from '@proactor/core';

export class MulticastGroups {
  /** By group; what it is joined for: any source (`null`), or these. */
  readonly #joined = new Map<string, Set<string | null>>();

  /** @throws ArgumentError `value`; SocketException InvalidArgument for what is no group, AddressAlreadyInUse when it is a member */
  join(wanted: MulticastGroup): void {
    const { group, source } = read(wanted);
    const sources = this.#joined.get(group) ?? new Set();
    if (sources.has(source)) {
      throw new SocketException(SocketError.AddressAlreadyInUse, `Cannot join ${group}: already a member`);
    }
    this.#joined.set(group, sources.add(source));
  }

  /** @throws ArgumentError `value`; SocketException InvalidArgument for what is no group, AddressNotAvailable when it is no member */
  leave(wanted: MulticastGroup): void {
    const { group, source } = read(wanted);
    const sources = this.#joined.get(group);
    if (sources?.delete(source) !== true) {
      throw new SocketException(SocketError.AddressNotAvailable, `Cannot leave ${group}: not a member`);
    }
    if (sources.size === 0) this.#joined.delete(group);
  }

  /** Whether it is a member for what comes from there. */
  hears(group: string, from: EndPoint): boolean {
    const sources = this.#joined.get(group);
    if (sources === undefined) return false;
    return sources.has(null) || (from instanceof IPEndPoint && sources.has(from.address));
  }
}

/** 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291). */
export function isMulticast(at: EndPoint): boolean {
  return at instanceof IPEndPoint && /^(?:2(?:2[4-9]|3\d)\.|ff[\da-f]{2}:)/.test(at.address);
}

function read(wanted: MulticastGroup): { group: string; source: string | null } {
  const group = addressOf(wanted.group);
  if (!isMulticast(group)) {
    throw new SocketException(
      SocketError.InvalidArgument,
      `Cannot use group ${group.address}: not multicast`,
    );
  }
  const source = wanted.source === undefined ? null : addressOf(wanted.source).address;
  return { group: group.address, source };
}

function addressOf(text: string): IPEndPoint {
  try {
    return new IPEndPoint(text, 0);
  } catch {
    throw new ArgumentError(`Cannot read multicast address: ${String(text)}`, 'value');
  }
}
