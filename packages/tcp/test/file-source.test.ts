import { writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import {
  ArgumentError,
  type FileSource,
  SendPacketsElement,
  type SocketException,
  SocketError,
} from '@proactor/core';
import { pair } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileSource } from '@proactor/tcp';
import { FewFiles } from './few-files.ts';

const sources = suite('fileSource()');
const files = new FewFiles();
const path = files.write('digits', new TextEncoder().encode('0123456789'));
sources.after(() => files.remove());

async function withHandle(use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

function readOf(source: FileSource, at: number, room: number): Promise<string> {
  const into = new Uint8Array(room);
  return new Promise((go, fail) => {
    source.read(into, at, (error, bytes) => {
      if (error === null) go(new TextDecoder().decode(into.subarray(0, bytes)));
      else fail(error);
    });
  });
}

sources('what is no open file: ArgumentError handle', () => {
  for (const wrong of [null, undefined, 5, 'text', {}, [], { fd: '3' }, () => {}]) {
    let error: unknown;
    try {
      fileSource(wrong as never);
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, ArgumentError);
    assert.is((error as ArgumentError).paramName, 'handle');
  }
});

sources('a handle that is closed throws', async () => {
  const handle = await open(path);
  await handle.close();
  assert.throws(() => fileSource(handle));
});

sources('it tells the length at that moment, and reads at any place', () =>
  withHandle(async (handle) => {
    const source = fileSource(handle);
    assert.is(source.length, 10);
    assert.is(await readOf(source, 3, 4), '3456');
    assert.is(await readOf(source, 8, 4), '89');
    assert.is(await readOf(source, 10, 4), '');
    writeFileSync(path, '0123456789ab');
    assert.is(source.length, 10);
    assert.is(fileSource(handle).length, 12);
    writeFileSync(path, '0123456789');
  }),
);

sources('the position of the handle is neither used nor moved', () =>
  withHandle(async (handle) => {
    const start = new Uint8Array(3);
    await handle.read(start, 0, 3);
    assert.is(await readOf(fileSource(handle), 0, 10), '0123456789');
    await handle.read(start, 0, 3);
    assert.is(new TextDecoder().decode(start), '345');
  }),
);

sources('one source serves several operations at once', () =>
  withHandle(async (handle) => {
    const source = fileSource(handle);
    const [client, server] = await pair();
    const sent = await Promise.all([
      client.sendPackets([new SendPacketsElement(source), new SendPacketsElement(source, 5)]),
      server.sendPackets([new SendPacketsElement(source, 2, 3)]),
    ]);
    assert.equal(sent, [15, 3]);
    const buffer = new Uint8Array(15);
    await server.receiveExactly(buffer);
    assert.is(new TextDecoder().decode(buffer), '012345678956789');
    await client.receiveExactly(buffer.subarray(0, 3));
    assert.is(new TextDecoder().decode(buffer.subarray(0, 3)), '234');
    client.close();
  }),
);

sources(
  'a handle that is closed meanwhile fails the operation, with the cause, and reads nobody else’s file',
  async () => {
    const handle = await open(path);
    const source = fileSource(handle);
    await handle.close();
    const [client] = await pair();
    const error = (await client
      .sendPackets([new SendPacketsElement(Uint8Array.of(1)), new SendPacketsElement(source)])
      .catch((reason: unknown) => reason)) as SocketException;
    assert.is(SocketError[error.socketErrorCode], 'SocketError');
    assert.is(error.bytesTransferred, 1);
    assert.instance(error.cause, Error);
    client.close();
  },
);

sources('it owns nothing: the handle is open after the operation', () =>
  withHandle(async (handle) => {
    const [client] = await pair();
    await client.sendPackets([new SendPacketsElement(fileSource(handle))]);
    assert.is((await handle.stat()).size, 10);
    client.close();
  }),
);

sources.run();
