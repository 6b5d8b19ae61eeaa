/**
 * The kernel's streams, in real time. Replays run side by side, so it waits for conditions, not for a time that "must be enough". One
 * cannot be seen where the kernel does not tell, as for unix sockets: an end behind unread bytes. That gets LOOK_MS.
 */

import { createSocket as createDatagrams } from 'node:dgram';
import type { EventEmitter } from 'node:events';
import { createServer, type LookupFunction } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { IPEndPoint, SelectMode, type Socket, type Transport } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { kernelSide, type KernelSide, STATE_CLOSE, STATES_ENDED } from './kernel.ts';
import type { Arrival, Network, PlainPeers } from './network.ts';
import { acceptPlain, dialPlain } from './node-peers.ts';
import { patientListener } from './patient-listener.ts';
import type { Peer } from './peer.ts';
import { NotHere, ScenarioError } from './scenario-error.ts';
import { isDatagram, type SocketKind } from './socket-kinds.ts';

export class TcpNetwork implements Network {
  readonly name = 'tcp';
  readonly plain: PlainPeers = {
    dial: dialPlain,
    accept: acceptPlain,
    listen: patientListener,
    arrived: (peer, what, bytes, ms) => this.until(() => peerHas(peer, what, bytes), ms),
  };
  readonly #transport = tcp({ lookup });

  transportFor(kind: SocketKind): Transport {
    if (isDatagram(kind)) throw new NotHere('tcp has no datagrams');
    return this.#transport;
  }

  async pass(ms: number): Promise<void> {
    await setTimeout(ms);
    await laps();
  }

  async until(happened: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    for (let turns = 0; !happened(); turns += 1) {
      if (performance.now() > deadline) {
        await laps();
        return happened();
      }
      if (turns < 20) await setImmediate();
      else await setTimeout(turns < 60 ? 1 : 5);
    }
    return true;
  }

  async arrived(socket: Socket, what: Arrival, bytes: number, ms: number): Promise<boolean> {
    if (what === 'datagram' || what === 'connection')
      return this.until(() => socket.poll(SelectMode.SelectRead), ms);
    if (what === 'error') return this.until(() => socket.poll(SelectMode.SelectError), ms);
    const ends = portsOf(socket);
    const came = await this.until(() => hasArrived(socket, ends, what, bytes), ms);
    // The kernel has it; now Node shall have looked.
    if (what === 'data') await this.until(() => socket.available >= bytes, LOOK_MS);
    if (what === 'reset') await this.until(() => socket.poll(SelectMode.SelectError), LOOK_MS);
    // Where the kernel tells nothing: readable without a byte is the end. Behind unread bytes it cannot be seen.
    if (what === 'end' && !isTold(ends)) await this.until(() => atEnd(socket), LOOK_MS);
    await laps();
    return came;
  }

  holdsBack(socket: Socket): boolean {
    const ends = portsOf(socket);
    const side = ends === null ? null : sideOf(ends);
    return (
      side !== null &&
      side !== undefined &&
      socket.available === 0 &&
      (side.unread > 0 || STATES_ENDED.has(side.state))
    );
  }

  async deadPort(): Promise<number> {
    for (let tries = 0; tries < 1_000; tries += 1) {
      portDead = portDead >= 29_999 ? 20_000 : portDead + 1;
      if (await isFree(portDead)) return portDead;
    }
    throw new ScenarioError('no dead port found');
  }
}

/** What Node needs to look at what the kernel has: a lap polls every descriptor once. */
async function laps(): Promise<void> {
  for (let lap = 0; lap < 4; lap += 1) await setImmediate();
}

interface Ports {
  readonly local: number;
  readonly remote: number;
}

const portsSeen = new WeakMap<Socket, Ports>();

/** Remembered while it is connected: afterwards a socket does not tell its peer any more. */
export function rememberPorts(socket: Socket): void {
  portsOf(socket);
}

function portsOf(socket: Socket): Ports | null {
  const { localEndPoint: local, remoteEndPoint: remote } = openOrNull(socket) ?? {};
  if (local instanceof IPEndPoint && remote instanceof IPEndPoint)
    portsSeen.set(socket, { local: local.port, remote: remote.port });
  return portsSeen.get(socket) ?? null;
}

function openOrNull(socket: Socket): Pick<Socket, 'localEndPoint' | 'remoteEndPoint'> | null {
  try {
    return { localEndPoint: socket.localEndPoint, remoteEndPoint: socket.remoteEndPoint };
  } catch {
    return null; // closed
  }
}

function sideOf(ends: Ports): KernelSide | null | undefined {
  return kernelSide(ends.local, ends.remote);
}

function hasArrived(socket: Socket, ends: Ports | null, what: Arrival, bytes: number): boolean {
  if (what === 'data' && socket.available >= bytes) return true;
  const side = ends === null ? undefined : sideOf(ends);
  if (what === 'data') return socket.available + (side?.unread ?? 0) >= bytes;
  if (what === 'end') {
    if (side === undefined) return socket.poll(SelectMode.SelectRead);
    return side === null || STATES_ENDED.has(side.state);
  }
  if (side === undefined) return socket.poll(SelectMode.SelectError);
  return side === null || side.state === STATE_CLOSE;
}

function isTold(ends: Ports | null): boolean {
  return ends !== null && sideOf(ends) !== undefined;
}

function atEnd(socket: Socket): boolean {
  return socket.poll(SelectMode.SelectRead) && socket.available === 0;
}

function peerHas(peer: Peer, what: Arrival, bytes: number): boolean {
  const side = kernelSide(peer.localPort, peer.remotePort);
  if (what === 'data') return peer.readAhead + (side?.unread ?? 0) >= bytes;
  if (what === 'end') return side === null || side === undefined || STATES_ENDED.has(side.state);
  return side === null || side === undefined || side.state === STATE_CLOSE;
}

let portDead = 20_000 + (process.pid % 9_000);

/** Below the ephemeral range, so the kernel gives it to nobody else; free for streams and datagrams. */
async function isFree(port: number): Promise<boolean> {
  const stream = createServer();
  const datagrams = createDatagrams('udp4');
  const streamIsFree = isOpened(stream, () => stream.listen(port, '0.0.0.0'));
  const datagramsAreFree = isOpened(datagrams, () => datagrams.bind(port, '0.0.0.0'));
  const free = (await streamIsFree) && (await datagramsAreFree);
  await new Promise<void>((go) => stream.close(() => go()));
  await new Promise<void>((go) => datagrams.close(() => go()));
  return free;
}

function isOpened(one: EventEmitter, open: () => void): Promise<boolean> {
  return new Promise((done) => {
    one.once('error', () => done(false));
    one.once('listening', () => done(true));
    open();
  });
}

/** Where the recordings were made `localhost` was 127.0.0.1 alone. Nobody else is asked. */
export const lookup: LookupFunction = (host, _options, done) => {
  globalThis.setImmediate(() => {
    if (host === 'localhost') done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' }), []);
  });
};

/** For Node to take from the kernel what is there; more is only needed by a machine that stands still. */
const LOOK_MS = 50;
