/** IP addresses as text: read strictly, written canonically (RFC 5952). Knows nothing of ports or end points. */

/** What {@linkcode readIPAddress} finds. */
export interface IPAddressText {
  readonly family: 'inet' | 'inet6';
  /** Canonical: equal addresses have equal texts. */
  readonly text: string;
}

/**
 * Reads an address: four decimal numbers, or RFC 4291's forms with an optional zone (`fe80::1%eth0`). Short forms (`127.1`), other
 * bases and leading zeros are refused, since readers disagree about them. Null when it is none.
 */
export function readIPAddress(address: string): IPAddressText | null {
  if (FOUR.test(address)) return { family: 'inet', text: address };
  const percent = address.indexOf('%');
  const zone = percent < 0 ? '' : address.substring(percent);
  if (percent >= 0 && !/^%[\w.~-]+$/.test(zone)) return null;
  const groups = readGroups(percent < 0 ? address : address.substring(0, percent));
  return groups === null ? null : { family: 'inet6', text: writeGroups(groups) + zone };
}

/** The IPv4 address inside a mapped one (`::ffff:a.b.c.d`), or null. */
export function unmapped(address: string): string | null {
  const groups = address.startsWith('::ffff:') ? readGroups(address) : null;
  return groups === null || !isMapped(groups) ? null : fourOf(groups);
}

/** Four numbers up to 255 without leading zeros: canonical as it stands. */
const FOUR = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|$)){4}$/;

function readFour(address: string): number[] | null {
  return FOUR.test(address) ? address.split('.').map(Number) : null;
}

function readGroups(address: string): number[] | null {
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const last = (tail ?? head)?.at(-1);
  if (last?.includes('.')) {
    const four = readFour(last);
    if (four === null) return null;
    const [a = 0, b = 0, c = 0, d = 0] = four;
    (tail ?? head)?.splice(-1, 1, ((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  const known = (head?.length ?? 0) + (tail?.length ?? 0);
  if (tail === undefined ? known !== 8 : known > 7) return null;
  const texts =
    tail === undefined ? (head ?? []) : [...(head ?? []), ...Array<string>(8 - known).fill('0'), ...tail];
  const groups = texts.map((text) => (/^[\da-f]{1,4}$/i.test(text) ? Number.parseInt(text, 16) : -1));
  return groups.includes(-1) ? null : groups;
}

function writeGroups(groups: readonly number[]): string {
  // .NET writes the four numbers only where the first two are not both 0.
  if (isMapped(groups) && groups[6] !== 0) return `::ffff:${fourOf(groups)}`;
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.filter((_, i) => i < start).join(':')}::${hex.filter((_, i) => i >= start + length).join(':')}`;
}

function isMapped(groups: readonly number[]): boolean {
  return groups.every((group, i) => (i < 5 ? group === 0 : i > 5 || group === 0xffff));
}

function fourOf(groups: readonly number[]): string {
  const [high = 0, low = 0] = [groups[6], groups[7]];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
