/** The other side: plain node:net, and the ways to put our channels opposite to it. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Channel,
  type EndPoint,
  IPEndPoint,
  type Transport,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { RecordingListenerSink, RecordingSink } from './recording-sink.ts';

export const readings = ['onread', 'readable'] as const;
export const anyPort = IPEndPoint.parse('127.0.0.1:0');

/** A channel of ours and the plain socket opposite to it. */
export interface Pair {
  readonly channel: Channel;
  readonly sink: RecordingSink;
  readonly peer: Socket;
  /** Closes both, whatever state they are in. */
  readonly end: () => Promise<void>;
}

/** We connect, Node accepts. */
export async function connected(transport: Transport, options: Record<string, unknown> = {}): Promise<Pair> {
  const { server, at } = await plainServer();
  const accepted = once(server, 'connection');
  const sink = new RecordingSink();
  const channel = open(transport, at, sink, options);
  await sink.opened;
  const [peer] = (await accepted) as [Socket];
  server.close();
  return pairOf(channel, sink, peer);
}

/** Node connects, we accept. */
export async function accepted(transport: Transport, options: Record<string, unknown> = {}): Promise<Pair> {
  const place = await listening(transport, anyPort, options);
  const peer = plainClient(place.at);
  const sink = await place.sink.connection(0);
  if (peer.connecting) await once(peer, 'connect');
  place.sink.listener?.close(false);
  await place.sink.closedWith;
  return pairOf(sink.channel as Channel, sink, peer);
}

export const ways = { connected, accepted };

export function open(
  transport: Transport,
  to: EndPoint,
  sink: RecordingSink,
  options: Record<string, unknown> = {},
  local?: EndPoint,
): Channel {
  const channel = transport.connect?.(to, sink, { options, local });
  if (channel === undefined) throw new Error('no connect');
  sink.channel = channel;
  return channel;
}

export function listen(
  transport: Transport,
  at: EndPoint,
  options: Record<string, unknown> = {},
): RecordingListenerSink {
  const sink = new RecordingListenerSink();
  sink.listener = transport.listen?.(at, sink, { options }) ?? null;
  return sink;
}

export async function listening(
  transport: Transport,
  at: EndPoint = anyPort,
  options: Record<string, unknown> = {},
): Promise<{ sink: RecordingListenerSink; at: EndPoint }> {
  const sink = listen(transport, at, options);
  await Promise.race([sink.opened, sink.closedWith.then((error) => Promise.reject(error as Error))]);
  return { sink, at: sink.listener?.local ?? at };
}

export async function plainServer(): Promise<{ server: Server; at: IPEndPoint }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, at: new IPEndPoint('127.0.0.1', (server.address() as AddressInfo).port) };
}

export function plainClient(at: EndPoint): Socket {
  const where = at instanceof IPEndPoint ? { host: at.address, port: at.port } : { path: at.key };
  const socket = connect({ ...where, allowHalfOpen: true, autoSelectFamily: false } as never);
  socket.on('error', () => {});
  socket.pause();
  return socket;
}

/** A port at which nobody listens. */
export async function deadPlace(): Promise<IPEndPoint> {
  const { server, at } = await plainServer();
  server.close();
  await once(server, 'close');
  return at;
}

/** Everything the peer sends until it ends or breaks. */
export async function readAll(
  peer: Socket,
): Promise<{ bytes: Uint8Array; end: boolean; error: NodeJS.ErrnoException | null }> {
  const chunks: Buffer[] = [];
  let end = false;
  let error: NodeJS.ErrnoException | null = null;
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((go) => {
    peer.once('end', () => {
      end = true;
      go();
    });
    peer.once('error', (broken: NodeJS.ErrnoException) => {
      error = broken;
      go();
    });
    peer.once('close', () => go());
    peer.resume();
  });
  return { bytes: new Uint8Array(Buffer.concat(chunks)), end, error };
}

/** So many bytes, read by the peer and no more. */
export async function readSome(peer: Socket, bytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let missing = bytes;
  while (missing > 0) {
    const chunk = peer.read(Math.min(missing, Math.max(1, peer.readableLength))) as Buffer | null;
    if (chunk === null) {
      await once(peer, 'readable');
      continue;
    }
    chunks.push(chunk);
    missing -= chunk.length;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * Has the loop poll every descriptor several times: what another connection could have told by then, it has told. Bytes go round
 * between two plain sockets.
 */
export async function laps(rounds = 5): Promise<void> {
  const { server, at } = await plainServer();
  const arrived = once(server, 'connection');
  const client = plainClient(at);
  const [far] = (await arrived) as [Socket];
  for (let i = 0; i < rounds; i++) {
    client.write('x');
    await readSome(far, 1);
    far.write('x');
    await readSome(client, 1);
  }
  client.destroy();
  far.destroy();
  server.close();
  await once(server, 'close');
}

/** Bytes that differ from place to place, with a period that no buffer length divides. */
export function pattern(bytes: number, seed = 0): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) all[i] = ((i + seed) % 251) ^ ((i >> 12) & 255);
  return all;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A folder for socket files, removed when the process ends. */
export function socketPath(name: string): UnixDomainSocketEndPoint {
  if (process.platform === 'win32')
    return new UnixDomainSocketEndPoint(`\\\\.\\pipe\\proactor-${process.pid}-${name}`);
  if (folder === '') {
    folder = mkdtempSync(join(tmpdir(), 'proactor-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return new UnixDomainSocketEndPoint(join(folder, name));
}
let folder = '';

function pairOf(channel: Channel, sink: RecordingSink, peer: Socket): Pair {
  return {
    channel,
    sink,
    peer,
    end: async () => {
      peer.destroy();
      channel.close(true);
      await sink.closedWith;
    },
  };
}
