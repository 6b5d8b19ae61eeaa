/** What users of sockets on .NET and Node complained of, as laws: being accepted, connecting, closing, and what is left behind. */

import { once } from 'node:events';
import {
  InvalidOperationError,
  type IPEndPoint,
  ObjectDisposedError,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  type SocketException,
  SocketShutdown,
  sockets,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import {
  finish,
  hear,
  listenerOf,
  noted,
  outcome,
  reasonOf,
  thrownBy,
  turns,
  weAccept,
  weConnect,
} from './complaint-peers.ts';
import { deadPlace, laps, plainClient, plainServer, readAll, readings } from './peers.ts';

for (const reading of readings) {
  const transport = tcpReading(reading);

  const disposing = suite(`dispose() of an args in flight, ${reading}`);

  disposing('the operation ends once, with its result, and only then the args is gone', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const { args, times, completed } = noted(new Uint8Array(8));
    let inside: unknown;
    args.on('completed', () => (inside = thrownBy(() => args.setBuffer(0, 4))));
    const told = completed();
    assert.ok(socket.receiveAsync(args));
    args.dispose();
    args.dispose();
    for (const call of [() => args.setBuffer(0, 4), () => socket.receiveAsync(args)]) {
      const early = thrownBy(call) as Error;
      assert.instance(early, InvalidOperationError);
      assert.not.instance(early, ObjectDisposedError);
    }
    peer.write('z');
    await told;
    assert.is(outcome(args), 'Success 1');
    assert.is(args.memoryBuffer[0], 122);
    for (const error of [inside, thrownBy(() => socket.receiveAsync(args))])
      assert.instance(error, ObjectDisposedError);
    await end();
    assert.is(times(), 1);
  });

  disposing('one whose socket closes, or that is cancelled, is aborted once', async () => {
    for (const stop of ['close', 'cancel'] as const) {
      const { socket, end } = await weAccept(transport);
      const { args, times, completed } = noted(new Uint8Array(8));
      const told = completed();
      assert.ok(socket.receiveAsync(args));
      args[Symbol.dispose]();
      if (stop === 'close') socket.close();
      else assert.ok(socket.cancel(args));
      await told;
      assert.is(outcome(args), 'OperationAborted 0');
      await end();
      await turns(2);
      assert.is(times(), 1);
      assert.instance(
        thrownBy(() => args.setBuffer(0, 1)),
        ObjectDisposedError,
      );
    }
  });

  disposing('an accept and a connect keep what they found', async () => {
    const { listener, at } = await listenerOf(transport);
    const accept = noted();
    const connect = noted();
    connect.args.remoteEndPoint = at;
    const told = Promise.all([accept.completed(), connect.completed()]);
    assert.ok(listener.acceptAsync(accept.args));
    assert.ok(Socket.connectAsync(transport, connect.args));
    for (const { args } of [accept, connect]) args.dispose();
    await told;
    assert.is(outcome(accept.args), 'Success 0');
    assert.is(outcome(connect.args), 'Success 0');
    const [server, client] = [accept.args.acceptSocket, connect.args.connectSocket];
    assert.ok(server?.remoteEndPoint?.equals(client?.localEndPoint));
    for (const each of [server, client, listener]) each?.close();
    await Promise.all([server, client, listener].map((each) => each?.closed));
  });

  disposing.run();

  const accepting = suite(`accept loops, ${reading}`);

  accepting('a client that resets before it is accepted ends nothing: the next is served', async () => {
    for (const posted of ['before', 'after'] as const) {
      const { listener, at } = await listenerOf(transport);
      const early = posted === 'before' ? listener.accept() : null;
      const rude = plainClient(at);
      await once(rude, 'connect');
      rude.resetAndDestroy();
      await laps();
      const polite = plainClient(at);
      polite.end('served');
      const heard: string[] = [];
      // The broken one may be handed out, and then says what became of it.
      for (let next = early; heard.length === 0; next = null) {
        const socket = await (next ?? listener.accept());
        const bytes = await hear(socket).catch((error: SocketException) => error.socketErrorCode);
        if (bytes instanceof Uint8Array) heard.push(Buffer.from(bytes).toString());
        else assert.is(bytes, SocketError.ConnectionReset);
        socket.close();
        await socket.closed;
      }
      assert.equal(heard, ['served']);
      polite.destroy();
      listener.close();
      await listener.closed;
    }
  });

  accepting('clients that come and reset, over and over, leave no socket behind', async () => {
    const own = tcpReading(reading);
    const { listener, at } = await listenerOf(own);
    const e = new SocketAsyncEventArgs();
    const seen: Socket[] = [];
    const accepted = (): void => {
      do {
        const socket = e.takeAcceptSocket();
        if (socket === null) return;
        seen.push(socket);
        void hear(socket)
          .catch(() => {})
          .then(() => socket.close());
      } while (!listener.acceptAsync(e));
    };
    e.on('completed', accepted);
    if (!listener.acceptAsync(e)) accepted();
    for (let i = 0; i < 40; i++) {
      const client = plainClient(at);
      await once(client, 'connect');
      if (i % 2 === 0) client.resetAndDestroy();
      else client.destroy();
    }
    await laps();
    await Promise.all(seen.map((each) => each.closed));
    assert.equal([...sockets(own)], [listener]);
    listener.close();
    await listener.closed;
    assert.equal([...sockets(own)], []);
  });

  accepting('150 clients at once are all served', async () => {
    const { listener, at } = await listenerOf(transport);
    const answer = async (socket: Socket): Promise<void> => {
      await socket.send(await hear(socket));
      await socket.end();
    };
    const serving = (async () => {
      const all: Promise<void>[] = [];
      for await (const socket of listener.connections()) all.push(answer(socket));
      await Promise.all(all);
    })();
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (_, i) => {
        const client = plainClient(at);
        client.end(`client ${i}`);
        const { bytes } = await readAll(client);
        client.destroy();
        return Buffer.from(bytes).toString();
      }),
    );
    assert.equal(
      answers,
      answers.map((_, i) => `client ${i}`),
    );
    listener.close();
    await serving;
    await listener.closed;
  });

  accepting(
    'a small backlog loses nobody while the loop turns: 60 wait, in the order they came',
    async () => {
      const { listener, at } = await listenerOf(transport, 2);
      const clients: ReturnType<typeof plainClient>[] = [];
      for (let i = 0; i < 60; i++) {
        const client = plainClient(at);
        await once(client, 'connect');
        clients.push(client);
        await laps(1);
      }
      for (const client of clients) {
        const socket = await listener.accept();
        assert.is((socket.remoteEndPoint as IPEndPoint).port, client.localPort);
        socket.close();
        client.destroy();
      }
      listener.close();
      await listener.closed;
    },
  );

  accepting('more than may wait are turned away at once and counted; those that wait are kept', async () => {
    const { listener, at } = await listenerOf(transport);
    listener.setOption('acceptQueueMax', 3);
    const fates = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = plainClient(at);
        await once(client, 'connect');
        return client;
      }),
    );
    await laps();
    assert.is(listener.stats.dropped, 5);
    assert.is(listener.stats.queued, 3);
    for (let i = 0; i < 3; i++) {
      const socket = await listener.accept();
      await socket.send(Uint8Array.of(1));
      socket.shutdown(SocketShutdown.Send);
      socket.close();
    }
    const heard = await Promise.all(fates.map(readAll));
    assert.is(heard.filter(({ bytes }) => bytes.length === 1).length, 3);
    for (const client of fates) client.destroy();
    listener.close();
    await listener.closed;
  });

  accepting('a place is free again as soon as its listener is closed, connections or not', async () => {
    const { listener, at } = await listenerOf(transport);
    const client = plainClient(at);
    const socket = await listener.accept();
    listener.close();
    await listener.closed;
    const again = new Socket(transport);
    again.bind(at);
    await again.listen();
    assert.ok(again.localEndPoint?.equals(at));
    client.write('still here');
    assert.is(await socket.receive(new Uint8Array(32)), 10);
    socket.close(); // we are the first to leave: the port is in TIME_WAIT
    client.destroy();
    again.close();
    await Promise.all([socket.closed, again.closed]);
    const third = new Socket(transport);
    third.bind(at);
    await third.listen();
    third.close();
    await third.closed;
  });

  accepting('an address in use is named, and the socket may try again when it is free', async () => {
    const { listener, at } = await listenerOf(transport);
    const second = new Socket(transport);
    second.bind(at);
    const error = (await reasonOf(second.listen())) as SocketException;
    assert.is(error.socketErrorCode, SocketError.AddressAlreadyInUse);
    assert.is(error.code, 'EADDRINUSE');
    assert.ok(error.message.includes(String(at)), error.message);
    listener.close();
    await listener.closed;
    await second.listen();
    second.close();
    await second.closed;
  });

  accepting.run();

  const connecting = suite(`connects, ${reading}`);

  connecting('a refused one names the place, and the same socket may try elsewhere', async () => {
    const { listener, at } = await listenerOf(transport);
    const dead = await deadPlace();
    const socket = new Socket(transport);
    const error = (await reasonOf(socket.connect(dead))) as SocketException;
    assert.is(error.socketErrorCode, SocketError.ConnectionRefused);
    assert.ok(error.message.includes(String(dead)), error.message);
    await socket.connect(at);
    assert.ok(socket.connected);
    const server = await listener.accept();
    for (const each of [socket, server, listener]) each.close();
    await Promise.all([socket, server, listener].map((each) => each.closed));
  });

  connecting('200 refused ones leave no socket, no descriptor and no timer', async () => {
    const own = tcpReading(reading);
    const dead = await deadPlace();
    const socket = new Socket(own);
    const handles = alive(/TCP/);
    const timers = alive(/Timeout/);
    for (let i = 0; i < 100; i++) {
      const attempts = [socket.connect(dead, { timeout: 60_000 }), Socket.connect(own, dead)];
      const reasons = (await Promise.all(attempts.map(reasonOf))) as SocketException[];
      for (const { socketErrorCode } of reasons) assert.is(socketErrorCode, SocketError.ConnectionRefused);
    }
    await turns(3);
    assert.ok(alive(/TCP/) <= handles);
    assert.ok(alive(/Timeout/) <= timers);
    assert.equal([...sockets(own)], []);
    socket.close();
    await socket.closed;
  });

  connecting('a close while it connects aborts it, once, at any turn', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => peer.destroy());
    for (let turn = 0; turn < 4; turn++) {
      const socket = new Socket(transport);
      const { args, times, completed } = noted();
      args.remoteEndPoint = at;
      const told = completed();
      assert.ok(socket.connectAsync(args));
      await turns(turn);
      socket.close();
      await told;
      assert.ok(['OperationAborted 0', 'Success 0'].includes(outcome(args)), outcome(args));
      if (turn === 0) assert.is(outcome(args), 'OperationAborted 0');
      await socket.closed;
      await laps(1);
      assert.is(times(), 1);
      assert.not(socket.connected);
    }
    server.close();
    await once(server, 'close');
  });

  connecting('an abort while it connects leaves the socket free to connect elsewhere', async () => {
    const { listener, at } = await listenerOf(transport);
    const socket = new Socket(transport);
    const controller = new AbortController();
    const attempt = reasonOf(socket.connect(at, { signal: controller.signal }));
    const why = new Error('changed my mind');
    controller.abort(why);
    assert.is(await attempt, why);
    const other = await listenerOf(transport);
    await socket.connect(other.at);
    const server = await other.listener.accept();
    await socket.send(Uint8Array.of(1));
    assert.is(await server.receive(new Uint8Array(8)), 1);
    for (const each of [socket, server, listener, other.listener]) each.close();
    await Promise.all([socket, server, listener, other.listener].map((each) => each.closed));
  });

  connecting('what is posted on it while it connects goes out and in when it is there', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => peer.pipe(peer));
    const socket = new Socket(transport);
    const buffer = new Uint8Array(5);
    const connected = socket.connect(at);
    const sent = socket.send(Buffer.from('early'));
    const received = socket.receiveExactly(buffer);
    await Promise.all([connected, sent, received]);
    assert.is(Buffer.from(buffer).toString(), 'early');
    socket.close();
    await socket.closed;
    server.close();
  });

  connecting.run();

  const closing = suite(`closing, ${reading}`);

  closing('a reset of an idle connection ends no process; the next receive tells it, once', async () => {
    for (const pairUp of [weConnect, weAccept]) {
      const { socket, peer, end } = await pairUp(transport);
      peer.resetAndDestroy();
      await laps();
      const error = (await reasonOf(socket.receive(new Uint8Array(8)))) as SocketException;
      assert.is(error.socketErrorCode, SocketError.ConnectionReset);
      assert.is(error.code, 'ECONNRESET');
      assert.is(await socket.receive(new Uint8Array(8)), 0);
      assert.not(socket.connected);
      await end();
    }
  });

  closing('one that nobody ever asks again may be closed after its reset, or left', async () => {
    const { socket, peer, end } = await weAccept(transport);
    peer.resetAndDestroy();
    await laps();
    socket.close();
    await socket.closed;
    await end();
  });

  for (const [name, verb] of [
    ['receive', 'receiveAsync'],
    ['send', 'sendAsync'],
  ] as const) {
    closing(`inside the handler of a ${name}: the others are aborted, each once, later`, async () => {
      const { socket, peer, end } = await weConnect(transport);
      const told: string[] = [];
      const first = noted(new Uint8Array(verb === 'sendAsync' ? 32 << 20 : 4));
      const others = [noted(new Uint8Array(4)), noted(new Uint8Array(4))];
      let inHandler = false;
      first.args.on('completed', () => {
        inHandler = true;
        socket.close();
        inHandler = false;
        told.push(`first ${outcome(first.args)}`);
      });
      for (const { args } of others) {
        args.on('completed', () => {
          assert.not(inHandler);
          told.push(outcome(args));
        });
      }
      const all = Promise.all([first, ...others].map(({ completed }) => completed()));
      assert.ok(socket[verb](first.args));
      for (const { args } of others) assert.ok(socket.receiveAsync(args));
      if (verb === 'sendAsync') peer.resume();
      else peer.write('abcd');
      await all;
      await socket.closed;
      assert.equal(told, [`first Success ${first.args.count}`, 'OperationAborted 0', 'OperationAborted 0']);
      await end();
    });
  }

  closing('inside the handlers of an accept and a connect', async () => {
    const { listener, at } = await listenerOf(transport);
    const accept = noted();
    const waiting = noted();
    accept.args.on('completed', () => {
      accept.args.acceptSocket?.close();
      listener.close();
    });
    const connect = noted();
    connect.args.remoteEndPoint = at;
    connect.args.on('completed', () => connect.args.connectSocket?.close());
    const all = Promise.all([accept, waiting, connect].map(({ completed }) => completed()));
    assert.ok(listener.acceptAsync(accept.args));
    assert.ok(listener.acceptAsync(waiting.args));
    assert.ok(Socket.connectAsync(transport, connect.args));
    await all;
    assert.equal(
      [accept, waiting, connect].map(({ args }) => outcome(args)),
      ['Success 0', 'OperationAborted 0', 'Success 0'],
    );
    await Promise.all(
      [accept.args.acceptSocket, connect.args.connectSocket, listener].map((each) => each?.closed),
    );
    assert.equal(
      [accept, waiting, connect].map(({ times }) => times()),
      [1, 1, 1],
    );
  });

  closing('inside a loop over chunks, and of a neighbour from a handler', async () => {
    const a = await weConnect(transport);
    const b = await weAccept(transport);
    const neighbour = reasonOf(b.socket.receive(new Uint8Array(4)));
    a.peer.write('x');
    for await (const _ of a.socket.chunks()) {
      a.socket.close();
      b.socket.close();
    }
    assert.is(((await neighbour) as SocketException).socketErrorCode, SocketError.OperationAborted);
    await Promise.all([a.socket.closed, b.socket.closed]);
    await Promise.all([a.end(), b.end()]);
  });

  closing('again and again, in every way, is closing once', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const { args, times, completed } = noted(new Uint8Array(4));
    const told = completed();
    assert.ok(socket.receiveAsync(args));
    socket.close();
    socket.dispose();
    socket[Symbol.dispose]();
    await Promise.all([socket.end(), socket[Symbol.asyncDispose](), told]);
    socket.close({ abort: true });
    await socket.closed;
    assert.is(times(), 1);
    assert.not((await readAll(peer)).bytes.length);
    await end();
  });

  closing(
    'a handler that posts again after the close hears ObjectDisposedError, and the loop ends',
    async () => {
      const { socket, end } = await weConnect(transport);
      const { args } = noted(new Uint8Array(4));
      const refused = new Promise<unknown>((go) => {
        args.on('completed', () => go(thrownBy(() => socket.receiveAsync(args))));
      });
      assert.ok(socket.receiveAsync(args));
      socket.close();
      assert.instance(await refused, ObjectDisposedError);
      await socket.closed;
      await end();
    },
  );

  closing('finished operations with long deadlines leave no timer', async () => {
    const { socket, peer, end } = await weAccept(transport);
    peer.pipe(peer);
    const timers = alive(/Timeout/);
    const buffer = new Uint8Array(4);
    for (let i = 0; i < 100; i++) {
      await socket.send(Uint8Array.of(i), { timeout: 600_000 + i });
      await socket.receive(buffer, { timeout: 600_000 + i });
    }
    assert.ok(alive(/Timeout/) <= timers);
    await end();
  });

  closing('a socket used for one connection after another keeps nothing of the last', async () => {
    const { listener, at } = await listenerOf(transport);
    const socket = new Socket(transport);
    for (let i = 0; i < 5; i++) {
      await socket.connect(at);
      const server = await listener.accept();
      await server.send(Uint8Array.of(i, i));
      const buffer = new Uint8Array(1);
      assert.is(await socket.receive(buffer), 1);
      assert.is(buffer[0], i); // one byte is left behind
      await finish(reusing(), (e) => socket.disconnectAsync(e));
      server.close();
      await server.closed;
    }
    socket.close();
    listener.close();
    await Promise.all([socket.closed, listener.closed]);
  });

  closing.run();
}

function reusing(): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.disconnectReuseSocket = true;
  return e;
}

/** How many of a kind keep the process alive. What earlier tests left may still be going: there may be fewer later. */
function alive(kind: RegExp): number {
  return process.getActiveResourcesInfo().filter((each) => kind.test(each)).length;
}
