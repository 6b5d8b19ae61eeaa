/** A sink that writes down what a datagram port tells it, and lets a test act inside an upcall. Stands in for core. */

import type { DatagramChannel, DatagramSink, EndPoint, IPPacketInformation, Transport } from '@proactor/core';

type Upcall = 'open' | 'data' | 'sent' | 'softError' | 'closed';

export class RecordingDatagramSink implements DatagramSink {
  readonly calls: string[] = [];
  /** As `bytes from sender to destination`. */
  readonly heard: string[] = [];
  readonly units: Uint8Array[] = [];
  readonly infos: (IPPacketInformation | undefined)[] = [];
  error: unknown;
  /** Done inside the upcall, after it was written down. */
  inside: (upcall: Upcall) => void = () => undefined;

  /** The bytes of everything it heard, one text a datagram. */
  get texts(): string[] {
    return this.units.map((unit) => [...unit].join(' '));
  }

  open(): void {
    this.#note('open');
  }

  data(unit: Uint8Array, from: EndPoint, info?: IPPacketInformation): void {
    this.units.push(new Uint8Array(unit));
    this.infos.push(info);
    this.heard.push(`${[...unit].join(' ')} from ${from} to ${info?.address}`);
    this.#note('data', ` ${unit.length}`);
  }

  sent(error?: unknown): void {
    this.#note('sent', codeIn(error));
  }

  softError(error: unknown): void {
    this.error = error;
    this.#note('softError', codeIn(error));
  }

  closed(error?: unknown): void {
    this.error = error;
    this.#note('closed', codeIn(error));
  }

  #note(upcall: Upcall, detail = ''): void {
    this.calls.push(upcall + detail);
    this.inside(upcall);
  }
}

export interface Port {
  readonly sink: RecordingDatagramSink;
  readonly channel: DatagramChannel;
  send(unit: Uint8Array, to?: EndPoint | null): boolean;
  connect(to: EndPoint | null): void;
}

export function portAt(
  transport: Transport,
  at: EndPoint,
  options: Readonly<Record<string, unknown>> = {},
  sink = new RecordingDatagramSink(),
): Port {
  const channel = transport.bind?.(at, sink, { options });
  if (channel === undefined) throw new Error('this transport does not bind');
  return {
    sink,
    channel,
    send: (unit, to = null) => channel.send(unit, to),
    connect: (to) => channel.connect?.(to),
  };
}

function codeIn(error: unknown): string {
  const { code } = (error ?? {}) as { code?: string };
  return code === undefined ? '' : ` ${code}`;
}
