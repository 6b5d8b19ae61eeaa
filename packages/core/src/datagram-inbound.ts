/**
 * The receiving direction of one datagram port: posted receives meet units, whole or cut, never joined. What nobody waits for is kept as
 * far as there is room, else dropped and counted. It knows nothing of sends.
 */

import { complete, fail } from './completion.ts';
import { DatagramInbox, type DatagramUnit } from './datagram-inbox.ts';
import type { DatagramPort } from './datagram-port.ts';
import type { EndPoint } from './end-point.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { fill } from './fill.ts';
import { unmapped } from './ip-address.ts';
import { type Lane, type LaneOwner, OwnedLane } from './lane.ts';
import type { Operation } from './operation.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException, socketErrorOf } from './socket-exception.ts';
import type { SocketStats } from './socket-stats.ts';
import type { IPPacketInformation } from './transport.ts';

export class DatagramInbound implements LaneOwner {
  readonly lane: Lane = new OwnedLane(this);
  readonly #port: DatagramPort;
  readonly #core: SocketCore;
  readonly #stats: SocketStats;
  readonly #inbox = new DatagramInbox();

  constructor(port: DatagramPort, core: SocketCore) {
    this.#port = port;
    this.#core = core;
    this.#stats = core.stats;
  }

  /** Bytes of the datagram that is next. */
  get available(): number {
    return this.#inbox.nextBytes;
  }

  get readable(): boolean {
    return this.#inbox.length > 0;
  }

  // From the verbs.

  receive(operation: Operation): void {
    operation.lane = this.lane;
    if ((operation.flags & ~RECEIVE_FLAGS) !== 0)
      return complete(operation, SocketError.OperationNotSupported, 0);
    if (operation.memoryGone) return complete(operation, SocketError.InvalidArgument, 0);
    if (this.#port.isClosed) return fail(operation, this.#port.failure, 0);
    if (this.lane.head === null) {
      if (this.#port.hasError) return fail(operation, this.#port.takeSoftError(), 0);
      const unit = this.#inbox.peek();
      if (unit !== null) return this.#serve(operation, unit);
    }
    this.lane.push(operation);
  }

  /** From what has arrived: bytes of one datagram (cut to fit), -1 = would wait. Throws a soft error that nobody was told. */
  tryReceive(target: Uint8Array): number {
    if (this.lane.head !== null || this.lane.undelivered > 0) return -1;
    if (this.#port.hasError) {
      const error = this.#port.takeSoftError();
      throw new SocketException(socketErrorOf(error), undefined, { cause: error });
    }
    const unit = this.#inbox.peek();
    if (unit === null) return -1;
    const bytes = Math.min(target.length, unit.bytes.length);
    target.set(unit.bytes.subarray(0, bytes));
    if (bytes < unit.bytes.length) this.#stats.truncated++;
    this.#letOldestGo();
    return bytes;
  }

  /** A receive owes nothing to anyone: it ends at once. */
  cancel(operation: Operation, error: SocketError): void {
    this.lane.remove(operation);
    complete(operation, error, 0);
  }

  // From the port.

  /** A unit meets the first receive, or waits, or is dropped. */
  arrived(bytes: Uint8Array, from: EndPoint, info: IPPacketInformation): void {
    this.#wakeBare();
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head) {
      this.lane.remove(operation);
      if (operation.memoryGone) complete(operation, SocketError.InvalidArgument, 0);
      else if (this.#give(operation, bytes, from, info)) return this.#wakeBare();
      this.#wakeBare();
    }
    if (!this.#inbox.push(bytes, from, info, this.#bytesMax, this.#unitsMax)) this.#stats.dropped++;
    this.#stats.inboxBytes = this.#inbox.bytes;
  }

  /** What belongs to no unit is told to the receive that waits longest; false = none waits. */
  failFirst(error: unknown): boolean {
    this.#wakeBare();
    const operation = this.lane.head;
    if (operation === null) return false;
    this.lane.remove(operation);
    fail(operation, error, 0);
    this.#wakeBare();
    return true;
  }

  /** The port has a peer now: what others sent before is dropped, and counted. */
  keepOnly(peer: EndPoint): void {
    this.#stats.dropped += this.#inbox.keepOnly(peer);
    this.#stats.inboxBytes = this.#inbox.bytes;
  }

  /** The socket closes: nobody will ask any more. */
  close(): void {
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head)
      this.cancel(operation, SocketError.OperationAborted);
    this.#inbox.clear();
    this.#stats.inboxBytes = 0;
  }

  /** The channel is gone. */
  end(why: unknown): void {
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head) {
      this.lane.remove(operation);
      fail(operation, why, 0);
    }
  }

  // Inside.

  /** .NET: a Receive without window and flags that waits does not ask the socket when it is woken, whatever came. */
  #wakeBare(): void {
    for (
      let operation = this.lane.head;
      operation !== null && isBare(operation);
      operation = this.lane.head
    ) {
      this.lane.remove(operation);
      complete(operation, SocketError.Success, 0);
    }
  }

