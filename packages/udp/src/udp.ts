/**
 * The door of the datagram transport: its options and the function that makes it.
 *
 * This version refuses, by name and at once: a program that was written for datagrams should learn so where it asks
 * for the transport, and not from a socket that stays silent.
 */
import { NotSupportedError, type Transport } from '@proactor/core';

/** What a datagram transport can be told. All of it is optional. */
export interface UdpOptions {
  /**
   * Resolves a host name to its addresses, in the shape of `dns.lookup`. Default: `dns.lookup`. IP literals are never
   * looked up.
   */
  readonly lookup?: UdpLookup | undefined;
  /** Bytes of datagrams kept for a socket while nobody receives; beyond that the newest is dropped and counted. */
  readonly inboxBytesMax?: number | undefined;
  /** Datagrams kept for a socket while nobody receives; beyond that the newest is dropped and counted. */
  readonly inboxUnitsMax?: number | undefined;
  /**
   * Whether a socket bound to a wildcard address should tell each datagram's true destination and interface, at the
   * price of one descriptor for each local address. Default: false.
   */
  readonly packetInfo?: boolean | undefined;
}

/** A name lookup in the shape of Node's `dns.lookup` with `all: true`. */
export type UdpLookup = (
  hostname: string,
  options: { readonly all: true; readonly family: 0 | 4 | 6 },
  done: (
    error: Error | null,
    addresses: readonly { readonly address: string; readonly family: number }[],
  ) => void,
) => void;

/**
 * Makes the datagram transport over `node:dgram`.
 *
 * Datagrams come in a later version. Until then the name, the options and the package are here, so that programs can
 * be written and type-checked, and the call throws.
 *
 * @param _options defaults for the sockets of this transport; not looked at yet
 * @throws {NotSupportedError} always, in this version
 */
export function udp(_options?: UdpOptions): Transport {
  throw new NotSupportedError(
    'Cannot make the udp transport: datagrams come in a later version of @proactor/udp',
  );
}
