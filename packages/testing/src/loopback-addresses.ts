/**
 * Who is where on one loopback: claimed addresses, free ports, and whom an address leads to. The rules are the kernel's (Linux 6):
 * wildcards, ports in use, mapped addresses. Knows nothing of connections and datagrams.
 */

import { DnsEndPoint, EndPoint, IPEndPoint, SocketError, SocketException } from '@proactor/core';

/** An address that is held until it is released. */
export interface Claim<Holder> {
  readonly at: EndPoint;
  /** Whether, being `::`, it stands for IPv4 as well. */
  readonly dual: boolean;
  /** Whether others that are shared as well may be there too (`reuseAddress` of datagram ports). */
  readonly shared: boolean;
  /** Who listens there; null = a client is there. */
  holder: Holder | null;
}

/** What a claim is besides its address. */
export type ClaimOptions = Partial<Pick<Claim<unknown>, 'dual' | 'shared'>>;

/** The claims of one network. */
export class LoopbackAddresses<Holder> {
  /** By port for IP addresses, since a wildcard meets every address of its port; else by family and key. */
  readonly #places = new Map<string, Claim<Holder>[]>();
  #portNext = PORT_FIRST;
  #clients = 0;

  /** @throws SocketException AddressAlreadyInUse (EADDRINUSE) */
  claim(wanted: EndPoint, { dual = false, shared = false }: ClaimOptions = {}): Claim<Holder> {
    const at = this.#concrete(wanted instanceof IPEndPoint ? unmapped(wanted) : wanted);
    const claim: Claim<Holder> = { at, dual, shared, holder: null };
    const neighbours = this.#places.get(placeOf(at)) ?? [];
    const meets = (other: Claim<Holder>): boolean => covers(other, at) || covers(claim, other.at);
    if (neighbours.some((other) => !(shared && other.shared) && meets(other))) {
      throw new SocketException(
        SocketError.AddressAlreadyInUse,
        `Cannot use ${String(at)}: address already in use`,
      );
    }
    this.#places.set(placeOf(at), [...neighbours, claim]);
    return claim;
  }

