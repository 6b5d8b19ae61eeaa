import type { IPPacketInformation } from './transport.ts';

/** What is told where a transport knows neither the destination address nor the interface. .NET: default(IPPacketInformation). */
export const NO_PACKET_INFORMATION: IPPacketInformation = /* @__PURE__ */ Object.freeze({
  address: null,
  interface: 0,
});
