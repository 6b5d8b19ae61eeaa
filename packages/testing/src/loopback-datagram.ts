/**
 * The datagram side of the in-memory transport: ports that hand their units straight to whoever hears them. Decides who that is by the
 * kernel's rules (Linux 6) where memory has something like them; knows nothing of operations, and keeps nothing that was not heard.
 */

import {
  type Capabilities,
  type DatagramChannel,
  type DatagramSink,
  type EndPoint,
  IPEndPoint,
  type IPPacketInformation,
  type MulticastGroup,
  type OpenOptions,
  type Runtime,
  SocketError,
  SocketException,
  type Transport,
} from '@proactor/core';
import {
  type Claim,
  covers,
  isWildcard,
  LoopbackAddresses,
  seenBy,
  sourceOf,
  targetOf,
} from './loopback-addresses.ts';
import { DATAGRAM_SETTING_NAMES, LoopbackSettings } from './loopback-settings.ts';
import { isMulticast, MulticastGroups } from './multicast-groups.ts';

/** One network of datagram ports. */
export class DatagramLoopback implements Transport {
  readonly name = 'loopback';
  readonly caps: Capabilities = CAPS;
  readonly runtime: Runtime;
  readonly #creditBytes: number;
  readonly #addresses = new LoopbackAddresses<LoopbackPort>();

  /** @param creditBytes what one port may send in a turn of the loop; Infinity = no limit */
  constructor(runtime: Runtime, creditBytes: number) {
    this.runtime = runtime;
    this.#creditBytes = creditBytes;
  }

  bind(at: EndPoint, sink: DatagramSink, o: OpenOptions): DatagramChannel {
    const addresses = this.#addresses;
    const settings = new LoopbackSettings(o.options, DATAGRAM_SETTING_NAMES);
    const claim = addresses.claim(at, {
      dual: settings.get('ipv6Only') !== true,
      shared: settings.get('reuseAddress') === true,
    });
    const port = new LoopbackPort(sink, {
      runtime: this.runtime,
      creditBytes: this.#creditBytes,
      claim,
      family: at.family,
      settings,
      carry: (datagram, sender) => this.#carry(datagram, sender),
      release: () => addresses.release(claim),
    });
    try {
      port.joinFirst(o.options);
    } catch (error) {
      addresses.release(claim);
      throw error;
    }
    claim.holder = port;
    sink.open();
    return port;
  }

  /** Lets everyone hear it who should; whether its sender may believe that it arrived. */
  #carry(datagram: Datagram, sender: LoopbackPort): boolean {
    const near = this.#addresses.holdersNear(datagram.to);
    if (isBroadcast(datagram.to) || isMulticast(datagram.to)) {
      for (const port of near) if (port.hearsWithOthers(datagram, sender)) port.hear(datagram);
      return true;
    }
    let best: LoopbackPort | null = null;
    let rankBest = 1;
    for (const port of near) {
      const rank = port.rank(datagram);
      if (rank < rankBest) continue;
      best = port; // of equals that share an address the newest, as in the kernel
      rankBest = rank;
    }
    best?.hear(datagram);
    return best !== null;
  }
}

/** One unit on its way. Both addresses are concrete, and never mapped. */
interface Datagram {
  readonly unit: Uint8Array;
  readonly from: EndPoint;
  readonly to: EndPoint;
}

/** A port's surroundings. */
interface PortOptions {
  readonly runtime: Runtime;
  readonly creditBytes: number;
  readonly claim: Claim<LoopbackPort>;
  /** Of the address it was bound to: an IPv6 port sees IPv4 addresses mapped. */
  readonly family: string;
  readonly settings: LoopbackSettings;
  /** Hands a datagram over; false = nobody was there. */
  readonly carry: (datagram: Datagram, sender: LoopbackPort) => boolean;
  /** Called once when the address is given up. */
  readonly release: () => void;
}

