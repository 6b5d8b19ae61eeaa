/**
 * Who sent a datagram, as an end point: made once for each sender and kept, so that a datagram from a known one allocates nothing. One
 * table for the process; a sender whose place another takes is made again.
 */

import { IPEndPoint } from '@proactor/core';

/** The end point of an address as Node tells it. */
export function sourceEndPoint(address: string, port: number): IPEndPoint {
  const last = address.length - 1;
  const place =
    (port ^ (address.charCodeAt(last) * 31) ^ (address.charCodeAt(last - 1) * 1_021)) & (PLACES - 1);
  const known = kept[place];
  if (known !== undefined && known.port === port && said[place] === address) return known;
  const made = endPointOf(address, port);
  kept[place] = made;
  said[place] = address;
  return made;
}

/** Node writes zones that core does not take, an interface called `eth0@if5` for one: those go without. */
function endPointOf(address: string, port: number): IPEndPoint {
  const zone = address.indexOf('%');
  if (zone < 0 || /^%[\w.~-]+$/.test(address.substring(zone))) return new IPEndPoint(address, port);
  return new IPEndPoint(address.substring(0, zone), port);
}

/** A power of two. Full, the table holds about 200 KB. */
const PLACES = 1_024;
const kept: (IPEndPoint | undefined)[] = /* @__PURE__ */ new Array<IPEndPoint | undefined>(PLACES);
/** The addresses in Node's spelling, which need not be the canonical one. */
const said: string[] = /* @__PURE__ */ new Array<string>(PLACES);
