/**
 * The sending direction of one datagram port: posted sends go out one unit at a time, in order; what the queue has no room for is refused.
 * It knows which unit's memory is lent to the transport, and nothing of receives.
 */

import { complete, fail } from './completion.ts';
import type { DatagramPort } from './datagram-port.ts';
import { refusedTarget } from './datagram-target.ts';
import type { EndPoint } from './end-point.ts';
import { SocketError } from './enums/socket-error.ts';
import { type Lane, type LaneOwner, OwnedLane } from './lane.ts';
import type { Operation } from './operation.ts';
import { IDLE_FLAGS } from './outbound.ts';
import type { Packets } from './packets.ts';
import { remains } from './slices.ts';
import type { SocketCore } from './socket-core.ts';
import type { SocketStats } from './socket-stats.ts';
import type { DatagramChannel } from './transport.ts';

export class DatagramOutbound implements LaneOwner {
  readonly lane: Lane = new OwnedLane(this);
  readonly #port: DatagramPort;
  readonly #core: SocketCore;
  readonly #stats: SocketStats;
  /** Sends in the lane; their bytes are `stats.queuedSendBytes`. */
  #queued = 0;
  /** A unit is down, its memory lent. */
  #pending = false;
  #pumping = false;
  /** Who waits for the sends before it: the last of those, null once it has ended. */
  readonly #waiting: { last: Operation | null; readonly call: (open: boolean) => void }[] = [];
  /** A list as one unit. */
  #joined: Uint8Array = NO_BYTES;

  constructor(port: DatagramPort, core: SocketCore) {
    this.#port = port;
    this.#core = core;
    this.#stats = core.stats;
  }

  get idle(): boolean {
    return this.lane.head === null;
  }

  // From the verbs.

