/** Binding: at once, to a port that stays, or a refusal that is thrown. */

import cluster from 'node:cluster';
import { once } from 'node:events';
import {
  AddressFamily,
  DnsEndPoint,
  IPEndPoint,
  NotSupportedError,
  SelectMode,
  SocketException,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  hasIPv6,
  HERE,
  HERE_SIX,
  hears,
  PlainPeer,
  placeOf,
  refusalOf,
  socketOf,
  thrownBy,
} from './peers.ts';

const binding = suite('bind()');
binding.after.each(closeAll);

if (cluster.isWorker) {
  // The primary is never asked: the port is known, and taken, inside the call.
  const socket = boundTo();
  const second = refusalOf(() => boundTo(placeOf(socket)));
  process.send?.({ port: placeOf(socket).port, second });
  closeAll();
  process.disconnect();
} else {
  binding('is done inside the call: the port is known', () => {
    const socket = boundTo();
    assert.ok(socket.isBound);
    assert.is(placeOf(socket).address, '127.0.0.1');
    assert.ok(placeOf(socket).port > 0);
    assert.is(socket.addressFamily, AddressFamily.InterNetwork);
    assert.equal([socket.poll(SelectMode.SelectRead), socket.poll(SelectMode.SelectWrite)], [false, true]);
  });

  binding(
    'to a port that is taken throws AddressAlreadyInUse inside the call, and the socket may try again',
    () => {
      const first = boundTo();
      const second = socketOf();
      const error = thrownBy(() => second.bind(placeOf(first))) as SocketException;
      assert.instance(error, SocketException);
      assert.is(error.code, 'EADDRINUSE');
      assert.match(error.message, String(placeOf(first)));
      assert.not(second.isBound);
      second.bind(HERE);
      assert.ok(second.isBound);
    },
  );

  binding('to a port that plain Node has throws as well', async () => {
    const peer = await PlainPeer.at();
    assert.is(
      refusalOf(() => boundTo(peer.place)),
      'AddressAlreadyInUse',
    );
  });

  binding('to an address that is not of this host throws AddressNotAvailable', () => {
    assert.is(
      refusalOf(() => boundTo(new IPEndPoint('203.0.113.7', 0))),
      'AddressNotAvailable',
    );
  });

  binding('a second time throws InvalidArgument', () => {
    assert.is(
      refusalOf(() => boundTo().bind(HERE)),
      'InvalidArgument',
    );
  });

  binding('to what is no IP address is refused, and leaves the socket as it was', () => {
    const socket = socketOf();
    assert.is(
      refusalOf(() => socket.bind(new UnixDomainSocketEndPoint('/tmp/x'))),
      'AddressFamilyNotSupported',
    );
    assert.match(
      (thrownBy(() => socket.bind(new DnsEndPoint('localhost', 0))) as Error).message,
      'an address is needed',
    );
    const sink = { open() {}, closed() {}, data() {}, sent() {}, softError() {} };
    assert.instance(
      thrownBy(() => udp().bind?.(new UnixDomainSocketEndPoint('/tmp/x'), sink, { options: {} })),
      NotSupportedError,
    );
    assert.not(socket.isBound);
  });

  binding('a port is free again as soon as close() has returned', () => {
    const first = boundTo();
    const place = placeOf(first);
    first.close();
    boundTo(place);
  });

  binding('many sockets that ask for any port get a port each', () => {
    const ports = Array.from({ length: 50 }, () => placeOf(boundTo()).port);
    assert.is(new Set(ports).size, 50);
  });

  binding('by the first send: to every address of its family, and a port of its own', async () => {
    const peer = await PlainPeer.at();
    const socket = socketOf();
    assert.equal([socket.localEndPoint, socket.isBound], [null, false]);
    const sending = socket.sendTo(bytesOf('first'), peer.place);
    assert.is(placeOf(socket).address, '0.0.0.0', 'known as soon as the call has returned');
    await sending;
    const { text, from } = await peer.hearsFrom();
    assert.equal([text, from.port], ['first', placeOf(socket).port]);
    await peer.send('answer', new IPEndPoint('127.0.0.1', from.port));
    assert.is(await hears(socket), 'answer');
  });

  if (hasIPv6) {
    binding('to ::1 hears IPv6', async () => {
      const [a, b] = [boundTo(HERE_SIX), boundTo(HERE_SIX)];
      await a.sendTo(bytesOf('six'), placeOf(b));
      const { bytes, remoteEndPoint } = await b.receiveFrom(new Uint8Array(8));
      assert.is(bytes, 3);
      assert.ok(remoteEndPoint.equals(placeOf(a)));
    });
  } else {
    binding.skip('to ::1: this host has none', () => {});
  }

  binding('in a worker of a cluster is done inside the call too', async () => {
    cluster.setupPrimary({ exec: new URL(import.meta.url).pathname, silent: true });
    const worker = cluster.fork();
    const told = once(worker, 'message') as Promise<[{ port: number; second: string }]>;
    const [[{ port, second }]] = await Promise.all([told, once(worker, 'exit')]);
    assert.ok(port > 0);
    assert.is(second, 'AddressAlreadyInUse');
  });

  binding.run();
}
