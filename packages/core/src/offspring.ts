import type { AddressFamily } from './enums/address-family.ts';
import type { SocketType } from './enums/socket-type.ts';
import type { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket.ts';

/** The options of a socket that is made for an accepted connection: its listener's, and the context of its listener's handlers. */
export class Offspring implements SocketOptions {
  readonly addressFamily: AddressFamily;
  readonly dualMode: boolean;
  readonly socketType: SocketType;
  readonly context: unknown;
  readonly bare: boolean;

  constructor(listener: SocketCore) {
    this.addressFamily = listener.addresses.given;
    this.dualMode = listener.addresses.dualMode;
    this.socketType = listener.socketType;
    this.context = listener.context;
    this.bare = listener.bare;
  }
}
