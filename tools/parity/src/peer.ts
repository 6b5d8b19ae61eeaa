/** A blocking peer: what the other side of a connection does in a scenario, whoever does it. */

/** How a read was left, and what it got. */
export interface Read {
  /** `open` (got the count), `end`, or the name of a SocketError. */
  readonly then: string;
  readonly bytes: Uint8Array;
}

/** A plain socket that is none of the toolkit's. */
export interface Peer {
  readonly localPort: number;
  readonly remotePort: number;
  /** Read already, and not yet taken. */
  readonly readAhead: number;
  /** Resolves when the kernel has them all: null, or the name of the SocketError that it answered. */
  write(bytes: Uint8Array): Promise<string | null>;
  read(count: number): Promise<Read>;
  shutdownSend(): Promise<void>;
  close(abort: boolean): void | Promise<void>;
}

/** A listener that accepts when it is told to, and not before: its backlog fills up. */
export interface PeerListener {
  readonly port: number;
  take(): Promise<Peer>;
  close(): Promise<void>;
  /** Gives up whatever it has. */
  end(): void;
}
