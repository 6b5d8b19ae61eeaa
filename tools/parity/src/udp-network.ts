/** The kernel's datagrams, in real time: it waits as tcp does. */

import { SelectMode, type Socket, type Transport } from '@proactor/core';
import { udp } from '@proactor/udp';
import type { Arrival, Network } from './network.ts';
import { NotHere } from './scenario-error.ts';
import { isDatagram, type SocketKind } from './socket-kinds.ts';
import { lookup, TcpNetwork } from './tcp-network.ts';

export class UdpNetwork implements Network {
  readonly name = 'udp';
  readonly #time = new TcpNetwork();
  readonly #transport: Transport;

  /** @param packetInfo whether sockets that are bound to a wildcard shall know where a datagram was sent to */
  constructor(packetInfo = false) {
    this.#transport = udp({ lookup, packetInfo });
  }

  transportFor(kind: SocketKind): Transport {
    if (!isDatagram(kind)) throw new NotHere('udp has no streams');
    return this.#transport;
  }

  pass(ms: number): Promise<void> {
    return this.#time.pass(ms);
  }

  until(happened: () => boolean, ms: number): Promise<boolean> {
    return this.#time.until(happened, ms);
  }

  arrived(socket: Socket, what: Arrival, _bytes: number, ms: number): Promise<boolean> {
    return this.#time.until(
      () => socket.poll(what === 'error' ? SelectMode.SelectError : SelectMode.SelectRead),
      ms,
    );
  }

  /** Node reads what is there in every turn; the kernel does not tell what it has. */
  holdsBack(): boolean {
    return false;
  }

  deadPort(): Promise<number> {
    return this.#time.deadPort();
  }
}
