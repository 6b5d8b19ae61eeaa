/**
 * Shows a transport of your own: byte streams between two ends in memory, written from the transport interface alone. Sockets, servers
 * and clients run on it unchanged; core brings queues, time-outs, promises and errors.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/custom-transport.ts
 */

import type {
  Capabilities,
  Channel,
  ChannelSink,
  EndPoint,
  Listener,
  ListenerSink,
  Transport,
} from '@proactor/core';
import { DnsEndPoint, platformRuntime, SocketError, SocketException } from '@proactor/core';
import { echo } from './echo-client.ts';
import { EchoService } from './echo-service.ts';
import { program } from './program.ts';

const caps: Capabilities = {
  kind: 'stream',
  families: ['*'],
  halfClose: true,
  abort: 'reset',
  flow: 'credit',
};

/** A network of its own: whoever listens at an end point is found by those who connect to it. */
export class Wires implements Transport {
  readonly name = 'wires';
  readonly caps = caps;
  readonly runtime = platformRuntime;
  readonly #places = new Map<string, ListenerSink>();

  listen(at: EndPoint, sink: ListenerSink): Listener {
    if (this.#places.has(at.key)) throw new SocketException(SocketError.AddressAlreadyInUse);
    this.#places.set(at.key, sink);
    sink.open();
    const close = (): void => {
      if (this.#places.delete(at.key)) sink.closed();
    };
    return { local: at, close };
  }

  connect(to: EndPoint, sink: ChannelSink): Channel {
    const near = new End(sink, null, to);
    const taken = this.#places.get(to.key)?.incoming((farSink) => new End(farSink, to, null, near));
    if (taken !== true) throw new SocketException(SocketError.ConnectionRefused);
    sink.open();
    return near;
  }
}

/** One end of a wire. What is written moves to the peer as far as that allows; the rest stays in the writer's memory until it does. */
class End implements Channel {
  #peer: End | null; // null = nobody hears us any more
  #allowance = 0;
  #lent: Uint8Array = NOTHING;
  #moving = false;
  #shut = false;
  #closed = false;
  readonly #sink: ChannelSink;
  readonly local: EndPoint | null;
  readonly remote: EndPoint | null;

  constructor(sink: ChannelSink, local: EndPoint | null, remote: EndPoint | null, peer: End | null = null) {
    this.#sink = sink;
    this.local = local;
    this.remote = remote;
    this.#peer = peer;
    if (peer !== null) peer.#peer = this;
  }

  demand(bytes: number): void {
    this.#allowance = bytes;
    const writer = this.#peer;
    if (writer !== null && writer.#move()) writer.#sink.written();
  }

  write(chunk: Uint8Array): number {
    this.#lent = chunk;
    if (this.#peer === null) this.#end(new SocketException(SocketError.ConnectionReset));
    this.#move();
    return chunk.byteLength - this.#lent.byteLength;
  }

  /** Whether the last lent byte has moved. A peer that allows more while it is told some is served by the loop, not by a call in a call. */
  #move(): boolean {
    if (this.#moving || this.#lent.byteLength === 0) return false;
    this.#moving = true;
    while (this.#lent.byteLength > 0 && this.#peer !== null && this.#peer.#allowance > 0) {
      const part = this.#lent.subarray(0, this.#peer.#allowance);
      this.#lent = this.#lent.subarray(part.byteLength);
      this.#peer.#allowance -= part.byteLength;
      this.#peer.#sink.data(part);
    }
    this.#moving = false;
    return this.#lent.byteLength === 0;
  }

  shutdown(): void {
    this.#shut = true;
    if (this.#peer !== null) this.#peer.#sink.end();
  }

  close(abort: boolean): void {
    const peer = this.#peer;
    this.#peer = null;
    if (peer !== null) peer.#lost(abort || peer.#lent.byteLength > 0, this.#shut);
    this.#end();
  }

  #lost(reset: boolean, ended: boolean): void {
    this.#peer = null;
    if (reset) this.#end(new SocketException(SocketError.ConnectionReset));
    else if (!ended) this.#sink.end();
  }

  #end(error?: SocketException): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink.closed(error);
  }
}

const NOTHING = new Uint8Array(0);

/** The echo service and the client of the other examples, on wires. */
export async function main(): Promise<void> {
  const wires = new Wires();
  const service = new EchoService(wires);
  const attic = new DnsEndPoint('the attic', 1);
  await service.start(attic);
  console.log(`listening on ${service.localEndPoint}`);
  const answer = await echo(wires, attic, new TextEncoder().encode('Is anybody there?'));
  console.log(`it says: ${new TextDecoder().decode(answer)}`);
  await service.stop();
}

program(import.meta, main);
