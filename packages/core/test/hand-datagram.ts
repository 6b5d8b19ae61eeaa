/**
 * A datagram transport that a test drives by hand, the counterpart of hand-transport.ts: what a send answers, what comes inside a downcall
 * and what throws is told to it beforehand; every upcall is made by the test.
 */

import type {
  Capabilities,
  DatagramChannel,
  DatagramSink,
  DnsEndPoint,
  EndPoint,
  IPPacketInformation,
  OpenOptions,
  Runtime,
  Transport,
} from '@proactor/core';
import { IPEndPoint } from '@proactor/core';
import { HandRuntime } from './hand-runtime.ts';

export type PortDowncall = 'send' | 'connect' | 'close' | 'set';
type ResolveDone = (error: unknown, found: readonly EndPoint[]) => void;

/** Who sends when a test does not say. */
export const PEER: IPEndPoint = new IPEndPoint('10.0.0.2', 7000);

export class HandPort implements DatagramChannel {
  readonly sink: DatagramSink;
  readonly at: EndPoint;
  readonly options: Readonly<Record<string, unknown>>;
  /** Every downcall in order: `send 3 10.0.0.2:7000`, `send 0 peer`, `connect null`, `close false`, `set ttl`. */
  readonly calls: string[] = [];
  /** The bytes of every unit, at the moment it was offered. */
  readonly units: number[][] = [];
  /** The units themselves: the memory that is lent. */
  readonly memory: Uint8Array[] = [];
  /** What a send answers: done, pending, or what a function says. */
  answer: 'finished' | 'pending' | ((unit: Uint8Array) => boolean) = 'finished';
  /** Runs inside the next downcall of that name, once. */
  readonly during: Partial<Record<PortDowncall, () => void>> = {};
  /** A downcall of that name throws this, every time. */
  readonly throws: Partial<Record<PortDowncall, unknown>> = {};
  readonly settings = new Map<string, unknown>();
  readonly connect?: (to: EndPoint | null) => void;
  /** What a wildcard peer has become; null = what was asked for. */
  peerSeen: EndPoint | null = null;
  local: EndPoint | null;
  remote: EndPoint | null = null;

  constructor(
    sink: DatagramSink,
    at: EndPoint,
    options: Readonly<Record<string, unknown>>,
    connects: boolean,
  ) {
    this.sink = sink;
    this.at = at;
    this.options = options;
    this.local = at instanceof IPEndPoint && at.port === 0 ? new IPEndPoint(at.address, 50_001) : at;
    if (connects) {
      this.connect = (to) => {
        this.#called('connect', `connect ${to}`);
        this.remote = to === null ? null : (this.peerSeen ?? to);
      };
    }
  }

  // Downcalls.

  send(unit: Uint8Array, to: EndPoint | null): boolean {
    this.memory.push(unit);
    this.units.push([...unit.subarray(0, 100)]);
    this.#called('send', `send ${unit.byteLength} ${to ?? 'peer'}`);
    if (typeof this.answer === 'function') return this.answer(unit);
    return this.answer === 'pending';
  }

  close(abort: boolean): void {
    this.#called('close', `close ${abort}`);
  }

  ref(on: boolean): void {
    this.calls.push(`ref ${on}`);
  }

  setOption(name: string, value: unknown): void {
    this.#called('set', `set ${name}`);
    this.settings.set(name, value);
  }

  getOption(name: string): unknown {
    return this.settings.get(name);
  }

  // Upcalls.

  open(): void {
    this.sink.open();
  }

  /** A unit comes, in memory that is overwritten as soon as the call has returned. */
  data(bytes: ArrayLike<number>, from: EndPoint = PEER, info?: IPPacketInformation): void {
    const scratch = new Uint8Array(bytes.length + 2);
    const unit = scratch.subarray(1, 1 + bytes.length);
    unit.set(bytes);
    this.sink.data(unit, from, info);
    scratch.fill(0xee);
  }

  sent(error?: unknown): void {
    this.sink.sent(error);
  }

  softError(error: unknown): void {
    this.sink.softError(error);
  }

  closed(error?: unknown): void {
    this.local = null;
    this.remote = null;
    this.sink.closed(error);
  }

  /** Downcalls of one kind. */
  countOf(kind: PortDowncall): number {
    return this.calls.filter((call) => call.split(' ')[0] === kind).length;
  }

  #called(kind: PortDowncall, call: string): void {
    this.calls.push(call);
    const inside = this.during[kind];
    delete this.during[kind];
    inside?.();
    if (kind in this.throws) throw this.throws[kind];
  }
}

export interface HandDatagramOptions {
  readonly runtime?: Runtime;
  readonly caps?: Partial<Capabilities>;
  /** Its ports know no peer. */
  readonly withoutConnect?: boolean;
  readonly resolve?: (name: DnsEndPoint, done: ResolveDone) => void;
}

export class HandDatagramTransport implements Transport {
  readonly name: string = 'hand';
  readonly runtime: Runtime;
  readonly caps: Capabilities;
  readonly ports: HandPort[] = [];
  readonly resolve?: (name: DnsEndPoint, done: ResolveDone) => void;
  /** Runs inside `bind()`, before it has returned. May throw. Unless told otherwise the port opens there. */
  binding: (port: HandPort) => void = (port) => port.open();
  readonly #connects: boolean;

  constructor(o: HandDatagramOptions = {}) {
    this.runtime = o.runtime ?? new HandRuntime();
    this.#connects = o.withoutConnect !== true;
    this.caps = {
      kind: 'datagram',
      families: ['inet', 'inet6', 'room'],
      halfClose: false,
      abort: 'silent',
      flow: 'none',
      unitBytesMax: 65_507,
      options: ['broadcast', 'ttl', 'receiveBufferSize', 'ipv6Only', 'addMembership', 'dropMembership'],
      ...o.caps,
    };
    if (o.resolve !== undefined) this.resolve = o.resolve;
  }

  bind(at: EndPoint, sink: DatagramSink, o: OpenOptions): DatagramChannel {
    const port = new HandPort(sink, at, o.options, this.#connects);
    this.ports.push(port);
    this.binding(port);
    return port;
  }

  /** The port made last. */
  get port(): HandPort {
    const port = this.ports.at(-1);
    if (port === undefined) throw new Error('no port was made');
    return port;
  }
}
