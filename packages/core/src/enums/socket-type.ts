import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  Unknown: -1,
  Stream: 1,
  Dgram: 2,
  Raw: 3,
  Rdm: 4,
  Seqpacket: 5,
} as const;

/**
 * What a socket carries: bytes without boundaries (`Stream`) or datagrams (`Dgram`); the others exist for .NET's sake.
 */
export const SocketType: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type SocketType = (typeof values)[keyof typeof values];
