import { SocketException, UnixDomainSocketEndPoint } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, connected, connectTo, counting, listenAt, turns } from './recording-sinks.ts';

const flow = suite('flow');

flow('nothing is heard before it is allowed, and never more than that', () => {
  const { client, server } = connected(loopback());
  assert.is(client.channel.write(counting(10)), 0);
  assert.equal(server.sink.calls, []);
  server.channel.demand(4);
  assert.equal(server.sink.calls, ['data 4']);
  server.channel.demand(3);
  assert.equal(server.sink.bytes, [...counting(7)]);
  assert.equal(client.sink.calls, ['open'], 'three bytes are still lent');
  server.channel.demand(100);
  assert.equal(server.sink.bytes, [...counting(10)]);
  assert.equal(client.sink.calls, ['open', 'written']);
});

flow('demand() replaces the allowance: 0 stops, and what was left of an older one is gone', () => {
  const { client, server } = connected(loopback());
  server.channel.demand(100);
  server.channel.demand(2);
  assert.is(client.channel.write(counting(5)), 2);
  server.channel.demand(0);
  assert.equal(server.sink.pieces, [2]);
});

flow('write() finishes inside the call what the peer takes, and says nothing more about it', async () => {
  const { client, server } = connected(loopback());
  server.channel.demand(100);
  assert.is(client.channel.write(counting(60)), 60);
  assert.is(client.channel.write(counting(60)), 40);
  server.channel.demand(100);
  await turns(3);
  assert.equal(client.sink.calls, ['open', 'written']);
  assert.equal(server.sink.pieces, [60, 40, 20]);
});

flow('writeMany() counts across the list and skips what is empty', () => {
  const { client, server } = connected(loopback());
  server.channel.demand(4);
  assert.is(client.channel.writeMany?.([bytesOf(1, 2), bytesOf(), bytesOf(3, 4, 5), bytesOf(6)]), 4);
  server.channel.demand(9);
  assert.equal(server.sink.bytes, [1, 2, 3, 4, 5, 6]);
  assert.equal(client.sink.calls, ['open', 'written']);
});

flow('a lent view is read when it is delivered, not when it was written', () => {
  const { client, server } = connected(loopback());
  const lent = bytesOf(1, 2, 3);
  client.channel.write(lent);
  lent[2] = 9;
  server.channel.demand(3);
  assert.equal(server.sink.bytes, [1, 2, 9], 'no copy was made');
});

flow('demand() inside data() goes on at once, without growing the stack', () => {
  const { client, server } = connected(loopback());
  let depth = 0;
  let deepest = 0;
  server.sink.inside = () => {
    depth += 1;
    deepest = Math.max(deepest, depth);
    server.channel.demand(1);
    depth -= 1;
  };
  server.channel.demand(1);
  assert.is(client.channel.write(counting(20_000)), 20_000);
  assert.is(server.sink.bytes.length, 20_000);
  assert.is(deepest, 1);
});

flow('demand(0) inside data() stops right there', () => {
  const { client, server } = connected(loopback());
  server.sink.inside = () => server.channel.demand(0);
  server.channel.demand(10);
  assert.is(client.channel.write(counting(4)), 4);
  assert.is(client.channel.write(counting(4)), 0);
});

flow('write() inside data() answers on the same connection', () => {
  const { client, server } = connected(loopback());
  server.sink.inside = (upcall) => {
    if (upcall === 'data') assert.is(server.channel.write(bytesOf(7)), 1);
  };
  client.channel.demand(10);
  server.channel.demand(10);
  assert.is(client.channel.write(bytesOf(1)), 1);
  assert.is(client.channel.write(bytesOf(2)), 1);
  assert.equal(client.sink.bytes, [7, 7]);
});

flow('written() inside data() of the reader is told after it, when the memory is no longer read', () => {
  const trace: string[] = [];
  const { client, server } = connected(loopback());
  client.channel.write(bytesOf(1, 2));
  client.sink.inside = (upcall) => trace.push(`client ${upcall}`);
  server.sink.inside = (upcall) => {
    trace.push(`server ${upcall}`);
    client.channel.demand(5);
    trace.push('server read it');
  };
  server.channel.demand(2);
  assert.equal(trace, ['server data', 'server read it', 'client written']);
});

flow.run();

const early = suite('before the accept');

