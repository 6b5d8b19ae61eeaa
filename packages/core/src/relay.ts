/**
 * Base classes for layers: functions `Transport -> Transport` that throttle, capture, compress or break what passes. Each relay is a
 * channel to core and a sink to the transport below, and hands everything on; a layer overrides only what it changes.
 */

import type { EndPoint } from './end-point.ts';
import { NotSupportedError } from './errors.ts';
import type {
  Capabilities,
  Channel,
  ChannelSink,
  DatagramChannel,
  DatagramSink,
  Handle,
  HandleSink,
  IPPacketInformation,
  Listener,
  ListenerSink,
  OpenOptions,
  Runtime,
  Transport,
} from './transport.ts';

/** What all relays do alike. */
abstract class RelayHandle<H extends Handle, S extends HandleSink> implements HandleSink {
  /** What lies above: core, or another layer. */
  protected readonly outer: S;
  /** What lies below; not there before the opening call has returned, though upcalls may come. */
  protected inner!: H;

  constructor(outer: S) {
    this.outer = outer;
  }

  /** Called once by the relay transport, when the handle below is there. */
  attach(inner: H): this {
    this.inner = inner;
    return this;
  }

  get local(): EndPoint | null {
    return this.inner.local;
  }
  close(abort: boolean): void {
    this.inner.close(abort);
  }
  ref(on: boolean): void {
    this.inner.ref?.(on);
  }
  setOption(name: string, value: unknown): void {
    if (this.inner.setOption === undefined)
      throw new NotSupportedError(
        `Cannot set option ${name}: the transport below takes it only before opening`,
      );
    this.inner.setOption(name, value);
  }
  getOption(name: string): unknown {
    return this.inner.getOption?.(name);
  }
  feature<T>(key: symbol): T | undefined {
    return this.inner.feature?.<T>(key);
  }

  open(): void {
    this.outer.open();
  }
  closed(error?: unknown): void {
    this.outer.closed(error);
  }
}

/**
 * One connection of a layer: a Channel to what lies above, a ChannelSink to what lies below. It has no `writeMany`, so that everything
 * passes `write`; a layer that wants lists whole adds it.
 *
 * @example Counts what is sent
 * ```ts
 * import { RelayChannel, RelayTransport, Socket } from '@proactor/core';
 * import { loopback, pair } from '@proactor/testing';
 *
 * let sent = 0;
 * class Counting extends RelayChannel {
 *   override write(chunk: Uint8Array): number {
 *     sent += chunk.byteLength;
 *     return super.write(chunk);
 *   }
 * }
 * class CountingTransport extends RelayTransport {
 *   protected override channel(sink: ConstructorParameters<typeof RelayChannel>[0]): RelayChannel {
 *     return new Counting(sink);
 *   }
 * }
 * const [client] = await pair(new CountingTransport(loopback()));
 * await client.send(new Uint8Array(42));
 * console.log(sent); // 42
 * ```
 */
export class RelayChannel extends RelayHandle<Channel, ChannelSink> implements Channel, ChannelSink {
  get remote(): EndPoint | null {
    return this.inner.remote;
  }
  demand(bytes: number): void {
    this.inner.demand(bytes);
  }
  write(chunk: Uint8Array): number {
    return this.inner.write(chunk);
  }
  shutdown(): void {
    this.inner.shutdown();
  }

  data(chunk: Uint8Array): void {
    this.outer.data(chunk);
  }
  end(): void {
    this.outer.end();
  }
  written(): void {
    this.outer.written();
  }
}

/** One datagram port of a layer. */
export class RelayDatagramChannel
  extends RelayHandle<DatagramChannel, DatagramSink>
  implements DatagramChannel, DatagramSink
{
  /** Where the port below knows no peers. */
  #peer: EndPoint | null = null;

  get remote(): EndPoint | null {
    return this.#peer ?? this.inner.remote;
  }
  connect(to: EndPoint | null): void {
    if (this.inner.connect === undefined) this.#peer = to;
    else this.inner.connect(to);
  }
  send(unit: Uint8Array, to: EndPoint | null): boolean {
    return this.inner.send(unit, to ?? this.#peer);
  }

  data(unit: Uint8Array, from: EndPoint, info?: IPPacketInformation): void {
    this.outer.data(unit, from, info);
  }
  sent(error?: unknown): void {
    this.outer.sent(error);
  }
  softError(error: unknown): void {
    this.outer.softError(error);
  }
}

/** One listener of a layer; `wrap` makes the relay of each connection that comes. */
export class RelayListener extends RelayHandle<Listener, ListenerSink> implements Listener, ListenerSink {
  readonly #wrap: (sink: ChannelSink) => RelayChannel;

  constructor(outer: ListenerSink, wrap: (sink: ChannelSink) => RelayChannel) {
    super(outer);
    this.#wrap = wrap;
  }

  incoming(make: (sink: ChannelSink) => Channel): boolean {
    return this.outer.incoming((sink) => {
      const relay = this.#wrap(sink);
      return relay.attach(make(relay));
    });
  }
}

/** A transport over another, with the same roles. Override `channel()`, `listener()` or `datagramChannel()` to put your own relays in. */
export class RelayTransport implements Transport {
  readonly name: string;
  readonly caps: Capabilities;
  readonly runtime: Runtime;
  connect?: NonNullable<Transport['connect']>;
  listen?: NonNullable<Transport['listen']>;
  bind?: NonNullable<Transport['bind']>;
  resolve?: NonNullable<Transport['resolve']>;
  checkOption?: NonNullable<Transport['checkOption']>;

  /**
   * @param inner the transport below; its name, capabilities and runtime are this one's too, save `keepsContext`: a layer that calls up
   *   from a timer of its own does not
   */
  constructor(inner: Transport) {
    this.name = inner.name;
    this.caps =
      inner.caps.keepsContext === true ? Object.freeze({ ...inner.caps, keepsContext: false }) : inner.caps;
    this.runtime = inner.runtime;
    if (inner.connect !== undefined) {
      this.connect = (to: EndPoint, sink: ChannelSink, o: OpenOptions): Channel => {
        const relay = this.channel(sink, 'connected');
        return relay.attach((inner.connect as NonNullable<Transport['connect']>)(to, relay, o));
      };
    }
    if (inner.listen !== undefined) {
      this.listen = (at: EndPoint, sink: ListenerSink, o: OpenOptions): Listener => {
        const relay = this.listener(sink);
        return relay.attach((inner.listen as NonNullable<Transport['listen']>)(at, relay, o));
      };
    }
    if (inner.bind !== undefined) {
      this.bind = (at: EndPoint, sink: DatagramSink, o: OpenOptions): DatagramChannel => {
        const relay = this.datagramChannel(sink);
        return relay.attach((inner.bind as NonNullable<Transport['bind']>)(at, relay, o));
      };
    }
    if (inner.resolve !== undefined) this.resolve = (name, done) => inner.resolve?.(name, done);
    if (inner.checkOption !== undefined) this.checkOption = (name, value) => inner.checkOption?.(name, value);
  }

  /** The relay of a connection that was made here (`connected`) or came (`accepted`). */
  protected channel(sink: ChannelSink, _origin: 'connected' | 'accepted'): RelayChannel {
    return new RelayChannel(sink);
  }

  protected listener(sink: ListenerSink): RelayListener {
    return new RelayListener(sink, (above) => this.channel(above, 'accepted'));
  }

  protected datagramChannel(sink: DatagramSink): RelayDatagramChannel {
    return new RelayDatagramChannel(sink);
  }
}
