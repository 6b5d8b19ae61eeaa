import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  Unknown: -1,
  Unspecified: 0,
  Icmp: 1,
  Tcp: 6,
  Udp: 17,
  IPv6: 41,
  IcmpV6: 58,
  Raw: 255,
} as const;

/**
 * The protocols that sockets are usually asked for, by their IANA numbers.
 */
export const ProtocolType: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type ProtocolType = (typeof values)[keyof typeof values];
