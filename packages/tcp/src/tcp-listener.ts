/**
 * One listening place: a `net.Server` as a Listener. It owns the accepted socket until core has taken or refused it, and sees to it that
 * a lack of descriptors is not silent. What becomes of a connection afterwards is its channel's.
 */

import { createServer, type Server, type Socket } from 'node:net';
import {
  type EndPoint,
  InvalidOperationError,
  type Listener,
  type ListenerSink,
  SocketError,
  SocketException,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { ipEndPointOf, listenOptions } from './addresses.ts';
import { AcceptedHandle, descriptorOf, takeConnections } from './adoption.ts';
import { descriptorWatermark } from './descriptors.ts';
import { type ChannelContext, TcpChannel } from './tcp-channel.ts';
import { SocketFile } from './socket-file.ts';
import { checkOption, type TcpSettings } from './tcp-options.ts';

type Phase = 'opening' | 'listening' | 'closing' | 'closed';

export class TcpListener implements Listener {
  readonly #server: Server;
  readonly #at: EndPoint;
  readonly #sink: ListenerSink;
  readonly #context: ChannelContext;
  /** Of the connections accepted from now on. */
  #settings: TcpSettings;
  #phase: Phase = 'opening';
  #local: EndPoint | null = null;
  /** Of a Unix socket. */
  #file: SocketFile | null = null;
  /** Connections that never reached core: no descriptors, or an error of accept(2). */
  #lost = 0;

  constructor(at: EndPoint, sink: ListenerSink, settings: TcpSettings, context: ChannelContext) {
    this.#at = at;
    this.#sink = sink;
    this.#settings = settings;
    this.#context = context;
    // highWaterMark 1: an accepted socket that cannot be adopted holds one read back, and drains after small writes too.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: 1 });
    this.#server = server;
    server.on('error', (error) => this.#failed(error));
    server.on('listening', () => this.#opened());
    server.on('connection', (socket) => this.#accepted(socket));
    try {
      server.listen(listenOptions(at, settings));
      if (at instanceof UnixDomainSocketEndPoint && process.platform !== 'win32')
        this.#file = new SocketFile(at.path);
    } catch (error) {
      this.#phase = 'closed';
      throw error;
    }
  }

  get local(): EndPoint | null {
    if (this.#phase !== 'listening') return null;
    const found = this.#server.address();
    return typeof found === 'string' ? this.#at : ipEndPointOf(found?.address, found?.port);
  }

  /** Connections live on; only the place is given up. Node's own `close` would wait for them. */
  close(_abort: boolean): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closing';
    if (this.#file === null) this.#server.close();
    else this.#file.leave(() => this.#server.close());
    this.#context.runtime.defer((listener) => listener.#gone(), this);
  }

  ref(on: boolean): void {
    if (on) this.#server.ref();
    else this.#server.unref();
  }

  /** noDelay and keepAlive are for the connections accepted from now on. */
  setOption(name: string, value: unknown): void {
    const checked = checkOption(name, value);
    if (!ACCEPTED_OPTIONS.includes(name)) {
      throw new InvalidOperationError(`Cannot set option ${name}: already listening, it is for opening only`);
    }
    this.#settings = { ...this.#settings, [name]: checked };
  }

  getOption(name: string): unknown {
    if (name === 'acceptsLost') return this.#lost;
    return (this.#settings as unknown as Readonly<Record<string, unknown>>)[name];
  }

  #opened(): void {
    if (this.#phase === 'opening') {
      this.#phase = 'listening';
      if (this.#context.reading === 'onread')
        takeConnections(this.#server, (accepted) => this.#accepted(accepted));
      this.#sink.open();
    } else {
      this.#server.close(); // closed while it was being bound
    }
  }

  #accepted(connection: AcceptedHandle | Socket): void {
    const descriptor =
      connection instanceof AcceptedHandle ? connection.descriptor : descriptorOf(connection);
    if (this.#phase !== 'listening') {
      drop(null, connection);
    } else if (descriptor >= descriptorWatermark()) {
      warnOfDescriptors();
      drop(null, connection);
      this.#lose();
    } else {
      this.#offer(connection);
    }
  }

  #offer(connection: AcceptedHandle | Socket): void {
    let made: TcpChannel | null = null;
    let taken = false;
    try {
      taken = this.#sink.incoming((sink) => {
        made = TcpChannel.accepted(connection, this.#place, sink, this.#settings, this.#context);
        return made;
      });
    } finally {
      if (!taken) drop(made, connection);
    }
  }

  /** Where its connections are: looked up once. */
  get #place(): EndPoint {
    this.#local ??= this.local;
    return this.#local ?? this.#at;
  }

  #failed(error: Error): void {
    if (this.#phase === 'opening') {
      this.#phase = 'closed';
      this.#sink.closed(this.#file?.reasonOf(error) ?? error);
    } else if (this.#phase === 'listening') {
      this.#lose(); // accept(2) failed for one connection (ECONNABORTED, ENOBUFS…); the place is still ours
    }
  }

  /** A connection is gone before it could be offered. It is offered all the same, so that whoever counts drops counts this one. */
  #lose(): void {
    this.#lost++;
    try {
      this.#sink.incoming(gone);
    } catch (error) {
      if (error !== GONE) throw error;
    }
  }

  #gone(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#sink.closed();
  }
}

const ACCEPTED_OPTIONS: readonly string[] = ['noDelay', 'keepAlive'];

function drop(made: TcpChannel | null, connection: AcceptedHandle | Socket): void {
  if (made !== null) made.close(true);
  else if (connection instanceof AcceptedHandle) connection.close();
  else connection.destroy();
}

/** What was offered cannot be made. One error for all: nobody is told it, and it may be thrown thousands of times. */
function gone(): never {
  throw GONE;
}
const GONE = /* @__PURE__ */ new SocketException(SocketError.TooManyOpenSockets);

/** Once a process: who is out of descriptors hears it, and is not flooded. */
function warnOfDescriptors(): void {
  if (warned) return;
  warned = true;
  process.emitWarning('Connections are dropped: the descriptors of this process are nearly used up', {
    code: 'PROACTOR_DESCRIPTORS',
    detail: `From descriptor ${descriptorWatermark()} on; raise the limit (ulimit -n), or accept fewer.`,
  });
}
let warned = false;
