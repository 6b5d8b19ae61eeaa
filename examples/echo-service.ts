/**
 * The echo server of the SocketAsyncEventArgs documentation as a class that runs on any transport. It owns the limit on clients, their
 * args and their buffers; it must not know which transport carries them, nor who started it (see echo-server.ts for TCP).
 *
 * What the documentation's server leaves open is settled here, and marked where it is: completions that come at once are looped over
 * and not recursed into; the narrowed buffer is made whole again; a closed listener and a failed accept end the accepting; waiting for
 * a slot blocks nobody; and whatever happens to a client, its args and its slot come back exactly once, the args first.
 */

import {
  BufferManager,
  type EndPoint,
  ObjectDisposedError,
  Semaphore,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncEventArgsPool,
  SocketAsyncOperation,
  SocketError,
  type SocketException,
  type Transport,
} from '@proactor/core';

export interface EchoServiceOptions {
  /** Clients served at once; more of them wait until one leaves. @default {1000} */
  readonly clientsMax?: number | undefined;
  /** Bytes of the buffer of each client; all of them are allocated at the start. @default {65536} */
  readonly bufferSize?: number | undefined;
}

export interface EchoTotals {
  /** Clients that were accepted. */
  connections: number;
  /** Receives that were answered: on a stream a message is what one receive brings. */
  messages: number;
  /** Bytes that were received and sent back. */
  bytes: number;
  /** Most clients at one time. */
  atOnceMax: number;
  /** Clients that broke off: a reset instead of an end. */
  broken: number;
  /** Clients that were aborted by us. */
  aborted: number;
}

/** One for each client: its buffer is a window of the block, its token the client's socket. */
type ClientArgs = SocketAsyncEventArgs<Socket>;

/**
 * Echoes whatever its clients send, until they finish.
 *
 * @example
 * const service = new EchoService(tcp(), { clientsMax: 50 });
 * await service.start(IPEndPoint.parse('127.0.0.1:7000'));
 * await service.stop();
 */
export class EchoService {
  readonly totals: EchoTotals = {
    connections: 0,
    messages: 0,
    bytes: 0,
    atOnceMax: 0,
    broken: 0,
    aborted: 0,
  };
  readonly #listener: Socket;
  readonly #slots: Semaphore;
  readonly #buffers: BufferManager;
  readonly #pool: SocketAsyncEventArgsPool<ClientArgs>;
  readonly #clients = new Set<Socket>();
  #accepting: Promise<SocketException | null> = Promise.resolve(null);
  #started = false;
  #stopping = false;
  #aborted = false;

  /** @throws ArgumentOutOfRangeError when a number is no integer from 1 on; RangeError when there is no such memory */
  constructor(transport: Transport, options: EchoServiceOptions = {}) {
    const { clientsMax = CLIENTS_MAX, bufferSize = BUFFER_BYTES } = options;
    this.#listener = new Socket(transport);
    this.#slots = new Semaphore(clientsMax, clientsMax, { runtime: transport.runtime });
    this.#buffers = new BufferManager(clientsMax * bufferSize, bufferSize);
    this.#pool = new SocketAsyncEventArgsPool(clientsMax);
    for (let made = 0; made < clientsMax; made++) this.#pool.push(this.#newArgs());
  }

  #newArgs(): ClientArgs {
    const e: ClientArgs = new SocketAsyncEventArgs();
    this.#buffers.setBuffer(e); // the block holds one for each: it cannot say no
    e.on('completed', () => this.#goOn(e, e.lastOperation));
    return e;
  }

  /** Where it listens; null before start() and after stop(). */
  get localEndPoint(): EndPoint | null {
    return this.#stopping ? null : this.#listener.localEndPoint;
  }

  /** Clients that are served now. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Clients that could come before one has to wait; the accept in progress holds a slot. */
  get slotsFree(): number {
    return this.#slots.currentCount;
  }

  /** Args that serve nobody. */
  get argsFree(): number {
    return this.#pool.count;
  }

  /** Resolves when no more clients are accepted: with null after stop(), else with the reason why the listener broke. */
  get accepting(): Promise<SocketException | null> {
    return this.#accepting;
  }

