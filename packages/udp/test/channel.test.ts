/** The channel by itself, below core: which upcalls come, when, and how often. */

import { channel as diagnostics } from 'node:diagnostics_channel';
import type { Socket as PlainSocket } from 'node:dgram';
import {
  type DatagramChannel,
  type DatagramSink,
  type EndPoint,
  IPEndPoint,
  type SocketException,
} from '@proactor/core';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectNow } from '../src/connecting.ts';
import { bytesOf, closeAll, HERE, PlainPeer, thrownBy, turns, until } from './peers.ts';

const channels = suite('a udp channel');
channels.after.each(closeAll);

class RecordingSink implements DatagramSink {
  readonly calls: string[] = [];

  open(): void {
    this.calls.push('open');
  }
  closed(error?: unknown): void {
    this.calls.push(error === undefined ? 'closed' : `closed ${String(error)}`);
  }
  data(unit: Uint8Array, from: EndPoint): void {
    this.calls.push(`data ${unit.length} ${from}`);
  }
  sent(error?: { code?: string }): void {
    this.calls.push(error === undefined ? 'sent' : `sent ${error.code}`);
  }
  softError(error: { code?: string }): void {
    this.calls.push(`softError ${error.code}`);
  }
}

interface Bound {
  readonly sink: RecordingSink;
  readonly channel: DatagramChannel;
  /** Node's, as a subscriber of its diagnostics gets hold of it. */
  readonly inner: PlainSocket;
}

function bind(at: EndPoint = HERE): Bound {
  const sockets: PlainSocket[] = [];
  const subscriber = (message: unknown): void =>
    void sockets.push((message as { socket: PlainSocket }).socket);
  diagnostics('udp.socket').subscribe(subscriber);
  const sink = new RecordingSink();
  const channel = udp().bind?.(at, sink, { options: {} }) as DatagramChannel;
  diagnostics('udp.socket').unsubscribe(subscriber);
  return { sink, channel, inner: sockets.at(-1) as PlainSocket };
}

channels('is open when bind() returns, and knows where it is', () => {
  const { sink, channel } = bind();
  assert.equal(sink.calls, ['open']);
  assert.ok(channel.local instanceof IPEndPoint);
  assert.is(channel.remote, null);
  channel.close(false);
  assert.is(channel.local, null);
});

channels('a unit is lent until sent(), which comes once and never inside send()', async () => {
  const { sink, channel } = bind();
  const peer = await PlainPeer.at();
  assert.is(channel.send(bytesOf('x'), peer.place), true);
  assert.equal(sink.calls, ['open']);
  await until(() => sink.calls.length > 1);
  await turns(2);
  assert.equal(sink.calls, ['open', 'sent']);
  assert.is(await peer.hears(), 'x');
  channel.close(false);
});

channels('a unit that Node cannot send says why, and the channel lives', async () => {
  const { sink, channel } = bind();
  channel.send(bytesOf('x'), new IPEndPoint('203.0.113.1', 9)); // from 127.0.0.1 no way leads there
  await until(() => sink.calls.length > 1);
  assert.match(sink.calls[1] ?? '', /^sent E[A-Z]+$/);
  channel.send(bytesOf('x'), channel.local);
  await until(() => sink.calls.length > 3);
  assert.equal(sink.calls.slice(2).sort(), [`data 1 ${channel.local}`, 'sent']);
  channel.close(false);
});

channels(
  'what can be told at once is thrown: no peer, another peer, the other family, too long',
  async () => {
    const { channel } = bind();
    const peer = await PlainPeer.at();
    const code = (send: () => unknown): string => (thrownBy(send) as SocketException).code;
    assert.is(
      code(() => channel.send(bytesOf('x'), null)),
      'EDESTADDRREQ',
    );
    assert.is(
      code(() => channel.send(bytesOf('x'), new IPEndPoint('::1', 9))),
      'EAFNOSUPPORT',
    );
    assert.is(
      code(() => channel.send(new Uint8Array(65_508), peer.place)),
      'EMSGSIZE',
    );
    channel.connect?.(peer.place);
    assert.is(
      code(() => channel.send(bytesOf('x'), HERE)),
      'EISCONN',
    );
    channel.close(true);
  },
);

