import { type Enumeration, enumeration } from './enumeration.ts';

const values = {
  None: 0,
  Accept: 1,
  Connect: 2,
  Disconnect: 3,
  Receive: 4,
  ReceiveFrom: 5,
  ReceiveMessageFrom: 6,
  Send: 7,
  SendPackets: 8,
  SendTo: 9,
} as const;

/**
 * What an operation is, or was. Set when the operation starts (.NET 10).
 */
export const SocketAsyncOperation: Enumeration<typeof values> = /* @__PURE__ */ enumeration(values);
/** One of the values of the object of the same name. */
export type SocketAsyncOperation = (typeof values)[keyof typeof values];
