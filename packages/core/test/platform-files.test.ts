import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DirectoryNotFoundError,
  FileNotFoundError,
  type FileSource,
  platformRuntime,
  SendPacketsElement,
  type Socket,
  SocketAsyncEventArgs,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy, throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { connected, counting } from './stage.ts';

const files = suite('files to be sent');
const folder = mkdtempSync(join(tmpdir(), 'proactor-files-'));

files.after(() => rmSync(folder, { recursive: true }));

/** Descriptors of this process that are open below the folder; null where the platform does not tell. */
function openBelow(): string[] | null {
  if (!existsSync('/proc/self/fd')) return null;
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // that of readdir itself
    }
  });
}

function assertNoneOpen(): void {
  const open = openBelow();
  if (open !== null) assert.equal(open, []);
}

function file(name: string, bytes: readonly number[] | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, Uint8Array.from(bytes));
  return path;
}

function open(path: string): FileSource & { close(): void } {
  const opened = platformRuntime.openFile?.(path);
  if (opened === undefined) throw new Error('this platform has no files');
  return opened;
}

/** What a read comes to: the bytes, or the code of its error. */
function readOf(source: FileSource, at: number, room: number): Promise<number[] | string> {
  const into = new Uint8Array(room);
  return new Promise((go) => {
    source.read(into, at, (error, bytes) => {
      go(error === null ? [...into.subarray(0, bytes)] : String((error as NodeJS.ErrnoException).code));
    });
  });
}

files('a file tells its length, and is read at any place, as far as it goes', async () => {
  const opened = open(file('a', counting(10)));
  assert.is(opened.length, 10);
  assert.equal(await readOf(opened, 4, 3), [4, 5, 6]);
  assert.equal(await readOf(opened, 0, 100), counting(10));
  assert.equal(await readOf(opened, 8, 100), [8, 9]);
  assert.equal(await readOf(opened, 10, 100), []);
  assert.equal(await readOf(opened, 5_000, 100), []);
  opened.close();
  assertNoneOpen();
});

files('an empty file has none', async () => {
  const opened = open(file('empty', []));
  assert.is(opened.length, 0);
  assert.equal(await readOf(opened, 0, 4), []);
  opened.close();
});

files(
  'what is not there: FileNotFoundError; nor its directory: DirectoryNotFoundError; both name the path',
  () => {
    const missing = join(folder, 'missing');
    throws(() => open(missing), FileNotFoundError, { code: 'ERR_FILE_NOT_FOUND' });
    throws(() => open(join(missing, 'deep', 'file')), DirectoryNotFoundError, {
      code: 'ERR_DIRECTORY_NOT_FOUND',
    });
    for (const path of [missing, join(missing, 'file')])
      assert.ok((thrownBy(() => open(path)) as Error).message.includes(path));
    const below = thrownBy(() => open(join(file('plain', [1]), 'below')));
    assert.ok(below instanceof FileNotFoundError || below instanceof DirectoryNotFoundError, String(below));
    assertNoneOpen();
  },
);

files('a directory is no file, and is not left open', () => {
  throws(() => open(folder), FileNotFoundError);
  assertNoneOpen();
});

files('a path that is none throws', () => {
  assert.throws(() => open('a\0b'));
  assert.throws(() => open(''));
});

files(
  'close() while it is read waits for that, so that the descriptor is not somebody else’s by then',
  async () => {
    const opened = open(file('b', counting(10)));
    const reads = [readOf(opened, 0, 4), readOf(opened, 4, 4)];
    opened.close();
    opened.close();
    if (openBelow() !== null) assert.is(openBelow()?.length, 1);
    assert.equal(await Promise.all(reads), [counting(4), counting(4, 4)]);
    assertNoneOpen();
  },
);

files('what is unlinked stays readable, what shrinks tells 0 bytes', async () => {
  const path = file('c', counting(10));
  const opened = open(path);
  truncateSync(path, 4);
  assert.equal(await readOf(opened, 0, 10), counting(4));
  assert.equal(await readOf(opened, 4, 10), []);
  rmSync(path);
  assert.equal(await readOf(opened, 0, 2), [0, 1]);
  opened.close();
  assertNoneOpen();
});

/** A stream driven by hand whose runtime has real files. */
class FilesRuntime extends HandRuntime {
  openFile(path: string): FileSource & { close(): void } {
    return open(path);
  }
}

/** Until the args is told; files are read by threads meanwhile. */
async function told(
  runtime: HandRuntime,
  e: SocketAsyncEventArgs,
  start: (e: SocketAsyncEventArgs) => boolean,
): Promise<void> {
  let done = false;
  e.once('completed', () => (done = true));
  assert.is(start(e), true);
  while (!done) {
    await new Promise((go) => setImmediate(go));
    runtime.settle();
  }
}

const sends = (socket: Socket) => (e: SocketAsyncEventArgs) => socket.sendPacketsAsync(e);

files(
  'SendPackets closes what it opened: after success, failure, and a refusal of a later element',
  async () => {
    const runtime = new FilesRuntime();
    const { socket, channel } = connected({ runtime });
    const path = file('d', counting(20));
    const e = new SocketAsyncEventArgs();
    e.sendPacketsElements = [new SendPacketsElement(path), new SendPacketsElement(path, 18)];
    await told(runtime, e, sends(socket));
    assert.equal([e.bytesTransferred, channel.offered], [22, [...counting(20), 18, 19]]);
    assertNoneOpen();
    e.sendPacketsElements = [new SendPacketsElement(path), new SendPacketsElement(path, 18, 3)];
    await told(runtime, e, sends(socket));
    assert.is(e.bytesTransferred, 20);
    assertNoneOpen();
    e.sendPacketsElements = [new SendPacketsElement(path), new SendPacketsElement(join(folder, 'missing'))];
    throws(() => socket.sendPacketsAsync(e), FileNotFoundError);
    assertNoneOpen();
    assert.is(channel.offered.length, 42);
  },
);

files('close() while a file is read closes it, after the read', async () => {
  const runtime = new FilesRuntime();
  const { socket } = connected({ runtime });
  const e = new SocketAsyncEventArgs();
  e.sendPacketsElements = [new SendPacketsElement(file('e', counting(20)))];
  await told(runtime, e, (args) => {
    const pending = socket.sendPacketsAsync(args);
    socket.close();
    return pending;
  });
  while ((openBelow() ?? []).length > 0) await new Promise((go) => setImmediate(go));
  assert.is(e.bytesTransferred, 0);
});

files.run();
