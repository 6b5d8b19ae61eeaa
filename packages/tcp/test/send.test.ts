import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { laps, type Pair, pattern, readAll, readings, readSome, same, ways } from './peers.ts';

for (const reading of readings) {
  for (const [way, pairUp] of Object.entries(ways)) {
    const test = suite(`send, ${way}, ${reading}`);
    const transport = tcpReading(reading);

    test('what the kernel takes at once is finished inside the call, and tells nothing', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const calls = [...sink.calls];
      assert.is(channel.write(new Uint8Array([1, 2, 3])), 3);
      assert.is(channel.write(new Uint8Array([4, 5])), 2);
      assert.equal([...(await readSome(peer, 5))], [1, 2, 3, 4, 5]);
      await laps();
      assert.equal(sink.calls, calls);
      await end();
    });

    test('what it does not take is lent until written(), which comes once', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(16 << 20);
      const written = sink.writtenNext;
      assert.ok(channel.write(all) < 16 << 20);
      await laps();
      assert.not(sink.calls.includes('written'));
      const heard = await readSome(peer, all.length);
      await written;
      all.fill(0);
      assert.ok(same(heard, pattern(16 << 20)));
      assert.is(channel.write(new Uint8Array([7])), 1);
      assert.equal([...(await readSome(peer, 1))], [7]);
      await laps();
      assert.is(sink.calls.filter((call) => call === 'written').length, 1);
      await end();
    });

    test('of a write that the kernel does not take whole it tells at once what it took', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(16 << 20);
      const taken = channel.write(all);
      assert.ok(taken > 0 && taken < all.length, `${taken}`);
      const written = sink.writtenNext;
      assert.ok(same(await readSome(peer, all.length), all));
      await written;
      await end();
    });

    test('a drain of a finished write does not end the loan of the next', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      assert.is(channel.write(new Uint8Array([1])), 1);
      assert.ok(channel.write(pattern(16 << 20)) < 16 << 20);
      await laps();
      assert.not(sink.calls.includes('written'));
      const written = sink.writtenNext;
      await readSome(peer, 1 + (16 << 20));
      await written;
      await end();
    });

    test('8 MiB in odd pieces, one at a time, arrive whole', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(8 << 20, 3);
      const heard = readAll(peer);
      await sendAll({ channel, sink }, all, 5_000);
      channel.shutdown();
      const { bytes, end: ended } = await heard;
      assert.ok(ended);
      assert.ok(same(bytes, all));
      await end();
    });

    test('8 MiB both ways at once arrive whole', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const out = pattern(8 << 20, 5);
      const back = pattern(8 << 20, 9);
      const heard = readAll(peer);
      peer.end(back);
      sink.onData = () => channel.demand(64 << 10);
      channel.demand(64 << 10);
      await sendAll({ channel, sink }, out, 5_000);
      channel.shutdown();
      await sink.ended;
      assert.ok(same((await heard).bytes, out));
      assert.ok(same(sink.all(), back));
      await end();
    });

    test('a list goes out whole and in order, counted across it', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(3_000);
      const pieces = [all.subarray(0, 1), new Uint8Array(0), all.subarray(1, 1_700), all.subarray(1_700)];
      assert.is(channel.writeMany?.(pieces), 3_000);
      assert.ok(same(await readSome(peer, 3_000), all));
      assert.is(channel.writeMany?.([]), 0);
      assert.is(channel.writeMany?.([new Uint8Array(0)]), 0);
      await laps();
      assert.not(sink.calls.includes('written'));
      await end();
    });

    test('a list that the kernel does not take is lent until written()', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      const all = pattern(16 << 20);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += 300_007)
        pieces.push(all.subarray(at, Math.min(at + 300_007, all.length)));
      const written = sink.writtenNext;
      assert.ok((channel.writeMany?.(pieces) ?? 0) < all.length);
      assert.ok(same(await readSome(peer, all.length), all));
      await written;
      assert.is(sink.calls.filter((call) => call === 'written').length, 1);
      await end();
    });

    test('a peer that resets under a loan: closed() with the error, no written()', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      assert.ok(channel.write(pattern(16 << 20)) < 16 << 20);
      await readSome(peer, 100_000);
      peer.resetAndDestroy();
      const error = (await sink.closedWith) as NodeJS.ErrnoException;
      assert.ok(['ECONNRESET', 'EPIPE'].includes(String(error.code)), String(error.code));
      assert.not(sink.calls.includes('written'));
      await end();
    });

    test('an error that the kernel gives inside the call is no success', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.resetAndDestroy();
      await new Promise((go) => peer.once('close', go));
      await laps(); // the reset has come, and nobody has read it
      assert.is(channel.write(new Uint8Array([1, 2, 3])), 0);
      const error = (await sink.closedWith) as NodeJS.ErrnoException;
      assert.ok(['ECONNRESET', 'EPIPE'].includes(String(error.code)), String(error.code));
      assert.not(sink.calls.includes('written'));
      await end();
    });

    test('an error that the kernel gives for a list is no success', async () => {
      const { channel, sink, peer, end } = await pairUp(transport);
      peer.resetAndDestroy();
      await new Promise((go) => peer.once('close', go));
      await laps();
      assert.is(channel.writeMany?.([new Uint8Array([1]), new Uint8Array([2, 3])]), 0);
      await sink.closedWith;
      assert.not(sink.calls.includes('written'));
      await end();
    });

    test.run();
  }
}

async function sendAll(
  { channel, sink }: Pick<Pair, 'channel' | 'sink'>,
  all: Uint8Array,
  piece: number,
): Promise<void> {
  for (let at = 0; at < all.length; at += piece) {
    const chunk = all.subarray(at, Math.min(at + piece, all.length));
    const written = sink.writtenNext;
    if (channel.write(chunk) < chunk.length) await written;
  }
}
