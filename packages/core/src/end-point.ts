/** Where a socket is or what it talks to: values, compared by family and canonical key. Knows nothing of sockets or transports. */

import { quote } from './quote.ts';
import { AddressFamily } from './enums/address-family.ts';
import { ArgumentError, ArgumentNullError, ArgumentOutOfRangeError } from './errors.ts';
import { readIPAddress } from './ip-address.ts';

/**
 * An address of any kind. Open-ended, as in .NET: a transport may bring its own subclass, which gives `family` and `key`;
 * everything else has a default.
 *
 * Implementors: `key` is canonical, so that equal addresses have equal keys; core never compares objects.
 *
 * @example A transport's own kind of address
 * ```ts
 * import { EndPoint } from '@proactor/core';
 * class Room extends EndPoint {
 *   readonly family = 'room';
 *   constructor(readonly key: string) { super(); }
 * }
 * console.log(new Room('lobby').equals(new Room('lobby')), String(new Room('lobby'))); // true lobby
 * ```
 */
export abstract class EndPoint {
  /** `'inet'`, `'inet6'`, `'unix'`, `'dns'`, or a transport's own word. */
  abstract readonly family: string;
  /** Canonical text of the address within its family. */
  abstract readonly key: string;

  /** .NET's number of the family; Unspecified unless a subclass says otherwise. */
  get addressFamily(): AddressFamily {
    return AddressFamily.Unspecified;
  }

  /** Whether the other is the same address: same family, same key. */
  equals(other: unknown): boolean {
    return other instanceof EndPoint && other.family === this.family && other.key === this.key;
  }

  toString(): string {
    return this.key;
  }
}

/**
 * An IP address and a port. .NET: IPEndPoint.
 *
 * @example
 * ```ts
 * import { IPEndPoint } from '@proactor/core';
 * const here = IPEndPoint.parse('[::1]:7000');
 * console.log(here.address, here.port, String(here)); // ::1 7000 [::1]:7000
 * ```
 */
export class IPEndPoint extends EndPoint {
  readonly family: 'inet' | 'inet6';
  /** Canonical (RFC 5952), with its zone if it has one. */
  readonly address: string;
  /** 0 to 65,535; 0 = any free port when bound. */
  readonly port: number;

  /**
   * @param address an IPv4 or IPv6 address; names belong into a {@linkcode DnsEndPoint}
   * @param port an integer from 0 to 65,535
   * @throws ArgumentNullError `address`; ArgumentError `address` when it is none; ArgumentOutOfRangeError `port`
   */
  constructor(address: string, port: number) {
    super();
    if (address === null || address === undefined) throw new ArgumentNullError('address');
    const found = typeof address === 'string' ? readIPAddress(address) : null;
    if (found === null) throw new ArgumentError(`Cannot read IP address: ${quote(address)}`, 'address');
    checkPort(port);
    this.family = found.family;
    this.address = found.text;
    this.port = port;
  }

  /** 0.0.0.0 port 0: every IPv4 address of this host, any free port. */
  static readonly any: IPEndPoint = /* @__PURE__ */ new IPEndPoint('0.0.0.0', 0);
  /** :: port 0: every address of this host, any free port. */
  static readonly ipv6Any: IPEndPoint = /* @__PURE__ */ new IPEndPoint('::', 0);

  /**
   * Reads `127.0.0.1:7000`, `[::1]:7000`, or an address alone (port 0).
   *
   * @throws ArgumentNullError, ArgumentError `s`
   */
  static parse(text: string): IPEndPoint {
    if (text === null || text === undefined) throw new ArgumentNullError('s');
    const [, six, four, port] =
      /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(typeof text === 'string' ? text : '') ?? [];
    const address = six ?? four ?? text;
    const found = typeof text === 'string' ? readIPAddress(address) : null;
    const bracketed = six !== undefined;
    if (found === null || (bracketed && found.family === 'inet') || Number(port ?? 0) > 65_535) {
      throw new ArgumentError(`Cannot read IP end point: ${quote(text)}`, 's');
    }
    return new IPEndPoint(address, Number(port ?? 0));
  }

  override get addressFamily(): AddressFamily {
    return this.family === 'inet' ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
  }

  /** The same as by family and key, without making the keys: asked for every datagram. */
  override equals(other: unknown): boolean {
    if (other === this) return true;
    if (!(other instanceof IPEndPoint)) return super.equals(other);
    return other.port === this.port && other.address === this.address;
  }

