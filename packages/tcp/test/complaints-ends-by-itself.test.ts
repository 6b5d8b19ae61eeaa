/**
 * What users complained of, as a law: a process whose work is done ends by itself. This file runs itself again as a child that does
 * one piece of work after the other: the next begins when nothing is left to wait for (`beforeExit`), where others end.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Socket, SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { listenerOf, reasonOf, weAccept, weConnect } from './complaint-peers.ts';
import { deadPlace, readings } from './peers.ts';

/** Far longer than a child may live. */
const LATER_MS = 600_000;
/** Only what fails lives so long. */
const CHILD_MS_MAX = 30_000;

/** How the child reads. */
const reading = process.argv[3] === 'readable' ? 'readable' : 'onread';

/** What is done, and then left as it is. */
const works: Readonly<Record<string, () => Promise<void>>> = {
  async 'operations with long deadlines that have ended'() {
    const transport = tcpReading(reading);
    const { listener, at } = await listenerOf(transport);
    const { signal } = new AbortController();
    const o = { timeout: LATER_MS, signal };
    const client = new Socket(transport);
    const [server] = await Promise.all([listener.accept(o), client.connect(at, o)]);
    const buffer = new Uint8Array(16);
    const receiving = server.receive(buffer, o);
    await client.send(Uint8Array.of(1), o);
    assert.is(await receiving, 1);
    await reasonOf(client.receive(buffer, { timeout: 1 }));
    await reasonOf(new Socket(transport).connect(await deadPlace(), o));
    const controller = new AbortController();
    const cancelled = reasonOf(client.receive(buffer, { timeout: LATER_MS, signal: controller.signal }));
    controller.abort();
    await cancelled;
    for (const each of [client, server, listener]) each.close();
  },

  async 'ends and closes that waited for the peer'() {
    const { socket, peer } = await weConnect(tcpReading(reading));
    const other = await weAccept(tcpReading(reading));
    peer.resume().end();
    other.peer.resume().end();
    other.socket.close({ timeout: LATER_MS });
    await socket.end({ timeout: LATER_MS });
  },

  async 'a drain whose connections have closed'() {
    const transport = tcpReading(reading);
    const { listener, at } = await listenerOf(transport);
    const [client, server] = await Promise.all([Socket.connect(transport, at), listener.accept()]);
    const draining = listener.drain({ timeout: LATER_MS });
    client.close();
    server.close();
    assert.equal(await draining, { closed: 1, aborted: 0 });
  },

  async 'a listener that was told unref(), with an accept pending'() {
    const { listener } = await listenerOf(tcpReading(reading));
    assert.ok(listener.acceptAsync(new SocketAsyncEventArgs()));
    listener.unref();
  },

  async 'a listener that was told unref() before it listened'() {
    const { listener, at } = await listenerOf(tcpReading(reading));
    listener.close();
    const second = new Socket(tcpReading(reading)).unref();
    second.bind(at);
    await second.listen();
    void second.accept();
  },

  async 'connections that were told unref(), with receives pending'() {
    for (const { socket, peer } of [
      await weConnect(tcpReading(reading)),
      await weAccept(tcpReading(reading)),
    ]) {
      peer.unref();
      socket.unref();
      void socket.receive(new Uint8Array(16));
    }
  },

  async 'a loop over connections that was left, and its listener closed'() {
    const transport = tcpReading(reading);
    const { listener, at } = await listenerOf(transport);
    const client = await Socket.connect(transport, at);
    for await (const socket of listener.connections()) {
      socket.close();
      break;
    }
    client.close();
    listener.close();
  },

  async 'a connect that was given up'() {
    const { listener, at } = await listenerOf(tcpReading(reading));
    const connecting = new Socket(tcpReading(reading));
    const given = reasonOf(connecting.connect(at, { timeout: LATER_MS }));
    connecting.close();
    await given;
    listener.close();
  },

  async 'peers that reset, told to nobody'() {
    for (const { peer } of [await weConnect(tcpReading(reading)), await weAccept(tcpReading(reading))])
      peer.resetAndDestroy();
  },
};

if (process.argv[2] === 'work') workAll();
else testAll();

function workAll(): void {
  const left = Object.entries(works);
  let doing = 'nothing';
  let finished = true;
  process.on('beforeExit', () => {
    console.log(`${finished ? 'ended' : 'never finished'}: ${doing}`);
    const [name, work] = left.shift() ?? [];
    if (name === undefined || work === undefined) return;
    doing = name;
    finished = false;
    // In a turn of its own: `beforeExit` comes again only after the loop has turned.
    setImmediate(() => void work().then(() => (finished = true)));
  });
}

function testAll(): void {
  for (const each of readings) {
    const test = suite(`a process ends by itself, ${each}, after`);
    let running: Promise<Ending> | null = null;
    for (const name of Object.keys(works)) {
      test(name, async () => {
        const { lines } = await (running ??= run(each));
        assert.ok(lines.includes(`ended: ${name}`), `it did no more than\n${lines.join('\n')}`);
      });
    }

    test('everything, with nothing to say', async () => {
      const { code, signal, err } = await (running ??= run(each));
      assert.is(err, '');
      assert.is(signal, null, 'it had to be stopped');
      assert.is(code, 0);
    });

    test.run();
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
  readonly err: string;
}

async function run(how: string): Promise<Ending> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), 'work', how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHILD_MS_MAX,
    killSignal: 'SIGKILL',
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, lines: out.trim().split('\n'), err };
}
