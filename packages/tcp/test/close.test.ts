import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { laps, pattern, readAll, readings, readSome, same, ways } from './peers.ts';

const times = (calls: readonly string[], call: string): number =>
  calls.filter((each) => each === call).length;

for (const reading of readings) {
  for (const [way, pairUp] of Object.entries(ways)) {
    const test = suite(`close, ${way}, ${reading}`);
    const transport = tcpReading(reading);

    test('close(false) is a clean end for the peer, and does not wait for it', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      channel.close(false);
      assert.is(await sink.closedWith, undefined);
      const { end, error } = await readAll(peer);
      assert.ok(end);
      assert.is(error, null);
      peer.destroy();
    });

    test('close(false) after a write: all of it, then a clean end', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      assert.is(channel.write(pattern(20_000)), 20_000);
      channel.close(false);
      await sink.closedWith;
      const { bytes, end } = await readAll(peer);
      assert.ok(end);
      assert.ok(same(bytes, pattern(20_000)));
      peer.destroy();
    });

    test('close(false) with 4 MiB taken: a slow peer gets all of it and a clean end', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      const all = pattern(4 << 20);
      channel.write(all);
      channel.write(all.subarray(0, 1));
      channel.close(false);
      const heard: Uint8Array[] = [];
      for (let i = 0; i < 64; i++) {
        heard.push(await readSome(peer, 60_000));
        if (i % 16 === 0) await laps(1);
      }
      const rest = await readAll(peer);
      assert.ok(rest.end);
      assert.is(rest.error, null);
      const got = Buffer.concat([...heard, rest.bytes]);
      assert.is(got.length, all.length + 1);
      assert.ok(same(got.subarray(0, all.length), all));
      assert.is(await sink.closedWith, undefined);
      peer.destroy();
    });

    test('close(false) after shutdown(), in one tick, is a clean end', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      channel.write(pattern(1_000));
      channel.shutdown();
      channel.close(false);
      assert.is(await sink.closedWith, undefined);
      const { bytes, end, error } = await readAll(peer);
      assert.is(bytes.length, 1_000);
      assert.ok(end);
      assert.is(error, null);
      peer.destroy();
    });

    test('close(false) with bytes that nobody read resets', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      peer.write(pattern(1_000));
      await laps();
      channel.close(false);
      await sink.closedWith;
      const { error } = await readAll(peer);
      assert.is(error?.code, 'ECONNRESET');
      peer.destroy();
    });

    test('close(false) with bytes that only Node has read resets', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      peer.write(pattern(100));
      sink.onData = () => channel.demand(0);
      channel.demand(1);
      await sink.received(1);
      await laps();
      channel.close(false);
      await sink.closedWith;
      const { end, error } = await readAll(peer);
      if (reading === 'readable') assert.is(error?.code, 'ECONNRESET');
      else assert.ok(end); // a read is a read: all 100 bytes were told
      peer.destroy();
    });

    test('bytes that come after close(false) are answered with a reset', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      channel.close(false);
      await sink.closedWith;
      peer.write('too late');
      await laps();
      peer.write('much too late');
      const [error] = (await once(peer, 'error')) as [NodeJS.ErrnoException];
      assert.ok(['ECONNRESET', 'EPIPE'].includes(String(error.code)), String(error.code));
    });

    test('close(true) is a reset for the peer', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      const broken = once(peer, 'error') as Promise<[NodeJS.ErrnoException]>;
      peer.resume();
      channel.close(true);
      assert.is(await sink.closedWith, undefined);
      await laps();
      peer.write('x');
      const [error] = await broken;
      assert.ok(['ECONNRESET', 'EPIPE'].includes(String(error.code)), String(error.code));
    });

    test('shutdown() and close(true) in one tick close', async () => {
      for (let round = 0; round < 20; round++) {
        const { channel, sink, peer } = await pairUp(transport);
        if (round % 2 === 0) channel.write(pattern(1_000));
        channel.shutdown();
        channel.close(true);
        assert.is(await sink.closedWith, undefined);
        peer.destroy();
      }
    });

    test('shutdown() and close(true) in one tick drop what the kernel has not delivered', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      let taken = 0;
      while (taken < 1 << 20 && channel.write(pattern(1 << 18)) > 0) taken += 1 << 18;
      channel.shutdown();
      channel.close(true);
      await sink.closedWith;
      const { bytes } = await readAll(peer); // to Node 20 the reset looks like an end
      assert.ok(bytes.length < taken, `${bytes.length} of ${taken}`);
      peer.destroy();
    });

    test('shutdown(), close(false) and close(true) in one tick close once', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      channel.shutdown();
      channel.close(false);
      channel.close(true);
      channel.close(false);
      await sink.closedWith;
      await laps();
      assert.is(times(sink.calls, 'closed'), 1);
      peer.destroy();
    });

    test('close(true) while the last of a close(false) goes out closes at once', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      assert.ok(channel.write(pattern(16 << 20)) < 16 << 20);
      channel.close(false);
      await laps(); // a peer that reads nothing: it would take for ever
      assert.not(sink.calls.includes('closed'));
      channel.close(true);
      assert.is(await sink.closedWith, undefined);
      assert.not(sink.calls.includes('written'));
      peer.destroy();
    });

    test('close(true) at every moment of a shutdown closes', async () => {
      // The moments at which the last bytes have gone, the shutdown is under way, and it is done.
      for (let moment = 0; moment < 12; moment++) {
        const { channel, sink, peer } = await pairUp(transport);
        peer.resume();
        channel.write(pattern(moment % 2 === 0 ? 100 : 4 << 20));
        channel.close(false);
        for (let turn = 0; turn < moment; turn++) {
          await (turn % 2 === 0
            ? new Promise<void>((go) => process.nextTick(go))
            : new Promise((go) => setImmediate(go)));
        }
        channel.close(true);
        await sink.closedWith;
        peer.destroy();
      }
    });

    test('no byte changed after closed() reaches the peer, of 8 MiB lent at close(true)', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      const lent = new Uint8Array(8 << 20).fill(0x11);
      assert.ok(channel.write(lent) < lent.length);
      await readSome(peer, 200_000);
      channel.close(true);
      await sink.closedWith;
      lent.fill(0x22);
      const { bytes, error } = await readAll(peer);
      assert.not(bytes.includes(0x22));
      assert.ok(bytes.length < lent.length);
      if (error !== null) assert.is(error.code, 'ECONNRESET');
      peer.destroy();
    });

    test('a peer that resets while a close(false) goes out: closed() with the error', async () => {
      const { channel, sink, peer } = await pairUp(transport);
      assert.ok(channel.write(pattern(16 << 20)) < 16 << 20);
      channel.close(false);
      await readSome(peer, 100_000);
      peer.resetAndDestroy();
      const error = (await sink.closedWith) as NodeJS.ErrnoException;
      assert.ok(['ECONNRESET', 'EPIPE'].includes(String(error.code)), String(error.code));
    });

    test('closed() comes once for every order of closes', async () => {
      for (const order of [
        [false, false],
        [true, true],
        [false, true],
        [true, false],
      ]) {
        const { channel, sink, peer } = await pairUp(transport);
        for (const abort of order) channel.close(abort);
        await sink.closedWith;
        for (const abort of order) channel.close(abort);
        channel.demand(100);
        channel.shutdown();
        channel.ref?.(false);
        await laps(1);
        assert.is(times(sink.calls, 'closed'), 1);
        assert.is(sink.calls.at(-1), 'closed');
        peer.destroy();
      }
    });

    test('options of an open connection: set and read back, wrong ones throw and change nothing', async () => {
      const { channel, end } = await pairUp(transport, { keepAlive: { delayMs: 1_500 } });
      assert.is(channel.getOption?.('noDelay'), true);
      assert.equal(channel.getOption?.('keepAlive'), { delayMs: 1_500 });
      channel.setOption?.('noDelay', false);
      channel.setOption?.('keepAlive', true);
      channel.setOption?.('keepAlive', false);
      assert.is(channel.getOption?.('noDelay'), false);
      assert.is(channel.getOption?.('keepAlive'), false);
      const codeOf = (name: string, value: unknown): unknown => {
        try {
          channel.setOption?.(name, value);
        } catch (error) {
          return (error as { code: string }).code;
        }
        return 'nothing';
      };
      assert.is(codeOf('noDelay', 1), 'ERR_ARGUMENT');
      assert.is(codeOf('keepAlive', { delayMs: -1 }), 'ERR_ARGUMENT_OUT_OF_RANGE');
      assert.is(codeOf('ttl', 5), 'ERR_PLATFORM_NOT_SUPPORTED');
      assert.is(codeOf('receiveBufferSize', 5), 'ERR_PLATFORM_NOT_SUPPORTED');
      assert.is(codeOf('broadcast', true), 'ERR_NOT_SUPPORTED');
      assert.is(codeOf('linger', 0), 'ERR_NOT_SUPPORTED'); // core's
      assert.is(codeOf('toString', true), 'ERR_NOT_SUPPORTED');
      assert.is(codeOf('ipv6Only', true), 'ERR_INVALID_OPERATION');
      assert.is(channel.getOption?.('broadcast'), undefined);
      await end();
    });

    test.run();
  }
}
