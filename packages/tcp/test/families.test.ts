/** IPv4, IPv6, both at once, and names: which address meets which, and what each side is called. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  AddressFamily,
  DnsEndPoint,
  IPEndPoint,
  Socket,
  SocketError,
  type SocketException,
  type SocketOptions,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { reasonOf } from './complaint-peers.ts';
import { deadPlace, readings } from './peers.ts';

/** Whether this host has IPv6. */
const hasIPv6 = await reasonless(async () => {
  const probe = new Socket(tcpReading('onread'));
  probe.bind(new IPEndPoint('::1', 0));
  await probe.listen();
  probe.close();
});

for (const reading of readings) {
  const families = suite(`families and names, ${reading}`);
  const transport = tcpReading(reading);
  const six = hasIPv6 ? families : families.skip;

  async function listenAt(at: IPEndPoint, options?: SocketOptions): Promise<[Socket, number]> {
    const listener = new Socket(transport, options);
    listener.bind(at);
    await listener.listen();
    return [listener, (listener.localEndPoint as IPEndPoint).port];
  }

  /** A word each way; then what each side calls itself and the other. */
  async function meet(listener: Socket, client: Socket, to: IPEndPoint | DnsEndPoint): Promise<string[]> {
    const accepting = listener.accept();
    await client.connect(to);
    const server = await accepting;
    const word = new Uint8Array(1);
    for (const [from, at] of [
      [client, server],
      [server, client],
    ] as const) {
      await from.send(Uint8Array.of(7));
      assert.is(await at.receive(word), 1);
    }
    const ports = [client.localEndPoint, server.remoteEndPoint].map((place) => (place as IPEndPoint).port);
    assert.is(ports[0], ports[1]);
    const places = [client.remoteEndPoint, server.remoteEndPoint, server.localEndPoint];
    await Promise.all([client.end(), server.end()]);
    return places.map((place) => (place as IPEndPoint).address);
  }

  families('IPv4 meets IPv4', async () => {
    const [listener, port] = await listenAt(new IPEndPoint('127.0.0.1', 0));
    const found = await meet(listener, new Socket(transport), new IPEndPoint('127.0.0.1', port));
    assert.equal(found, ['127.0.0.1', '127.0.0.1', '127.0.0.1']);
    listener.close();
  });

  six('IPv6 meets IPv6', async () => {
    const [listener, port] = await listenAt(new IPEndPoint('::1', 0));
    const found = await meet(listener, new Socket(transport), new IPEndPoint('::1', port));
    assert.equal(found, ['::1', '::1', '::1']);
    listener.close();
  });

  six('a listener at :: takes both, and calls IPv4 by its mapped name', async () => {
    const [listener, port] = await listenAt(IPEndPoint.ipv6Any);
    const mapped = '::ffff:127.0.0.1';
    const four = await meet(listener, new Socket(transport), new IPEndPoint('127.0.0.1', port));
    assert.equal(four, ['127.0.0.1', mapped, mapped]);
    const found = await meet(listener, new Socket(transport), new IPEndPoint('::1', port));
    assert.equal(found, ['::1', '::1', '::1']);
    listener.close();
  });

  six(
    'one of the family InterNetworkV6 takes IPv6 only; dualMode takes both, mapped on both sides',
    async () => {
      const [only, onlyPort] = await listenAt(IPEndPoint.ipv6Any, {
        addressFamily: AddressFamily.InterNetworkV6,
      });
      const refused = await reasonOf(Socket.connect(transport, new IPEndPoint('127.0.0.1', onlyPort)));
      assert.is((refused as SocketException).socketErrorCode, SocketError.ConnectionRefused);
      only.close();

      const [dual, port] = await listenAt(IPEndPoint.ipv6Any, { dualMode: true });
      const mapped = '::ffff:127.0.0.1';
      const client = new Socket(transport, { dualMode: true });
      assert.equal(await meet(dual, client, new IPEndPoint('127.0.0.1', port)), [mapped, mapped, mapped]);
      dual.close();
    },
  );

  six('ipv6Only leaves the IPv4 port to somebody else; without it the port is in use', async () => {
    const listener = new Socket(transport);
    listener.setOption('ipv6Only', true);
    listener.bind(IPEndPoint.ipv6Any);
    await listener.listen();
    const { port } = listener.localEndPoint as IPEndPoint;
    const [four] = await listenAt(new IPEndPoint('0.0.0.0', port));
    four.close();
    listener.close();
    const [both, taken] = await listenAt(IPEndPoint.ipv6Any);
    const used = (await reasonOf(listenAt(new IPEndPoint('0.0.0.0', taken)))) as SocketException;
    assert.is(used.socketErrorCode, SocketError.AddressAlreadyInUse);
    both.close();
  });

  six('a socket bound to one family does not connect to the other', async () => {
    const client = new Socket(transport);
    client.bind(new IPEndPoint('127.0.0.1', 0));
    const error = (await reasonOf(client.connect(new IPEndPoint('::1', 1)))) as { code: string };
    assert.is(error.code, 'ERR_ARGUMENT');
    client.close();
  });

  families('a name: its addresses are tried in turn until one answers', async () => {
    const [listener, port] = await listenAt(new IPEndPoint('127.0.0.1', 0));
    const asked: string[] = [];
    const lookup = ((host: string, _options: unknown, done: (error: null, all: unknown) => void) => {
      asked.push(host);
      const all = ['127.0.0.2', '::1', '127.0.0.3', '127.0.0.1'];
      done(
        null,
        all.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    }) as LookupFunction;
    const client = new Socket(tcpReading(reading, { lookup }));
    const [reached] = await meet(listener, client, new DnsEndPoint('four.test', port));
    assert.equal([reached, asked], ['127.0.0.1', ['four.test']]);
    listener.close();
  });

  families('a name none of whose addresses answers: the error of the last', async () => {
    const { port } = await deadPlace();
    const lookup = ((_host: string, _options: unknown, done: (error: null, all: unknown) => void) =>
      done(null, [{ address: '127.0.0.2' }, { address: '127.0.0.1' }])) as LookupFunction;
    const error = (await reasonOf(
      Socket.connect(tcpReading(reading, { lookup }), new DnsEndPoint('dead.test', port)),
    )) as SocketException;
    assert.is(error.socketErrorCode, SocketError.ConnectionRefused);
    assert.is((error.cause as { address?: string }).address, '127.0.0.1');
  });

  families(
    'a name that is looked up for ever: the deadline and the signal end it, and nothing is left',
    async () => {
      const never = tcpReading(reading, { lookup: (() => {}) as unknown as LookupFunction });
      const late = (await reasonOf(
        Socket.connect(never, new DnsEndPoint('slow.test', 1), { timeout: 1 }),
      )) as SocketException;
      assert.is(late.code, 'ERR_DEADLINE');
      const controller = new AbortController();
      const why = new Error('enough');
      const stopped = reasonOf(
        Socket.connect(never, new DnsEndPoint('slow.test', 1), { signal: controller.signal }),
      );
      controller.abort(why);
      assert.is(await stopped, why);
    },
  );

  if (process.platform === 'linux') {
    families(
      'out of descriptors a connect says so, by name too, and works again when there are some',
      async () => {
        const program = fileURLToPath(new URL('no-descriptors.ts', import.meta.url));
        const node = [process.execPath, ...process.execArgv, program, reading];
        const child = spawn('sh', ['-c', 'ulimit -n 60 && exec "$0" "$@"', ...node], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
        await once(child, 'close');
        assert.equal(JSON.parse(out), ['EMFILE', 'EMFILE', 'ECONNREFUSED']);
      },
    );
  } else families.skip('out of descriptors a connect says so: Linux only', () => undefined);

  families.run();
}

async function reasonless(attempt: () => Promise<void>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}
