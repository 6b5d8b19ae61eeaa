import { DnsEndPoint, EndPoint, IPEndPoint, SocketException, UnixDomainSocketEndPoint } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectTo, HERE, listenAt, RecordingSink, turns } from './recording-sinks.ts';

class Room extends EndPoint {
  readonly family = 'room';
  readonly key: string;

  constructor(key: string) {
    super();
    this.key = key;
  }
}

const at = (text: string): IPEndPoint => IPEndPoint.parse(text);

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    assert.instance(error, SocketException);
    return (error as SocketException).code;
  }
  return 'no error';
}

const addresses = suite('addresses');

addresses('every kind of end point is an address, also one that core has never seen', () => {
  const network = loopback();
  for (const place of [
    HERE,
    at('[::1]:80'),
    new DnsEndPoint('db.internal', 5432),
    new UnixDomainSocketEndPoint('/run/x'),
    new Room('lobby'),
  ]) {
    const { sink, listener } = listenAt(network, place);
    assert.ok(listener.local?.equals(place));
    const client = connectTo(network, place);
    assert.equal(client.sink.calls, ['open'], String(place));
    assert.ok(client.channel.remote?.equals(place));
    assert.ok(sink.ends[0]?.channel.local?.equals(place));
  }
});

addresses('each loopback is a network of its own', () => {
  listenAt(loopback());
  assert.is(
    codeOf(() => connectTo(loopback())),
    'ECONNREFUSED',
  );
});

addresses('a client is told where it is: on the address of its family, at a port of its own', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  const [one, two] = [connectTo(network), connectTo(network)];
  assert.is(String(one.channel.local), '127.0.0.1:49152');
  assert.is(String(two.channel.local), '127.0.0.1:49153');
  assert.is(String(sink.ends[1]?.channel.remote), '127.0.0.1:49153');
  listenAt(network, at('[::1]:7000'));
  assert.is(String(connectTo(network, at('[::1]:7000')).channel.local), '[::1]:49154');
});

addresses('a client of a Unix-domain path has no name, one of any other kind a made-up one', () => {
  const network = loopback();
  listenAt(network, new UnixDomainSocketEndPoint('/run/x'));
  const { sink } = listenAt(network, new Room('lobby'));
  assert.is(connectTo(network, new UnixDomainSocketEndPoint('/run/x')).channel.local, null);
  const [one, two] = [connectTo(network, new Room('lobby')), connectTo(network, new Room('lobby'))];
  assert.not(one.channel.local?.equals(two.channel.local));
  assert.ok(sink.ends[0]?.channel.remote?.equals(one.channel.local));
});

addresses('a client keeps the address it was bound to, and gives it back', () => {
  const network = loopback();
  listenAt(network);
  const client = connectTo(network, HERE, { options: {}, local: at('127.0.0.1:5000') });
  assert.is(String(client.channel.local), '127.0.0.1:5000');
  assert.is(
    codeOf(() => connectTo(network, HERE, { options: {}, local: at('127.0.0.1:5000') })),
    'EADDRINUSE',
  );
  client.channel.close(false);
  connectTo(network, HERE, { options: {}, local: at('127.0.0.1:5000') });
  const anywhere = connectTo(network, HERE, { options: {}, local: at('0.0.0.0:0') });
  assert.is(String(anywhere.channel.local), '127.0.0.1:49152');
});

addresses('port 0 listens at a free port, and cannot be connected to', () => {
  const network = loopback();
  listenAt(network, at('127.0.0.1:49153'));
  assert.is(String(listenAt(network, at('127.0.0.1:0')).listener.local), '127.0.0.1:49152');
  assert.is(String(listenAt(network, at('0.0.0.0:0')).listener.local), '0.0.0.0:49154');
  assert.is(String(listenAt(network, new DnsEndPoint('svc', 0)).listener.local), 'svc:49155');
  assert.is(
    codeOf(() => connectTo(network, at('127.0.0.1:0'))),
    'ECONNREFUSED',
  );
});