class LoopbackPort implements DatagramChannel {
  readonly #sink: DatagramSink;
  readonly #options: PortOptions;
  readonly #groups = new MulticastGroups();
  /** Where it is: what it was bound to; on a wildcard and connected, the address that its peer knows. */
  #at: EndPoint;
  #peer: EndPoint | null = null;
  #closed = false;
  #creditLeft: number;
  /** What must wait for the next turn; its memory is lent. */
  #pending: Datagram | null = null;
  #hearing = false;
  /** Copies of what came while the sink was hearing something else. Lasts no longer than that one upcall. */
  readonly #early: Datagram[] = [];

  constructor(sink: DatagramSink, options: PortOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#at = options.claim.at;
    this.#creditLeft = options.creditBytes;
  }

  get local(): EndPoint {
    return seenBy(this.#options.family, this.#at);
  }

  get remote(): EndPoint | null {
    return seenBy(this.#options.family, this.#peer);
  }

  connect(to: EndPoint | null): void {
    const peer = to === null ? null : targetOf(to);
    if (peer !== null) this.#mustReach('connect', peer);
    const { at } = this.#options.claim;
    this.#peer = peer;
    this.#at = peer === null ? at : sourceOf(at, peer);
  }

  send(unit: Uint8Array, to: EndPoint | null): boolean {
    if (this.#closed) return false;
    const target = to === null ? this.#peer : targetOf(to);
    if (target === null) throw failure('send', SocketError.DestinationAddressRequired, 'not connected');
    if (unit.length > UNIT_BYTES_MAX) {
      throw failure('send', SocketError.MessageSize, `${unit.length} bytes, at most ${UNIT_BYTES_MAX} fit`);
    }
    if (target instanceof IPEndPoint && target.port === 0) {
      throw failure(`send to ${target}`, SocketError.InvalidArgument, 'there is no port 0');
    }
    this.#mustReach('send', target);
    const datagram = { unit, from: sourceOf(this.#at, target), to: target };
    const { creditBytes } = this.#options;
    if (unit.length > this.#creditLeft && this.#creditLeft < creditBytes) {
      this.#pending = datagram;
      return true;
    }
    this.#handOver(datagram);
    return false;
  }

  /** Lends nothing for long: what is pending goes out now. */
  close(abort: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    const pending = this.#pending;
    this.#pending = null;
    this.#options.release();
    if (pending !== null && !abort) this.#options.carry(pending, this);
    this.#sink.closed();
  }

  setOption(name: string, value: unknown): void {
    if (name === 'addMembership') this.#groups.join(value as MulticastGroup);
    else if (name === 'dropMembership') this.#groups.leave(value as MulticastGroup);
    else this.#options.settings.set(name, value);
  }

  getOption(name: string): unknown {
    return this.#options.settings.get(name);
  }

  /** @internal Groups that were joined before there was a port. */
  joinFirst(options: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(options))
      if (GROUP_NAMES.has(name)) this.setOption(name, value);
  }

  /** @internal How well it fits a datagram for one: 0 = not at all; a concrete address is better than a wildcard, a peer better still. */
  rank({ from, to }: Datagram): number {
    const { dual } = this.#options.claim;
    if (!covers({ at: this.#at, dual }, to) || !this.#admits(from)) return 0;
    const concrete = this.#at instanceof IPEndPoint && isWildcard(this.#at) ? 0 : 1;
    return 1 + concrete + (this.#peer === null ? 0 : 2);
  }

  /** @internal Whether it hears a datagram for a group, or for everybody. The port's number is right. */
  hearsWithOthers({ from, to }: Datagram, sender: LoopbackPort): boolean {
    if (!(to instanceof IPEndPoint) || !this.#speaks(to) || !this.#admits(from)) return false;
    if (isBroadcast(to)) return true;
    const alone = sender === this && this.#options.settings.get('multicastLoopback') === false;
    return !alone && this.#groups.hears(to.address, from);
  }

  /** @internal One upcall at a time, whatever the sink sends to itself meanwhile. */
  hear(datagram: Datagram): void {
    if (this.#hearing) {
      this.#early.push({ ...datagram, unit: new Uint8Array(datagram.unit) });
      return;
    }
    this.#hearing = true;
    try {
      for (let next: Datagram | undefined = datagram; next !== undefined; next = this.#early.shift()) {
        this.#tell(next);
      }
    } finally {
      this.#hearing = false;
      this.#early.length = 0;
    }
  }

  /** @internal A new turn of the loop has begun. */
  nextTurn(): void {
    this.#creditLeft = this.#options.creditBytes;
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    this.#handOver(pending);
    if (!this.#closed) this.#sink.sent();
  }

  /** @internal The answer to a datagram that met nobody has come. */
  refused(by: EndPoint): void {
    if (this.#closed || this.#peer?.equals(by) !== true) return;
    const message = `Connection refused: nobody is at ${by} (from ${this.#at})`;
    this.#sink.softError(new SocketException(SocketError.ConnectionRefused, message));
  }

  #tell({ unit, from, to }: Datagram): void {
    if (this.#closed) return;
    const { family } = this.#options;
    const seenTo = seenBy(family, to);
    const info: IPPacketInformation | undefined =
      seenTo instanceof IPEndPoint ? { address: seenTo.address, interface: INTERFACE } : undefined;
    this.#sink.data(unit, seenBy(family, from), info);
  }

  /** A turn takes what its credit allows, and one unit at least. */
  #handOver(datagram: Datagram): void {
    const { runtime, creditBytes, carry } = this.#options;
    const { length } = datagram.unit;
    if (this.#creditLeft === creditBytes && length > 0 && creditBytes !== Number.POSITIVE_INFINITY) {
      runtime.defer(nextTurn, this);
    }
    this.#creditLeft = Math.max(0, this.#creditLeft - length);
    const arrived = carry(datagram, this);
    if (!arrived && this.#peer?.equals(datagram.to) === true) {
      runtime.defer(answerRefused, { port: this, by: datagram.to });
    }
  }

  #admits(from: EndPoint): boolean {
    return this.#peer === null || this.#peer.equals(from);
  }

  /** Whether it has the family at all. */
  #speaks(to: IPEndPoint): boolean {
    const { at, dual } = this.#options.claim;
    return !(at instanceof IPEndPoint) || at.family === to.family || (dual && at.address === '::');
  }

  #mustReach(doing: string, to: EndPoint): void {
    if (!(to instanceof IPEndPoint)) return;
    if (!this.#speaks(to)) {
      const code =
        this.#options.family === 'inet'
          ? SocketError.AddressFamilyNotSupported
          : SocketError.NetworkUnreachable;
      throw failure(`${doing} to ${to}`, code, `not from ${this.#at}`);
    }
    if (isBroadcast(to) && this.#options.settings.get('broadcast') !== true) {
      throw failure(`${doing} to ${to}`, SocketError.AccessDenied, 'the option broadcast is not set');
    }
  }
}

function nextTurn(port: LoopbackPort): void {
  port.nextTurn();
}

function answerRefused(answer: { readonly port: LoopbackPort; readonly by: EndPoint }): void {
  answer.port.refused(answer.by);
}

function isBroadcast(to: EndPoint): boolean {
  return to instanceof IPEndPoint && to.address === '255.255.255.255';
}

function failure(doing: string, code: SocketError, why: string): SocketException {
  return new SocketException(code, `Cannot ${doing}: ${why}`);
}

/** What fits into an IPv4 packet beside its headers. IPv6 takes 20 bytes more, which is not told apart here. */
const UNIT_BYTES_MAX = 65_507;
/** Linux: the index of `lo`. */
const INTERFACE = 1;
const GROUP_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['addMembership', 'dropMembership']);
const CAPS: Capabilities = /* @__PURE__ */ Object.freeze({
  kind: 'datagram',
  families: /* @__PURE__ */ Object.freeze(['*']),
  halfClose: false,
  abort: 'silent',
  flow: 'none',
  unitBytesMax: UNIT_BYTES_MAX,
  options: /* @__PURE__ */ Object.freeze([...DATAGRAM_SETTING_NAMES, ...GROUP_NAMES]),
});
