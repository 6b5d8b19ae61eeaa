/** A name into end points, by node:dns or a look-up of the user's. Which names are asked about, and which answers fit, core decides. */

import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { AddressFamily, type DnsEndPoint, type EndPoint, IPEndPoint } from '@proactor/core';

/** Calls `done` with the addresses in the order in which the resolver gives them; what is no address is passed over. */
export function resolve(
  { host, port, addressFamily }: DnsEndPoint,
  lookup: LookupFunction | null,
  done: (error: unknown, found: readonly EndPoint[]) => void,
): void {
  // verbatim is Node's own default since 17, but dns.setDefaultResultOrder() can change that.
  const options = { all: true, verbatim: true, family: FAMILY_NUMBERS[addressFamily] ?? 0 };
  (lookup ?? dnsLookup)(host, options, (error: unknown, addresses: unknown) => {
    if (error !== null && error !== undefined) return done(error, []);
    const entries: readonly unknown[] = Array.isArray(addresses) ? addresses : [{ address: addresses }];
    done(
      null,
      entries.flatMap((entry) => {
        const address =
          typeof entry === 'object' && entry !== null && 'address' in entry ? entry.address : null;
        return typeof address === 'string' && isIP(address) !== 0 ? [new IPEndPoint(address, port)] : [];
      }),
    );
  });
}

const FAMILY_NUMBERS: Readonly<Record<number, 4 | 6>> = {
  [AddressFamily.InterNetwork]: 4,
  [AddressFamily.InterNetworkV6]: 6,
};