addresses(
  '0.0.0.0 listens at every IPv4 address and no other, and the accepted end tells which it was',
  () => {
    const network = loopback();
    const { sink, listener } = listenAt(network, at('0.0.0.0:80'));
    connectTo(network, at('10.1.2.3:80'));
    connectTo(network, at('0.0.0.0:80'));
    assert.is(String(listener.local), '0.0.0.0:80');
    assert.equal(
      sink.ends.map((end) => String(end.channel.local)),
      ['10.1.2.3:80', '127.0.0.1:80'],
    );
    assert.is(
      codeOf(() => connectTo(network, at('[::1]:80'))),
      'ECONNREFUSED',
    );
  },
);

addresses(':: with ipv6Only leaves IPv4 alone', () => {
  const network = loopback();
  listenAt(network, at('[::]:80'), { ipv6Only: true });
  connectTo(network, at('[::1]:80'));
  assert.is(
    codeOf(() => connectTo(network, at('127.0.0.1:80'))),
    'ECONNREFUSED',
  );
  listenAt(network, at('0.0.0.0:80'));
});

addresses(':: takes IPv4 too, and shows it mapped', () => {
  const network = loopback();
  const { sink } = listenAt(network, at('[::]:80'));
  const client = connectTo(network, at('127.0.0.1:80'));
  assert.is(String(client.channel.local), '127.0.0.1:49152');
  assert.is(String(sink.ends[0]?.channel.local), '[::ffff:127.0.0.1]:80');
  assert.is(String(sink.ends[0]?.channel.remote), '[::ffff:127.0.0.1]:49152');
  const mapped = connectTo(network, at('[::ffff:127.0.0.1]:80'));
  assert.is(String(mapped.channel.local), '[::ffff:127.0.0.1]:49153');
  assert.is(
    codeOf(() => listenAt(network, at('0.0.0.0:80'))),
    'EADDRINUSE',
  );
});

addresses('an address in use is refused, a wildcard against a concrete one too; closing frees it', () => {
  const network = loopback();
  const { sink, listener } = listenAt(network);
  assert.is(
    codeOf(() => listenAt(network)),
    'EADDRINUSE',
  );
  assert.is(
    codeOf(() => listenAt(network, at('0.0.0.0:7000'))),
    'EADDRINUSE',
  );
  listenAt(network, at('127.0.0.2:7000'));
  listenAt(network, at('[::1]:7000'));
  connectTo(network);
  listener.close(false);
  listener.close(false);
  assert.equal(sink.calls, ['open', 'incoming', 'closed']);
  assert.equal(sink.ends[0]?.sink.calls, [], 'what was accepted lives on');
  listenAt(network);
});

addresses('nobody there: ECONNREFUSED; a Unix-domain path: ENOENT', () => {
  const network = loopback();
  assert.is(
    codeOf(() => connectTo(network)),
    'ECONNREFUSED',
  );
  assert.is(
    codeOf(() => connectTo(network, new UnixDomainSocketEndPoint('/run/x'))),
    'ENOENT',
  );
});

addresses.run();

const backlog = suite('backlog');

backlog('so many connections wait; further ones pend and come in one by one, in order', async () => {
  const network = loopback();
  const { sink } = listenAt(network, HERE, { backlog: 2 });
  const clients = Array.from({ length: 5 }, () => connectTo(network));
  const states = (): string => clients.map((client) => client.sink.calls.length).join('');
  assert.is(states(), '11000');
  await turns(3);
  assert.is(states(), '11000');
  sink.ends[0]?.channel.demand(0); // nothing was granted: not accepted yet
  await turns(1);
  assert.is(states(), '11000');
  sink.ends[0]?.channel.demand(1);
  const latecomer = connectTo(network); // there is a place, but not for those who came later
  await turns(1);
  assert.equal(latecomer.sink.calls, []);
  assert.is(states(), '11100');
  sink.ends[0]?.channel.demand(5); // the same connection frees no second place
  await turns(1);
  assert.is(states(), '11100');
  sink.ends[1]?.channel.demand(1);
  sink.ends[2]?.channel.demand(1);
  await turns(1);
  assert.is(states(), '11111');
});