  /** `127.0.0.1:7000` or `[::1]:7000`. */
  get key(): string {
    return this.family === 'inet' ? `${this.address}:${this.port}` : `[${this.address}]:${this.port}`;
  }
}

/**
 * A host name and a port, resolved when it is connected to. .NET: DnsEndPoint.
 *
 * @example
 * ```ts
 * import { DnsEndPoint } from '@proactor/core';
 * console.log(String(new DnsEndPoint('localhost', 7000))); // localhost:7000
 * ```
 */
export class DnsEndPoint extends EndPoint {
  readonly family = 'dns';
  readonly host: string;
  readonly port: number;
  readonly #addressFamily: AddressFamily;

  /**
   * @param host a name, or an address as text
   * @param port an integer from 0 to 65,535
   * @param addressFamily which addresses of the name count: Unspecified (default) = all, InterNetwork, InterNetworkV6
   * @throws ArgumentNullError `host`; ArgumentError `host` when empty, `addressFamily`; ArgumentOutOfRangeError `port`
   */
  constructor(host: string, port: number, addressFamily: AddressFamily = AddressFamily.Unspecified) {
    super();
    if (host === null || host === undefined) throw new ArgumentNullError('host');
    if (typeof host !== 'string' || host === '')
      throw new ArgumentError(`Cannot use host name: ${quote(host)}`, 'host');
    checkPort(port);
    if (!DNS_FAMILIES.includes(addressFamily)) {
      throw new ArgumentError(
        `Cannot resolve names to address family ${quote(addressFamily)}`,
        'addressFamily',
      );
    }
    this.host = host;
    this.port = port;
    this.#addressFamily = addressFamily;
  }

  override get addressFamily(): AddressFamily {
    return this.#addressFamily;
  }

  /** `localhost:7000`, or `InterNetwork/localhost:7000` when only one family counts. */
  get key(): string {
    const family =
      this.#addressFamily === AddressFamily.Unspecified ? '' : `${AddressFamily[this.#addressFamily]}/`;
    return `${family}${this.host.toLowerCase()}:${this.port}`;
  }
}

/**
 * The path of a Unix domain socket, or of a named pipe on Windows. .NET: UnixDomainSocketEndPoint.
 *
 * @example
 * ```ts
 * import { UnixDomainSocketEndPoint } from '@proactor/core';
 * console.log(String(new UnixDomainSocketEndPoint('/run/echo.sock'))); // /run/echo.sock
 * ```
 */
export class UnixDomainSocketEndPoint extends EndPoint {
  readonly family = 'unix';
  readonly path: string;

  /**
   * @param path 1 to 107 bytes as UTF-8 (Linux's limit: Node cuts a longer one silently, and two names become one socket), or the name of a
   * pipe of Windows, up to 256 characters; without a NUL. What else the system wants of it its transport says
   * @throws ArgumentNullError, ArgumentError or ArgumentOutOfRangeError `path`
   */
  constructor(path: string) {
    super();
    if (path === null || path === undefined) throw new ArgumentNullError('path');
    if (typeof path !== 'string' || path.includes('\0'))
      throw new ArgumentError(`Cannot use socket path: ${quote(path)}`, 'path');
    const isPipe = PIPE_NAME.test(path);
    const length = isPipe ? path.length : utf8Length(path);
    const max = isPipe ? PIPE_NAME_MAX : UNIX_PATH_BYTES_MAX;
    if (length < 1 || length > max) {
      throw new ArgumentOutOfRangeError(
        'path',
        `Cannot use socket path of ${length} ${isPipe ? 'characters' : 'bytes'}: 1 to ${max} fit`,
      );
    }
    this.path = path;
  }

  override get addressFamily(): AddressFamily {
    return AddressFamily.Unix;
  }

  get key(): string {
    return this.path;
  }
}

const DNS_FAMILIES: readonly AddressFamily[] = [
  AddressFamily.Unspecified,
  AddressFamily.InterNetwork,
  AddressFamily.InterNetworkV6,
];
/** `sun_path` of Linux has 108 bytes, one of them the closing NUL. */
const UNIX_PATH_BYTES_MAX = 107;
/** `\\.\pipe\name`, or with a question mark. */
const PIPE_NAME = /^\\\\[.?]\\pipe\\/i;
/** CreateNamedPipe: "The entire pipe name string can be up to 256 characters long." */
const PIPE_NAME_MAX = 256;

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ArgumentOutOfRangeError(
      'port',
      `Cannot use port ${quote(port)}: an integer from 0 to 65535 is needed`,
    );
  }
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
