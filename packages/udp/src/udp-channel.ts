/**
 * One datagram port: `dgram` sockets as a DatagramChannel. It owns which unit is Node's, who the peer is, and the one `closed()`. It must
 * not know operations: those are core's.
 */

import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:dgram';
import {
  ArgumentError,
  type DatagramChannel,
  type DatagramSink,
  type EndPoint,
  InvalidOperationError,
  IPEndPoint,
  type IPPacketInformation,
  type MulticastGroup,
  platformRuntime,
  SocketError,
  SocketException,
  socketErrorOf,
} from '@proactor/core';
import { type Beside, bindBeside, bindTo } from './binding.ts';
import { connectNow, isConnectRefusal } from './connecting.ts';
import { kernelLosses } from './kernel-losses.ts';
import { informationAt, isWildcard, multicastInterface, NOT_KNOWN, withKnownZone } from './packet-info.ts';
import { sourceEndPoint } from './source-end-points.ts';
import { checkOption, OPENING_ONLY, type UdpSettings } from './udp-options.ts';
import { UNIT_BYTES_MAX_IPV4 } from './unit-sizes.ts';

/**
 * ```
 *   OPEN ── close(false), a unit in Node's queue ──▶ CLOSING ── it is out ──▶ CLOSED
 *     └──── close(true); close(false) otherwise; closed by a stranger ────────▶ ┘
 * ```
 */
type Phase = typeof OPEN | typeof CLOSING | typeof CLOSED;
const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

export class UdpChannel implements DatagramChannel {
  readonly #sink: DatagramSink;
  readonly #settings: UdpSettings;
  /** Where it was bound, with its port. */
  readonly #at: IPEndPoint;
  /** The socket that sends, and hears all that no other does. */
  readonly #socket: Socket;
  /** On a wildcard with packetInfo, while it is not connected: one for each local address. */
  #beside: readonly Beside[] = [];
  readonly #options = new Map<string, unknown>();
  /** Of what the first socket hears; null = it is at one address, and that was not looked up yet. */
  #info: IPPacketInformation | null;
  /** What the kernel dropped of sockets beside that are closed. */
  #lostBeside = 0;
  /** The asynchronous context in which it was opened: sockets that are made later belong there too. */
  readonly #origin = new AsyncResource('Proactor', { requireManualDestroy: true });
  #closeTimer: unknown = null;
  #peer: IPEndPoint | null = null;
  #phase: Phase = OPEN;
  #referenced = true;
  /** The memory of the last unit is Node's. */
  #lent = false;
  /** The last target of the other family, or with a zone, and how this socket writes it. */
  #foreign: IPEndPoint | null = null;
  #foreignAddress = '';

