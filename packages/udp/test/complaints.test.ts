/** What users of datagrams on .NET and Node complained of, as laws. */

import { AddressFamily, InvalidOperationError, IPEndPoint, SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  hasIPv6,
  HERE,
  hears,
  noted,
  outcome,
  PlainPeer,
  placeOf,
  socketOf,
  textOf,
  thrownBy,
} from './peers.ts';

const complaints = suite('datagrams, as users complained');
complaints.after.each(closeAll);

complaints('a list, then a window in the middle: each datagram lands where it belongs', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const { args, finish } = noted(undefined, IPEndPoint.any);
  const parts = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(9)] as const;
  args.bufferList = parts;
  await peer.send('abcdefgh', placeOf(socket));
  assert.is(await finish((e) => socket.receiveMessageFromAsync(e)), 'Success 8');
  assert.equal([textOf(parts[0]), textOf(parts[2].subarray(0, 5))], ['abc', 'defgh']);

  const block = new Uint8Array(200).fill(0xee);
  args.bufferList = null;
  args.setBuffer(block, 100, 50);
  args.remoteEndPoint = IPEndPoint.any;
  await peer.send(new Uint8Array(20).fill(7), placeOf(socket));
  assert.is(await finish((e) => socket.receiveMessageFromAsync(e)), 'Success 20');
  assert.ok(block.every((byte, i) => byte === (i >= 100 && i < 120 ? 7 : 0xee)));
  assert.ok(peer.place.equals(args.remoteEndPoint));
  assert.is(args.receiveMessageFromPacketInfo.address, '127.0.0.1');
});

complaints('an empty datagram completes a receive, names its sender and ends nothing', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const texts = ['', 'a', '', '', 'bc'];
  for (const text of texts) await peer.send(text, placeOf(socket));
  const buffer = new Uint8Array(16);
  for (const text of texts) {
    const { bytes, remoteEndPoint } = await socket.receiveFrom(buffer);
    assert.is(textOf(buffer.subarray(0, bytes)), text);
    assert.ok(peer.place.equals(remoteEndPoint));
  }
  assert.is(await socket.sendTo(new Uint8Array(0), peer.place), 0);
  assert.is(await socket.sendTo(bytesOf('abc'), peer.place), 3);
  assert.equal([await peer.hears(), await peer.hears()], ['', 'abc']);
});

if (hasIPv6) {
  complaints('a dual-mode socket hears IPv4 as mapped addresses, answers them, and IPv6 beside', async () => {
    const socket = boundTo(IPEndPoint.ipv6Any, {
      addressFamily: AddressFamily.InterNetworkV6,
      dualMode: true,
    });
    const { port } = placeOf(socket);
    for (const [address, seen] of [
      ['127.0.0.1', '::ffff:127.0.0.1'],
      ['::1', '::1'],
    ] as const) {
      const peer = await PlainPeer.at(address);
      await peer.send('ping', new IPEndPoint(address, port));
      const { remoteEndPoint } = await socket.receiveFrom(new Uint8Array(16));
      assert.ok(remoteEndPoint.equals(new IPEndPoint(seen, peer.place.port)));
      await socket.sendTo(bytesOf('pong'), remoteEndPoint);
      assert.is(await peer.hears(), 'pong');
      await socket.sendTo(bytesOf('as it is'), peer.place);
      assert.is(await peer.hears(), 'as it is');
    }
  });
} else {
  complaints.skip('a dual-mode socket: this host has no ::1', () => {});
}

complaints('one args to two peers in turn: each datagram goes where it pointed at that call', async () => {
  const socket = boundTo();
  const peers = [await PlainPeer.at(), await PlainPeer.at()] as const;
  const buffer = new Uint8Array(16);
  const { args, finish } = noted();
  for (let i = 0; i < 30; i++) {
    args.setBuffer(buffer, 0, 1);
    buffer[0] = 65 + i;
    args.remoteEndPoint = peers[i % 2 === 0 ? 0 : 1].place;
    assert.is(await finish((e) => socket.sendToAsync(e)), 'Success 1');
  }
  for (let i = 0; i < 30; i++)
    assert.is(await peers[i % 2 === 0 ? 0 : 1].hears(), String.fromCharCode(65 + i));
  args.setBuffer(buffer, 0, 16);
  for (const peer of [peers[0], peers[1], peers[0], peers[1]]) {
    args.remoteEndPoint = IPEndPoint.any;
    await peer.send('back', placeOf(socket));
    assert.is(await finish((e) => socket.receiveFromAsync(e)), 'Success 4');
    assert.ok(peer.place.equals(args.remoteEndPoint));
  }
});

complaints('what cannot go out says so and does no harm; sends before a close are all settled', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  const { args } = noted(new Uint8Array(64), IPEndPoint.any);
  assert.instance(
    thrownBy(() => socket.receiveFromAsync(args)),
    InvalidOperationError,
  );
  const large = noted(new Uint8Array(70_000), peer.place);
  assert.is(await large.finish((e) => socket.sendToAsync(e)), 'MessageSize 0');
  await socket.sendTo(bytesOf('fine'), peer.place);
  const { text, from } = await peer.hearsFrom();
  assert.is(text, 'fine');
  await peer.send('answer', new IPEndPoint('127.0.0.1', from.port));
  assert.is(await hears(socket), 'answer');

  for (const closing of [socket, boundTo(HERE), socketOf()]) {
    const settled = await new Promise<SocketAsyncEventArgs[]>((done) => {
      const over: SocketAsyncEventArgs[] = [];
      const end = (e: SocketAsyncEventArgs): void => {
        over.push(e);
        if (over.length === 25) done(over);
      };
      for (let i = 0; i < 25; i++) {
        const e = new SocketAsyncEventArgs();
        e.setBuffer(new Uint8Array(100));
        e.remoteEndPoint = peer.place;
        e.on('completed', () => end(e));
        if (!closing.sendToAsync(e)) end(e);
      }
      closing.close();
    });
    assert.is(new Set(settled).size, 25, 'each once');
    for (const e of settled) assert.match(outcome(e), /^(?:Success 100|OperationAborted 0)$/);
    await closing.closed;
  }
});

complaints.run();
