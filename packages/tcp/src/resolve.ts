/** A name into end points, by node:dns or a look-up of the user's. It trusts no look-up: one answer comes of it, whatever it does. */

import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { domainToASCII } from 'node:url';
import { AddressFamily, type DnsEndPoint, type EndPoint, SocketError, SocketException } from '@proactor/core';
import { ipEndPointOf } from './addresses.ts';

type Done = (error: unknown, found: readonly EndPoint[]) => void;

/** Calls `done` once, with the addresses in the order in which the resolver gives them. */
export function resolve(name: DnsEndPoint, lookup: LookupFunction | null, done: Done): void {
  const { host } = name;
  if (isIP(host) !== 0) return answer(name, [{ address: host }], done);
  const problem = problemOf(host);
  if (problem !== null) return done(failure(SocketError.InvalidArgument, host, problem), []);
  let answered = false;
  try {
    // verbatim is Node's own default since 17, but dns.setDefaultResultOrder() can change that.
    const options = { all: true, verbatim: true, family: FAMILY_NUMBERS[name.addressFamily] ?? 0 };
    (lookup ?? dnsLookup)(host, options, (error: unknown, addresses: unknown) => {
      if (answered) return;
      answered = true;
      if (error !== null && error !== undefined) done(error, []);
      else answer(name, Array.isArray(addresses) ? addresses : [{ address: addresses }], done);
    });
  } catch (error) {
    if (answered) throw error; // it came out of done()
    answered = true;
    done(error, []);
  }
}

function answer(name: DnsEndPoint, entries: readonly unknown[], done: Done): void {
  const all = name.addressFamily === AddressFamily.Unspecified;
  const found: EndPoint[] = [];
  for (const entry of entries) {
    const address: unknown =
      typeof entry === 'object' && entry !== null && 'address' in entry ? entry.address : null;
    const endPoint = ipEndPointOf(address, name.port);
    if (endPoint !== null && (all || endPoint.addressFamily === name.addressFamily)) found.push(endPoint);
  }
  if (found.length > 0) done(null, found);
  else done(failure(SocketError.HostNotFound, name.host, 'the look-up gave no address that can be used'), []);
}

function failure(error: SocketError, host: string, why: string): SocketException {
  return new SocketException(error, `Cannot resolve ${JSON.stringify(host.substring(0, 80))}: ${why}`);
}

const FAMILY_NUMBERS: Readonly<Record<number, 4 | 6>> = {
  [AddressFamily.InterNetwork]: 4,
  [AddressFamily.InterNetworkV6]: 6,
};

/**
 * Why a host must not reach a resolver. getaddrinfo stops at a NUL and reads `127.1`, `0x7f.1` and `2130706433` as 127.0.0.1 (glibc;
 * Node 20), so a check of the name and the connection would not mean the same host.
 */
function problemOf(host: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(host)) return 'it has a blank or a control character';
  const ascii = /^[\u0021-\u007e]*$/.test(host) ? host : domainToASCII(host);
  const labels = (ascii.endsWith('.') ? ascii.substring(0, ascii.length - 1) : ascii).split('.');
  if (ascii.length > HOST_LENGTH_MAX + 1) return `it is longer than ${HOST_LENGTH_MAX} characters`;
  if (labels.some((label) => label === '' || label.length > LABEL_LENGTH_MAX)) {
    return `a part of it is empty or longer than ${LABEL_LENGTH_MAX} characters`;
  }
  if (/^(?:\d+|0x[\da-f]*)$/i.test(labels.at(-1) ?? ''))
    return 'it is a number, and no address that all read the same way';
  return null;
}

/** RFC 1035, section 2.3.4. */
const HOST_LENGTH_MAX = 253;
const LABEL_LENGTH_MAX = 63;
