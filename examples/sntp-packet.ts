/**
 * The packet of SNTP (RFC 4330; RFC 5905, section 7.3) as bytes and back: 48 of them, no options. Knows nothing of sockets or clocks.
 *
 * Why no library: what the registry has reads packets and cannot write them, cuts times to milliseconds, or brings a client and its own
 * socket along.
 */

export interface SntpPacket {
  /** 3 = the clock is not set. */
  readonly leap: number;
  readonly version: number;
  /** 3 = client, 4 = server. */
  readonly mode: number;
  /** How far from a reference clock: 1 = it has one, 0 = go away. */
  readonly stratum: number;
  /** Times as milliseconds since 1970; null = not set. When the question left its client, as that has said… */
  readonly originate: number | null;
  /** …when it came, and when this packet left. */
  readonly receive: number | null;
  readonly transmit: number | null;
}

export const SNTP_BYTES = 48;

export function writeSntp(packet: SntpPacket): Uint8Array {
  const bytes = new Uint8Array(SNTP_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (packet.leap << 6) | (packet.version << 3) | packet.mode);
  view.setUint8(1, packet.stratum);
  view.setInt8(3, PRECISION);
  if (packet.stratum === 1) bytes.set(REFERENCE, 12);
  writeTime(view, 24, packet.originate);
  writeTime(view, 32, packet.receive);
  writeTime(view, 40, packet.transmit);
  return bytes;
}

/** Null: too short to be one. Longer ones have an authenticator behind, which is not looked at. */
export function readSntp(bytes: Uint8Array): SntpPacket | null {
  if (bytes.byteLength < SNTP_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  return {
    leap: first >> 6,
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: view.getUint8(1),
    originate: readTime(view, 24),
    receive: readTime(view, 32),
    transmit: readTime(view, 40),
  };
}

/** 32 bits of seconds since 1900, 32 of their fraction. From 2036 on they begin anew (RFC 4330, section 3). */
function writeTime(view: DataView, at: number, ms: number | null): void {
  if (ms === null) return;
  const seconds = Math.floor(ms / 1_000);
  view.setUint32(at, (seconds + SECONDS_1900_TO_1970) % ERA_SECONDS);
  view.setUint32(at + 4, Math.floor(((ms - seconds * 1_000) / 1_000) * 2 ** 32));
}

function readTime(view: DataView, at: number): number | null {
  const seconds = view.getUint32(at);
  const fraction = view.getUint32(at + 4);
  if (seconds === 0 && fraction === 0) return null;
  const era = seconds < 2 ** 31 ? ERA_SECONDS : 0; // before 1968 is after 2036
  return (seconds + era - SECONDS_1900_TO_1970) * 1_000 + (fraction / 2 ** 32) * 1_000;
}

const SECONDS_1900_TO_1970 = 2_208_988_800;
const ERA_SECONDS = 2 ** 32;
/** `LOCL`: a clock of its own, which nothing corrects. */
const REFERENCE: readonly number[] = [0x4c, 0x4f, 0x43, 0x4c];
/** A clock that counts milliseconds: 2 to the -10 seconds. */
const PRECISION = -10;