  release(claim: Claim<Holder>): void {
    const place = placeOf(claim.at);
    const others = (this.#places.get(place) ?? []).filter((other) => other !== claim);
    if (others.length > 0) this.#places.set(place, others);
    else this.#places.delete(place);
  }

  /** The listener at that very address, else the one on a wildcard that covers it. */
  find(to: EndPoint): Holder | null {
    const listening = (this.#places.get(placeOf(to)) ?? []).filter((claim) => claim.holder !== null);
    const found =
      listening.find((claim) => isSame(claim.at, to)) ?? listening.find((claim) => covers(claim, to));
    return found?.holder ?? null;
  }

  /** All that hold the port of an IP address, whatever their own; else that very address. The oldest first. */
  holdersNear(to: EndPoint): Holder[] {
    const claims = this.#places.get(placeOf(to)) ?? [];
    return claims.flatMap(({ holder }) => (holder === null ? [] : [holder]));
  }

  /**
   * Where a client is that connects to `to`: where it was bound; else 127.0.0.1 or ::1 and a free port; nowhere when it speaks to a
   * Unix-domain path (unnamed, as in the kernel); else a made-up address that is unlike every other one.
   */
  claimClient(to: EndPoint, bound: EndPoint | undefined): Claim<Holder> | null {
    if (bound !== undefined) return this.claim(boundFor(to, bound));
    if (to instanceof IPEndPoint) return this.claim(new IPEndPoint(loopbackOf(to), 0));
    if (to.family === 'unix') return null;
    this.#clients += 1;
    return this.claim(new LoopbackEndPoint(`client:${this.#clients}`));
  }

  #concrete(at: EndPoint): EndPoint {
    if (at instanceof IPEndPoint && at.port === 0) {
      return this.#freePort((port) => new IPEndPoint(at.address, port));
    }
    if (at instanceof DnsEndPoint && at.port === 0) {
      return this.#freePort((port) => new DnsEndPoint(at.host, port, at.addressFamily));
    }
    return at;
  }

  /** Counts up and starts over, so that the same program gets the same ports and none soon again. */
  #freePort(make: (port: number) => EndPoint): EndPoint {
    for (let tried = PORT_FIRST; tried <= PORT_LAST; tried += 1) {
      const at = make(this.#portNext);
      this.#portNext = this.#portNext === PORT_LAST ? PORT_FIRST : this.#portNext + 1;
      if (!this.#places.has(placeOf(at))) return at;
    }
    throw new SocketException(
      SocketError.AddressAlreadyInUse,
      `Cannot find a free port: ${PORT_FIRST} to ${PORT_LAST} are all in use`,
    );
  }
}

/** The address that a connection goes to: a wildcard means this host, a mapped address is the IPv4 address it maps. */
export function targetOf(to: EndPoint): EndPoint {
  if (!(to instanceof IPEndPoint)) return to;
  const plain = unmapped(to);
  return isWildcard(plain) ? new IPEndPoint(loopbackOf(plain), plain.port) : plain;
}

/** Where something that goes from `at` to `to` comes from: in place of a wildcard, this host as `to` knows it. */
export function sourceOf(at: EndPoint, to: EndPoint): EndPoint {
  if (!(at instanceof IPEndPoint) || !isWildcard(at)) return at;
  return new IPEndPoint(loopbackOf(to instanceof IPEndPoint ? to : at), at.port);
}

/** How an end whose family is IPv6 sees an IPv4 address: mapped. Everything else it sees as it is. */
export function seenBy<At extends EndPoint | null>(family: string, at: At): At | IPEndPoint {
  return family === 'inet6' && at instanceof IPEndPoint && at.family === 'inet'
    ? new IPEndPoint(`::ffff:${at.address}`, at.port)
    : at;
}

/** A client's address where its family has no wording of its own for it. */
class LoopbackEndPoint extends EndPoint {
  readonly family = 'loopback';
  readonly key: string;

  constructor(key: string) {
    super();
    this.key = key;
  }
}

function boundFor(to: EndPoint, bound: EndPoint): EndPoint {
  if (!(to instanceof IPEndPoint) || !(bound instanceof IPEndPoint)) return bound;
  const at = unmapped(bound);
  if (isWildcard(at)) return new IPEndPoint(loopbackOf(to), at.port);
  if (at.family === to.family) return at;
  throw new SocketException(
    SocketError.NetworkUnreachable,
    `Cannot connect from ${String(bound)} to ${String(to)}: families differ`,
  );
}

/** Whether what goes to `other` comes to who is there: its very address, or a wildcard that stands for it. */
export function covers(claim: { readonly at: EndPoint; readonly dual: boolean }, other: EndPoint): boolean {
  const { at, dual } = claim;
  if (isSame(at, other)) return true;
  if (!(at instanceof IPEndPoint) || !(other instanceof IPEndPoint) || !isWildcard(at)) return false;
  return at.family === other.family || (dual && at.family === 'inet6');
}

function isSame(a: EndPoint, b: EndPoint): boolean {
  return a.family === b.family && a.key === b.key;
}

function unmapped(at: IPEndPoint): IPEndPoint {
  const [, address] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(at.address) ?? [];
  return address === undefined ? at : new IPEndPoint(address, at.port);
}

export function isWildcard(at: IPEndPoint): boolean {
  return at.address === '0.0.0.0' || at.address === '::';
}

function loopbackOf(at: IPEndPoint): string {
  return at.family === 'inet' ? '127.0.0.1' : '::1';
}

function placeOf(at: EndPoint): string {
  return at instanceof IPEndPoint ? `port ${at.port}` : `${at.family} ${at.key}`;
}

/** The range that IANA leaves to ephemeral ports. */
const PORT_FIRST = 49_152;
const PORT_LAST = 65_535;
