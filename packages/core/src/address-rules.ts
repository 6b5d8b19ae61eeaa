/**
 * Which end points a socket can use, and how it writes them: the families of its transport, .NET's rules for a given family, dual mode.
 * Knows nothing of what the socket does with them.
 */

import { type EndPoint, IPEndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { unmapped } from './ip-address.ts';
import type { Capabilities } from './transport.ts';

export class AddressRules {
  /** Unspecified = taken from the first end point. */
  readonly given: AddressFamily;
  readonly dualMode: boolean;
  readonly #families: readonly string[];
  /** The family that was asked for last and that the transport knows: most often it is asked for again. */
  #carried = '';
  #current: AddressFamily;

  constructor(caps: Capabilities, given: AddressFamily | undefined, dualMode: boolean) {
    this.#families = caps.families;
    this.dualMode = dualMode;
    this.given = given ?? (dualMode ? AddressFamily.InterNetworkV6 : AddressFamily.Unspecified);
    this.#current = this.given;
  }

  /** The family now. */
  get current(): AddressFamily {
    return this.#current;
  }

  /** Whether the transport knows end points of this kind. */
  carries(endPoint: EndPoint): boolean {
    const { family } = endPoint;
    if (family === this.#carried) return true;
    if (!this.#families.includes('*') && !this.#families.includes(family)) return false;
    this.#carried = family;
    return true;
  }

  /** Whether the socket can use an end point at all. */
  takes(endPoint: EndPoint): boolean {
    if (!this.carries(endPoint)) return false;
    const family = endPoint.addressFamily;
    if (this.given === AddressFamily.Unspecified) return true;
    if (family === AddressFamily.Unspecified) return !(endPoint instanceof IPEndPoint);
    return this.takesFamily(family);
  }

  /** Whether it can use addresses of a family, as far as a given one decides that. */
  takesFamily(family: AddressFamily): boolean {
    const any = family === AddressFamily.Unspecified || this.given === AddressFamily.Unspecified;
    return any || family === this.given || (this.dualMode && family === AddressFamily.InterNetwork);
  }

  /** On a dual-mode socket an IPv4 end point as its mapped IPv6 one; else itself. */
  mapped(endPoint: EndPoint): EndPoint {
    if (!this.dualMode || !(endPoint instanceof IPEndPoint) || endPoint.family === 'inet6') return endPoint;
    return new IPEndPoint(`::ffff:${endPoint.address}`, endPoint.port);
  }

  /** The first end point decides, where no family was given. */
  adopt(endPoint: EndPoint): void {
    if (this.given === AddressFamily.Unspecified) this.#current = endPoint.addressFamily;
  }

  /** An accepted connection is of its listener's family. */
  follow(listener: AddressRules): void {
    this.#current = listener.#current;
  }

  /** A connect has failed, or the socket is as new. */
  release(): void {
    this.#current = this.given;
  }

  /** Every address of the family, any port. */
  wildcardFor(target: EndPoint): IPEndPoint {
    const family = this.#current === AddressFamily.Unspecified ? target.addressFamily : this.#current;
    return this.dualMode || family === AddressFamily.InterNetworkV6 ? IPEndPoint.ipv6Any : IPEndPoint.any;
  }

  /** Whether `ipv6Only` goes with this target; undefined = nothing is said. */
  ipv6Only(target: EndPoint): boolean | undefined {
    if (this.given !== AddressFamily.InterNetworkV6) return undefined;
    return !this.dualMode && !(target instanceof IPEndPoint && unmapped(target.address) !== null);
  }
}
