/** The kernel's datagrams, in real time. */

import { SelectMode, type Socket, type Transport } from '@proactor/core';
import { udp } from '@proactor/udp';
import type { Arrival, Network } from './network.ts';
import { NotHere } from './scenario-error.ts';
import { isDatagram, type SocketKind } from './socket-kinds.ts';
import { TcpNetwork } from './tcp-network.ts';

export class UdpNetwork implements Network {
  readonly name = 'udp';
  readonly #time = new TcpNetwork();
  #transport: Transport | null = null;

  transportFor(kind: SocketKind): Transport {
    if (!isDatagram(kind)) throw new NotHere('udp has no streams');
    try {
      this.#transport ??= udp();
    } catch (error) {
      throw new NotHere('udp has no datagrams yet', { cause: error });
    }
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

  holdsBack(): boolean {
    return false;
  }

  deadPort(): Promise<number> {
    return this.#time.deadPort();
  }
}
