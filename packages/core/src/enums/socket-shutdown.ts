import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  Receive: 0,
  Send: 1,
  Both: 2,
} as const;

/**
 * Which direction `socket.shutdown()` ends.
 */
export const SocketShutdown: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type SocketShutdown = (typeof values)[keyof typeof values];