  /** `to`: where it goes; null = to the peer. */
  send(operation: Operation, to: EndPoint | null): void {
    operation.lane = this.lane;
    operation.target = to;
    if (this.#port.isClosed) return fail(operation, this.#port.failure, 0);
    const bytes = operation.bytesTotal;
    const refused = this.#refusal(operation, bytes, to);
    if (refused !== SocketError.Success) return complete(operation, refused, 0);
    if (this.lane.head === null) {
      if (this.#port.hasError) return fail(operation, this.#port.takeSoftError(), 0);
    } else if (this.#isFull(bytes)) {
      return complete(operation, SocketError.NoBufferSpaceAvailable, 0);
    }
    operation.total = bytes;
    this.#push(operation);
  }

  /** One datagram per element. */
  sendPackets(operation: Operation, packets: Packets): void {
    operation.lane = this.lane;
    operation.target = null;
    operation.total = packets.total;
    let failure: unknown = null;
    if (this.#port.isClosed) failure = this.#port.failure;
    else if (this.lane.head === null) failure = this.#port.takeSoftError();
    else if (this.#isFull(operation.total)) failure = { code: 'ENOBUFS' };
    if (failure !== null) {
      packets.close();
      return fail(operation, failure, 0);
    }
    operation.packets = packets;
    this.#push(operation);
  }

  /**
   * Calls when every send that is posted by now has ended, before the next goes down; at once when there is none. `open`: whether the socket
   * still is. So a change of the peer keeps its place among the sends.
   */
  whenOut(call: (open: boolean) => void): void {
    const last = this.lane.tail;
    if (last === null) call(true);
    else this.#waiting.push({ last, call });
  }

  /** One whose unit is down ends when the transport gives it back. */
  cancel(operation: Operation, error: SocketError): void {
    if (this.#pending && this.lane.head === operation) {
      operation.cancelled = error;
      return;
    }
    this.#remove(operation);
    complete(operation, error, toldBytes(operation));
  }

  // From the port.

  /** The pending unit is out, or failed; whether one was pending. */
  sent(error: unknown): boolean {
    if (!this.#pending) return false;
    this.#pending = false;
    this.#finish(error);
    this.pump();
    return true;
  }

  /** Gives units down as long as none is pending. */
  pump(): void {
    if (this.#pumping || this.#pending || !this.#port.isOpen) return;
    this.#pumping = true;
    this.#wake();
    for (let operation = this.lane.head; operation !== null && !this.#pending; operation = this.lane.head) {
      if (operation.packets === null) {
        if (!this.#sendUnit(operation)) break;
      } else if (!this.#sendPacket(operation, operation.packets)) {
        break;
      }
      this.#wake();
    }
    this.#pumping = false;
  }

  #wake(): void {
    while (this.#waiting[0]?.last === null) this.#waiting.shift()?.call(true);
  }

  #giveUpWaiting(): void {
    for (const { call } of this.#waiting.splice(0)) call(false);
  }

  /** The socket closes: what is down ends with the channel, everything else now. */
  close(): void {
    for (let operation = this.lane.head; operation !== null; ) {
      const { next } = operation;
      this.cancel(operation, SocketError.OperationAborted);
      operation = next;
    }
    this.#giveUpWaiting();
  }

  /** The channel is gone. */
  end(why: unknown): void {
    this.#pending = false;
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head) {
      this.#remove(operation);
      if (operation.cancelled === SocketError.Success) fail(operation, why, toldBytes(operation));
      else complete(operation, operation.cancelled, toldBytes(operation));
    }
    this.#giveUpWaiting();
  }

  // Inside.

  /** What can be told before the transport is asked. A target was looked at by its verb. */
  #refusal(operation: Operation, bytes: number, to: EndPoint | null): SocketError {
    if ((operation.flags & ~IDLE_FLAGS) !== 0) return SocketError.OperationNotSupported;
    if (this.#core.sendsNoMore) return SocketError.Shutdown;
    if (operation.memoryGone) return SocketError.InvalidArgument;
    return to === null ? refusedTarget(this.#core, bytes, null) : SocketError.Success;
  }

  /** A queue in which something waits takes no more than its limits; an empty one takes anything. */
  #isFull(bytes: number): boolean {
    return (
      this.#queued >= this.#port.limit('sendQueueUnitsMax', QUEUE_UNITS_MAX) ||
      this.#stats.queuedSendBytes + bytes > this.#port.limit('sendQueueBytesMax', QUEUE_BYTES_MAX)
    );
  }

  #push(operation: Operation): void {
    this.#stats.queuedSendBytes += operation.total;
    this.#queued++;
    this.lane.push(operation);
    this.pump();
  }

  #remove(operation: Operation): void {
    this.#stats.queuedSendBytes -= operation.total;
    this.#queued--;
    if (this.#waiting.length > 0) this.#ended(operation);
    this.lane.remove(operation);
    operation.packets?.close();
  }

  /** Who waited for it waits for the one before it, if it was not the first. */
  #ended(operation: Operation): void {
    for (const waiting of this.#waiting) if (waiting.last === operation) waiting.last = operation.previous;
  }

  /** The head as a datagram; whether the pump may go on. */
  #sendUnit(operation: Operation): boolean {
    if (!remains(operation)) {
      this.#remove(operation);
      complete(operation, SocketError.InvalidArgument, 0);
      return true;
    }
    let failure: unknown = null;
    try {
      const pending = this.#giveDown(this.#unitOf(operation), operation.target);
      if (this.lane.head !== operation) return false; // closed inside the call
      this.#pending = pending;
    } catch (error) {
      failure = error;
    }
    if (!this.#pending && this.lane.head === operation) this.#finish(failure);
    return true;
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
    const { unitBytesMax } = this.#core.transport.caps;
    if (!packets.gaveWholePart || (unitBytesMax !== undefined && slice.length > unitBytesMax)) {
      this.#remove(operation);
      complete(operation, SocketError.MessageSize, packets.finishedBytes);
      return true;
    }
    try {
      operation.given = slice.length;
      const pending = this.#giveDown(slice, null);
      if (this.lane.head !== operation) return true;
      this.#pending = pending;
      if (!pending) this.#packetSent(operation, packets);
    } catch (error) {
      this.#remove(operation);
      fail(operation, error, packets.finishedBytes);
    }
    return true;
  }

  /** A page of a file has been read. */
  readonly #goOn = (): void => {
    const { engine } = this.#core;
    engine.enterUpcall();
    try {
      this.pump();
    } finally {
      engine.leaveUpcall();
    }
  };

  /** A channel that has no `connect()` cannot know the peer: it is told where each unit goes. */
  #giveDown(unit: Uint8Array, to: EndPoint | null): boolean {
    const channel = this.#port.channel as DatagramChannel;
    this.#stats.lastActivityAt = this.#core.engine.time; // known already, where a handler answers what came
    return channel.send(unit, to ?? (channel.connect === undefined ? this.#port.peer : null));
  }

  #finish(error: unknown): void {
    const operation = this.lane.head;
    if (operation === null) return;
    const { packets } = operation;
    const cancelled = operation.cancelled !== SocketError.Success;
    if (packets !== null && error === null && !cancelled) {
      this.#packetSent(operation, packets);
      return;
    }
    this.#remove(operation);
    if (cancelled) {
      if (error === null && packets === null) this.#count(operation.total); // too late to keep it
      complete(operation, operation.cancelled, toldBytes(operation));
    } else if (error === null) {
      this.#count(operation.total);
      complete(operation, SocketError.Success, operation.total);
    } else {
      fail(operation, error, toldBytes(operation));
    }
  }

  #packetSent(operation: Operation, packets: Packets): void {
    this.#count(operation.given);
    packets.finished(operation.given);
  }

  #count(bytes: number): void {
    this.#stats.bytesSent += bytes;
    this.#stats.datagramsSent++;
  }

  /** The window, or the list joined into memory of the port's own: one unit is pending at a time. */
  #unitOf(operation: Operation): Uint8Array {
    const { segments } = operation;
    if (segments === null) return operation.view();
    if (this.#joined.length < operation.total) this.#joined = new Uint8Array(operation.total);
    let at = 0;
    for (const segment of segments) {
      this.#joined.set(segment, at);
      at += segment.length;
    }
    return this.#joined.subarray(0, at);
  }
}

/** Of SendPackets the elements that are out; any other send is out or not. */
function toldBytes(operation: Operation): number {
  return operation.packets?.finishedBytes ?? 0;
}

const NO_BYTES = new Uint8Array(0);
/** As many as the inbox of a receiver keeps, and bytes for 64 of the largest. */
const QUEUE_UNITS_MAX = 4_096;
const QUEUE_BYTES_MAX = 4_194_304;
