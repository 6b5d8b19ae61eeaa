import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SocketException } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';
import { laps, pattern, readings, same, ways } from './peers.ts';

for (const reading of readings) {
  for (const [way, pairUp] of Object.entries(ways)) {
    const test = suite(`receive, ${way}, ${reading}`);
    const transport = tcpReading(reading);

    test('nothing is told before a demand', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.end('hello');
      await laps();
      assert.is(sink.dataCalls, 0);
      assert.not(sink.calls.includes('end'));
      channel.demand(100);
      await sink.ended;
      assert.is(Buffer.from(sink.all()).toString(), 'hello');
      await end();
    });

    test('demand(0) inside data() stops exactly', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.write(pattern(1 << 20));
      sink.onData = () => channel.demand(0);
      channel.demand(1 << 20);
      await sink.received(1);
      await laps();
      assert.is(sink.dataCalls, 1);
      await end();
    });

    test('demand(0) between two reads stops exactly, and a demand goes on without a gap', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(1 << 20);
      channel.demand(1 << 20);
      peer.write('first');
      await sink.received(5);
      channel.demand(0);
      peer.write(all);
      await laps();
      assert.is(sink.bytes, 5);
      channel.demand(1 << 21);
      await sink.received(5 + all.length);
      assert.ok(same(sink.all().subarray(5), all));
      await end();
    });

    test('when the credit is used up reading stops, over it by less than one read', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.write(pattern(1 << 20));
      channel.demand(100_000);
      await sink.received(100_000);
      await laps();
      assert.ok(sink.bytes < 100_000 + 65_536, `${sink.bytes}`);
      await end();
    });

    test('a credit of one byte at a time brings everything, in order', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(3_000);
      peer.end(all);
      sink.onData = () => channel.demand(1);
      channel.demand(1);
      await sink.ended;
      assert.ok(same(sink.all(), all));
      await end();
    });

    test('a credit of one byte, renewed later, brings one read each', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(200_000);
      peer.end(all);
      let demands = 0;
      while (sink.bytes < all.length) {
        demands++;
        const before = sink.dataCalls;
        const next = sink.received(sink.bytes + 1);
        channel.demand(reading === 'onread' ? 1 : 5_000);
        await next;
        assert.is(sink.dataCalls, before + 1);
      }
      assert.ok(demands >= 3);
      assert.ok(same(sink.all(), all));
      channel.demand(1);
      await sink.ended;
      await end();
    });

    test('data comes before the end, the end once, and we may go on sending', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const heard: Buffer[] = [];
      peer.on('data', (chunk: Buffer) => heard.push(chunk));
      peer.resume();
      peer.end(pattern(300_000));
      channel.demand(1 << 20);
      await sink.ended;
      assert.is(sink.bytes, 300_000);
      assert.equal(
        sink.calls.filter((call) => call !== 'open'),
        ['data', 'end'],
      );
      assert.is(channel.write(Buffer.from('still here')), 10);
      channel.shutdown();
      await new Promise((go) => peer.once('end', go));
      assert.is(Buffer.concat(heard).toString(), 'still here');
      await laps();
      assert.equal(
        sink.calls.filter((call) => call !== 'open'),
        ['data', 'end'],
      ); // both finished is not closed
      channel.close(false);
      assert.is(await sink.closedWith, undefined);
      await end();
    });

    test('both directions finished in the other order: closed() waits for close(), whichever it is', async () => {
      for (const abort of [false, true]) {
        const { channel, sink, peer, end } = await pairUp(transport);
        channel.shutdown();
        peer.resume();
        await new Promise((go) => peer.once('end', go));
        peer.end();
        channel.demand(1);
        await sink.ended;
        await laps();
        assert.not(sink.calls.includes('closed'));
        channel.close(abort);
        channel.close(true);
        assert.is(await sink.closedWith, undefined);
        await end();
        assert.is(sink.calls.filter((call) => call === 'closed').length, 1);
      }
    });

    test('a reset behind data is told as a reset, after the data, never as an end', async () => {
      for (let round = 0; round < 40; round++) {
        const { channel, sink, peer, end } = await pairUp(transport);
        channel.demand(1 << 20);
        peer.write(pattern(1_000), () => peer.resetAndDestroy());
        const error = (await sink.closedWith) as SocketException;
        assert.is(error.code, 'ECONNRESET');
        if (error instanceof SocketException) assert.ok(error.cause instanceof Error);
        assert.is(sink.bytes, 1_000);
        assert.equal(
          sink.calls.filter((call) => call !== 'open'),
          ['data', 'closed'],
        );
        await end();
      }
    });

    test('a reset while nothing is read shows at the next demand, behind what came before', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.write(pattern(1_000), () => peer.resetAndDestroy());
      await new Promise((go) => peer.once('close', go));
      await laps();
      assert.not(sink.calls.includes('closed'));
      channel.demand(1 << 20);
      const error = (await sink.closedWith) as NodeJS.ErrnoException;
      assert.is(error.code, 'ECONNRESET');
      assert.is(sink.bytes, 1_000);
      await end();
    });

    test('an end is never told as a reset, also after our own', async () => {
      for (let round = 0; round < 40; round++) {
        const { channel, sink, peer, end } = await pairUp(transport);
        channel.demand(1 << 20);
        if (round % 2 === 0) channel.shutdown();
        peer.end(pattern(1_000));
        await sink.ended;
        assert.is(sink.bytes, 1_000);
        assert.equal(
          sink.calls.filter((call) => call !== 'open'),
          ['data', 'end'],
        );
        await end();
      }
    });

    test('close() inside data() brings nothing more', async () => {
      for (const abort of [false, true]) {
        const { channel, sink, peer, end } = await pairUp(transport);
        peer.write(pattern(1 << 20));
        sink.onData = () => channel.close(abort);
        channel.demand(1 << 21);
        assert.is(await sink.closedWith, undefined);
        assert.is(sink.dataCalls, 1);
        await end();
      }
    });

    test('8 MiB in odd pieces arrive whole', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(8 << 20);
      for (let at = 0; at < all.length; at += 5_000) peer.write(all.subarray(at, at + 5_000));
      peer.end();
      sink.onData = () => channel.demand(64 << 10);
      channel.demand(64 << 10);
      await sink.ended;
      assert.ok(same(sink.all(), all));
      await end();
    });

    test.run();
  }
}
