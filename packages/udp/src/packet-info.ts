/**
 * Where a datagram was sent to, as far as the socket that heard it tells: Node gives no packet information, but a socket that is bound to
 * an address hears only what was sent there. Also which interfaces and addresses this host has.
 */

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { IPEndPoint, type IPPacketInformation } from '@proactor/core';

/** Told of what a wildcard address has heard. .NET: default(IPPacketInformation). */
export const NOT_KNOWN: IPPacketInformation = /* @__PURE__ */ Object.freeze({ address: null, interface: 0 });

/** Of all that a socket bound to this address hears. Asks the system; so once a socket. */
export function informationAt(address: string): IPPacketInformation {
  return Object.freeze({ address, interface: interfaceIndexOf(address) });
}

/** Whether an address stands for every one of this host: of its family, or (`::`) of both. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === MAPPED_WILDCARD;
}

/** The addresses that a wildcard stands for, written as a socket of its family sees them. */
export function localAddresses(wildcard: string, ipv6Only: boolean): string[] {
  const found: string[] = [];
  for (const { address, family, scopeid, name } of everyAddress()) {
    if (family === 'IPv4') {
      if (wildcard === '0.0.0.0') found.push(address);
      else if (!ipv6Only) found.push(`::ffff:${address}`);
    } else if (wildcard === '::') {
      found.push((scopeid ?? 0) > 0 ? `${address}%${name}` : address);
    }
  }
  return found;
}

/** An interface as Node wants it for multicast: its IPv4 address, or its name as a zone. A name will do, and so will what Node takes. */
export function multicastInterface(family: 'inet' | 'inet6', given: string): string {
  const all = networkInterfaces();
  const own = Object.hasOwn(all, given) ? all[given] : undefined;
  if (own === undefined) return given;
  if (family === 'inet6') return `::%${given}`;
  return own.find((one) => one.family === 'IPv4')?.address ?? given;
}

/**
 * An address whose zone is a name or a number of an interface, with the name: libuv takes a zone that it does not know for none (1.46), and a
 * number for a name. Null: this host has no such interface.
 */
export function withKnownZone(address: string): string | null {
  const [plain = '', zone = ''] = address.split('%');
  for (const { name, scopeid } of everyAddress())
    if (name === zone || (scopeid !== undefined && scopeid > 0 && String(scopeid) === zone))
      return `${plain}%${name}`;
  return null;
}

/** Linux: what /sys tells (Node 20 has no index for IPv4 addresses). 0 = not known. */
function interfaceIndexOf(address: string): number {
  const [, four] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const name = interfaceNameOf(four ?? address);
  if (name === null) return 0;
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1')) || 0;
  } catch {
    return 0; // no Linux, or no /sys
  }
}

function interfaceNameOf(address: string): string | null {
  const [plain, zone] = address.split('%');
  if (zone !== undefined) return zone;
  const all = [...everyAddress()];
  const own = all.find((one) => one.address === plain);
  if (own !== undefined) return own.name;
  // Linux: the loopback interface has all of 127.0.0.0/8, and tells of one.
  const loopback = plain?.startsWith('127.') === true && new IPEndPoint(plain, 0).family === 'inet';
  return (loopback && all.find((one) => one.address.startsWith('127.'))?.name) || null;
}

function* everyAddress(): Generator<{
  address: string;
  family: string;
  scopeid?: number | undefined;
  name: string;
}> {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const one of addresses ?? []) {
      const scopeid = 'scopeid' in one ? one.scopeid : undefined;
      yield { address: one.address, family: one.family, scopeid, name };
    }
  }
}

/** 0.0.0.0, seen by a dual-mode socket. */
const MAPPED_WILDCARD = '::ffff:0:0';
