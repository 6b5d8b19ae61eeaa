/** How large a datagram may be: 65,535 bytes less the headers. Linux counts that of IPv4 into a packet's length, that of IPv6 it does not. */

/** RFC 791: 20 bytes of IPv4 and 8 of UDP. */
export const UNIT_BYTES_MAX_IPV4 = 65_507;
/** RFC 8200: 8 bytes of UDP alone. */
export const UNIT_BYTES_MAX_IPV6 = 65_527;
