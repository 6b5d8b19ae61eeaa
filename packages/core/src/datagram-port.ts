/**
 * One datagram channel's life: open, connected or not, closed, and the error that belongs to no datagram. What comes is handed to
 * datagram-inbound, what goes to datagram-outbound; who waits for what is theirs.
 */

import { DatagramInbound } from './datagram-inbound.ts';
import { DatagramOutbound } from './datagram-outbound.ts';
import type { EndPoint } from './end-point.ts';
import { type Engine, SMALL_BYTES_MAX } from './engine.ts';
import type { Lane } from './lane.ts';
import type { Operation } from './operation.ts';
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import type { Packets } from './packets.ts';
import type { SocketCore } from './socket-core.ts';
import type { DatagramChannel, DatagramSink, IPPacketInformation } from './transport.ts';

export class DatagramPort implements DatagramSink {
  readonly #core: SocketCore;
  readonly #engine: Engine;
  readonly #bare: boolean;
  readonly #inbound: DatagramInbound;
  readonly #outbound: DatagramOutbound;
  #channel: DatagramChannel | null = null;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #openedEarly = false;
  #closeAsked = false;
  /** Why it never opened, or why it broke. */
  failure: unknown = null;
  /** The peer it is connected to. */
  peer: EndPoint | null = null;
  /** As the user wrote it. */
  #asked: EndPoint | null = null;
  /** Belongs to no unit; told to one operation. */
  #softError: unknown = null;

  /** `bare`: datagrams come in an asynchronous context that carries nothing. */
  constructor(core: SocketCore, bare: boolean) {
    this.#core = core;
    this.#bare = bare;
    this.#engine = core.engine;
    this.#inbound = new DatagramInbound(this, core);
    this.#outbound = new DatagramOutbound(this, core);
  }

  // What it is.

  get channel(): DatagramChannel | null {
    return this.#channel;
  }

  get receives(): Lane {
    return this.#inbound.lane;
  }

  get sends(): Lane {
    return this.#outbound.lane;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Bytes of the datagram that is next. */
  get available(): number {
    return this.#inbound.available;
  }

  get readable(): boolean {
    return this.#inbound.readable || this.hasError;
  }

  get hasError(): boolean {
    return this.#softError !== null;
  }

  get idle(): boolean {
    return this.#outbound.idle;
  }

  /** A bound of its queues: what the socket was told, else what the transport says, else the default. */
  limit(name: string, otherwise: number): number {
    const asked = this.#core.options[name] ?? this.#channel?.getOption?.(name);
    return typeof asked === 'number' ? asked : otherwise;
  }

  // From the verbs.

  receive(operation: Operation): void {
    this.#inbound.receive(operation);
  }

  tryReceive(target: Uint8Array): number {
    return this.#inbound.tryReceive(target);
  }

  /** `to`: where it goes; null = to the peer. */
  send(operation: Operation, to: EndPoint | null): void {
    this.#outbound.send(operation, to);
  }

  /** One datagram per element. */
  sendPackets(operation: Operation, packets: Packets): void {
    this.#outbound.sendPackets(operation, packets);
  }

  /** Calls when the sends posted by now have ended: see there. */
  whenOut(call: (open: boolean) => void): void {
    this.#outbound.whenOut(call);
  }

  /** Whether that is the peer, as it was written or as the system writes it. */
  isPeer(to: EndPoint): boolean {
    return this.peer?.equals(to) === true || this.#asked?.equals(to) === true;
  }

  /** Sets, changes or (null) dissolves the peer. Throws what the channel throws. */
  connect(peer: EndPoint | null): void {
    this.#channel?.connect?.(peer);
    this.#asked = peer;
    this.peer = peer === null ? null : (this.#channel?.remote ?? peer); // a wildcard has become an address by now
    this.#softError = null;
    if (this.peer !== null) this.#inbound.keepOnly(this.peer);
  }

  /** The error that was waiting for somebody to be told, if there is one. */
  takeSoftError(): unknown {
    const error = this.#softError;
    this.#softError = null;
    return error;
  }

  // Opening and closing.

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

  close(abort: boolean): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    this.#inbound.close();
    this.#outbound.close();
    if (this.#channel === null) this.#closeAsked = true;
    else this.#closeChannel(abort);
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

  data(unit: Uint8Array, from: EndPoint, info: IPPacketInformation = NO_PACKET_INFORMATION): void {
    if (this.#isLate() || this.#state === 'closing') return;
    if (this.peer !== null && !from.equals(this.peer)) {
      this.#core.stats.dropped++; // a stranger's, sent before there was a peer: systems let those pass
      return;
    }
    this.#engine.enterUpcall(this.#bare);
    try {
      const { stats } = this.#core;
      stats.lastActivityAt = this.#engine.time;
      stats.bytesReceived += unit.length;
      stats.datagramsReceived++;
      this.#inbound.arrived(unit, from, info);
    } finally {
      this.#engine.leaveUpcall(unit.length <= SMALL_BYTES_MAX);
    }
  }

  /** In the context of whoever sent: it may carry anything. */
  sent(error?: unknown): void {
    if (this.#isLate()) return;
    this.#engine.enterUpcall();
    try {
      this.#outbound.sent(error ?? null);
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  softError(error: unknown): void {
    if (this.#isLate() || this.#state === 'closing') return;
    this.#engine.enterUpcall();
    try {
      if (!this.#inbound.failFirst(error)) this.#softError = error;
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  closed(error?: unknown): void {
    if (this.#isLate()) return;
    this.#engine.enterUpcall();
    try {
      this.#end(error ?? null);
    } finally {
      this.#engine.leaveUpcall();
    }
  }

  // Inside.

  /** An upcall after closed(): counted, and ignored. */
  #isLate(): boolean {
    if (this.#state !== 'closed') return false;
    this.#core.stats.lateUpcalls++;
    return true;
  }

  #opened(): void {
    this.#state = 'open';
    this.#outbound.pump();
  }

  #end(error: unknown): void {
    const before = this.#state;
    this.#state = 'closed';
    const why = error ?? { code: 'ECANCELED' };
    if (before !== 'closing') this.failure = why;
    this.#outbound.end(why);
    this.#inbound.end(why);
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
}
