import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  Unknown: -1,
  Unspecified: 0,
  Unix: 1,
  InterNetwork: 2,
  InterNetworkV6: 23,
} as const;

/**
 * Which addresses an end point or a socket speaks: .NET's numbers.
 */
export const AddressFamily: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type AddressFamily = (typeof values)[keyof typeof values];
