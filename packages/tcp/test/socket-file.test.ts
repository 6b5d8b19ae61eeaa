/** The file that a listening Unix socket leaves in a folder: whose it is, and who may remove it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Socket, SocketError, type SocketException, UnixDomainSocketEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { reasonOf } from './complaint-peers.ts';
import { readings, socketPath } from './peers.ts';

for (const reading of readings) {
  const files = suite(`the file of a Unix socket, ${reading}`);
  if (process.platform === 'win32') {
    files.skip('is its listener’s: pipes of Windows have none', () => undefined);
    files.run();
    continue;
  }
  const transport = tcpReading(reading);

  async function listenAt(at: UnixDomainSocketEndPoint): Promise<Socket> {
    const listener = new Socket(transport);
    listener.bind(at);
    await listener.listen();
    return listener;
  }

  async function close(listener: Socket): Promise<void> {
    listener.close();
    await listener.closed;
  }

  files('it goes with its listener', async () => {
    const at = socketPath(`goes-${reading}`);
    const listener = await listenAt(at);
    assert.ok(lstatSync(at.path).isSocket());
    await close(listener);
    assert.not(existsSync(at.path));
  });

  files(
    'a listener that closes leaves the file of the next one alone, and its clients reach it',
    async () => {
      const at = socketPath(`next-${reading}`);
      const first = await listenAt(at);
      rmSync(at.path); // as start scripts do
      const second = await listenAt(at);
      const { ino } = lstatSync(at.path);
      await close(first);
      assert.is(lstatSync(at.path).ino, ino);
      const client = await Socket.connect(transport, at);
      const server = await second.accept();
      await Promise.all([client.end(), server.end()]);
      await close(second);
      assert.not(existsSync(at.path));
    },
  );

  for (const what of ['file', 'folder', 'link'] as const) {
    files(`a ${what} that has taken its place meanwhile is left alone`, async () => {
      const at = socketPath(`${what}-${reading}`);
      const listener = await listenAt(at);
      rmSync(at.path);
      if (what === 'file') writeFileSync(at.path, 'mine');
      else if (what === 'folder') mkdirSync(at.path);
      else symlinkSync('nowhere', at.path);
      const { ino } = lstatSync(at.path);
      await close(listener);
      assert.is(lstatSync(at.path).ino, ino);
      rmSync(at.path, { recursive: true });
    });

    files(`a ${what} in the way is in use, and untouched`, async () => {
      const at = socketPath(`way-${what}-${reading}`);
      if (what === 'file') writeFileSync(at.path, 'mine');
      else if (what === 'folder') mkdirSync(at.path);
      else symlinkSync('nowhere', at.path);
      const { ino } = lstatSync(at.path);
      const listener = new Socket(transport);
      listener.bind(at);
      const error = (await reasonOf(listener.listen())) as SocketException;
      assert.is(error.socketErrorCode, SocketError.AddressAlreadyInUse);
      await close(listener);
      assert.is(lstatSync(at.path).ino, ino);
      rmSync(at.path, { recursive: true });
    });
  }

  files('one that was removed is no trouble, and nothing is left in the folder', async () => {
    const at = socketPath(`removed-${reading}`);
    const before = readdirSync(dirname(at.path));
    const listener = await listenAt(at);
    rmSync(at.path);
    await close(listener);
    assert.equal(readdirSync(dirname(at.path)), before);
  });

  files('a folder that is not there is told as that, one that may not be written to is not', async () => {
    const at = socketPath(`missing-${reading}/x`);
    const listener = new Socket(transport);
    listener.bind(at);
    const error = (await reasonOf(listener.listen())) as SocketException;
    assert.equal([error.socketErrorCode, error.code], [SocketError.AddressNotAvailable, 'ENOENT']);
    await close(listener);
    const forbidden = new Socket(transport);
    forbidden.bind(new UnixDomainSocketEndPoint('/proc/self/x')); // nobody makes files there
    assert.is(
      ((await reasonOf(forbidden.listen())) as SocketException).socketErrorCode,
      SocketError.AccessDenied,
    );
    await close(forbidden);
  });

  files('a server that was killed leaves it: refused, in use, and free when it is removed', async () => {
    const at = socketPath(`killed-${reading}`);
    const program = `require('node:net').createServer().listen(${JSON.stringify(at.path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const refused = (await reasonOf(Socket.connect(transport, at))) as SocketException;
    assert.is(refused.socketErrorCode, SocketError.ConnectionRefused);
    const listener = new Socket(transport);
    listener.bind(at);
    const used = (await reasonOf(listener.listen())) as SocketException;
    assert.is(used.socketErrorCode, SocketError.AddressAlreadyInUse);
    rmSync(at.path);
    await listener.listen(); // the same socket tries again
    await close(listener);
    assert.not(existsSync(at.path));
  });

  files.run();
}
