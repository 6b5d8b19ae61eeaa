import {
  platformRuntime,
  type Probe,
  type Runtime,
  SocketAsyncEventArgs,
  type Transport,
} from '@proactor/core';
import { loopback, type LoopbackOptions } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, connected, connectTo, counting, listenAt, turns } from './recording-sinks.ts';

const options = suite('options');

options('an unknown name is refused, and named', () => {
  assert.throws(
    () => loopback({ chunkByte: [1, 2], latency: 5 } as LoopbackOptions),
    (error: { code: string; paramName: string; message: string }) =>
      error.code === 'ERR_ARGUMENT' &&
      error.paramName === 'options' &&
      error.message.includes('chunkByte, latency'),
  );
});

options('a wrong value is refused, and its name told', () => {
  const wrong: readonly [name: keyof LoopbackOptions, values: readonly unknown[]][] = [
    ['kind', ['packet', null, 1]],
    ['inline', ['always', 1.5, Number.NaN, null]],
    ['chunkBytes', [5, [1], [0, 4], [4, 3], [1, 2.5], [1, 2, 3], null]],
    ['creditBytes', [0, -1, 1.5, '9', null]],
    ['runtime', [null, {}, { now: () => 0 }]],
  ];
  for (const [name, values] of wrong) {
    for (const value of values) {
      assert.throws(
        () => loopback({ [name]: value }),
        (error: { code: string; message: string }) =>
          error.code === 'ERR_ARGUMENT' && error.message.includes(name),
        `${name}: ${String(value)}`,
      );
    }
  }
  assert.throws(() => loopback(null as unknown as LoopbackOptions), /object/);
});

options('undefined is as good as missing', () => {
  const network = loopback({
    kind: undefined,
    inline: undefined,
    chunkBytes: undefined,
    creditBytes: undefined,
    runtime: undefined,
  });
  assert.is(network.runtime, platformRuntime);
});

options('kind decides the roles, and nothing else does', () => {
  const roles = ({ connect, listen, bind }: Transport): string[] =>
    Object.entries({ connect, listen, bind }).flatMap(([name, role]) => (role === undefined ? [] : [name]));
  assert.equal(roles(loopback()), ['connect', 'listen']);
  assert.equal(roles(loopback({ kind: 'stream' })), ['connect', 'listen']);
  assert.equal(roles(loopback({ kind: 'datagram', chunkBytes: [1, 2] })), ['bind']);
});

for (const kind of ['stream', 'datagram'] as const) {
  options(`caps of a ${kind} loopback are plain and frozen, and tell the same for all`, () => {
    const { caps } = loopback({ kind });
    assert.ok(Object.isFrozen(caps) && Object.isFrozen(caps.families) && Object.isFrozen(caps.options));
    assert.equal(JSON.parse(JSON.stringify(caps)), caps);
    assert.is(caps.kind, kind);
    assert.is(caps, loopback({ kind, chunkBytes: [1, 2] }).caps);
  });
}

options.run();

const pacing = suite('pacing');

pacing('chunkBytes: one piece a turn, each within the range, in order and complete', async () => {
  const { client, server } = connected(loopback({ chunkBytes: [3, 8] }));
  server.channel.demand(1_000);
  client.channel.write(counting(200));
  assert.is(server.sink.pieces.length, 1);
  for (let turn = 2; server.sink.bytes.length < 200; turn += 1) {
    await turns(1);
    assert.is(server.sink.pieces.length, turn);
  }
  assert.equal(server.sink.bytes, [...counting(200)]);
  const pieces = server.sink.pieces.slice(0, -1); // the last is what was left
  assert.ok(pieces.every((bytes) => bytes >= 3 && bytes <= 8));
  assert.is(new Set(pieces).size, 6, 'all sizes occur');
  assert.equal(client.sink.calls, ['open', 'written']);
});

pacing('chunkBytes: two writes in a turn are two turns to the reader', async () => {
  const { client, server } = connected(loopback({ chunkBytes: [10, 10] }));
  server.channel.demand(1_000);
  assert.is(client.channel.write(counting(4)), 4);
  assert.is(client.channel.write(counting(4)), 0);
  await turns(1);
  assert.equal(server.sink.pieces, [4, 4]);
});

