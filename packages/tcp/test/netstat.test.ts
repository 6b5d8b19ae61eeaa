import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { IPEndPoint, netstat, Socket, SocketShutdown, type Transport } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { standstill } from './complaint-peers.ts';
import { kernelListener, kernelSocket, kernelSockets, kernelTells } from './kernel.ts';
import { anyPort, laps, pattern, readings, same } from './peers.ts';

interface Row {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly received: number;
  readonly toSend: number;
}

function rowsOf(transport: Transport): Row[] {
  const lines = netstat(transport).split('\n').splice(1);
  return lines.map((line) => {
    const [, local = '', remote = '', state = '', received, toSend] = line.split(/ {2,}/);
    return { local, remote, state, received: Number(received), toSend: Number(toSend) };
  });
}

/** The state of a socket, as its row says. */
function stateOf(socket: Socket, local: string): string {
  return rowsOf(socket.transport).find((row) => row.local === local)?.state ?? 'no row';
}

/** Two sockets of ours, and where the first one is. */
async function pairAt(transport: Transport, at: IPEndPoint = anyPort) {
  const listener = new Socket(transport);
  listener.bind(at);
  await listener.listen();
  const accepting = listener.accept();
  const client = await Socket.connect(transport, listener.localEndPoint ?? at);
  const server = await accepting;
  listener.close();
  await listener.closed;
  const [here, there] = [String(client.localEndPoint), String(client.remoteEndPoint)];
  const end = async (): Promise<void> => {
    for (const socket of [client, server]) socket.close({ abort: true });
    await Promise.all([client.closed, server.closed]);
  };
  return { client, server, here, there, end };
}

