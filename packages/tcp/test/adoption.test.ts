import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AcceptedHandle,
  descriptorOf,
  newSocket,
  peerIsForgotten,
  takeConnections,
} from '../src/adoption.ts';

const onread: OnReadOpts = { buffer: new Uint8Array(64), callback: () => true };

/** A server whose connections are taken, and a client for each. */
async function serve(): Promise<{
  server: Server;
  next: () => Promise<{ accepted: AcceptedHandle; peer: Socket }>;
}> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const waiting: ((accepted: AcceptedHandle) => void)[] = [];
  assert.ok(takeConnections(server, (accepted) => waiting.shift()?.(accepted)));
  const { port } = server.address() as { port: number };
  const next = async (): Promise<{ accepted: AcceptedHandle; peer: Socket }> => {
    const taken = new Promise<AcceptedHandle>((resolve) => {
      waiting.push(resolve);
    });
    const peer = connect(port, '127.0.0.1');
    peer.on('error', () => undefined);
    return { peer, accepted: await taken };
  };
  return { server, next };
}

test('connections are taken as handles on this platform, Node 20 to 26, and Node makes no socket of them', async () => {
  const { server, next } = await serve();
  server.on('connection', () => assert.unreachable());
  const { accepted, peer } = await next();
  assert.ok(accepted.descriptor > 2);
  const socket = accepted.socket(onread);
  assert.is(socket.remotePort, peer.localPort);
  assert.is(descriptorOf(socket), accepted.descriptor);
  socket.destroy();
  peer.destroy();
  server.close();
  await once(server, 'close');
});

test('a socket of a handle reads through onread, is half open, and tells the end', async () => {
  const { server, next } = await serve();
  const { accepted, peer } = await next();
  const buffer = new Uint8Array(64);
  let heard = '';
  const socket = accepted.socket({
    buffer,
    callback: (bytes) => {
      heard += Buffer.from(buffer.subarray(0, bytes)).toString();
      return true;
    },
  });
  socket.read(0);
  peer.end('hello');
  await once(socket, 'end');
  assert.is(heard, 'hello');
  peer.resume();
  socket.end('bye');
  await once(socket, 'close');
  server.close();
});

test('a socket of a handle does not read by itself', async () => {
  const { server, next } = await serve();
  const { accepted, peer } = await next();
  let reads = 0;
  const socket = accepted.socket({ buffer: new Uint8Array(64), callback: () => ++reads > 0 });
  peer.write('early');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.is(reads, 0);
  socket.read(0);
  peer.end();
  await once(socket, 'end');
  assert.is(reads, 1);
  socket.destroy();
  server.close();
});

test('a handle that nobody wants is closed: the client sees it', async () => {
  const { server, next } = await serve();
  const { accepted, peer } = await next();
  accepted.close();
  peer.resume();
  await once(peer, 'close');
  server.close();
  await once(server, 'close');
});

test("Node's diagnostics hear of each socket that is made of a handle", async () => {
  const heard: unknown[] = [];
  const listen = (message: unknown): void => void heard.push((message as { socket: unknown }).socket);
  subscribe('net.server.socket', listen);
  const { server, next } = await serve();
  const { accepted, peer } = await next();
  const socket = accepted.socket(onread);
  unsubscribe('net.server.socket', listen);
  assert.equal(heard.length, 1);
  assert.is(heard[0], socket);
  socket.destroy();
  peer.destroy();
  server.close();
});

test('what is no such handle, and an error of accept(2), go the way of Node', async () => {
  const { server } = await serve();
  const handle = (
    server as unknown as { _handle: { onconnection: (error: number, accepted?: object) => void } }
  )._handle;
  const failed = once(server, 'error');
  handle.onconnection(-103);
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.is(error.code, 'ECONNABORTED');
  server.close();
});

test('a server that does not listen, or hides its handle, cannot be taken from', () => {
  const take = (): void => assert.unreachable();
  assert.not(takeConnections(createServer(), take));
  assert.not(takeConnections({} as Server, take));
  assert.not(takeConnections({ _handle: {} } as unknown as Server, take));
});

test('a socket without a handle has no descriptor, and no peer that could be forgotten', () => {
  const socket = newSocket(onread);
  assert.is(descriptorOf(socket), -1);
  assert.not(peerIsForgotten(socket));
  socket.destroy();
});

test('a new socket is paused, reads one piece ahead at most, and says true to a write of a whole buffer', () => {
  const socket = newSocket(null);
  assert.ok(socket.isPaused());
  assert.is(socket.readableHighWaterMark, 1);
  assert.ok(socket.writableHighWaterMark > 65_536);
  assert.ok(socket.allowHalfOpen);
  socket.destroy();
});

test.run();
