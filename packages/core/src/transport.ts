/**
 * The transport interface: what a medium must offer (downcalls: Transport, Channel, DatagramChannel, Listener) and what core offers
 * it (upcalls: the sinks). Types only. A transport never sees operations: queueing, peek, scatter and gather, cancellation,
 * deadlines, the accept queue and the mapping of errors are core's, once, for every transport.
 *
 * Rules that hold for every member:
 * - **Re-entrance.** Any upcall may come inside any downcall, also before `connect`, `listen` or `bind` has returned, except
 *   `written()` inside `write()` and `sent()` inside `send()`. Re-read your state after every upcall: core may have called down.
 * - **Life.** Core alone closes: both directions finished is not `closed()`. `closed()` is the last upcall, exactly once; what comes
 *   after it is ignored, counted, and fails an assertion in checked mode.
 * - **Errors** are a `SocketException`, or anything with a `code` that is an errno's name; the original is kept as `cause`.
 * - **Time** comes from the runtime only, so that tests can stand it still.
 */

import type { AnyArgs } from './socket-async-event-args.ts';
import type { DnsEndPoint, EndPoint } from './end-point.ts';

/**
 * A medium: TCP, memory, a port of a worker, your own. Which roles it plays is which methods it has.
 *
 * Implementors: use {@linkcode platformRuntime} unless you were given another runtime, so that all transports of a process share one
 * order of completions and one budget.
 */
export interface Transport {
  /** Short and constant: `'tcp'`. Shown in netstat() and in messages. */
  readonly name: string;
  readonly caps: Capabilities;
  readonly runtime: Runtime;
  /** Begins to connect and returns at once; then `sink.open()`, or `sink.closed(error)`. May throw instead of `closed(error)`. */
  connect?(to: EndPoint, sink: ChannelSink, o: OpenOptions): Channel;
  /** Begins to listen; then `sink.open()`, or `sink.closed(error)` or a throw (EADDRINUSE). `o.options.backlog` is the backlog asked for, if any. */
  listen?(at: EndPoint, sink: ListenerSink, o: OpenOptions): Listener;
  /** Opens a datagram port at an address. */
  bind?(at: EndPoint, sink: DatagramSink, o: OpenOptions): DatagramChannel;
  /** Looks a name up; calls `done` once, also inside the call. Trying the addresses in turn is core's work. */
  resolve?(name: DnsEndPoint, done: (error: unknown, found: readonly EndPoint[]) => void): void;
  /**
   * Throws what is wrong with an option of one of its sockets, before there is a channel to ask: a name that it has not, a value that is none,
   * what this platform has no way to. Core asks at every `setOption`. Without it that comes out when the socket opens.
   */
  checkOption?(name: string, value: unknown): void;
}

/** What the methods cannot say. Plain, frozen data that never changes. */
export interface Capabilities {
  /** `stream`: bytes without boundaries; `datagram`: units that may be lost. */
  readonly kind: 'stream' | 'datagram';
  /** The families of end points it takes (`'inet'`, `'unix'`, your own); `'*'` = any. */
  readonly families: readonly string[];
  /** Whether one direction can end while the other goes on. False: core never calls `shutdown()`, and a user's is refused. */
  readonly halfClose: boolean;
  /** What the peer sees of `close(true)`: an error, a plain end, or nothing. */
  readonly abort: 'reset' | 'end' | 'silent';
  /** How inbound can be held back: exactly by the byte; by pausing, which may overshoot by one read; not at all (core bounds its inbox, then aborts). */
  readonly flow: 'credit' | 'pause' | 'none';
  /** Largest datagram, in bytes. */
  readonly unitBytesMax?: number | undefined;
  /** Where a family (`'inet'`) takes less than that: by its name. */
  readonly unitBytesMaxOf?: Readonly<Record<string, number>> | undefined;
  /**
   * What is read (`data()`, `filled()`, `incoming()`) comes in the asynchronous context in which `connect()`, `listen()` or `bind()` was
   * called, or in one that carries nothing, as it does from Node's handles. Then core need not enter a Socket's context for each handler
   * where there is nothing to carry. Other upcalls may come in any. Default false.
   */
  readonly keepsContext?: boolean | undefined;
  /** The names of the options that `setOption` or the opening calls understand. */
  readonly options?: readonly string[] | undefined;
}

