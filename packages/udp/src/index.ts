export { udp } from './udp.ts';
export type { UdpOptions } from './udp-options.ts';
