import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  UseDefaultWorkerThread: 0,
  Disconnect: 1,
  ReuseSocket: 2,
  WriteBehind: 4,
  UseSystemThread: 16,
  UseKernelApc: 32,
} as const;

/**
 * How SendPackets ends. Only `Disconnect` and `ReuseSocket` mean something; the rest are accepted and ignored, as .NET does on Unix.
 */
export const TransmitFileOptions: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** Any combination of the bits of {@linkcode TransmitFileOptions}; a plain number, so that they can be or-ed. */
export type TransmitFileOptions = number;