for (const reading of readings) {
  const told = suite(`netstat() and the kernel, ${reading}`);
  if (!kernelTells) {
    told.skip('agree: this kernel cannot be asked', () => undefined);
    told.run();
    continue;
  }

  told('each row is a socket of the kernel, and each socket of the kernel has a row', async () => {
    const before = new Set(kernelSockets().map(({ fd }) => fd));
    const transport = tcpReading(reading);
    const listeners: Socket[] = [];
    for (const at of [anyPort, IPEndPoint.any, IPEndPoint.ipv6Any]) {
      const listener = new Socket(transport);
      listener.bind(at);
      await listener.listen().then(
        () => listeners.push(listener),
        () => assert.is(at, IPEndPoint.ipv6Any), // no IPv6 here
      );
    }
    const pairs: Socket[] = [];
    for (const listener of listeners) {
      const { port } = listener.localEndPoint as IPEndPoint;
      pairs.push(await Socket.connect(transport, new IPEndPoint('127.0.0.1', port)), await listener.accept());
    }
    const ours = rowsOf(transport).map(({ local, remote, state }) => `${local} ${remote} ${state}`);
    const theirs = kernelSockets()
      .filter(({ fd }) => !before.has(fd))
      .map(({ local, remote, state }) =>
        state === 'LISTEN' ? `${local} * listening` : `${local} ${remote} ${WORDS[state] ?? state}`,
      );
    assert.equal(ours.sort(), theirs.sort());
    assert.is(ours.length, 3 * listeners.length);
    for (const socket of [...pairs, ...listeners]) socket.close({ abort: true });
    await Promise.all([...pairs, ...listeners].map((socket) => socket.closed));
    assert.equal(rowsOf(transport), []);
  });

  told('a half-close: shutdown here, peer ended there; both finished: the kernel has let go', async () => {
    const { client, server, here, there, end } = await pairAt(tcpReading(reading));
    assert.equal([stateOf(client, here), kernelSocket(here, there).state], ['connected', 'ESTABLISHED']);
    client.shutdown(SocketShutdown.Send);
    assert.is(await server.receive(new Uint8Array(1)), 0);
    assert.is(stateOf(client, here), 'shutdown');
    assert.match(kernelSocket(here, there).state, /^FIN_WAIT[12]$/); // 2 when the peer's kernel has answered
    assert.equal([stateOf(server, there), kernelSocket(there, here).state], ['peer ended', 'CLOSE_WAIT']);
    server.shutdown(SocketShutdown.Send);
    assert.is(await client.receive(new Uint8Array(1)), 0);
    await laps();
    const rows = rowsOf(client.transport).map(({ state }) => state);
    assert.equal(rows, ['finished', 'finished']);
    assert.throws(() => kernelSocket(here, there), /has 0/);
    assert.throws(() => kernelSocket(there, here), /has 0/);
    await end();
  });

  told('a graceful end that waits for the peer: lingering', async () => {
    const { client, here, there, end } = await pairAt(tcpReading(reading));
    const ending = client.end().catch(() => undefined); // the peer is aborted below
    await laps();
    assert.is(stateOf(client, here), 'lingering');
    assert.match(kernelSocket(here, there).state, /^FIN_WAIT[12]$/);
    await Promise.all([end(), ending]);
  });

  told('connections that wait for an accept are the listener’s recv-q, and established below', async () => {
    const transport = tcpReading(reading);
    const listener = new Socket(transport);
    listener.bind(anyPort);
    await listener.listen();
    const at = listener.localEndPoint as IPEndPoint;
    const clients = await Promise.all([1, 2, 3].map(() => Socket.connect(tcpReading(reading), at)));
    await laps();
    assert.equal(rowsOf(transport), [
      { local: String(at), remote: '*', state: 'listening', received: 3, toSend: 0 },
    ]);
    assert.is(kernelListener(at).receiveQueue, 0); // Node has taken them
    const below = kernelSockets().filter(({ local, state }) => local === String(at) && state !== 'LISTEN');
    assert.equal(
      below.map(({ state }) => state),
      ['ESTABLISHED', 'ESTABLISHED', 'ESTABLISHED'],
    );
    listener.close();
    for (const client of clients) client.close({ abort: true });
    await Promise.all([listener, ...clients].map((socket) => socket.closed));
  });

  told('recv-q is what arrived and nobody asked for; the kernel’s queues hold the rest', async () => {
    const { client, server, here, there, end } = await pairAt(tcpReading(reading));
    const bytes = 500_000;
    assert.is(await client.send(pattern(bytes)), bytes);
    await standstill(() => server.available);
    const row = rowsOf(server.transport).find(({ local }) => local === there);
    assert.is(row?.received, server.available);
    const arrived = server.available + kernelSocket(there, here).receiveQueue;
    assert.ok(arrived <= bytes, `${arrived}`);
    // What the sender's kernel has no word of yet counts on both sides; one read more may be in Node's stream.
    const inNode = reading === 'readable' ? 65_536 : 0;
    assert.ok(arrived + inNode + kernelSocket(here, there).sendQueue >= bytes, `${arrived}`);
    assert.ok(server.available > 0 && server.available < bytes);
    const rest = new Uint8Array(bytes);
    await server.receiveExactly(rest);
    assert.ok(same(rest, pattern(bytes)));
    assert.is(rowsOf(server.transport).find(({ local }) => local === there)?.received, 0);
    await end();
  });

  told('send-q is what is not known to be out: with what the peer has it is everything', async () => {
    const { client, server, here, there, end } = await pairAt(tcpReading(reading));
    const bytes = 32 << 20;
    const sending = client.send(pattern(bytes)).catch(() => undefined);
    await standstill(() => kernelSocket(here, there).sendQueue + kernelSocket(there, here).receiveQueue);
    const toSend = rowsOf(client.transport).find(({ local }) => local === here)?.toSend ?? 0;
    assert.is(client.stats.bytesSent + toSend, bytes);
    const arrived = server.available + kernelSocket(there, here).receiveQueue;
    const taken = arrived + kernelSocket(here, there).sendQueue;
    const inNode = reading === 'readable' ? 65_536 : 0;
    assert.ok(taken + inNode >= client.stats.bytesSent, `${taken} of ${client.stats.bytesSent}`);
    assert.ok(taken <= bytes - toSend + SLICE_BYTES, `${taken}, ${toSend} to send`);
    await end();
    await sending;
  });

  told('a connect that nobody answers: connecting, SYN_SENT', async () => {
    // Somebody who listens and is stopped: the kernel answers for him until his queue is full.
    const program = `
      const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 });
      server.on('listening', () => console.log(server.address().port));
    `;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGSTOP');
    const transport = tcpReading(reading);
    const at = new IPEndPoint('127.0.0.1', Number(String(line)));
    const sockets: Socket[] = [];
    const below = (): string[] =>
      kernelSockets()
        .filter(({ remote }) => remote === String(at))
        .map(({ state }) => WORDS[state] ?? state);
    try {
      while (!below().includes('connecting')) {
        const socket = new Socket(transport);
        socket.connect(at).catch(() => undefined);
        sockets.push(socket);
        await laps();
      }
      const rows = rowsOf(transport).map(({ state }) => state);
      assert.equal(rows.sort(), below().sort());
    } finally {
      child.kill('SIGKILL');
      for (const socket of sockets) socket.close({ abort: true });
    }
    await Promise.all([once(child, 'exit'), ...sockets.map((socket) => socket.closed)]);
    assert.equal(rowsOf(transport), []);
  });

  told.run();
}

/** Ours for the kernel's. */
const WORDS: Readonly<Record<string, string>> = {
  ESTABLISHED: 'connected',
  SYN_SENT: 'connecting',
};
/** A slice may be out in part. */
const SLICE_BYTES = 4 << 20;
