import {
  type Channel,
  type ChannelSink,
  type DatagramChannel,
  type DatagramSink,
  DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  NotSupportedError,
  RelayChannel,
  RelayDatagramChannel,
  RelayTransport,
  Socket,
  SocketAsyncEventArgs,
  type Transport,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { HandTransport } from './hand-transport.ts';
import { errno, logged, outcome, received, SERVER } from './stage.ts';

const relays = suite('relay');

/** A socket over a layer over a transport driven by hand, connected. */
function layered(make: (inner: Transport) => Transport = (inner) => new RelayTransport(inner)) {
  const below = new HandTransport();
  const layer = make(below);
  const socket = new Socket(layer);
  below.connecting = (channel) => channel.open();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  below.connecting = () => {};
  return { below, layer, socket, channel: below.channel, runtime: below.runtime as HandRuntime };
}

relays('has the name, the capabilities, the runtime and the roles of what lies below', () => {
  const below = new HandTransport({ resolve: () => {} });
  const layer = new RelayTransport(below);
  assert.equal([layer.name, layer.caps, layer.runtime], [below.name, below.caps, below.runtime]);
  assert.equal(
    [typeof layer.connect, typeof layer.listen, typeof layer.bind, typeof layer.resolve],
    ['function', 'function', 'undefined', 'function'],
  );
  const bare = new RelayTransport(new HandTransport({ without: ['connect', 'listen'] }));
  assert.equal(
    [bare.connect, bare.listen, bare.bind, bare.resolve],
    [undefined, undefined, undefined, undefined],
  );
});

relays('contexts are not kept: a layer may call up from where it likes', () => {
  const inner = new HandTransport({ runtime: new HandRuntime(), caps: { keepsContext: true } });
  const { caps } = new RelayTransport(inner);
  assert.equal(caps, { ...inner.caps, keepsContext: false });
  assert.ok(Object.isFrozen(caps));
});

relays('a plain one changes nothing, in either direction', async () => {
  const { runtime, socket, channel } = layered();
  const log: string[] = [];
  assert.equal(
    [String(socket.localEndPoint), String(socket.remoteEndPoint)],
    ['10.0.0.1:50001', '10.0.0.2:7000'],
  );
  const r = logged(log, 'r', 4);
  socket.receiveAsync(r);
  channel.data([1, 2]);
  assert.equal(received(r), [1, 2]);
  channel.answer = 'none';
  socket.sendAsync(logged(log, 's', [3, 4]));
  channel.written();
  socket.setOption('noDelay', true);
  assert.is(socket.getOption('noDelay'), true);
  socket.unref();
  socket.shutdown(1);
  channel.end();
  socket.receiveAsync(r);
  assert.is(outcome(r), 'Success 0');
  socket.close();
  channel.closed();
  runtime.settle();
  await socket.closed;
  assert.equal(log, ['r Success 2', 's Success 2']);
  assert.equal(channel.offered, [3, 4]);
  assert.equal(channel.calls, [
    'demand 65536',
    'write 2',
    'set noDelay',
    'ref false',
    'shutdown',
    'close false',
  ]);
});

relays('errors go up as they are', () => {
  const { socket, channel } = layered();
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  const cause = errno('ECONNRESET');
  channel.closed(cause);
  assert.is(outcome(e), 'ConnectionReset 0');
  assert.is(e.error, cause);
});

relays('a listener and what it accepts are relayed too, each with a relay of its own', async () => {
  const made: RelayChannel[] = [];
  class Layer extends RelayTransport {
    protected override channel(sink: ChannelSink): RelayChannel {
      const relay = new RelayChannel(sink);
      made.push(relay);
      return relay;
    }
  }
  const below = new HandTransport();
  const listener = new Socket(new Layer(below));
  below.listening = (inner) => inner.open();
  listener.bind(SERVER);
  await listener.listen();
  const channels = [below.listener.arrive(1), below.listener.arrive(2)];
  for (const channel of channels) {
    const e = new SocketAsyncEventArgs();
    assert.is(listener.acceptAsync(e), false);
    channel.data([7]);
    assert.is(e.acceptSocket?.available, 1);
  }
  assert.is(made.length, 2);
  listener.close();
  assert.is(below.listener.incoming(), null);
  assert.equal(below.listener.calls, ['close false']);
  below.listener.closed();
  await listener.closed;
});

relays('a layer overrides only what it changes', async () => {
  class Rot extends RelayChannel {
    override write(chunk: Uint8Array): number {
      return super.write(chunk.map((byte) => byte ^ 0xff));
    }
    override data(chunk: Uint8Array): void {
      super.data(chunk.map((byte) => byte ^ 0xff));
    }
  }
  class RotTransport extends RelayTransport {
    protected override channel(sink: ChannelSink): RelayChannel {
      return new Rot(sink);
    }
  }
  const { socket, channel } = layered((inner) => new RotTransport(inner));
  await socket.send(Uint8Array.of(0, 1));
  assert.equal(channel.offered, [255, 254]);
  channel.data([255, 0]);
  const buffer = new Uint8Array(2);
  await socket.receive(buffer);
  assert.equal([...buffer], [0, 255]);
});

relays('layers stand on each other; a list passes write(), so that no layer is missed', async () => {
  let seen = 0;
  class Counting extends RelayChannel {
    override write(chunk: Uint8Array): number {
      seen += chunk.byteLength;
      return super.write(chunk);
    }
  }
  class CountingTransport extends RelayTransport {
    protected override channel(sink: ChannelSink): RelayChannel {
      return new Counting(sink);
    }
  }
  const { socket, channel } = layered((inner) => new CountingTransport(new CountingTransport(inner)));
  await socket.send([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  assert.is(seen, 6);
  assert.equal(channel.offered, [1, 2, 3]);
});

relays('names are resolved below', () => {
  const below = new HandTransport({ resolve: (_, done) => done(null, [SERVER]) });
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = new DnsEndPoint('server', 7_000);
  new Socket(new RelayTransport(below)).connectAsync(e);
  assert.is(below.channel.to, SERVER);
});

relays('feature() finds what lies below, through every layer', () => {
  const key = Symbol('feature');
  const below = new HandTransport();
  const layer = new RelayTransport(new RelayTransport(below));
  const nowhere: ChannelSink = { open() {}, closed() {}, data() {}, end() {}, written() {} };
  const channel = layer.connect?.(SERVER, nowhere, { options: {} }) as Channel;
  assert.is(channel.feature?.(key), undefined);
  (below.channel as Channel).feature = <T>(asked: symbol): T | undefined =>
    asked === key ? ('found' as T) : undefined;
  assert.is(channel.feature?.(key), 'found');
  assert.is(channel.feature?.(Symbol('other')), undefined);
});

relays.run();

const datagrams = suite('relay: datagrams');

/** A datagram transport that remembers its one port. */
function datagramTransport() {
  const calls: string[] = [];
  const transport = {
    name: 'hand',
    runtime: new HandRuntime(),
    caps: { kind: 'datagram', families: ['inet'], halfClose: false, abort: 'silent', flow: 'none' },
    sink: null as DatagramSink | null,
    bind(_at: EndPoint, sink: DatagramSink): DatagramChannel {
      transport.sink = sink;
      return {
        local: SERVER,
        remote: null,
        connect: (to) => void calls.push(`connect ${to}`),
        send: (unit, to) => calls.push(`send ${unit.byteLength} ${to}`) > 0,
        close: (abort) => void calls.push(`close ${abort}`),
      };
    },
  };
  return { transport: transport as typeof transport & Transport, calls };
}

datagrams('everything passes, in both directions', () => {
  const { transport, calls } = datagramTransport();
  const layer = new RelayTransport(transport);
  assert.equal([layer.connect, layer.listen], [undefined, undefined]);
  const log: string[] = [];
  const sink: DatagramSink = {
    open: () => void log.push('open'),
    closed: (error) => void log.push(`closed ${String(error)}`),
    data: (unit, from, info) => void log.push(`data ${unit.byteLength} ${from} ${info?.interface}`),
    sent: (error) => void log.push(`sent ${String(error)}`),
    softError: (error) => void log.push(`soft ${String(error)}`),
  };
  const port = layer.bind?.(SERVER, sink, { options: {} }) as RelayDatagramChannel;
  assert.instance(port, RelayDatagramChannel);
  assert.equal([port.local, port.remote], [SERVER, null]);
  assert.is(port.send(new Uint8Array(3), SERVER), true);
  port.connect(new IPEndPoint('10.0.0.9', 1));
  port.close(true);
  port.ref(true); // below has none
  throws(() => port.setOption('ttl', 1), NotSupportedError);
  assert.equal([port.getOption('ttl'), port.feature(Symbol('x'))], [undefined, undefined]);
  const { sink: inner } = transport;
  inner?.open();
  inner?.data(new Uint8Array(2), SERVER, { address: null, interface: 4 });
  inner?.sent();
  inner?.softError('icmp');
  inner?.closed('gone');
  assert.equal(calls, ['send 3 10.0.0.2:7000', 'connect 10.0.0.9:1', 'close true']);
  assert.equal(log, ['open', 'data 2 10.0.0.2:7000 4', 'sent undefined', 'soft icmp', 'closed gone']);
});

datagrams.run();
