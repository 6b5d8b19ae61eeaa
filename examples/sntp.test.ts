import {
  checked,
  IPEndPoint,
  Socket,
  SocketError,
  type SocketException,
  type Transport,
} from '@proactor/core';
import { loopback, virtualRuntime } from '@proactor/testing';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { ask, SntpServer } from './sntp.ts';
import { readSntp, SNTP_BYTES, writeSntp } from './sntp-packet.ts';

const sntp = suite('sntp');
const HERE = IPEndPoint.parse('127.0.0.1:0');

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

/** An answer as a server with a GPS clock sends it; its times are half, three quarters and a whole second apart from each other. */
const ANSWER = bytesOf(`
  240103e6 00000000 00000000 47505300
  e0a1b2c0 00000000 e0a1b2c4 80000000 e0a1b2c4 c0000000 e0a1b2c5 00000000`);

sntp('a packet is read as RFC 4330 lays it out', () => {
  assert.equal(readSntp(ANSWER), {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 1,
    originate: (0xe0a1b2c4 - 2_208_988_800) * 1_000 + 500,
    receive: (0xe0a1b2c4 - 2_208_988_800) * 1_000 + 750,
    transmit: (0xe0a1b2c5 - 2_208_988_800) * 1_000,
  });
});

sntp('what was written is read again, to the fraction of a millisecond, also after 2036', () => {
  for (const ms of [0, 1, 1_700_000_000_123.25, 2_085_978_495_999, 2_085_978_496_001.5, 4_000_000_000_000]) {
    const packet = { leap: 1, version: 3, mode: 3, stratum: 2, originate: null, receive: ms, transmit: ms };
    const { receive, ...rest } = readSntp(writeSntp(packet)) ?? { receive: null };
    assert.ok(Math.abs((receive ?? -1) - ms) < 0.001, `${receive} for ${ms}`);
    assert.equal(
      { ...rest, transmit: ms },
      { leap: 1, version: 3, mode: 3, stratum: 2, originate: null, transmit: ms },
    );
  }
});

sntp('a packet of fewer than 48 bytes is none, one with an authenticator behind is', () => {
  assert.is(readSntp(new Uint8Array(SNTP_BYTES - 1)), null);
  assert.is(readSntp(new Uint8Array([...ANSWER, ...new Uint8Array(20)]))?.stratum, 1);
  assert.is(readSntp(new Uint8Array([0, ...ANSWER]).subarray(1))?.mode, 4, 'wherever its memory begins');
});

const transports: readonly [name: string, transport: Transport][] = [
  ['udp', checked(udp())],
  ['a network in memory', checked(loopback({ kind: 'datagram' }))],
];

for (const [name, transport] of transports) {
  sntp(`tells how far two clocks are apart, on ${name}`, async () => {
    const server = new SntpServer(transport, HERE, () => 1_700_000_005_250);
    const at = server.localEndPoint ?? HERE;
    const reading = await ask(transport, at, () => 1_700_000_000_000);
    assert.ok(Math.abs(reading.offsetMs - 5_250) < 0.01, `${reading.offsetMs}`);
    assert.ok(Math.abs(reading.delayMs) < 0.01);
    assert.is(reading.stratum, 1);
    const back = await ask(transport, at, () => 1_700_000_010_000);
    assert.ok(Math.abs(back.offsetMs + 4_750) < 0.01);
    await server.stop();
  });
}

sntp('asks again when an answer is lost, and gives up when none comes', async () => {
  const runtime = virtualRuntime();
  const transport = loopback({ kind: 'datagram', runtime });
  const deaf = new Socket(transport);
  deaf.bind(HERE);
  const asking = ask(transport, deaf.localEndPoint ?? HERE, () => 1_000, { timeoutMs: 500, tries: 3 });
  const failed = asking.catch((error: unknown) => error);
  await runtime.advance(1_500);
  assert.is(((await failed) as SocketException).socketErrorCode, SocketError.TimedOut);
  assert.is(deaf.stats.datagramsReceived, 3);
  deaf.close();
});

sntp('an answer to another question, or from a clock that is not set, is passed over', async () => {
  const transport = loopback({ kind: 'datagram' });
  const liar = new Socket(transport);
  liar.bind(HERE);
  const asking = ask(transport, liar.localEndPoint ?? HERE, () => 50_000);
  const buffer = new Uint8Array(100);
  const { bytes, remoteEndPoint } = await liar.receiveFrom(buffer);
  const question = readSntp(buffer.subarray(0, bytes));
  const answer = { leap: 0, version: 4, mode: 4, stratum: 1, receive: 60_000, transmit: 60_000 };
  const originate = question?.transmit ?? null;
  await liar.sendTo(writeSntp({ ...answer, originate: 49_999 }), remoteEndPoint);
  await liar.sendTo(writeSntp({ ...answer, originate, leap: 3 }), remoteEndPoint);
  await liar.sendTo(Uint8Array.of(1, 2, 3), remoteEndPoint);
  await liar.sendTo(writeSntp({ ...answer, originate }), remoteEndPoint);
  assert.is(Math.round((await asking).offsetMs), 10_000);
  liar.close();
});

sntp('where nobody is, the client is told at once', async () => {
  const gone = new Socket(udp());
  gone.bind(HERE);
  const at = gone.localEndPoint ?? HERE;
  gone.close();
  const failed = (await ask(udp(), at).catch((error: unknown) => error)) as SocketException;
  assert.is(failed.socketErrorCode, SocketError.ConnectionRefused);
});

sntp('is a program: a server, and a client that asks it', async () => {
  await withProgram(ChildProgram.start('sntp.ts', '--serve', '1', '--port', '0'), async (server) => {
    const port = await server.port();
    const { code, stdout } = await ChildProgram.start('sntp.ts', '--port', String(port)).exit;
    assert.is(code, 0);
    assert.match(stdout, /^127\.0\.0\.1:\d+ is -?[\d.]+ ms ahead, -?[\d.]+ ms away, stratum 1\n$/);
    server.signal('SIGTERM');
    assert.is((await server.exit).code, 0);
  });
});

sntp.run();