backlog('a backlog of 0 is one of 1, and without a wish it is 511', () => {
  const network = loopback();
  for (const [wish, room] of [
    [{ backlog: 0 }, 1],
    [{}, 511],
  ] as const) {
    const { sink, listener } = listenAt(network, HERE, wish);
    for (let i = 0; i <= room; i += 1) connectTo(network);
    assert.is(sink.ends.length, room);
    listener.close(false);
  }
});

backlog('a waiting connection that core drops, or its client resets, frees its place', async () => {
  const network = loopback();
  const { sink } = listenAt(network, HERE, { backlog: 1 });
  const first = connectTo(network);
  const second = connectTo(network);
  const third = connectTo(network);
  first.channel.close(true);
  await turns(1);
  assert.equal(second.sink.calls, ['open']);
  sink.ends[1]?.channel.close(true);
  await turns(1);
  assert.equal(third.sink.calls, ['open']);
});

backlog('a client that gives up leaves the line', async () => {
  const network = loopback();
  const { sink } = listenAt(network, HERE, { backlog: 1 });
  const [, second, third] = [connectTo(network), connectTo(network), connectTo(network)];
  second.channel.close(false);
  assert.equal(second.sink.calls, ['closed']);
  sink.ends[0]?.channel.demand(1);
  await turns(1);
  assert.equal(third.sink.calls, ['open']);
  assert.is(sink.ends.length, 2);
});

backlog('closing the listener refuses those who pend', () => {
  const network = loopback();
  const { listener } = listenAt(network, HERE, { backlog: 1 });
  const [first, second] = [connectTo(network), connectTo(network)];
  listener.close(false);
  assert.equal(first.sink.calls, ['open']);
  assert.equal(second.sink.calls, ['closed ECONNREFUSED']);
  assert.is(String(listenAt(network).listener.local), String(HERE));
});

backlog('a connection that core refuses is refused to the client, whatever was made of it', () => {
  const network = loopback();
  const { sink } = listenAt(network);
  sink.decide = () => false;
  assert.equal(connectTo(network).sink.calls, ['closed ECONNREFUSED']);
  const made = new RecordingSink();
  sink.decide = (make) => {
    make(made);
    return false;
  };
  assert.equal(connectTo(network).sink.calls, ['closed ECONNREFUSED']);
  assert.equal(made.calls, ['closed']);
});

backlog('a listener that closes inside its own incoming() loses nothing of the connection', () => {
  const network = loopback();
  const { sink, listener } = listenAt(network);
  const take = sink.decide;
  sink.decide = (make) => {
    listener.close(false);
    return take(make);
  };
  const client = connectTo(network);
  assert.equal(client.sink.calls, ['open']);
  assert.equal(sink.calls, ['open', 'incoming', 'closed']);
});

backlog.run();

const settings = suite('settings');

settings('an option is kept and told; an accepted end inherits its listener’s', () => {
  const network = loopback();
  const { sink } = listenAt(network, HERE, { noDelay: true, backlog: 5 });
  const client = connectTo(network, HERE, { options: { keepAlive: true } });
  client.channel.setOption?.('noDelay', false);
  assert.is(client.channel.getOption?.('keepAlive'), true);
  assert.is(client.channel.getOption?.('noDelay'), false);
  assert.is(sink.ends[0]?.channel.getOption?.('noDelay'), true);
  assert.is(sink.ends[0]?.channel.getOption?.('backlog'), undefined);
  assert.throws(() => client.channel.setOption?.('nonsense', 1), /nonsense/);
});

settings.run();