for (const abort of [false, true]) {
  channels(
    `close(${abort}) right behind a send: closed() inside the call, and no sent() afterwards`,
    async () => {
      const { sink, channel } = bind();
      const peer = await PlainPeer.at();
      channel.send(bytesOf('out'), peer.place);
      channel.close(abort);
      assert.equal(sink.calls, ['open', 'closed']);
      channel.close(true);
      await turns(3);
      assert.equal(sink.calls, ['open', 'closed'], 'once');
      assert.is(await peer.hears(), 'out', 'the kernel had taken it');
    },
  );
}

channels('close(false) waits for a unit that the kernel had no room for; close(true) does not', async () => {
  for (const abort of [false, true]) {
    const { sink, channel, inner } = bind();
    const peer = await PlainPeer.at();
    inner.getSendQueueCount = () => 1; // as if it were there
    channel.send(bytesOf('slowly'), peer.place);
    channel.close(false);
    assert.equal(sink.calls, ['open']);
    if (abort) channel.close(true);
    else await until(() => sink.calls.length > 1);
    assert.equal(sink.calls, ['open', 'closed'], 'and no sent(): who closes is not told');
    await turns(2);
    assert.is(sink.calls.length, 2);
  }
});

channels('what comes while it closes is not heard any more', async () => {
  const { sink, channel, inner } = bind();
  inner.getSendQueueCount = () => 1;
  const { local } = channel;
  channel.send(bytesOf('to myself'), local);
  channel.close(false);
  await until(() => sink.calls.length > 1);
  await turns(2);
  assert.equal(sink.calls, ['open', 'closed']);
});

channels('closed by a stranger, it says so, once', async () => {
  const { sink, channel, inner } = bind();
  inner.close();
  await until(() => sink.calls.length > 1);
  assert.equal(sink.calls, ['open', 'closed']);
  assert.is(channel.local, null);
  channel.close(true);
  assert.is(sink.calls.length, 2);
});

channels('an error of Node that belongs to no send is soft, and ends no process', () => {
  const { sink, channel, inner } = bind();
  inner.emit('error', Object.assign(new Error('recvmsg ENOMEM'), { code: 'ENOMEM', syscall: 'recvmsg' }));
  assert.equal(sink.calls, ['open', 'softError ENOMEM']);
  channel.close(true);
  inner.emit('error', new Error('after the end'));
  assert.equal(sink.calls, ['open', 'softError ENOMEM', 'closed']);
});

channels('a connect that is refused throws, and says nothing more later', async () => {
  const { sink, channel } = bind();
  const error = thrownBy(() => channel.connect?.(new IPEndPoint('255.255.255.255', 9))) as { code: string };
  assert.is(error.code, 'EACCES');
  await turns(2);
  assert.equal(sink.calls, ['open']);
  channel.close(true);
});

channels('a connect that is refused still says so where the inside of Node looks different', () => {
  const other = {
    connect: () => undefined,
    remoteAddress: () => {
      throw new Error('not connected');
    },
  };
  const error = thrownBy(() =>
    connectNow(other as unknown as PlainSocket, '127.0.0.1', 9),
  ) as SocketException;
  assert.is(error.code, 'ENETUNREACH');
});

channels('it keeps the process alive unless told otherwise', () => {
  const { channel, inner } = bind();
  const refs: string[] = [];
  inner.ref = () => {
    refs.push('ref');
    return inner;
  };
  inner.unref = () => {
    refs.push('unref');
    return inner;
  };
  channel.ref?.(false);
  channel.ref?.(true);
  assert.equal(refs, ['unref', 'ref']);
  channel.close(true);
});

channels.run();
