/** The network in memory, on virtual time: whatever can happen has happened as soon as it is asked for. */

import { setImmediate } from 'node:timers/promises';
import {
  type DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  SelectMode,
  type Socket,
  SocketError,
  SocketException,
  type Transport,
} from '@proactor/core';
import { loopback, virtualRuntime } from '@proactor/testing';
import { watchFiles } from './file-watch.ts';
import type { Arrival, Network } from './network.ts';
import { ScenarioError } from './scenario-error.ts';
import { isDatagram, type SocketKind } from './socket-kinds.ts';

export class LoopbackNetwork implements Network {
  readonly name = 'loopback';
  readonly #clock = virtualRuntime();
  readonly #files = watchFiles(this.#clock);
  readonly #streams: Transport = named(loopback({ runtime: this.#files.runtime }));
  #datagrams: Transport | null = null;
  #portsDead = 0;

  transportFor(kind: SocketKind): Transport {
    if (!isDatagram(kind)) return this.#streams;
    this.#datagrams ??= named(loopback({ kind: 'datagram', runtime: this.#files.runtime }));
    return this.#datagrams;
  }

  async pass(ms: number): Promise<void> {
    await this.#settle();
    await this.#clock.advance(ms);
    await this.#settle();
  }

  async until(happened: () => boolean, ms: number): Promise<boolean> {
    for (let left = ms; !happened(); left -= 1) {
      await this.#settle();
      if (happened()) return true;
      if (left <= 0) return false;
      await this.#clock.advance(this.#clock.pendingTimers === 0 ? left : 1);
      if (this.#clock.pendingTimers === 0 && this.#files.reads === 0 && !happened()) return false;
    }
    return true;
  }

  /** Until nothing more happens at this instant. What is read from a file comes in real turns of the loop, and begets more. */
  async #settle(): Promise<void> {
    await this.#clock.advance(0);
    for (let turns = 0; this.#files.reads > 0; turns += 1) {
      if (turns > TURNS_MAX) throw new ScenarioError('a file is read without end');
      await setImmediate();
      if (this.#files.reads === 0) await this.#clock.advance(0);
    }
  }

  async arrived(socket: Socket, what: Arrival, bytes: number, ms: number): Promise<boolean> {
    await this.#settle();
    return this.until(() => isThere(socket, what, bytes), ms);
  }

  holdsBack(): boolean {
    return false;
  }

  deadPort(): Promise<number> {
    this.#portsDead += 1;
    return Promise.resolve(20_000 + this.#portsDead);
  }
}

/** Ends and resets show only by what a receive gets, which a wait must not take; in memory they are there as soon as nothing else happens. */
function isThere(socket: Socket, what: Arrival, bytes: number): boolean {
  switch (what) {
    case 'data':
      return socket.available >= bytes;
    case 'datagram':
    case 'connection':
      return socket.poll(SelectMode.SelectRead);
    case 'end':
    case 'reset':
      return true;
    case 'error':
      return socket.poll(SelectMode.SelectError);
  }
}

/** Memory has no resolver; the machine that recorded knew `localhost` as 127.0.0.1 alone. */
function named(inner: Transport): Transport {
  const { name, caps, runtime } = inner;
  return {
    name,
    caps,
    runtime,
    ...(inner.connect === undefined ? {} : { connect: inner.connect.bind(inner) }),
    ...(inner.listen === undefined ? {} : { listen: inner.listen.bind(inner) }),
    ...(inner.bind === undefined ? {} : { bind: inner.bind.bind(inner) }),
    resolve(host: DnsEndPoint, done: (error: unknown, found: readonly EndPoint[]) => void): void {
      runtime.defer(() => {
        if (host.host === 'localhost') done(null, [new IPEndPoint('127.0.0.1', host.port)]);
        else done(new SocketException(SocketError.HostNotFound), []);
      }, undefined);
    },
  };
}

/** Far more than any file of a scenario needs: a turn waits for the disk only as long as nothing else happens. */
const TURNS_MAX = 10_000_000;
