import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  SelectRead: 0,
  SelectWrite: 1,
  SelectError: 2,
} as const;

/**
 * What `socket.poll()` asks about.
 */
export const SelectMode: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type SelectMode = (typeof values)[keyof typeof values];
