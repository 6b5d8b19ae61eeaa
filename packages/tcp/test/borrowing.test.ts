import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BufferManager, IPEndPoint, Socket, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';
import { laps, pattern, readings, same, ways } from './peers.ts';

const WINDOW = 20_000;

for (const [way, pairUp] of Object.entries(ways)) {
  const test = suite(`reading into lent memory, ${way}`);
  const transport = tcpReading('onread');

  /** A connection whose sink lends one window again and again. */
  async function lending() {
    const pair = await pairUp(transport);
    const { sink } = pair;
    const window = new Uint8Array(new SharedArrayBuffer(WINDOW));
    const loan = { lends: true, filledWith: [] as number[] };
    sink.lend = () => (loan.lends ? window : null);
    sink.filled = (bytes) => {
      loan.filledWith.push(bytes);
      sink.data(window.subarray(0, bytes));
    };
    return { ...pair, window, loan };
  }

  test('what follows a large read comes into the window that was lent, in order', async () => {
    const { channel, sink, peer, end, loan } = await lending();
    const all = pattern(1 << 20);
    sink.onData = () => channel.demand(1 << 20);
    channel.demand(1 << 20);
    peer.write(all);
    await sink.received(all.length);
    assert.ok(loan.filledWith.length > 10, `${loan.filledWith.length}`);
    assert.ok(loan.filledWith.every((bytes) => bytes > 0 && bytes <= WINDOW));
    assert.ok(same(sink.all(), all));
    await end();
  });

  test('small reads borrow nothing', async () => {
    const { channel, sink, peer, end, loan } = await lending();
    channel.demand(1 << 20);
    for (let sent = 1; sent <= 3; sent++) {
      peer.write(pattern(1_000));
      await sink.received(1_000 * sent);
    }
    assert.equal(loan.filledWith, []);
    await end();
  });

  test('demand(0) gives the window back: what comes afterwards does not touch it', async () => {
    const { channel, sink, peer, end, window, loan } = await lending();
    channel.demand(1 << 20);
    peer.write(pattern(100_000));
    await sink.received(100_000);
    channel.demand(0);
    window.fill(0xaa);
    loan.lends = false;
    const before = loan.filledWith.length;
    channel.demand(1 << 20);
    peer.write(pattern(5_000, 3));
    await sink.received(105_000);
    assert.ok(window.every((byte) => byte === 0xaa));
    assert.is(loan.filledWith.length, before);
    assert.ok(same(sink.all().subarray(100_000), pattern(5_000, 3)));
    await end();
  });

  test('a sink that lends no more is read into the scratch buffer again', async () => {
    const { channel, sink, peer, end, window, loan } = await lending();
    channel.demand(1 << 21);
    peer.write(pattern(100_000));
    await sink.received(100_000);
    loan.lends = false;
    peer.write(pattern(300_000, 1)); // the first of it still goes into the window
    await sink.received(400_000);
    window.fill(0xaa);
    peer.write(pattern(100_000, 2));
    await sink.received(500_000);
    assert.ok(window.every((byte) => byte === 0xaa));
    await end();
  });

  test.run();
}

for (const reading of readings) {
  const test = suite(`receives with the memory of a BufferManager, ${reading}`);

  test('a megabyte is echoed whole, with receives cancelled in between', async () => {
    const transport = tcpReading(reading);
    const listener = new Socket(transport);
    listener.bind(IPEndPoint.parse('127.0.0.1:0'));
    await listener.listen();
    const client = await Socket.connect(transport, listener.localEndPoint as IPEndPoint);
    const server = await listener.accept();
    const all = pattern(1 << 20);
    const heard = new Uint8Array(all.length);
    const buffers = new BufferManager(65_536, 65_536);
    const e = new SocketAsyncEventArgs();
    buffers.setBuffer(e);
    let at = 0;
    let cancelled = 0;
    const received = new Promise<void>((resolve) => {
      const take = (): void => {
        do {
          if (e.socketError === SocketError.Success) {
            heard.set(e.memoryBuffer.subarray(e.offset, e.offset + e.bytesTransferred), at);
            at += e.bytesTransferred;
          }
          e.memoryBuffer.fill(0xaa);
          if (at === all.length) return resolve();
        } while (!server.receiveAsync(e));
        if (++cancelled % 3 === 0) server.cancel(e);
      };
      e.on('completed', take);
      take();
    });
    await client.send(all);
    await received;
    assert.ok(same(heard, all));
    for (const socket of [client, server, listener]) socket.close();
    await laps();
  });

  test.run();
}
