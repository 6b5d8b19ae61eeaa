import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { IPEndPoint } from '@proactor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adopt, descriptorOf, newSocket, peerIsForgotten } from '../src/adoption.ts';
import { laps, plainClient } from './peers.ts';

const onread = { buffer: new Uint8Array(64), callback: () => true };

async function countOf(server: Server): Promise<number> {
  return new Promise((go, fail) =>
    server.getConnections((error, count) => (error === null ? go(count) : fail(error))),
  );
}

async function serve(): Promise<{
  server: Server;
  at: IPEndPoint;
  next: () => Promise<{ peer: Socket; socket: Socket }>;
}> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = new IPEndPoint('127.0.0.1', (server.address() as { port: number }).port);
  const next = async (): Promise<{ peer: Socket; socket: Socket }> => {
    const peer = plainClient(at);
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => {});
    return { peer, socket };
  };
  return { server, at, next };
}

test('this platform adopts: Node 20 to 26 do', async () => {
  const { server, next } = await serve();
  const { peer, socket } = await next();
  const adopted = adopt(socket, onread);
  assert.ok(adopted);
  assert.is(adopted.remotePort, peer.localPort);
  adopted.destroy();
  peer.destroy();
  server.close();
  await once(server, 'close');
});

test('the server counts an adopted connection until it is closed, and then closes itself', async () => {
  const { server, next } = await serve();
  const first = await next();
  const second = await next();
  const adopted = [adopt(first.socket, onread), adopt(second.socket, onread)] as Socket[];
  assert.is(await countOf(server), 2);
  adopted[0]?.destroy();
  await laps(1);
  assert.is(await countOf(server), 1);
  const closed = once(server, 'close');
  server.close();
  adopted[1]?.resetAndDestroy();
  await closed;
  first.peer.destroy();
  second.peer.destroy();
});

test('what is left of the accepted socket closes nothing and counts nothing', async () => {
  const { server, next } = await serve();
  const { peer, socket } = await next();
  let heard = '';
  const into = {
    buffer: new Uint8Array(64),
    callback: (bytes: number, all: Uint8Array) => {
      heard += Buffer.from(all.subarray(0, bytes)).toString();
      return true;
    },
  };
  const adopted = adopt(socket, into) as Socket;
  socket.destroy();
  await laps(1);
  assert.is(await countOf(server), 1);
  adopted.read(0);
  peer.end('hello');
  await once(adopted, 'end');
  assert.is(heard, 'hello');
  adopted.destroy();
  await once(adopted, 'close');
  assert.is(await countOf(server), 0);
  peer.destroy();
  server.close();
});

test('an adopted socket does not read by itself, as the accepted one did not', async () => {
  const { server, next } = await serve();
  const { peer, socket } = await next();
  let reads = 0;
  const adopted = adopt(socket, { buffer: new Uint8Array(64), callback: () => ++reads > 0 }) as Socket;
  peer.write('hello');
  await laps();
  assert.is(reads, 0);
  adopted.read(0);
  await laps();
  assert.is(reads, 1);
  adopted.destroy();
  peer.destroy();
  server.close();
});

test('a socket without a handle cannot be adopted and is left as it was', async () => {
  const { server, next } = await serve();
  const { peer, socket } = await next();
  socket.destroy();
  assert.is(adopt(socket, onread), null);
  assert.is(descriptorOf(socket), -1);
  assert.not(peerIsForgotten(socket));
  peer.destroy();
  server.close();
  await once(server, 'close');
});

test('a handle of another kind cannot be adopted: nothing is touched', () => {
  const handle = {};
  const stranger = { _handle: handle, _server: null, server: null };
  assert.is(adopt(stranger as unknown as Socket, onread), null);
  assert.is(stranger._handle, handle);
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
