/**
 * Core's side of an args (what OVERLAPPED is to Windows): where its operation stands, what memory it may touch, and the links of the
 * one queue that it waits in. Made once per args and reused with it, so that an operation allocates nothing.
 */

import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import type { Lane } from './lane.ts';
import { FREE, IN_PROGRESS, IN_PROGRESS_DISPOSE_ASKED, type OperationState } from './operation-state.ts';
import type { AnyArgs } from './socket-async-event-args.ts';
import type { Packets } from './packets.ts';
import type { SocketCore } from './socket-core.ts';
import type { Socket } from './socket.ts';
import type { SocketError } from './enums/socket-error.ts';
import type { EndPoint } from './end-point.ts';
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import type { IPPacketInformation } from './transport.ts';

export class Operation {
  readonly args: AnyArgs;
  state: OperationState = FREE;
  /** Set while its own xxxAsync call is on the stack: only then can it complete inline. */
  starting = false;
  /** Completed inside its own call. */
  inline = false;

  // Results that the args shows but nobody else may write.
  lastOperation: SocketAsyncOperation = SocketAsyncOperation.None;
  bytesTransferred = 0;
  error: unknown = null;
  connectSocket: Socket | null = null;
  connectByNameError: Error | null = null;
  packetInformation: IPPacketInformation = NO_PACKET_INFORMATION;
  /** The ends of the connection on which it failed, for messages. */
  local: EndPoint | null = null;
  remote: EndPoint | null = null;
  connectionAborted = false;

  // The memory it may touch: one window, or a list.
  memory: Uint8Array | null = null;
  /** Given by setBuffer(memory): it has no offset of its own and cannot be narrowed. */
  memoryForm = false;
  offset = 0;
  count = 0;
  /** The list as it was given, and the segments it held then. */
  list: readonly Uint8Array[] | null = null;
  segments: readonly Uint8Array[] | null = null;
  #view: Uint8Array | null = null;
  #viewOf: Uint8Array | null = null;

  // Where it runs and waits.
  socket: SocketCore | null = null;
  /** The sender of its event. */
  sender: Socket | null = null;
  lane: Lane | null = null;
  /** Its flags as they were when it started; the field of the args is the user's meanwhile. */
  flags: SocketFlags = SocketFlags.None;
  next: Operation | null = null;
  previous: Operation | null = null;
  /** Whose asynchronous context its handlers run in; 'none' = they do not care. */
  flow: 'socket' | 'operation' | 'none' = 'socket';
  context: unknown = null;

  // A send on its way: see slices.ts. Bytes in all, given down, and known to be out; the segment that is next and where it starts.
  total = 0;
  given = 0;
  done = 0;
  segment = 0;
  segmentStart = 0;
  /** The elements of a SendPackets on their way. */
  packets: Packets | null = null;
  /** Where a connect or a datagram goes; null = to the peer. */
  target: EndPoint | null = null;
  /** The unused socket that an accept goes into, or null for a new one; the field of the args is the user's meanwhile. */
  acceptInto: SocketCore | null = null;

  // Its deadline: see deadlines.ts.
  due = 0;
  deadlineNext: Operation | null = null;
  deadlinePrevious: Operation | null = null;
  deadlineMs = 0;
  /** Whether waiting for it keeps the process alive: its socket does. */
  deadlineHolds = false;
  /** Why it was cancelled although it could not stop at once; Success = it was not. */
  cancelled: SocketError = 0;

  constructor(args: AnyArgs) {
    this.args = args;
  }

  /** Started, and its outcome is not known yet. */
  get pending(): boolean {
    return this.state === IN_PROGRESS || this.state === IN_PROGRESS_DISPOSE_ASKED;
  }

  /** Bytes of its window or list. */
  get bytesTotal(): number {
    if (this.segments === null) return this.count;
    let total = 0;
    for (const segment of this.segments) total += segment.byteLength;
    return total;
  }

  /** Whether its memory was taken away (transferred or shrunk) since it was set. */
  get memoryGone(): boolean {
    return (
      this.segments === null && this.memory !== null && this.memory.byteLength < this.offset + this.count
    );
  }

  /** Lets go of everything that belonged to its last use. */
  forget(): void {
    this.forgetView();
    this.socket = null;
    this.sender = null;
    this.lane = null;
    this.packets = null;
    this.target = null;
    this.acceptInto = null;
    this.error = null;
    this.connectSocket = null;
    this.connectByNameError = null;
    this.local = null;
    this.remote = null;
  }

  /** Its memory is not its own any more. */
  forgetView(): void {
    this.#view = null;
    this.#viewOf = null;
  }

  /** The window as a view, kept until another window is used. */
  view(): Uint8Array {
    const { memory, offset, count } = this;
    if (memory === null) return NOTHING;
    if (offset === 0 && count === memory.byteLength) return memory;
    const view = this.#view;
    if (
      view !== null &&
      this.#viewOf === memory &&
      view.byteLength === count &&
      view.byteOffset === memory.byteOffset + offset
    )
      return view;
    this.#viewOf = memory;
    this.#view = new Uint8Array(memory.buffer, memory.byteOffset + offset, count);
    return this.#view;
  }
}

const NOTHING = new Uint8Array(0);
