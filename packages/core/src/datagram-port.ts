/**
 * One datagram channel's life, and both of its directions: posted receives meet units, posted sends go out one unit at a time. Units are
 * whole or cut, never joined; what finds no room in the inbox is dropped and counted; a soft error is told to one operation.
 */

import { complete, fail } from './completion.ts';
import { DatagramInbox, type DatagramUnit } from './datagram-inbox.ts';
import { IPEndPoint, type EndPoint } from './end-point.ts';
import type { Engine } from './engine.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { fill } from './fill.ts';
import { unmapped } from './ip-address.ts';
import { type Lane, OwnedLane } from './lane.ts';
import type { Operation } from './operation.ts';
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import { IDLE_FLAGS } from './outbound.ts';
import type { Packets } from './packets.ts';
import { remains } from './slices.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException, socketErrorOf } from './socket-exception.ts';
import type { DatagramChannel, DatagramSink, IPPacketInformation } from './transport.ts';

export class DatagramPort implements DatagramSink {
  readonly receives: Lane = new OwnedLane({
    cancel: (operation, error) => this.#cancelReceive(operation, error),
  });
  readonly sends: Lane = new OwnedLane({ cancel: (operation, error) => this.#cancelSend(operation, error) });
  readonly #core: SocketCore;
  readonly #engine: Engine;
  readonly #inbox = new DatagramInbox();
  #channel: DatagramChannel | null = null;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #openedEarly = false;
  #closeAsked = false;
  /** Why it never opened, or why it broke. */
  failure: unknown = null;
  /** The peer it is connected to. */
  peer: EndPoint | null = null;
  /** A unit is down, its memory lent. */
  #pending = false;
  #pumping = false;
  /** Belongs to no unit; told to one operation. */
  #softError: unknown = null;
  /** A list as one unit. */
  #joined: Uint8Array = NO_BYTES;

  constructor(core: SocketCore) {
    this.#core = core;
    this.#engine = core.engine;
  }

  get channel(): DatagramChannel | null {
    return this.#channel;
  }

  /** Bytes of the datagram that is next. */
  get available(): number {
    return this.#inbox.nextBytes;
  }

  get readable(): boolean {
    return this.#inbox.length > 0 || this.#softError !== null;
  }

  get hasError(): boolean {
    return this.#softError !== null;
  }

  get idle(): boolean {
    return this.sends.head === null;
  }

  attach(channel: DatagramChannel): void {
    if (this.#state === 'closed') return;
    this.#channel = channel;
    if (this.#closeAsked) this.#closeChannel(true);
    else if (this.#openedEarly) this.#opened();
  }

  /** It cannot be used as it was asked for: nothing of it stays open. */
  giveUp(error: unknown): void {
    if (this.#channel === null) this.closed(error);
    else this.#closeChannel(true);
  }

  /** Sets, changes or (null) dissolves the peer. Throws what the channel throws. */
  connect(peer: EndPoint | null): void {
    this.#channel?.connect?.(peer);
    this.peer = peer === null ? null : (this.#channel?.remote ?? peer); // a wildcard has become an address by now
    this.#softError = null;
    if (peer !== null) this.#core.stats.dropped += this.#inbox.keepOnly(peer);
    this.#countInbox();
  }

  receive(operation: Operation): void {
    operation.lane = this.receives;
    if ((operation.flags & ~RECEIVE_FLAGS) !== 0)
      return complete(operation, SocketError.OperationNotSupported, 0);
    if (operation.memoryGone) return complete(operation, SocketError.InvalidArgument, 0);
    if (this.#state === 'closed') return fail(operation, this.failure, 0);
    if (this.receives.head === null) {
      if (this.#softError !== null) return fail(operation, this.#takeSoftError(), 0);
      const unit = this.#inbox.peek();
      if (unit !== null) return this.#serve(operation, unit);
    }
    this.receives.push(operation);
  }

  /** From what has arrived: bytes of one datagram (cut to fit), -1 = would wait. Throws a soft error that nobody was told. */
  tryReceive(target: Uint8Array): number {
    if (this.receives.head !== null || this.receives.undelivered > 0) return -1;
    if (this.#softError !== null) {
      const error = this.#takeSoftError();
      throw new SocketException(socketErrorOf(error), undefined, { cause: error });
    }
    const unit = this.#inbox.peek();
    if (unit === null) return -1;
    const bytes = Math.min(target.byteLength, unit.bytes.byteLength);
    target.set(unit.bytes.subarray(0, bytes));
    if (bytes < unit.bytes.byteLength) this.#core.stats.truncated++;
    this.#inbox.shift();
    this.#countInbox();
    return bytes;
  }

  /** `to`: where it goes; null = to the peer. */
  send(operation: Operation, to: EndPoint | null): void {
    operation.lane = this.sends;
    operation.target = to;
    if (this.#state === 'closed') return fail(operation, this.failure, 0);
    const refused = this.#refusal(operation, to);
    if (refused !== SocketError.Success) return complete(operation, refused, 0);
    if (this.sends.head === null && this.#softError !== null)
      return fail(operation, this.#takeSoftError(), 0);
    operation.total = operation.bytesTotal;
    this.#core.stats.queuedSendBytes += operation.total;
    this.sends.push(operation);
    this.#pump();
  }

  /** One datagram per element. */
  sendPackets(operation: Operation, packets: Packets): void {
    operation.lane = this.sends;
    operation.target = null;
    operation.packets = packets;
    operation.total = packets.total;
    const failure =
      this.#state === 'closed' ? this.failure : this.sends.head === null ? this.#takeSoftError() : null;
    if (failure !== null) {
      packets.close();
      return fail(operation, failure, 0);
    }
    this.#core.stats.queuedSendBytes += operation.total;
    this.sends.push(operation);
    this.#pump();
  }

  #cancelReceive(operation: Operation, error: SocketError): void {
    this.receives.remove(operation);
    complete(operation, error, 0);
  }

  /** One whose unit is down ends when the transport gives it back. */
  #cancelSend(operation: Operation, error: SocketError): void {
    if (this.#pending && this.sends.head === operation) {
      operation.cancelled = error;
      return;
    }
    this.#remove(operation);
    complete(operation, error, toldBytes(operation));
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    for (let operation = this.receives.head; operation !== null; operation = this.receives.head) {
      this.#cancelReceive(operation, SocketError.OperationAborted);
    }
    for (let operation = this.sends.head; operation !== null; ) {
      const { next } = operation;
      this.#cancelSend(operation, SocketError.OperationAborted);
      operation = next;
    }
    this.#inbox.clear();
    this.#countInbox();
    if (this.#channel === null) this.#closeAsked = true;
    else this.#closeChannel(false);
  }

  // From the transport.

  open(): void {
    if (this.#state !== 'opening') return;
    this.#engine.enterUpcall();
    try {
      if (this.#channel === null) this.#openedEarly = true;
      else this.#opened();
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  data(unit: Uint8Array, from: EndPoint, info?: IPPacketInformation): void {
    if (this.#late || this.#state === 'closing') return;
    if (this.peer !== null && !from.equals(this.peer)) return; // a stranger: the transport should have kept it away
    this.#engine.enterUpcall();
    try {
      const { stats } = this.#core;
      stats.lastActivityAt = this.#engine.time;
      stats.bytesReceived += unit.byteLength;
      stats.datagramsReceived++;
      this.#arrived({ bytes: unit, from, info: info ?? NO_PACKET_INFORMATION });
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  sent(error?: unknown): void {
    if (this.#late || !this.#pending) return;
    this.#engine.enterUpcall();
    try {
      this.#pending = false;
      this.#finish(error ?? null);
      this.#pump();
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  softError(error: unknown): void {
    if (this.#late || this.#state === 'closing') return;
    this.#engine.enterUpcall();
    try {
      this.#wakeBare();
      const operation = this.receives.head;
      if (operation === null) {
        this.#softError = error;
        return;
      }
      this.receives.remove(operation);
      fail(operation, error, 0);
      this.#wakeBare();
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  closed(error?: unknown): void {
    if (this.#late) return;
    this.#engine.enterUpcall();
    try {
      this.#end(error ?? null);
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  // Inside.

  get #late(): boolean {
    if (this.#state !== 'closed') return false;
    this.#core.stats.lateUpcalls++;
    return true;
  }

  #opened(): void {
    this.#state = 'open';
    this.#pump();
  }

  #end(error: unknown): void {
    const before = this.#state;
    this.#state = 'closed';
    this.#pending = false;
    const why = error ?? { code: 'ECANCELED' };
    if (before !== 'closing') this.failure = why;
    for (const lane of [this.sends, this.receives]) {
      for (let operation = lane.head; operation !== null; operation = lane.head) {
        if (lane === this.sends) this.#remove(operation);
        else lane.remove(operation);
        if (operation.cancelled === SocketError.Success) fail(operation, why, toldBytes(operation));
        else complete(operation, operation.cancelled, toldBytes(operation));
      }
    }
    this.#core.portClosed(this);
  }

  #closeChannel(abort: boolean): void {
    try {
      this.#channel?.close(abort);
    } catch (error) {
      this.#engine.throwLater(error);
      this.closed(error);
    }
  }

  /** A unit meets the first receive, or waits. */
  #arrived(unit: DatagramUnit): void {
    this.#wakeBare();
    for (let operation = this.receives.head; operation !== null; operation = this.receives.head) {
      this.receives.remove(operation);
      if (operation.memoryGone) complete(operation, SocketError.InvalidArgument, 0);
      else if (this.#give(operation, unit)) return this.#wakeBare();
      this.#wakeBare();
    }
    if (!this.#inbox.push(unit, this.#inboxBytesMax)) this.#core.stats.dropped++;
    this.#countInbox();
  }

  /** .NET: a Receive without window and flags that waits does not ask the socket when it is woken, whatever came. */
  #wakeBare(): void {
    for (
      let operation = this.receives.head;
      operation !== null && isBare(operation);
      operation = this.receives.head
    ) {
      this.receives.remove(operation);
      complete(operation, SocketError.Success, 0);
    }
  }

  #serve(operation: Operation, unit: DatagramUnit): void {
    if (!this.#give(operation, unit)) return;
    this.#inbox.shift();
    this.#countInbox();
  }

  /** Completes a receive with a unit; whether it used it up. */
  #give(operation: Operation, unit: DatagramUnit): boolean {
    const { bytes, from, info } = unit;
    const message = operation.lastOperation === SocketAsyncOperation.ReceiveMessageFrom;
    const room = operation.bytesTotal;
    // .NET on Unix looks with a window of one byte where there is none, so that a unit of one byte is not cut; a message is taken all the
    // same, and so is what meets a list.
    const looks = room === 0 && !message && operation.segments === null;
    const copied = fill(operation, bytes, 0, bytes.byteLength);
    const cut = bytes.byteLength > Math.max(copied, looks ? 1 : 0);
    const told = (operation.flags & SocketFlags.Truncated) !== 0 && !looks ? bytes.byteLength : copied;
    complete(operation, SocketError.Success, told);
    const { args } = operation;
    if (cut) {
      args.socketFlags = SocketFlags.Truncated;
      this.#core.stats.truncated++;
    }
    if (operation.lastOperation !== SocketAsyncOperation.Receive && !from.equals(args.remoteEndPoint))
      args.remoteEndPoint = from;
    if (message) operation.packetInformation = plainInformation(info);
    return !looks && (operation.flags & SocketFlags.Peek) === 0;
  }

  #takeSoftError(): unknown {
    const error = this.#softError;
    this.#softError = null;
    return error;
  }

  /** As much as the user asked for, and Linux's least at that. */
  get #inboxBytesMax(): number {
    const asked = this.#core.options['receiveBufferSize'];
    return typeof asked === 'number' ? Math.max(asked, 2_304) : INBOX_BYTES_MAX;
  }

  #countInbox(): void {
    this.#core.stats.inboxBytes = this.#inbox.bytes;
  }

  /** What can be told before the transport is asked. */
  #refusal(operation: Operation, to: EndPoint | null): SocketError {
    if ((operation.flags & ~IDLE_FLAGS) !== 0) return SocketError.OperationNotSupported;
    if (this.#core.sendsNoMore) return SocketError.Shutdown;
    if (operation.memoryGone) return SocketError.InvalidArgument;
    return refusedTarget(this.#core, operation.bytesTotal, to);
  }

  #pump(): void {
    if (this.#pumping || this.#pending || this.#state !== 'open') return;
    this.#pumping = true;
    for (let operation = this.sends.head; operation !== null && !this.#pending; operation = this.sends.head) {
      if (operation.packets !== null) {
        if (!this.#sendPacket(operation, operation.packets)) break;
        continue;
      }
      if (!remains(operation)) {
        this.#remove(operation);
        complete(operation, SocketError.InvalidArgument, 0);
        continue;
      }
      let failure: unknown = null;
      try {
        const pending = this.#giveDown(this.#unitOf(operation), operation.target);
        if (this.sends.head !== operation) break; // closed inside the call
        this.#pending = pending;
      } catch (error) {
        failure = error;
      }
      if (!this.#pending && this.sends.head === operation) this.#finish(failure);
    }
    this.#pumping = false;
  }

  /** The next element as a datagram; whether the pump may go on. */
  #sendPacket(operation: Operation, packets: Packets): boolean {
    const slice = packets.next(this.#goOn);
    if (slice === null) {
      if (!packets.exhausted) return false;
      const { failure } = packets;
      this.#remove(operation);
      if (failure === null) {
        complete(operation, SocketError.Success, packets.finishedBytes);
        this.#core.packetsSent(operation);
      } else complete(operation, failure.socketError, packets.finishedBytes, failure.cause);
      return true;
    }
    if (!packets.gaveWholePart || slice.byteLength > this.#unitBytesMax) {
      this.#remove(operation);
      complete(operation, SocketError.MessageSize, packets.finishedBytes);
      return true;
    }
    try {
      operation.given = slice.byteLength;
      const pending = this.#giveDown(slice, null);
      if (this.sends.head !== operation) return true;
      this.#pending = pending;
      if (!pending) this.#packetSent(operation, packets);
    } catch (error) {
      this.#remove(operation);
      fail(operation, error, packets.finishedBytes);
    }
    return true;
  }

  #packetSent(operation: Operation, packets: Packets): void {
    const { stats } = this.#core;
    stats.bytesSent += operation.given;
    stats.datagramsSent++;
    stats.lastActivityAt = this.#engine.time;
    packets.finished(operation.given);
  }

  readonly #goOn = (): void => {
    this.#engine.enterUpcall();
    try {
      this.#pump();
    } finally {
      this.#engine.leaveUpcall();
    }
  };

  #finish(error: unknown): void {
    const operation = this.sends.head;
    if (operation === null) return;
    if (operation.packets !== null && error === null && operation.cancelled === SocketError.Success) {
      this.#packetSent(operation, operation.packets);
      return;
    }
    this.#remove(operation);
    const { stats } = this.#core;
    if (error === null && operation.cancelled === SocketError.Success) {
      stats.bytesSent += operation.total;
      stats.datagramsSent++;
      stats.lastActivityAt = this.#engine.time;
      complete(operation, SocketError.Success, operation.total);
    } else if (operation.cancelled !== SocketError.Success) {
      complete(operation, operation.cancelled, toldBytes(operation));
    } else {
      fail(operation, error, toldBytes(operation));
    }
  }

  /** A channel that has no `connect()` cannot know the peer: it is told where each unit goes. */
  #giveDown(unit: Uint8Array, to: EndPoint | null): boolean {
    const channel = this.#channel as DatagramChannel;
    return channel.send(unit, to ?? (channel.connect === undefined ? this.peer : null));
  }

  get #unitBytesMax(): number {
    return this.#core.transport.caps.unitBytesMax ?? Number.POSITIVE_INFINITY;
  }

  #remove(operation: Operation): void {
    this.#core.stats.queuedSendBytes -= operation.total;
    this.sends.remove(operation);
    operation.packets?.close();
  }

  /** The window, or the list joined into memory of the port's own: one unit is pending at a time. */
  #unitOf(operation: Operation): Uint8Array {
    const { segments } = operation;
    if (segments === null) return operation.view();
    if (this.#joined.byteLength < operation.total) this.#joined = new Uint8Array(operation.total);
    let at = 0;
    for (const segment of segments) {
      this.#joined.set(segment, at);
      at += segment.byteLength;
    }
    return this.#joined.subarray(0, at);
  }
}

/** IPv4 as IPv4, also on a socket that speaks both. */
function plainInformation(info: IPPacketInformation): IPPacketInformation {
  const address = info.address === null ? null : unmapped(info.address);
  return address === null ? info : { address, interface: info.interface };
}

/** Of SendPackets the elements that are out; any other send is out or not. */
function toldBytes(operation: Operation): number {
  return operation.packets?.finishedBytes ?? 0;
}

function isBare(operation: Operation): boolean {
  const { lastOperation, flags, segments, count } = operation;
  if (lastOperation !== SocketAsyncOperation.Receive || flags !== SocketFlags.None) return false;
  return segments === null && count === 0;
}

/** Why a datagram of so many bytes cannot go there, or Success. Linux's answers, for what needs no system call. */
export function refusedTarget(core: SocketCore, bytes: number, to: EndPoint | null): SocketError {
  if (to !== null && !core.addresses.carries(to)) return SocketError.AddressFamilyNotSupported;
  if (to instanceof IPEndPoint) {
    const six = to.family === 'inet6';
    const family = core.addresses.current;
    if (family === AddressFamily.InterNetwork && six) return SocketError.AddressFamilyNotSupported;
    if (
      family === AddressFamily.InterNetworkV6 &&
      !core.addresses.dualMode &&
      core.addresses.given !== AddressFamily.Unspecified
    ) {
      if (!six || unmapped(to.address) !== null) return SocketError.NetworkUnreachable;
    }
    if (to.port === 0) return SocketError.InvalidArgument;
    if (to.address === '255.255.255.255' && core.options['broadcast'] !== true)
      return SocketError.AccessDenied;
  }
  const { unitBytesMax } = core.transport.caps;
  return unitBytesMax !== undefined && bytes > unitBytesMax ? SocketError.MessageSize : SocketError.Success;
}

/** Linux: OutOfBand means nothing to datagrams. */
const RECEIVE_FLAGS =
  SocketFlags.Peek | SocketFlags.OutOfBand | SocketFlags.Truncated | SocketFlags.ControlDataTruncated;
/** Linux gives a socket 212,992 bytes unless told otherwise, and counts its own overhead; this is the same in plain bytes. */
const INBOX_BYTES_MAX = 262_144;
const NO_BYTES = new Uint8Array(0);