early('what a client sends first is taken, and heard when the connection is accepted', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const client = connectTo(network);
  const words = bytesOf(1, 2, 3);
  assert.is(client.channel.write(words), 3);
  words.fill(0); // the memory is the caller's again
  assert.is(client.channel.write(bytesOf(4)), 1);
  assert.equal(sink.ends[0]?.sink.calls, []);
  sink.ends[0]?.channel.demand(100);
  assert.equal(sink.ends[0]?.sink.bytes, [1, 2, 3, 4]);
  assert.equal(client.sink.calls, ['open']);
});

early('no more than 64 KiB are taken; the rest stays lent', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const client = connectTo(network);
  assert.is(client.channel.write(new Uint8Array(65_536)), 65_536);
  assert.is(client.channel.write(bytesOf(9)), 0);
  sink.ends[0]?.channel.demand(65_536);
  assert.equal(client.sink.calls, ['open']);
  sink.ends[0]?.channel.demand(1);
  assert.equal(client.sink.calls, ['open', 'written']);
  assert.is(sink.ends[0]?.sink.bytes.at(-1), 9);
});

early('a client that sent and closed is gone at once, and is heard to the end all the same', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const client = connectTo(network);
  client.channel.write(bytesOf(1, 2));
  client.channel.close(false);
  assert.equal(client.sink.calls, ['open', 'closed']);
  sink.ends[0]?.channel.demand(100);
  assert.equal(sink.ends[0]?.sink.calls, ['data 2', 'end']);
});

early('a client that aborts takes its words back: the connection is reset', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const client = connectTo(network);
  client.channel.write(bytesOf(1, 2));
  client.channel.close(true);
  assert.equal(sink.ends[0]?.sink.calls, ['closed ECONNRESET']);
});

early.run();

const ending = suite('ending');

ending('shutdown() is heard as the end after all data, and the other direction goes on', () => {
  const { client, server } = connected(loopback());
  client.channel.write(bytesOf(1, 2, 3));
  server.channel.demand(2);
  server.channel.demand(1);
  client.channel.shutdown();
  assert.equal(server.sink.calls, ['data 2', 'data 1', 'end']);
  client.channel.demand(10);
  assert.is(server.channel.write(bytesOf(4)), 1);
  server.channel.shutdown();
  assert.equal(client.sink.calls, ['open', 'written', 'data 1', 'end']);
  assert.is(client.sink.closedTimes + server.sink.closedTimes, 0, 'both directions over is not closed()');
});

ending('close(false) gives out what was taken, then the end, then it is closed', () => {
  const { client, server } = connected(loopback());
  client.channel.write(bytesOf(1, 2, 3));
  client.channel.close(false);
  assert.equal(client.sink.calls, ['open']);
  server.channel.demand(2);
  assert.equal(client.sink.calls, ['open']);
  server.channel.demand(2);
  assert.equal(server.sink.calls, ['data 2', 'data 1', 'end']);
  assert.equal(client.sink.calls, ['open', 'written', 'closed']);
  assert.is(client.sink.error, undefined);
});

ending('close(true) drops what was taken: the peer hears a reset, even one that reads nothing', () => {
  const { client, server } = connected(loopback());
  server.channel.demand(2);
  client.channel.write(bytesOf(1, 2, 3));
  client.channel.close(true);
  assert.equal(server.sink.calls, ['data 2', 'closed ECONNRESET']);
  assert.equal(client.sink.calls, ['open', 'closed']);
  assert.ok(server.sink.error instanceof SocketException);
});

ending('close(true) may follow a close(false) that waits, or a shutdown() not yet heard', () => {
  const { client, server } = connected(loopback());
  client.channel.write(bytesOf(1));
  client.channel.close(false);
  client.channel.close(true);
  assert.equal(client.sink.calls, ['open', 'closed']);
  assert.equal(server.sink.calls, ['closed ECONNRESET'], 'no end: the peer would take it for the whole');
});

ending('close() again does nothing, and closed() comes once', async () => {
  const { client, server } = connected(loopback());
  client.channel.close(false);
  client.channel.close(false);
  client.channel.close(true);
  server.channel.close(true);
  server.channel.close(false);
  await turns(3);
  assert.is(client.sink.closedTimes, 1);
  assert.is(server.sink.closedTimes, 1);
});

