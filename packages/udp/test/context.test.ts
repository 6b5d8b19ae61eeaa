/** Handlers of datagram sockets run in the asynchronous context in which their socket was made, whoever called, sent, or was called back. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { IPEndPoint, type Socket } from '@proactor/core';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundTo, bytesOf, closeAll, HERE, noted, PlainPeer, placeOf, socketOf } from './peers.ts';

const contexts = suite('contexts');
contexts.after.each(closeAll);

const store = new AsyncLocalStorage<string>();
const transport = udp(); // without checked(): a layer is entered anew each time

/** In which context the handlers of a receive and of a send run, each started in another. */
async function contextsOf(socket: Socket): Promise<(string | undefined)[]> {
  const peer = await PlainPeer.at();
  const receive = noted(new Uint8Array(8), IPEndPoint.any);
  const send = noted(bytesOf('x'), peer.place);
  const seen: (string | undefined)[] = [];
  const done = [receive, send].map(
    ({ args }, i) =>
      new Promise<void>((go) => {
        args.on('completed', () => {
          seen[i] = store.getStore();
          go();
        });
      }),
  );
  store.run('the receiver', () => assert.ok(socket.receiveFromAsync(receive.args)));
  store.run('the sender', () => assert.ok(socket.sendToAsync(send.args)));
  await store.run('the peer', () => peer.send('x', new IPEndPoint('127.0.0.1', placeOf(socket).port)));
  await Promise.all(done);
  return seen;
}

contexts('a socket that was made outside of all: its handlers run there', async () => {
  assert.equal(await contextsOf(boundTo(HERE, {}, transport)), [undefined, undefined]);
});

contexts('a socket that was made in one: its handlers run in that', async () => {
  const socket = store.run('home', () => boundTo(HERE, {}, transport));
  assert.equal(await contextsOf(socket), ['home', 'home']);
});

contexts('a socket that was made outside and bound in one, by name or by its first send', async () => {
  const bound = socketOf({}, transport);
  store.run('elsewhere', () => bound.bind(HERE));
  assert.equal(await contextsOf(bound), [undefined, undefined]);
  const sent = socketOf({}, transport);
  const peer = await PlainPeer.at();
  await store.run('elsewhere', () => sent.sendTo(bytesOf('x'), peer.place));
  assert.equal(await contextsOf(sent), [undefined, undefined]);
});

contexts(
  'a peer that is chosen and left in one: what is opened then hears in that of the socket',
  async () => {
    const socket = boundTo(new IPEndPoint('0.0.0.0', 0), {}, udp({ packetInfo: true }));
    const peer = await PlainPeer.at();
    await store.run('elsewhere', async () => {
      await socket.connect(peer.place);
      await socket.disconnect();
    });
    assert.equal(await contextsOf(socket), [undefined, undefined]);
  },
);

contexts('a send that a handler starts in another context ends in that of the socket', async () => {
  const socket = boundTo(HERE, {}, transport);
  const peer = await PlainPeer.at();
  const receive = noted(new Uint8Array(8), IPEndPoint.any);
  const send = noted(bytesOf('y'), peer.place);
  const ended = new Promise((go) => send.args.on('completed', () => go(store.getStore())));
  receive.args.on('completed', () => store.run('a handler', () => socket.sendToAsync(send.args)));
  socket.receiveFromAsync(receive.args);
  await peer.send('x', placeOf(socket));
  assert.is(await ended, undefined);
});

contexts('a promise goes on in the context of whoever awaits it', async () => {
  const socket = boundTo(HERE, {}, transport);
  const peer = await PlainPeer.at();
  const waiting = store.run('awaiting', async () => {
    await socket.receiveFrom(new Uint8Array(8));
    return store.getStore();
  });
  await peer.send('x', placeOf(socket));
  assert.is(await waiting, 'awaiting');
});

contexts.run();
