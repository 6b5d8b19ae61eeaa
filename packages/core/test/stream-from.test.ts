// The verbs of datagrams on a stream: a receive and a send.
import {
  AddressFamily,
  ArgumentError,
  DnsEndPoint,
  IPEndPoint,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketFlags,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { connected, fresh, logged, outcome, received, SERVER } from './stage.ts';

const FROM = ['receiveFromAsync', 'receiveMessageFromAsync'] as const;
const ELSEWHERE = new IPEndPoint('10.9.9.9', 99);

function from(log: string[], name: string, bytes: number): SocketAsyncEventArgs {
  const e = logged(log, name, bytes);
  e.remoteEndPoint = ELSEWHERE;
  return e;
}

const streams = suite('ReceiveFrom, ReceiveMessageFrom and SendTo on a stream');

streams('ReceiveFrom takes what is there and leaves the end point; the rest stays', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3, 4, 5]);
  const e = from([], 'r', 3);
  assert.is(socket.receiveFromAsync(e), false);
  assert.equal([outcome(e), received(e), e.socketFlags], ['Success 3', [1, 2, 3], SocketFlags.None]);
  assert.is(e.remoteEndPoint, ELSEWHERE);
  assert.is(e.lastOperation, SocketAsyncOperation.ReceiveFrom);
  assert.is(socket.available, 2);
});

streams('ReceiveMessageFrom sets it to the wildcard, and tells no destination', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = from(log, 'r', 3);
  assert.is(socket.receiveMessageFromAsync(e), true);
  channel.data([1, 2]);
  assert.equal(log, ['r Success 2']);
  assert.is(String(e.remoteEndPoint), '0.0.0.0:0');
  assert.equal(e.receiveMessageFromPacketInfo, { address: null, interface: 0 });
  assert.is(e.lastOperation, SocketAsyncOperation.ReceiveMessageFrom);
});

streams('on IPv6 the wildcard is that of IPv6', () => {
  const { transport, socket } = fresh({});
  const six = new IPEndPoint('2001:db8::2', 7000);
  transport.connecting = (channel) => channel.open();
  const c = new SocketAsyncEventArgs();
  c.remoteEndPoint = six;
  socket.connectAsync(c);
  assert.is(socket.addressFamily, AddressFamily.InterNetworkV6);
  transport.channel.data([1]);
  const e = logged([], 'r', 3);
  e.remoteEndPoint = six;
  socket.receiveMessageFromAsync(e);
  assert.is(String(e.remoteEndPoint), '[::]:0');
});

for (const verb of FROM) {
  streams(`${verb}() checks its end point as on datagrams`, () => {
    const { socket } = connected();
    const e = new SocketAsyncEventArgs();
    for (const wrong of [null, undefined, new DnsEndPoint('there', 1), IPEndPoint.ipv6Any]) {
      e.remoteEndPoint = wrong as never;
      throws(() => socket[verb](e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
    }
  });

  streams(`${verb}() on what is not connected is NotConnected; after the end 0 bytes`, () => {
    const e = from([], 'r', 3);
    assert.is(fresh().socket[verb](e), false);
    assert.is(outcome(e), 'NotConnected 0');
    const { socket, channel } = connected();
    channel.end();
    e.remoteEndPoint = ELSEWHERE;
    assert.is(socket[verb](e), false);
    assert.is(outcome(e), 'Success 0');
  });

  streams(`${verb}() is served in the order of its start among receives`, () => {
    const { socket, channel } = connected();
    const log: string[] = [];
    const args = [from(log, 'a', 1), from(log, 'b', 1), from(log, 'c', 1)];
    socket.receiveAsync(args[0] as SocketAsyncEventArgs);
    socket[verb](args[1] as SocketAsyncEventArgs);
    socket.receiveAsync(args[2] as SocketAsyncEventArgs);
    channel.data([1, 2, 3]);
    assert.equal(
      args.map((e) => received(e)),
      [[1], [2], [3]],
    );
    assert.equal(log, ['a Success 1', 'b Success 1', 'c Success 1']);
  });
}

streams('SendTo sends to the peer, whatever it was told', () => {
  const { socket, channel } = connected();
  const e = logged([], 's', [1, 2, 3]);
  for (const to of [SERVER, ELSEWHERE, new IPEndPoint('::1', 0), new IPEndPoint('255.255.255.255', 9)]) {
    e.remoteEndPoint = to;
    assert.is(socket.sendToAsync(e), false);
    assert.equal(
      [outcome(e), e.remoteEndPoint, e.lastOperation],
      ['Success 3', to, SocketAsyncOperation.SendTo],
    );
  }
  assert.is(channel.offered.length, 12);
});

streams('SendTo checks that there is an end point, and what it is', () => {
  const { socket } = connected();
  const e = logged([], 's', [1]);
  throws(() => socket.sendToAsync(e), ArgumentError, { paramName: 'e' });
  e.remoteEndPoint = new DnsEndPoint('there', 1);
  throws(() => socket.sendToAsync(e), ArgumentError, { paramName: 'remoteEP' });
});

streams('SendTo on what is not connected, or was shut down, is Shutdown', () => {
  const e = logged([], 's', [1]);
  e.remoteEndPoint = SERVER;
  assert.is(fresh().socket.sendToAsync(e), false);
  assert.is(outcome(e), 'Shutdown 0');
  const { socket } = connected();
  socket.shutdown(SocketShutdown.Send);
  socket.sendToAsync(e);
  assert.is(outcome(e), 'Shutdown 0');
});

streams('awaited they are the same', async () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3]);
  const first = await socket.receiveFrom(new Uint8Array(2));
  assert.equal([first.bytes, first.flags, String(first.remoteEndPoint)], [2, 0, '0.0.0.0:0']);
  const second = await socket.receiveMessageFrom(new Uint8Array(2));
  assert.equal([second.bytes, second.packetInfo], [1, { address: null, interface: 0 }]);
  assert.is(await socket.sendTo(Uint8Array.of(1), ELSEWHERE), 1);
});

streams.run();
