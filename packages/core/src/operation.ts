/**
 * Core's side of an args (what OVERLAPPED is to Windows): where its operation stands, what memory it may touch, and the links of the
 * one queue that it waits in. Made once per args and reused with it, so that an operation allocates nothing.
 */

import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import type { Lane } from './lane.ts';
import { FREE, IN_PROGRESS, IN_PROGRESS_DISPOSE_ASKED, type OperationState } from './operation-state.ts';
import { isUndetachable, viewOf } from './platform.ts';
import type { AnyArgs } from './socket-async-event-args.ts';
import type { Packets } from './packets.ts';
import type { SocketCore } from './socket-core.ts';
import type { Socket } from './socket.ts';
import type { SocketError } from './enums/socket-error.ts';
import type { EndPoint } from './end-point.ts';
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import type { IPPacketInformation } from './transport.ts';

export class Operation {
  // What every receive and send touches comes first, so that it lies together: a message meets each piece of memory cold.

  readonly args: AnyArgs;
  state: OperationState = FREE;
  /** Set while its own xxxAsync call is on the stack: only then can it complete inline. */
  starting = false;
  /** Completed inside its own call. */
  inline = false;
  lastOperation: SocketAsyncOperation = SocketAsyncOperation.None;
  bytesTransferred = 0;
  /** Its flags as they were when it started; the field of the args is the user's meanwhile. */
  flags: SocketFlags = SocketFlags.None;
  /** The memory it may touch: one window, or a list. */
  memory: Uint8Array | null = null;
  offset = 0;
  count = 0;
  /** Given by setBuffer(memory): it has no offset of its own and cannot be narrowed. */
  memoryForm = false;
  /** The list as it was given, and the segments it held then. */
  list: readonly Uint8Array[] | null = null;
  segments: readonly Uint8Array[] | null = null;
  #view: Uint8Array | null = null;
  #viewOf: Uint8Array | null = null;
  #viewOffset = 0;
  #lendable: Uint8Array | null = null;
  /** A send on its way: see slices.ts. Bytes in all, given down, and known to be out. */
  total = 0;
  given = 0;
  done = 0;
  socket: SocketCore | null = null;
  /** The sender of its event. */
  sender: Socket | null = null;
  /** Where it waits. */
  lane: Lane | null = null;
  next: Operation | null = null;
  previous: Operation | null = null;
  /** Whose asynchronous context its handlers run in; 'none' = they do not care. */
  flow: 'socket' | 'operation' | 'none' = 'socket';
  error: unknown = null;
  connectByNameError: Error | null = null;
  /** Why it was cancelled although it could not stop at once; Success = it was not. */
  cancelled: SocketError = 0;
  connectionAborted = false;
  due = 0;
  /** The elements of a SendPackets on their way. */
  packets: Packets | null = null;
  /** Where a connect or a datagram goes; null = to the peer. */
  target: EndPoint | null = null;

  // The rest: of some operations only.

  connectSocket: Socket | null = null;
  packetInformation: IPPacketInformation = NO_PACKET_INFORMATION;
  /** The ends of the connection on which it failed, for messages. */
  local: EndPoint | null = null;
  remote: EndPoint | null = null;
  context: unknown = null;
  /** Of a list that is sent: the segment that is next, and where it starts. */
  segment = 0;
  segmentStart = 0;
  /** The unused socket that an accept goes into, or null for a new one; the field of the args is the user's meanwhile. */
  acceptInto: SocketCore | null = null;
  /** Its deadline, besides `due`: see deadlines.ts. */
  deadlineNext: Operation | null = null;
  deadlinePrevious: Operation | null = null;
  deadlineMs = 0;
  /** Whether waiting for it keeps the process alive: its socket does. */
  deadlineHolds = false;

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
    for (const segment of this.segments) total += segment.length;
    return total;
  }

  /** Whether its memory was taken away (transferred or shrunk) since it was set. */
  get memoryGone(): boolean {
    return this.segments === null && this.memory !== null && this.memory.length < this.offset + this.count;
  }

  /** It starts on a socket, in no lane yet. A link that is right is left alone, since each that is
   * written costs a write barrier, which looks into two more pages of memory. */
  take(core: SocketCore, state: OperationState): void {
    this.state = state;
    if (this.socket !== core) this.socket = core;
    if (this.sender !== core.socket) this.sender = core.socket;
    this.lane = null;
    this.flags = this.args.socketFlags;
    this.inline = false;
    this.starting = true;
    this.cancelled = 0;
    this.connectionAborted = false;
    this.given = 0;
    this.done = 0;
    if (this.packets !== null && this.lastOperation !== SocketAsyncOperation.SendPackets) this.packets = null;
    this.target = null;
    if (this.flow === 'operation') this.context = core.engine.runtime.context?.capture() ?? null;
  }

  /** Whether its window may be lent to a transport to read into: nobody can take it away meanwhile, and it is worth the trouble. */
  get lendable(): boolean {
    const { memory } = this;
    if (memory === null || this.count < LENDABLE_BYTES_MIN) return false;
    if (this.#lendable === memory) return true;
    if (!isUndetachable(memory.buffer)) return false;
    this.#lendable = memory;
    return true;
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
    this.context = null;
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
    this.#lendable = null;
  }

  /** The window as a view, kept until another window is used. */
  view(): Uint8Array {
    const { memory, offset, count } = this;
    if (memory === null) return NOTHING;
    const view = this.#view;
    if (view !== null && this.#viewOf === memory && this.#viewOffset === offset && view.length === count)
      return view;
    this.#viewOf = memory;
    this.#viewOffset = offset;
    this.#view = viewOf(memory.buffer, memory.byteOffset + offset, count);
    return this.#view;
  }
}

/** Below, copying out of a buffer that is always in the cache costs next to nothing. */
const LENDABLE_BYTES_MIN = 16_384;

const NOTHING = new Uint8Array(0);
