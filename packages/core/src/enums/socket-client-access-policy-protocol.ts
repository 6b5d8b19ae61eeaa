import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  Tcp: 0,
  Http: 1,
} as const;

/**
 * A leftover of Silverlight in the old class page; inert, here so that ported code compiles.
 *
 * @deprecated
 */
export const SocketClientAccessPolicyProtocol: Enumeration<typeof values> =
  /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type SocketClientAccessPolicyProtocol = (typeof values)[keyof typeof values];