  /** Listens and serves. Rejects with what `listen()` rejects with. */
  async start(at: EndPoint): Promise<void> {
    this.#listener.bind(at);
    await this.#listener.listen();
    this.#started = true;
    this.#accepting = this.#acceptClients();
  }

  /** Accepts no more, lets the clients finish, and aborts those that have not after `timeoutMs`. */
  async stop(timeoutMs: number = STOP_MS): Promise<void> {
    this.#stopping = true;
    if (this.#started) await this.#listener.drain({ timeout: timeoutMs });
    else this.#listener.close();
    await this.#accepting;
  }

  /** Aborts every client now; a stop() that waits for them need not wait any longer. */
  abort(): void {
    this.#aborted = true;
    for (const client of this.#clients) client.close({ abort: true });
  }

  /** One accept after the other on one args, each with a slot in hand. Clients that find none wait in the listener's queue. */
  async #acceptClients(): Promise<SocketException | null> {
    const e = new SocketAsyncEventArgs();
    for (;;) {
      await this.#slots.wait(); // a gate, not a lock: nobody else is held up
      if (this.#stopping) break;
      if (this.#listener.acceptAsync(e)) await new Promise((go) => e.once('completed', go));
      const socket = e.takeAcceptSocket();
      if (socket === null) break; // not one lost client but the listener: stop() has closed it, or it broke
      this.#welcome(socket);
    }
    this.#slots.release();
    return e.socketError === SocketError.OperationAborted ? null : e.exception();
  }

  #welcome(socket: Socket): void {
    const e = this.#pool.pop(); // never empty: a slot is in hand, and args come back before slots do
    e.userToken = socket;
    e.socketError = SocketError.Success; // of the accept, not of its last client
    this.#clients.add(socket);
    this.totals.connections++;
    this.totals.atOnceMax = Math.max(this.totals.atOnceMax, this.clients);
    if (this.#aborted) socket.close({ abort: true });
    this.#goOn(e, SocketAsyncOperation.Accept);
  }

  /** An accept or a send is followed by a receive, a receive by a send: for as long as they complete at once, in this loop. */
  #goOn(e: ClientArgs, completed: SocketAsyncOperation): void {
    const socket = e.userToken as Socket;
    let last = completed;
    try {
      while (e.socketError === SocketError.Success) {
        if (last === SocketAsyncOperation.Receive) {
          const bytes = e.bytesTransferred;
          if (bytes === 0) break; // the client has finished, and all that it sent has been sent back
          this.totals.messages++;
          this.totals.bytes += bytes;
          e.setBuffer(e.offset, bytes);
          last = SocketAsyncOperation.Send;
          if (socket.sendAsync(e)) return;
        } else {
          this.#buffers.resetBuffer(e); // else a client that once sent 1 byte is read byte by byte
          last = SocketAsyncOperation.Receive;
          if (socket.receiveAsync(e)) return;
        }
      }
    } catch (error) {
      // Thrown, so not started: the args is ours, as after a completion. A socket that was closed meanwhile is no mistake.
      e.socketError = SocketError.OperationAborted;
      if (!(error instanceof ObjectDisposedError)) {
        this.#leave(e, socket);
        throw error;
      }
    }
    this.#leave(e, socket);
  }

  /** The one way out, for every client. With nothing pending and nothing unread, close() ends the stream after the last byte. */
  #leave(e: ClientArgs, socket: Socket): void {
    if (e.socketError === SocketError.OperationAborted) this.totals.aborted++;
    else if (e.socketError !== SocketError.Success) this.totals.broken++;
    socket.close();
    this.#clients.delete(socket);
    e.userToken = null;
    this.#pool.push(e); // before the slot: who gets that pops an args
    this.#slots.release();
  }
}

/** A laptop's worth; with the default buffer 64 MiB, of which the system hands out only what is written to. */
const CLIENTS_MAX = 1_000;
/** One read of a stream socket in Node: what comes in one piece goes back in one. */
const BUFFER_BYTES = 65_536;
const STOP_MS = 5_000;