pacing('chunkBytes: the end comes with the last piece, not before', async () => {
  const { client, server } = connected(loopback({ chunkBytes: [2, 2] }));
  server.channel.demand(1_000);
  client.channel.write(counting(5));
  client.channel.close(false);
  await turns(5);
  assert.equal(server.sink.calls, ['data 2', 'data 2', 'data 1', 'end']);
  assert.equal(client.sink.calls, ['open', 'written', 'closed']);
});

pacing('creditBytes: so much in a turn, whatever the reader allows, then the send pends', async () => {
  const { client, server } = connected(loopback({ creditBytes: 10 }));
  server.channel.demand(1_000);
  assert.is(client.channel.write(counting(4)), 4);
  assert.is(client.channel.write(counting(9)), 6);
  await turns(1);
  assert.equal(server.sink.pieces, [4, 6, 3]);
  assert.equal(client.sink.calls, ['open', 'written']);
});

pacing('creditBytes: the two directions do not use up each other’s', () => {
  const { client, server } = connected(loopback({ creditBytes: 10 }));
  server.channel.demand(1_000);
  client.channel.demand(1_000);
  assert.is(client.channel.write(counting(10)), 10);
  assert.is(server.channel.write(counting(10)), 10);
});

pacing('creditBytes bounds what is taken before the accept', () => {
  const network = loopback({ creditBytes: 3 });
  listenAt(network);
  const client = connectTo(network);
  assert.is(client.channel.write(bytesOf(1, 2, 3)), 3);
  assert.is(client.channel.write(bytesOf(4)), 0);
});

pacing('the smallest pieces of both options at once still bring everything', async () => {
  const { client, server } = connected(loopback({ creditBytes: 2, chunkBytes: [1, 5] }));
  server.channel.demand(1_000);
  client.channel.write(counting(50));
  await turns(50);
  assert.equal(server.sink.bytes, [...counting(50)]);
  assert.ok(server.sink.pieces.every((bytes) => bytes <= 2));
});

pacing.run();

const inline = suite('inline');
const args = new SocketAsyncEventArgs();
const coins = (runtime: Runtime, count: number): string =>
  Array.from({ length: count }, () => Number(runtime.probe?.inline?.(args))).join('');

inline("'natural' keeps the runtime, the others make one of their own", () => {
  assert.is(loopback({ inline: 'natural' }).runtime, platformRuntime);
  assert.is.not(loopback({ inline: 'never' }).runtime, platformRuntime);
});

inline("'never' is never, a seed is a coin that falls the same way again", () => {
  assert.is(coins(loopback({ inline: 'never' }).runtime, 50), '0'.repeat(50));
  const seven = coins(loopback({ inline: 7 }).runtime, 200);
  assert.is(coins(loopback({ inline: 7 }).runtime, 200), seven);
  assert.is.not(coins(loopback({ inline: 8 }).runtime, 200), seven);
  const heads = seven.replaceAll('0', '').length;
  assert.ok(heads > 60 && heads < 140, `${heads} of 200`);
});

inline('the rest of the runtime, and of its probe, stays what it was', async () => {
  const seen: string[] = [];
  class Watching implements Probe {
    readonly word = 'this';
    inline(): boolean {
      seen.push(`inline ${this.word}`);
      return false;
    }
    next(queued: number): number {
      seen.push(`next ${this.word}`);
      return queued - 1;
    }
    started(): void {
      seen.push(`started ${this.word}`);
    }
  }
  const base: Runtime = { ...platformRuntime, now: () => 42, probe: new Watching() };
  const { runtime } = loopback({ inline: 3, runtime: base });
  assert.is(runtime.now(), 42);
  assert.is(runtime.context, base.context);
  assert.is(runtime.probe?.next?.(5), 4);
  runtime.probe?.started?.(args);
  assert.is(coins(runtime, 20), '0'.repeat(20), 'both must allow it');
  assert.not(
    'batch' in (runtime.probe ?? {}) || 'completed' in (runtime.probe ?? {}),
    'what is missing stays missing',
  );
  assert.equal([...new Set(seen)], ['next this', 'started this', 'inline this']);
  await new Promise<void>((go) => runtime.defer(go, undefined));
  await new Promise<void>((go) => runtime.timer(0, go, undefined));
  runtime.cancelTimer(null);
});

inline.run();
