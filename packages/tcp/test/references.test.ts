import { Socket } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { listenerOf, reasonOf, weAccept, weConnect } from './complaint-peers.ts';
import { anyPort, readings, socketPath } from './peers.ts';

/** Sockets that keep this process alive, as Node counts them. */
function holding(): number {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCP(?:Socket|Server)|Pipe)Wrap$/.test(kind))
    .length;
}

for (const reading of readings) {
  const references = suite(`unref() and ref(), ${reading}`);
  const transport = tcpReading(reading);

  references('of a listener: whether it keeps the process alive, as often as it is said', async () => {
    for (const at of [anyPort, socketPath(`ref-${reading}`)]) {
      const listener = new Socket(transport);
      listener.bind(at);
      await listener.listen();
      const before = holding();
      assert.is(listener.unref(), listener);
      assert.is(holding(), before - 1);
      listener.unref();
      assert.is(holding(), before - 1);
      assert.is(listener.ref(), listener);
      assert.is(holding(), before);
      listener.close();
      await listener.closed;
    }
  });

  references('of a connection, connected or accepted, with a receive pending', async () => {
    for (const meet of [weConnect, weAccept]) {
      const { socket, peer, end } = await meet(transport);
      const waiting = reasonOf(socket.receive(new Uint8Array(1)));
      const before = holding();
      socket.unref();
      assert.is(holding(), before - 1);
      socket.ref();
      assert.is(holding(), before);
      peer.unref();
      await end();
      await waiting;
    }
  });

  references('said before it is open they hold from the opening on', async () => {
    const { listener, at } = await listenerOf(transport);
    const client = new Socket(transport).unref();
    const [server] = await Promise.all([listener.accept(), client.connect(at)]);
    const waiting = [client, server].map((socket) => reasonOf(socket.receive(new Uint8Array(1))));
    const before = holding();
    client.unref();
    assert.is(holding(), before);
    client.ref();
    assert.is(holding(), before + 1);
    for (const socket of [client, server, listener]) socket.close({ abort: true });
    await Promise.all([client.closed, server.closed, listener.closed, ...waiting]);
  });

  references('of a closed socket change nothing and throw nothing', async () => {
    const { socket, end } = await weConnect(transport);
    socket.close();
    await end();
    const before = holding();
    socket.unref().ref().unref().ref();
    assert.is(holding(), before);
  });

  references.run();
}
