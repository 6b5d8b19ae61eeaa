import { existsSync, readdirSync } from 'node:fs';
import { Socket, SocketError, type SocketException, UnixDomainSocketEndPoint } from '@proactor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pathOf } from '../src/addresses.ts';
import { tcpReading } from '../src/tcp.ts';
import { reasonOf } from './complaint-peers.ts';
import { kernelTells, kernelUnixPaths } from './kernel.ts';
import { readings, socketPath } from './peers.ts';

const pipe = (length: number): string => `\\\\.\\pipe\\${'x'.repeat(length - 9)}`;
const path = (bytes: number): string => `/${'x'.repeat(bytes - 1)}`;

const table: readonly (readonly [platform: string, path: string, fits: boolean])[] = [
  ['linux', path(107), true],
  ['linux', `${path(106)}ä`, false],
  ['linux', pipe(107), true], // a file of an odd name
  ['linux', pipe(108), false],
  ['darwin', path(103), true],
  ['darwin', path(104), false],
  ['freebsd', path(104), false],
  ['win32', pipe(256), true],
  ['win32', pipe(257), false],
  ['win32', '\\\\?\\Pipe\\x', true],
  ['win32', '\\\\.\\pipe\\', false],
  ['win32', '/tmp/x.sock', false],
  ['win32', 'C:\\x.sock', false],
  ['win32', '//./pipe/x', false],
];

for (const [platform, text, fits] of table) {
  const name = text.length > 20 ? `${text.substring(0, 12)}… of ${Buffer.byteLength(text)} bytes` : text;
  test(`${platform} ${fits ? 'takes' : 'does not take'} ${name}`, () => {
    // Core's own bound is Linux's and Windows's; what it lets through meets the system here.
    const place = { path: text } as UnixDomainSocketEndPoint;
    if (fits) {
      assert.is(pathOf(place, platform), text);
      return;
    }
    let error: unknown;
    try {
      pathOf(place, platform);
    } catch (thrown) {
      error = thrown;
    }
    assert.is((error as SocketException).socketErrorCode, SocketError.InvalidArgument);
  });
}

for (const reading of readings) {
  if (process.platform === 'win32') continue;
  test(`a path that Node would cut is refused, and nothing is made: ${reading}`, async () => {
    const transport = tcpReading(reading);
    const before = readdirSync('.');
    const at = new UnixDomainSocketEndPoint(pipe(200));
    const listener = new Socket(transport);
    listener.bind(at);
    const errors = [await reasonOf(listener.listen()), await reasonOf(Socket.connect(transport, at))];
    for (const error of errors)
      assert.is((error as SocketException).socketErrorCode, SocketError.InvalidArgument, String(error));
    listener.close();
    assert.equal(readdirSync('.'), before);
  });

  if (process.platform !== 'linux') continue;
  test(`the longest path is the kernel's, to the byte, and gone at the close: ${reading}`, async () => {
    const folder = socketPath('').path;
    const at = new UnixDomainSocketEndPoint(`${folder}${'x'.repeat(107 - Buffer.byteLength(folder))}`);
    const listener = new Socket(tcpReading(reading));
    listener.bind(at);
    await listener.listen();
    assert.ok(existsSync(at.path));
    if (kernelTells) assert.ok(kernelUnixPaths().includes(at.path));
    listener.close();
    await listener.closed;
    assert.not(existsSync(at.path));
    if (kernelTells) assert.not(kernelUnixPaths().includes(at.path));
  });
}

test.run();
