/** What a transport must be able to do for the interpreter: its sockets, how time passes on it, and how to be sure that something has arrived. */

import type { IPEndPoint, Socket, Transport } from '@proactor/core';
import type { Peer, PeerListener } from './peer.ts';
import type { SocketKind } from './socket-kinds.ts';

/** What a `wait` is for. */
export type Arrival = 'data' | 'datagram' | 'connection' | 'end' | 'reset' | 'error';

/** One network, made for one replay of one scenario. */
export interface Network {
  readonly name: NetworkName;
  /** The transport for sockets of this kind. @throws NotHere */
  transportFor(kind: SocketKind): Transport;
  /** Lets so much time pass, and everything happen that happens in it. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until it has happened; false = it did not within `ms`. */
  until(happened: () => boolean, ms: number): Promise<boolean>;
  /** Lets time pass until a socket surely has what is waited for; consumes nothing. false = it never came. */
  arrived(socket: Socket, what: Arrival, bytes: number, ms: number): Promise<boolean>;
  /** Whether something for this socket has arrived that its transport has not looked at yet. */
  holdsBack(socket: Socket): boolean;
  /** A port where nobody is. */
  deadPort(): Promise<number>;
  /** Peers that are none of the toolkit's, where there are others. */
  readonly plain?: PlainPeers;
}

/** How connections with plain peers are made. */
export interface PlainPeers {
  dial(to: IPEndPoint): Promise<Peer>;
  /** The other end of what `connect` connects. */
  accept(at: IPEndPoint, connect: (to: IPEndPoint) => Promise<void>): Promise<Peer>;
  /** Accepts one connection at a time, when told to. */
  listen(at: IPEndPoint, backlog: number): Promise<PeerListener>;
  arrived(peer: Peer, what: Arrival, bytes: number, ms: number): Promise<boolean>;
}

export type NetworkName = 'loopback' | 'tcp' | 'udp';

/** For what must happen: as long as the recorder waits. */
export const PATIENCE_MS = 10_000;
