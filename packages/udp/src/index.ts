export { udp, type UdpLookup, type UdpOptions } from './udp.ts';
