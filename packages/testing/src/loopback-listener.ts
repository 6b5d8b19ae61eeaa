/**
 * One listening place in memory: offers connections to core, lets so many wait to be accepted and makes further clients wait for a
 * place. Knows nothing of bytes.
 */

import {
  type EndPoint,
  IPEndPoint,
  type Listener,
  type ListenerSink,
  type Runtime,
  SocketError,
  SocketException,
} from '@proactor/core';
import type { LoopbackSettings } from './loopback-settings.ts';
import { type EndOptions, LoopbackEnd } from './loopback-stream.ts';

/** A listener's surroundings. */
export interface ListenerOptions {
  readonly runtime: Runtime;
  readonly local: EndPoint;
  /** Connections that may wait un-accepted; 0 counts as 1, else nobody could ever come in. */
  readonly backlog: number;
  readonly settings: LoopbackSettings;
  /** Called once when the place is given up. */
  readonly release: () => void;
}

/** A client's end that asks to come in, and how the accepted end is to be made for it. */
export interface Applicant {
  readonly end: LoopbackEnd;
  readonly to: EndPoint;
  readonly serverEnd: Omit<EndOptions, 'accepted' | 'release'>;
}

export class LoopbackListener implements Listener {
  readonly local: EndPoint;
  readonly settings: LoopbackSettings;
  readonly #sink: ListenerSink;
  readonly #options: ListenerOptions;
  /** Offered to core and not yet accepted. */
  #waiting = 0;
  /** Clients that found no place, in the order they came. */
  readonly #pending = new Set<Applicant>();
  #admissionArmed = false;
  #closed = false;

  constructor(sink: ListenerSink, options: ListenerOptions) {
    this.local = options.local;
    this.settings = options.settings;
    this.#sink = sink;
    this.#options = options;
  }

  open(): void {
    this.#sink.open();
  }

  /** Connects the client now, when a place becomes free, or not at all. */
  apply(applicant: Applicant): void {
    if (this.#hasRoom() && this.#pending.size === 0) this.#admit(applicant);
    else this.#pending.add(applicant);
  }

  /** The client has given up. */
  withdraw(applicant: Applicant): void {
    this.#pending.delete(applicant);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.release();
    for (const applicant of this.#pending) applicant.end.refuse(refused(applicant.to));
    this.#pending.clear();
    this.#sink.closed();
  }

  setOption(name: string, value: unknown): void {
    this.settings.set(name, value);
  }

  getOption(name: string): unknown {
    return this.settings.get(name);
  }

  /** @internal A place has become free: whoever waits for one has it in the next turn. */
  admitPending(): void {
    this.#admissionArmed = false;
    for (const applicant of this.#pending) {
      if (this.#closed || !this.#hasRoom()) return;
      this.#pending.delete(applicant);
      this.#admit(applicant);
    }
  }

  #hasRoom(): boolean {
    return this.#waiting < Math.max(1, this.#options.backlog);
  }

  #admit(applicant: Applicant): void {
    let server = null as LoopbackEnd | null;
    const taken = this.#sink.incoming((sink) => {
      this.#waiting += 1;
      const end = new LoopbackEnd(sink, {
        ...applicant.serverEnd,
        release: () => undefined,
        accepted: () => this.#placeFreed(),
      });
      server = end;
      LoopbackEnd.join(applicant.end, end);
      return end;
    });
    if (taken && server !== null) {
      applicant.end.open();
      return;
    }
    applicant.end.refuse(refused(applicant.to));
    server?.close(true);
  }

  #placeFreed(): void {
    this.#waiting -= 1;
    if (this.#pending.size === 0 || this.#admissionArmed) return;
    this.#admissionArmed = true;
    this.#options.runtime.defer(admitPending, this);
  }
}

function admitPending(listener: LoopbackListener): void {
  listener.admitPending();
}

/** Nobody listens there, or whoever does will have no more. */
export function refused(to: EndPoint): SocketException {
  if (to.family === 'unix') {
    return new SocketException(
      SocketError.AddressNotAvailable,
      `Cannot connect to ${String(to)}: nobody listens there`,
      { code: 'ENOENT' },
    );
  }
  if (to instanceof IPEndPoint && to.address === '255.255.255.255') {
    return new SocketException(
      SocketError.NetworkUnreachable,
      `Cannot connect to ${String(to)}: a stream has one peer, not everybody`,
    );
  }
  return new SocketException(
    SocketError.ConnectionRefused,
    `Cannot connect to ${String(to)}: nobody listens there`,
  );
}
