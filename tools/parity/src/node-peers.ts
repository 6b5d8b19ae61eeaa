/** Plain `node:net` on the other side: how connections to it, from it and between two of it are made. */

import { once } from 'node:events';
import { connect as plainConnect, createServer, type Server, type Socket as PlainSocket } from 'node:net';
import { IPEndPoint } from '@proactor/core';
import { NodePeer } from './node-peer.ts';
import type { Peer } from './peer.ts';
import { ScenarioError } from './scenario-error.ts';

/** A plain socket, connected to that place. */
export async function dialPlain(to: IPEndPoint): Promise<Peer> {
  const socket = plainConnect({
    host: to.address,
    port: to.port,
    allowHalfOpen: true,
    autoSelectFamily: false,
  } as never);
  socket.pause();
  await once(socket, 'connect');
  return new NodePeer(socket);
}

/** What `connect` reaches, as a plain socket. */
export async function acceptPlain(at: IPEndPoint, connect: (to: IPEndPoint) => Promise<void>): Promise<Peer> {
  const { server, place } = await listenPlain(at);
  const arrived = once(server, 'connection') as Promise<[PlainSocket]>;
  await connect(place);
  const [socket] = await arrived;
  server.close();
  return new NodePeer(socket);
}

export async function listenPlain(
  at: IPEndPoint,
  backlog = 1,
): Promise<{ server: Server; place: IPEndPoint }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen({ host: at.address, port: at.port, backlog });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new ScenarioError('a plain listener has no port');
  return { server, place: new IPEndPoint(at.address, address.port) };
}