/** How something is to be opened. */
export interface OpenOptions {
  /** Bound to this before connecting. */
  readonly local?: EndPoint | undefined;
  /** Options set so far on the socket, all of them named in `caps.options`; a listener's also `backlog`, when one was asked for. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What channels, datagram channels and listeners have in common. */
export interface Handle {
  /** Where it is; looked up when read; null = not known, or not any more. Never throws. */
  readonly local: EndPoint | null;
  /**
   * false: what was taken goes out, then the end; does not wait for the peer. true: everything is dropped at once, the peer sees
   * `caps.abort`; may follow a `close(false)`. Both lead to one `closed()`. Calling it again does nothing.
   */
  close(abort: boolean): void;
  /** Whether it keeps the process alive, where the platform can tell. Default: it does. */
  ref?(on: boolean): void;
  /** Sets an option; throws when the value or the moment is wrong. */
  setOption?(name: string, value: unknown): void;
  /** Reads an option; undefined = not known. */
  getOption?(name: string): unknown;
  /** A typed way out to what lies below; undefined = absent. */
  feature?<T>(key: symbol): T | undefined;
}

/** What every sink hears. */
export interface HandleSink {
  /** Connected, listening or bound. Not called for accepted channels: they are born open. */
  open(): void;
  /** The last call, exactly once; no memory is lent after it. `error`: why it broke, or why it never opened. */
  closed(error?: unknown): void;
}

/** One connection, seen from core. Core keeps one write outstanding at a time and calls nothing after `closed()`. */
export interface Channel extends Handle {
  /** The other end; as `local`. */
  readonly remote: EndPoint | null;
  /**
   * Replaces the inbound allowance: up to `bytes` more may come; 0 = stop. Begins at 0. `data()` may come inside this call, and the
   * call may precede `open()`.
   *
   * Implementors: where telling an allowance takes time a peer may use one it was already told; keep what exceeds the new one.
   */
  demand(bytes: number): void;
  /**
   * Offers bytes; returns how many are finished inside the call. Fewer than offered: you have taken the rest as well, and its memory
   * is lent to you until `written()` or `closed()`. Never called with an empty chunk.
   */
  write(chunk: Uint8Array): number;
  /** The same over a list, counted across it. Absent: core writes one after the other. */
  writeMany?(chunks: readonly Uint8Array[]): number;
  /** Ends our sending side. Only when nothing is lent, only if `caps.halfClose`, at most once. */
  shutdown(): void;
}

/** What a channel tells core. */
export interface ChannelSink extends HandleSink {
  /** Bytes, valid until this returns; core copies what it keeps. Never empty. */
  data(chunk: Uint8Array): void;
  /** The peer has finished sending. At most once. */
  end(): void;
  /** The lent rest is out: its memory is the caller's again. */
  written(): void;
  /**
   * Zero copy: the window of the first receive that waits, if its memory cannot be detached and holds 16 KiB or more, else null. To be asked
   * where reading goes on, for the next read. It stays lent until `filled()`, `data()`, `demand(0)` or `closed()`.
   */
  lend?(): Uint8Array | null;
  /** So many bytes were read into the window that `lend()` gave, instead of `data()`. */
  filled?(bytes: number): void;
}

/** One datagram port, seen from core. One unit is pending at a time. */
export interface DatagramChannel extends Handle {
  /** The peer it is connected to, or null. */
  readonly remote: EndPoint | null;
  /** Sets, changes or (null) dissolves the peer; the local port stays. */
  connect?(to: EndPoint | null): void;
  /** Sends one unit. true = pending: its memory is lent until `sent()` or `closed()`. A throw fails this unit only. */
  send(unit: Uint8Array, to: EndPoint | null): boolean;
}

/** What a datagram channel tells core. */
export interface DatagramSink extends HandleSink {
  /** One whole unit, valid until this returns. */
  data(unit: Uint8Array, from: EndPoint, info?: IPPacketInformation): void;
  /** The pending unit is out, or failed; the channel lives. */
  sent(error?: unknown): void;
  /** An error that belongs to no unit (ICMP refused): kept, and told to one operation; the channel lives. */
  softError(error: unknown): void;
}

/** A listening place, seen from core. */
export interface Listener extends Handle {}

/** What a listener tells core. */
export interface ListenerSink extends HandleSink {
  /**
   * A connection has come. Core calls `make` inside this call, at most once, with the sink for the new channel, which is born open
   * with an allowance of 0. false = refused: drop it.
   */
  incoming(make: (sink: ChannelSink) => Channel): boolean;
}

/** Where a datagram was sent to, and on which interface it came. .NET: IPPacketInformation. */
export interface IPPacketInformation {
  /** The destination address, null where it is not known. */
  readonly address: string | null;
  /** The index of the interface, 0 where it is not known. */
  readonly interface: number;
}

/** Bytes with a length that can be read at any place: a file, or anything like one. Its position is neither used nor moved. */
export interface FileSource {
  /** Length in bytes. */
  readonly length: number;
  /** Reads up to `into.length` bytes from place `at`; calls `done` once. 0 bytes = nothing there. */
  read(into: Uint8Array, at: number, done: (error: unknown, bytes: number) => void): void;
}

/**
 * Everything that is time-, loop- or platform-shaped. One runtime is one engine: one order of completions, one budget, no handler under
 * another. A process has one ({@linkcode platformRuntime}); tests make others.
 */
export interface Runtime {
  /** Milliseconds, monotonic, from any origin. */
  now(): number;
  /** Runs `fn(arg)` later as a macrotask, first in first out. */
  defer<T>(fn: (arg: T) => void, arg: T): void;
  /** Runs `fn(arg)` once, `ms` milliseconds from now. */
  timer<T>(ms: number, fn: (arg: T) => void, arg: T): unknown;
  /** Does nothing for null, a fired or a cancelled timer. */
  cancelTimer(timer: unknown): void;
  /** Whether a timer that has not fired keeps the process alive, where the platform can tell. Default: it does. */
  refTimer?(timer: unknown, on: boolean): void;
  /** Opens a file to be sent; throws at once when it is missing. */
  openFile?(path: string): FileSource & { close(): void };
  /** Asynchronous contexts (Node's AsyncLocalStorage), where the platform has them. */
  readonly context?:
    | {
        capture(): unknown;
        /** Whether a captured one carries nothing, so that entering it from another such makes no difference. Default: never. */
        isBare?(context: unknown): boolean;
        run<A, B>(context: unknown, fn: (a: A, b: B) => void, a: A, b: B): void;
      }
    | undefined;
  /** Lets a test decide what else is chance, and watch. */
  readonly probe?: Probe | undefined;
}

/** Decides and watches in tests. Every member may be missing; then the engine does as always. */
export interface Probe {
  /** Whether an operation that could answer `false` may do so. Default: it may. */
  inline?(e: AnyArgs): boolean;
  /** Which of so many queued completions is delivered next, counted from 0. Default 0: the oldest. */
  next?(queued: number): number;
  /** How many completions a tick delivers before others have their turn. Default 256. */
  batch?(): number;
  /** An operation was accepted. */
  started?(e: AnyArgs): void;
  /** An operation is complete, inline or right before its handler runs. */
  completed?(e: AnyArgs): void;
}
