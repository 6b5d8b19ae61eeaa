import { platformRuntime, type Runtime, Socket } from '@proactor/core';
import { loopback, type LoopbackOptions, pair, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const runtimes = suite('the runtime of loopback({ inline })');

const inlines: readonly LoopbackOptions['inline'][] = ['never', 7];

for (const inline of inlines) {
  runtimes(`'${inline}': it has every member of the runtime that it is made from`, () => {
    const bases: Record<string, Runtime> = { platform: platformRuntime, virtual: virtualRuntime() };
    for (const [name, base] of Object.entries(bases)) {
      for (const kind of ['stream', 'datagram'] as const) {
        const { runtime } = loopback({ inline, runtime: base, kind });
        assert.ok(runtime !== base);
        for (const key of ['now', 'defer', 'timer', 'cancelTimer', ...Object.keys(platformRuntime)]) {
          const member = key as keyof Runtime;
          assert.is(typeof runtime[member], typeof base[member], `${key} of the ${name} runtime`);
        }
      }
    }
  });

  runtimes(`'${inline}': refTimer reaches the runtime below, with the timer of that runtime`, async () => {
    const base = virtualRuntime();
    const made = new Set<unknown>();
    const said: boolean[] = [];
    const recording: Runtime = {
      now: () => base.now(),
      defer: (fn, arg) => base.defer(fn, arg),
      timer(ms, fn, arg) {
        const timer = base.timer(ms, fn, arg);
        made.add(timer);
        return timer;
      },
      cancelTimer: (timer) => base.cancelTimer(timer),
      refTimer(timer, on) {
        assert.ok(this === recording, 'called as a method');
        assert.ok(made.has(timer));
        said.push(on);
      },
    };
    const [client, server] = await pair(loopback({ inline, runtime: recording }));
    client.unref();
    const late = client.receive(new Uint8Array(1), { timeout: 1_000 }).catch(() => 'late');
    assert.equal(said, [false]);
    client.ref();
    assert.equal(said, [false, true]);
    await base.advance(1_000);
    assert.is(await late, 'late');
    for (const socket of [client, server]) socket.close({ abort: true });
    await Promise.all([client.closed, server.closed]);
  });

  runtimes(`'${inline}': what the runtime below lacks stays missing`, () => {
    const base = virtualRuntime();
    const bare: Runtime = {
      now: () => base.now(),
      defer: (fn, arg) => base.defer(fn, arg),
      timer: (ms, fn, arg) => base.timer(ms, fn, arg),
      cancelTimer: (timer) => base.cancelTimer(timer),
    };
    const { runtime } = loopback({ inline, runtime: bare });
    assert.equal([runtime.refTimer, runtime.openFile, runtime.context], [undefined, undefined, undefined]);
    assert.instance(new Socket(loopback({ inline, runtime: bare })), Socket);
  });
}

runtimes("'natural' is the very runtime", () => {
  const base = virtualRuntime();
  assert.is(loopback({ runtime: base }).runtime, base);
  assert.is(loopback({ runtime: base, inline: 'natural' }).runtime, base);
});

runtimes.run();

const network = suite('the way out over loopback');

network('close({ timeout }) with an idle receive pending: the peer reads all, then an end', async () => {
  for (const inline of ['natural', 'never'] as const) {
    const runtime = virtualRuntime();
    const [client, server] = await pair(loopback({ runtime, inline }));
    await server.send(new Uint8Array(1_000));
    const idle = server.receive(new Uint8Array(1)).catch((error: { code: string }) => error.code);
    server.close({ timeout: 5_000 });
    let bytes = 0;
    for await (const chunk of client.chunks()) bytes += chunk.length;
    assert.is(bytes, 1_000);
    assert.is(await idle, 'ERR_OPERATION_ABORTED');
    client.close();
    await Promise.all([client.closed, server.closed]);
    assert.is(runtime.pendingTimers, 0);
  }
});

network('close({ timeout }) with a send pending: it goes out whole', async () => {
  const runtime = virtualRuntime();
  const [client, server] = await pair(loopback({ runtime }));
  const sent = server.send(new Uint8Array(200_000));
  server.close({ timeout: 5_000 });
  let bytes = 0;
  for await (const chunk of client.chunks()) bytes += chunk.length;
  assert.equal([bytes, await sent], [200_000, 200_000]);
  client.close();
  await Promise.all([client.closed, server.closed]);
  assert.is(runtime.pendingTimers, 0);
});

network('20 connections let go by a disconnect, whose peers do not read: a close ends them all', async () => {
  const runtime = virtualRuntime();
  const transport = loopback({ runtime });
  for (let i = 0; i < 20; i++) {
    const [client, server] = await pair(transport);
    const sent = client.send(new Uint8Array(1 << 20)).catch((error: { code: string }) => error.code);
    await client.disconnect(true);
    client.close({ abort: true });
    assert.is(await sent, 'ERR_OPERATION_ABORTED');
    await client.closed;
    server.close();
    await server.closed;
  }
  assert.is(runtime.pendingTimers, 0);
});

network.run();