ending(
  'close() inside data(): of the reader, of the writer, gracefully or not, leaves both closed once',
  async () => {
    for (const whose of ['client', 'server'] as const) {
      for (const abort of [false, true]) {
        const ends = connected(loopback());
        ends.server.sink.inside = (upcall) => {
          if (upcall === 'data') ends[whose].channel.close(abort);
        };
        ends.server.channel.demand(2);
        ends.client.channel.write(bytesOf(1, 2, 3));
        await turns(2);
        ends.client.channel.close(true);
        ends.server.channel.close(true);
        assert.equal(ends.server.sink.pieces, [2], `${whose} ${abort}`);
        assert.is(ends.client.sink.closedTimes, 1, `${whose} ${abort}`);
        assert.is(ends.server.sink.closedTimes, 1, `${whose} ${abort}`);
        assert.is(ends.client.sink.calls.at(-1)?.startsWith('closed'), true);
        assert.is(ends.server.sink.calls.at(-1)?.startsWith('closed'), true);
      }
    }
  },
);

ending(
  'bytes for an end that has closed: they are finished, and the next turn brings the reset',
  async () => {
    const { client, server } = connected(loopback());
    server.channel.close(false);
    assert.equal(client.sink.calls, ['open', 'end']);
    assert.is(client.channel.write(bytesOf(1)), 1);
    assert.equal(client.sink.calls, ['open', 'end']);
    await turns(2);
    assert.equal(client.sink.calls, ['open', 'end', 'closed EPIPE']);
  },
);

ending('a write() that loses its connection inside the call does not count what was dropped', () => {
  const { client, server } = connected(loopback());
  server.sink.inside = () => server.channel.close(true);
  server.channel.demand(5);
  assert.is(client.channel.write(counting(10)), 0);
  assert.equal(client.sink.calls, ['open', 'closed ECONNRESET']);
});

ending('bytes for a Unix-domain end that has closed fail inside the call', () => {
  const { client, server } = connected(loopback(), new UnixDomainSocketEndPoint('/run/a'));
  server.channel.close(false);
  assert.is(client.channel.write(bytesOf(1)), 0);
  assert.equal(client.sink.calls, ['open', 'end', 'closed EPIPE']);
});

ending('bytes still lent to an end that closes without having read them: a reset', () => {
  const { client, server } = connected(loopback());
  client.channel.write(bytesOf(1, 2));
  server.channel.close(false);
  assert.equal(client.sink.calls, ['open', 'end', 'closed ECONNRESET']);
  assert.equal(server.sink.calls, ['closed']);
});

ending.run();

const opening = suite('opening');

opening('an accepted end that speaks while it is being taken is heard after open()', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const take = sink.decide;
  sink.decide = (make) => {
    const taken = take(make);
    const end = sink.ends[0];
    end?.channel.demand(10);
    end?.channel.write(bytesOf(1, 2));
    end?.channel.shutdown();
    return taken;
  };
  const client = connectTo(network);
  client.channel.demand(10);
  assert.equal(client.sink.calls, ['open', 'data 2', 'end']);
});

opening('demand() inside open() is honoured, after it', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const client = connectTo(network);
  assert.equal(client.sink.calls, ['open']);
  const other = connectTo(network);
  sink.ends[1]?.channel.write(bytesOf(5));
  other.channel.demand(1);
  assert.equal(other.sink.calls, ['open', 'data 1']);
});

opening('an accepted end that is dropped while it is being taken: connected, then reset', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const take = sink.decide;
  sink.decide = (make) => {
    const taken = take(make);
    sink.ends[0]?.channel.close(true);
    return taken;
  };
  const client = connectTo(network);
  assert.equal(client.sink.calls, ['open', 'closed ECONNRESET']);
});

opening('a client that gives up while the listener is asked leaves a connection that was reset', async () => {
  const network = loopback();
  const { sink } = listenAt(network, undefined, { backlog: 1 });
  const [, second] = [connectTo(network), connectTo(network)];
  const take = sink.decide;
  sink.decide = (make) => {
    second.channel.close(false);
    return take(make);
  };
  sink.ends[0]?.channel.demand(1);
  await turns(1);
  assert.equal(second.sink.calls, ['closed']);
  sink.ends[1]?.channel.demand(1);
  assert.equal(sink.ends[1]?.sink.calls, ['closed ECONNRESET']);
});

opening.run();
