/** 5,000 connections at once in one process, both ends ours; and programs with mistakes in their handlers. */

import { readdirSync } from 'node:fs';
import { Socket, SocketAsyncEventArgs, sockets } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { descriptorsMax, descriptorWatermark } from '../src/descriptors.ts';
import { tcpReading } from '../src/tcp.ts';
import { finish, listenerOf, noted, outcome, weAccept, weConnect } from './complaint-peers.ts';
import { pattern, readings, readSome, same } from './peers.ts';

const CONNECTIONS = 5_000;
/** Opened at a time: fewer than a backlog holds. */
const BATCH = 250;
const roomy = Number.isFinite(descriptorsMax()) && descriptorWatermark() > 2 * CONNECTIONS + 500;

for (const reading of readings) {
  const crowd = suite(`a crowd, ${reading}`);

  if (roomy) {
    crowd(
      `${CONNECTIONS} connections at once: each its own bytes, each its own end, nothing left behind`,
      async () => {
        const before = readdirSync('/proc/self/fd').length;
        const transport = tcpReading(reading);
        const { listener, at } = await listenerOf(transport);
        const clients: Socket[] = [];
        const servers: Socket[] = [];
        while (clients.length < CONNECTIONS) {
          const batch = Array.from({ length: BATCH }, () => Socket.connect(transport, at));
          servers.push(...(await Promise.all(batch.map(() => listener.accept()))));
          clients.push(...(await Promise.all(batch)));
        }
        assert.is([...sockets(transport)].length, 2 * CONNECTIONS + 1);
        assert.equal([listener.stats.accepted, listener.stats.dropped], [CONNECTIONS, 0]);
        const wordOf = (n: number): Uint8Array => Uint8Array.of(n & 255, n >> 8, 77);
        await Promise.all([
          ...servers.map(async (server) => {
            const word = new Uint8Array(3);
            await server.receiveExactly(word);
            await server.send(word);
          }),
          ...clients.map(async (client, n) => {
            await client.send(wordOf(n));
            const back = new Uint8Array(3);
            await client.receiveExactly(back);
            assert.ok(same(back, wordOf(n)), `${n}`);
          }),
        ]);
        // Most break off: an end leaves a TIME_WAIT in the kernel for a minute.
        for (const [n, client] of clients.entries()) if (n % 8 !== 0) client.close({ abort: true });
        await Promise.all(
          clients
            .filter((_, n) => n % 8 === 0)
            .map((client) => client.end({ timeout: 0x7fff_ffff }))
            .concat(servers.map((server) => server.end({ timeout: 0x7fff_ffff }).catch(() => undefined))),
        );
        assert.equal(await listener.drain(), { closed: 0, aborted: 0 });
        assert.is([...sockets(transport)].length, 0);
        assert.ok(readdirSync('/proc/self/fd').length <= before);
      },
    );
  } else crowd.skip(`${CONNECTIONS} connections at once: too few descriptors here`, () => undefined);

  crowd(
    'a handler that throws ends the process unless somebody hears it, and harms no connection',
    async () => {
      for (const meet of [weConnect, weAccept]) {
        const transport = tcpReading(reading);
        const { socket, peer, end } = await meet(transport);
        const neighbour = await meet(transport);
        const args = new SocketAsyncEventArgs();
        args.setBuffer(new Uint8Array(4), 0, 4);
        const mistake = new Error('a mistake of the program');
        args.once('completed', () => {
          throw mistake;
        });
        const heard = new Promise((go) => process.once('uncaughtException', go));
        assert.ok(socket.receiveAsync(args));
        const waiting = noted(new Uint8Array(4));
        assert.ok(neighbour.socket.receiveAsync(waiting.args));
        const completed = waiting.completed();
        peer.write('ping');
        neighbour.peer.write('pong');
        assert.is(await heard, mistake);
        await completed;
        assert.equal([outcome(args), outcome(waiting.args), waiting.times()], ['Success 4', 'Success 4', 1]);
        peer.write('more');
        assert.is(await finish(args, (e) => socket.receiveAsync(e)), 'Success 4'); // the args is free, the socket as before
        await socket.send(pattern(100_000));
        assert.ok(same(await readSome(peer, 100_000), pattern(100_000)));
        await Promise.all([end(), neighbour.end()]);
      }
    },
  );

  crowd.run();
}