  #serve(operation: Operation, { bytes, from, info }: DatagramUnit): void {
    if (this.#give(operation, bytes, from, info)) this.#letOldestGo();
  }

  #letOldestGo(): void {
    this.#inbox.shift();
    this.#stats.inboxBytes = this.#inbox.bytes;
  }

  /** Completes a receive with a unit; whether it used it up. */
  #give(operation: Operation, bytes: Uint8Array, from: EndPoint, info: IPPacketInformation): boolean {
    const message = operation.lastOperation === SocketAsyncOperation.ReceiveMessageFrom;
    const room = operation.bytesTotal;
    // .NET on Unix looks with a window of one byte where there is none, so that a unit of one byte is not cut; a message is taken all the
    // same, and so is what meets a list.
    const looks = room === 0 && !message && operation.segments === null;
    const copied = fill(operation, bytes, 0, bytes.length);
    const cut = bytes.length > Math.max(copied, looks ? 1 : 0);
    const told = (operation.flags & SocketFlags.Truncated) !== 0 && !looks ? bytes.length : copied;
    complete(operation, SocketError.Success, told);
    const { args } = operation;
    if (cut) {
      args.socketFlags = SocketFlags.Truncated;
      this.#stats.truncated++;
    }
    if (operation.lastOperation !== SocketAsyncOperation.Receive && !from.equals(args.remoteEndPoint))
      args.remoteEndPoint = from;
    if (message) operation.packetInformation = plainInformation(info);
    return !looks && (operation.flags & SocketFlags.Peek) === 0;
  }

  /** What the inbox was told; else as much as was asked of the system, and Linux's least at that; else what the transport says. */
  get #bytesMax(): number {
    const { options } = this.#core;
    if (typeof options['inboxBytesMax'] === 'number') return options['inboxBytesMax'];
    const asked = options['receiveBufferSize'];
    if (typeof asked === 'number') return Math.max(asked, RECEIVE_BUFFER_BYTES_MIN);
    return this.#port.limit('inboxBytesMax', INBOX_BYTES_MAX);
  }

  get #unitsMax(): number {
    return this.#port.limit('inboxUnitsMax', INBOX_UNITS_MAX);
  }
}

/** IPv4 as IPv4, also on a socket that speaks both. */
function plainInformation(info: IPPacketInformation): IPPacketInformation {
  const address = info.address === null ? null : unmapped(info.address);
  return address === null ? info : { address, interface: info.interface };
}

function isBare(operation: Operation): boolean {
  const { lastOperation, flags, segments, count } = operation;
  if (lastOperation !== SocketAsyncOperation.Receive || flags !== SocketFlags.None) return false;
  return segments === null && count === 0;
}

/** Linux: OutOfBand means nothing to datagrams. */
const RECEIVE_FLAGS =
  SocketFlags.Peek | SocketFlags.OutOfBand | SocketFlags.Truncated | SocketFlags.ControlDataTruncated;
/** Linux gives a socket 212,992 bytes unless told otherwise, and counts its own overhead; this is the same in plain bytes. */
const INBOX_BYTES_MAX = 262_144;
const INBOX_UNITS_MAX = 4_096;
/** Linux: SOCK_MIN_RCVBUF. */
const RECEIVE_BUFFER_BYTES_MIN = 2_304;