  /** Binds it. Throws what the system says. */
  constructor(at: EndPoint, sink: DatagramSink, settings: UdpSettings) {
    const socket = bindTo(at, settings);
    this.#sink = sink;
    this.#settings = settings;
    this.#socket = socket;
    this.#at = new IPEndPoint((at as IPEndPoint).address, socket.address().port);
    this.#info = isWildcard(this.#at.address) ? NOT_KNOWN : null;
    socket.on('message', (unit, { address, port }) => this.#heard(unit, address, port));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#leave());
    try {
      for (const [name, value] of Object.entries(settings.opening)) this.#apply(name, value);
    } catch (error) {
      this.#phase = CLOSED;
      socket.close();
      throw error;
    }
    this.#openBeside();
    sink.open();
  }

  get local(): EndPoint | null {
    if (this.#phase === CLOSED) return null;
    try {
      const { address, port } = this.#socket.address();
      return sourceEndPoint(address, port);
    } catch {
      return null;
    }
  }

  get remote(): EndPoint | null {
    return this.#peer;
  }

  /** Node connects only what is not connected. What fails leaves the peer as it was, as connect(2) does. */
  connect(to: EndPoint | null): void {
    if (to !== null && !(to instanceof IPEndPoint))
      throw new ArgumentError(`Cannot connect to ${to}: transport udp takes IP end points`, 'remoteEP');
    const before = this.#peer;
    if (before !== null) {
      this.#socket.disconnect();
      this.#peer = null;
    }
    try {
      if (to !== null) this.#peer = connectNow(this.#socket, this.#addressOf(to), to.port);
    } catch (error) {
      if (before !== null) this.#peer = connectNow(this.#socket, before.address, before.port);
      throw error;
    } finally {
      this.#peerChanged();
    }
  }

  send(unit: Uint8Array, to: EndPoint | null): boolean {
    const peer = this.#peer;
    if (peer !== null) {
      if (to !== null && !to.equals(peer)) throw refused(SocketError.IsConnected, to, `connected to ${peer}`);
      if (unit.length > UNIT_BYTES_MAX_IPV4) this.#mustFit(unit, peer);
      this.#socket.send(unit, this.#sent); // with an address Node throws, or sends to the peer all the same
    } else {
      if (!(to instanceof IPEndPoint))
        throw refused(SocketError.DestinationAddressRequired, to, 'not connected');
      if (unit.length > UNIT_BYTES_MAX_IPV4) this.#mustFit(unit, to);
      this.#socket.send(
        unit,
        to.port,
        to.family !== this.#at.family || to.address.includes('%') ? this.#addressOf(to) : to.address,
        this.#sent,
      );
    }
    this.#lent = true;
    return true;
  }

  close(abort: boolean): void {
    if (this.#phase === CLOSED) return;
    if (!abort && this.#lent && this.#socket.getSendQueueCount() > 0) {
      this.#phase = CLOSING; // the kernel had no room for it: it goes out first, if that does not take for ever
      this.#closeTimer = platformRuntime.timer(CLOSE_MS_MAX, (channel) => channel.#leave(), this);
      return;
    }
    this.#leave();
  }

  ref(on: boolean): void {
    this.#referenced = on;
    for (const socket of this.#sockets) {
      if (on) socket.ref();
      else socket.unref();
    }
  }

  setOption(name: string, value: unknown): void {
    checkOption(name, value);
    if (OPENING_ONLY.has(name)) {
      throw new InvalidOperationError(`Cannot set option ${name}: already bound, it is for binding only`);
    }
    this.#apply(name, value);
  }

  getOption(name: string): unknown {
    if (this.#phase === CLOSED) return undefined;
    if (name === 'receiveBufferSize') return this.#socket.getRecvBufferSize();
    if (name === 'sendBufferSize') return this.#socket.getSendBufferSize();
    if (name === 'datagramsLost') return this.#losses();
    if (OPENING_ONLY.has(name)) return this.#settings[name as 'ipv6Only' | 'reuseAddress' | 'reusePort'];
    return this.#options.get(name) ?? this.#settings.limits[name];
  }

  /** Those of sockets that were closed meanwhile included. */
  #losses(): number | undefined {
    const now = this.#lostOf([{ socket: this.#socket }, ...this.#beside]);
    return now === undefined ? undefined : now + this.#lostBeside;
  }

  #lostOf(all: readonly { readonly socket: Socket }[]): number | undefined {
    return kernelLosses(
      all.map(({ socket }) => {
        const { address, port } = socket.address();
        return sourceEndPoint(address, port);
      }),
    );
  }

  // Hearing.

  #heard(unit: Uint8Array, address: string, port: number): void {
    if (this.#phase !== OPEN) return;
    this.#sink.data(unit, sourceEndPoint(address, port), this.#info ?? this.#lookUp());
  }

  /** The interface is asked for once, and only of a socket that hears something. */
  #lookUp(): IPPacketInformation {
    const { local } = this;
    const known = local instanceof IPEndPoint && !isWildcard(local.address);
    return (this.#info = known ? informationAt(local.address) : NOT_KNOWN);
  }

  /** Connected, a wildcard has become one address, and hears the peer alone. */
  #peerChanged(): void {
    if (!isWildcard(this.#at.address)) return;
    this.#info = this.#peer === null ? NOT_KNOWN : null;
    if (this.#peer !== null) this.#closeBeside();
    else if (this.#beside.length === 0) this.#openBeside();
  }

  #openBeside(): void {
    if (!this.#settings.packetInfo || !isWildcard(this.#at.address)) return;
    this.#beside = this.#origin.runInAsyncScope(bindBeside, undefined, this.#at, this.#settings);
    for (const { socket, info } of this.#beside) {
      socket.on('message', (unit, { address, port }) => {
        if (this.#phase === OPEN) this.#sink.data(unit, sourceEndPoint(address, port), info);
      });
      socket.on('error', (error) => this.#failed(error));
      setReceiveBuffer(socket, this.#options.get('receiveBufferSize') as number | null);
      if (!this.#referenced) socket.unref();
    }
  }

  #closeBeside(): void {
    if (this.#beside.length > 0 && this.#phase === OPEN) this.#lostBeside += this.#lostOf(this.#beside) ?? 0;
    for (const { socket } of this.#beside) closeQuietly(socket);
    this.#beside = [];
  }

  /** ICMP's answer to a datagram of a connected socket, as a rule. Without a listener it would end the process. */
  #failed(error: Error): void {
    if (this.#phase === OPEN && !isConnectRefusal(error)) this.#sink.softError(error);
  }

  // Sending.

  /** The callback of every send: without one Node keeps most errors to itself. After a close it need not come, and tells nothing new. */
  readonly #sent = (error: Error | null): void => {
    if (!this.#lent) return;
    this.#lent = false;
    if (this.#phase === CLOSING) this.#leave();
    else if (error === null) this.#sink.sent();
    else this.#sink.sent(error);
  };

  #mustFit(unit: Uint8Array, to: IPEndPoint): void {
    if (to.family === 'inet6' && !isMapped(to.address)) return; // core has asked for those
    throw refused(
      SocketError.MessageSize,
      to,
      `${unit.length} bytes, at most ${UNIT_BYTES_MAX_IPV4} fit into IPv4`,
    );
  }

  /** An address as this socket writes it: IPv4 is mapped on IPv6, if it speaks both. */
  #addressOf(to: IPEndPoint): string {
    if (to.family === this.#at.family && !to.address.includes('%')) return to.address;
    if (to === this.#foreign) return this.#foreignAddress;
    if (to.family === this.#at.family) {
      const zoned = withKnownZone(to.address);
      if (zoned === null) throw refused(SocketError.InvalidArgument, to, 'this host has no such zone');
      this.#foreign = to;
      return (this.#foreignAddress = zoned);
    }
    if (this.#at.family === 'inet')
      throw refused(SocketError.AddressFamilyNotSupported, to, 'an IPv4 socket');
    if (this.#settings.ipv6Only) throw refused(SocketError.NetworkUnreachable, to, 'IPv6 only');
    this.#foreign = to;
    this.#foreignAddress = `::ffff:${to.address}`;
    return this.#foreignAddress;
  }

  // Options.

  #apply(name: string, value: unknown): void {
    try {
      this.#set(name, value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SocketException(socketErrorOf(error), `Cannot set option ${name}: ${why}`, { cause: error });
    }
    if (!name.endsWith('Membership')) this.#options.set(name, value);
  }

  #set(name: string, value: unknown): void {
    const socket = this.#socket;
    switch (name) {
      case 'broadcast':
        return socket.setBroadcast(value as boolean);
      case 'ttl':
        return void socket.setTTL(value as number);
      case 'multicastTtl':
        return void socket.setMulticastTTL(value as number);
      case 'multicastLoopback':
        return void socket.setMulticastLoopback(value as boolean);
      case 'multicastInterface':
        return socket.setMulticastInterface(multicastInterface(this.#at.family, value as string));
      case 'addMembership':
      case 'dropMembership':
        return this.#setMembership(name === 'addMembership', value as MulticastGroup);
      case 'receiveBufferSize':
        for (const each of this.#sockets) setReceiveBuffer(each, value as number | null);
        return;
      default:
        return socket.setSendBufferSize(Math.max(1, value as number));
    }
  }

  #setMembership(joins: boolean, { group, interface: on, source }: MulticastGroup): void {
    const family = group.includes(':') ? 'inet6' : 'inet';
    const through = on === undefined ? undefined : multicastInterface(family, on);
    const socket = this.#socket;
    if (source === undefined) {
      if (joins) socket.addMembership(group, through);
      else socket.dropMembership(group, through);
    } else if (joins) socket.addSourceSpecificMembership(source, group, through);
    else socket.dropSourceSpecificMembership(source, group, through);
  }

  // Closing.

  /** Tells it at once: the callback of a unit that is under way need not come. */
  #leave(): void {
    if (this.#phase === CLOSED) return;
    this.#phase = CLOSED;
    platformRuntime.cancelTimer(this.#closeTimer);
    this.#lent = false;
    closeQuietly(this.#socket);
    this.#closeBeside();
    this.#peer = null;
    this.#sink.closed();
  }

  get #sockets(): readonly Socket[] {
    return [this.#socket, ...this.#beside.map(({ socket }) => socket)];
  }
}

/** The default is a wish: what a platform thinks too much is left as it is. */
function setReceiveBuffer(socket: Socket, bytes: number | null): void {
  if (bytes !== null) return socket.setRecvBufferSize(Math.max(1, bytes)); // libuv takes 0 for a question
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // macOS refuses more than kern.ipc.maxsockbuf; Linux gives what it allows.
  }
}

/** One of them may have been closed by a stranger, a subscriber of Node's diagnostics. */
function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // closed already
  }
}

function isMapped(address: string): boolean {
  return address.startsWith('::ffff:');
}

function refused(error: SocketError, to: EndPoint | null, why: string): SocketException {
  return new SocketException(error, `Cannot send${to === null ? '' : ` to ${to}`}: ${why}`);
}

/** With the kernel's 212,992 a sender flat out lost 42 % on its way to an attentive receiver, with this 2.7 % (Linux 6, Node 20). */
const RECEIVE_BUFFER_BYTES = 4_194_304;
/** How long a close waits for a unit that the kernel had no room for. */
const CLOSE_MS_MAX = 5_000;
