import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  None: 0,
  OutOfBand: 1,
  Peek: 2,
  DontRoute: 4,
  Truncated: 0x100,
  ControlDataTruncated: 0x200,
  Broadcast: 0x400,
  Multicast: 0x800,
  Partial: 0x8000,
} as const;

/**
 * Bits that go with one operation, in and out: every completion overwrites `args.socketFlags` with what was received,
 * so set `Peek` again before each use (.NET's own trap).
 */
export const SocketFlags: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** Any combination of the bits of {@linkcode SocketFlags}; a plain number, so that they can be or-ed. */
export type SocketFlags = number;
