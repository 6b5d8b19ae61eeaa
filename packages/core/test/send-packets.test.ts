import {
  ArgumentError,
  FileNotFoundError,
  type FileSource,
  InvalidOperationError,
  NotSupportedError,
  SendPacketsElement,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketFlags,
  SocketShutdown,
  TransmitFileOptions,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, freshPort, PEER, sendingTo } from './datagram-stage.ts';
import { throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { connected, counting, errno, fresh, listening, logged, outcome, shown } from './stage.ts';

const PAGE = 262_144;
const SLICE = 4_194_304;

/** A source that answers when the test says so. */
class HandSource implements FileSource {
  readonly bytes: readonly number[];
  length: number;
  /** What was asked for: `10 at 0`. */
  readonly reads: string[] = [];
  readonly waiting: { into: Uint8Array; at: number; done: (error: unknown, bytes: number) => void }[] = [];
  /** Answers inside the call. */
  atOnce: boolean;
  closes = 0;

  constructor(bytes: readonly number[], o: { atOnce?: boolean } = {}) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.atOnce = o.atOnce ?? false;
  }

  read(into: Uint8Array, at: number, done: (error: unknown, bytes: number) => void): void {
    this.reads.push(`${into.byteLength} at ${at}`);
    this.waiting.push({ into, at, done });
    if (this.atOnce) this.answer();
  }

  /** Answers the oldest read: all it can, or so many bytes at most. */
  answer(bytesMax = Number.POSITIVE_INFINITY): void {
    const read = this.waiting.shift();
    if (read === undefined) throw new Error('nothing is read');
    const { into, at, done } = read;
    const bytes = this.bytes.slice(at, at + Math.min(into.byteLength, bytesMax));
    into.set(bytes);
    done(null, bytes.length);
  }

  fail(error: unknown): void {
    this.waiting.shift()?.done(error, 0);
  }
}

/** A runtime with files of its own: sources by path, and whether each was closed. */
class FilesRuntime extends HandRuntime {
  readonly files = new Map<string, HandSource>();
  readonly opened: string[] = [];
  readonly closed: string[] = [];

  openFile(path: string): FileSource & { close(): void } {
    const source = this.files.get(path);
    if (source === undefined) throw new FileNotFoundError(`no ${path}`);
    this.opened.push(path);
    return {
      length: source.length,
      read: (into, at, done) => source.read(into, at, done),
      close: () => void this.closed.push(path),
    };
  }

  add(path: string, bytes: readonly number[], o: { atOnce?: boolean } = {}): HandSource {
    const source = new HandSource(bytes, o);
    this.files.set(path, source);
    return source;
  }
}

type Sources = readonly (SendPacketsElement | Uint8Array | string | FileSource | readonly number[] | null)[];

function elementsOf(sources: Sources): (SendPacketsElement | null)[] {
  return sources.map((source) => {
    if (source === null || source instanceof SendPacketsElement) return source;
    return new SendPacketsElement(Array.isArray(source) ? Uint8Array.from(source) : (source as Uint8Array));
  });
}

function packets(log: string[], name: string, ...sources: Sources): SocketAsyncEventArgs {
  const e = logged(log, name);
  e.sendPacketsElements = elementsOf(sources);
  return e;
}

function withFiles(): ReturnType<typeof connected> & { runtime: FilesRuntime; log: string[] } {
  const runtime = new FilesRuntime();
  return { ...connected({ runtime }), runtime, log: [] };
}

const checks = suite('SendPackets: what it checks');

checks('elements, then the connection, then the files; each throws, and the args is free', () => {
  const runtime = new FilesRuntime();
  const e = new SocketAsyncEventArgs();
  throws(() => fresh({ runtime }).socket.sendPacketsAsync(e), ArgumentError, { paramName: 'e' });
  e.sendPacketsElements = undefined as never;
  throws(() => connected({ runtime }).socket.sendPacketsAsync(e), ArgumentError, { paramName: 'e' });
  e.sendPacketsElements = elementsOf(['missing']);
  const before = shown(e);
  throws(() => fresh({ runtime }).socket.sendPacketsAsync(e), NotSupportedError);
  assert.equal(shown(e), before);
  throws(() => connected({ runtime }).socket.sendPacketsAsync(e), FileNotFoundError);
  assert.is(e.lastOperation, SocketAsyncOperation.SendPackets);
  e.sendPacketsElements = null;
});

checks(
  'not connected: NotSupportedError, on a listener, a socket that was shut down, an unconnected port',
  async () => {
    const e = packets([], 'p', [1]);
    const { socket } = connected();
    socket.shutdown(SocketShutdown.Send);
    for (const refused of [
      fresh().socket,
      (await listening()).socket,
      socket,
      freshPort().socket,
      boundPort().socket,
    ])
      throws(() => refused.sendPacketsAsync(e), NotSupportedError, { code: 'ERR_NOT_SUPPORTED' });
  },
);

checks('what are no elements, and no element, throws before anything is sent', () => {
  const { socket, channel } = connected();
  for (const wrong of [5, 'text', {}, true, [5], ['text'], [{}], [new Uint8Array(1)]]) {
    const e = new SocketAsyncEventArgs();
    let error: unknown;
    try {
      e.sendPacketsElements = wrong as never;
      socket.sendPacketsAsync(e);
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, ArgumentError, `${JSON.stringify(wrong)}: ${String(error)}`);
  }
  assert.is(channel.countOf('write'), 0);
});

checks(
  'an empty path: ArgumentError path; a missing one: what the runtime says; the files before it are closed',
  () => {
    const { runtime, socket, channel } = withFiles();
    runtime.add('a', [1]);
    for (const [path, kind, expected] of [
      ['', ArgumentError, { paramName: 'path' }],
      ['missing', FileNotFoundError, {}],
    ] as const) {
      const e = packets([], 'p', [1], 'a', 'a', path);
      throws(() => socket.sendPacketsAsync(e), kind, expected);
      e.sendPacketsElements = null; // free
    }
    assert.equal(
      [runtime.opened, runtime.closed],
      [
        ['a', 'a', 'a', 'a'],
        ['a', 'a', 'a', 'a'],
      ],
    );
    assert.is(channel.countOf('write'), 0);
    assert.is(socket.stats.queuedSendBytes, 0);
  },
);

checks('a platform without files: NotSupportedError, nothing is sent; sources work', () => {
  const { runtime, socket, channel } = connected();
  throws(() => socket.sendPacketsAsync(packets([], 'p', [1], 'a')), NotSupportedError);
  assert.is(channel.countOf('write'), 0);
  const log: string[] = [];
  socket.sendPacketsAsync(packets(log, 'p', new HandSource([1, 2], { atOnce: true })));
  runtime.settle();
  assert.equal(log, ['p Success 2']);
});

checks('flags mean nothing to it', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  const e = packets(log, 'p', [1]);
  e.socketFlags = SocketFlags.Partial;
  socket.sendPacketsAsync(e);
  runtime.settle();
  assert.equal([log, e.socketFlags], [['p Success 1'], SocketFlags.None]);
});

checks.run();

const streams = suite('SendPackets on a stream');

streams('it is always pending, and never told inside the call: elements, none, null, empty ones', () => {
  for (const sources of [
    [[1, 2]],
    [],
    [null],
    [null, null],
    [[]],
    [new SendPacketsElement(new Uint8Array(3), 3)],
  ] as Sources[]) {
    const { runtime, socket, channel } = connected();
    const log: string[] = [];
    const e = packets(log, 'p', ...sources);
    assert.is(socket.sendPacketsAsync(e), true);
    assert.equal(log, []);
    throws(() => (e.sendPacketsElements = null), InvalidOperationError);
    runtime.settle();
    const bytes = sources.length === 1 && Array.isArray(sources[0]) ? sources[0].length : 0;
    assert.equal(log, [`p Success ${bytes}`]);
    assert.is(channel.countOf('write'), bytes > 0 ? 1 : 0);
    assert.is(e.lastOperation, SocketAsyncOperation.SendPackets);
  }
});

streams('elements go out in order, each as it is told to; the count is the total', () => {
  const { runtime, socket, channel, log } = withFiles();
  runtime.add('f', counting(10, 100), { atOnce: true });
  const source = new HandSource(counting(10, 200), { atOnce: true });
  const bytes = Uint8Array.from(counting(10));
  socket.sendPacketsAsync(
    packets(
      log,
      'p',
      [1, 2],
      null,
      new SendPacketsElement('f', 2, 3),
      new SendPacketsElement(bytes, 4, 2),
      'f',
      new SendPacketsElement(source, 8),
      new SendPacketsElement(bytes, 9),
      new SendPacketsElement(bytes, 3, 0),
      new SendPacketsElement('f', 7, 0, true),
    ),
  );
  runtime.settle();
  assert.equal(channel.offered, [
    1,
    2,
    102,
    103,
    104,
    4,
    5,
    ...counting(10, 100),
    208,
    209,
    9,
    107,
    108,
    109,
  ]);
  assert.equal(log, ['p Success 23']);
  assert.is(socket.stats.bytesSent, 23);
  assert.equal(runtime.closed, ['f', 'f', 'f']);
});

streams('bytes go down as they are, without a copy, in slices of 4 MiB', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const bytes = new Uint8Array(2.5 * SLICE + 10);
  socket.sendPacketsAsync(packets(log, 'p', new SendPacketsElement(bytes, 10)));
  runtime.settle();
  assert.equal(
    channel.chunks.map((chunk) => [chunk.byteOffset, chunk.byteLength]),
    [
      [10, SLICE],
      [10 + SLICE, SLICE],
      [10 + 2 * SLICE, SLICE / 2],
    ],
  );
  assert.ok(channel.chunks.every((chunk) => chunk.buffer === bytes.buffer));
  assert.equal(log, [`p Success ${2.5 * SLICE}`]);
});

streams(
  'a file goes out in pages; the next is read when the last is out, and nothing is read ahead of its time',
  () => {
    const { runtime, socket, channel, log } = withFiles();
    const file = runtime.add('f', counting(2 * PAGE + 5));
    channel.answer = 'none';
    socket.sendPacketsAsync(packets(log, 'p', 'f'));
    assert.equal(file.reads, [`${PAGE} at 0`]);
    assert.is(channel.countOf('write'), 0);
    file.answer();
    assert.equal([file.reads.length, channel.countOf('write')], [1, 1]);
    channel.written();
    assert.equal(file.reads, [`${PAGE} at 0`, `${PAGE} at ${PAGE}`]);
    file.answer(100);
    assert.is(channel.chunks[1]?.byteLength, 100, 'a short read is sent as it is');
    channel.written();
    assert.is(file.reads[2], `${PAGE - 95} at ${PAGE + 100}`, 'no more than is left');
    while (log.length === 0) {
      file.answer();
      channel.written();
    }
    assert.equal(log, [`p Success ${2 * PAGE + 5}`]);
    assert.is(
      channel.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      2 * PAGE + 5,
    );
    assert.is(socket.stats.queuedSendBytes, 0);
  },
);

streams('a page is not read into while any of it is lent', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', counting(PAGE + 100), { atOnce: true });
  channel.answer = 10;
  socket.sendPacketsAsync(packets(log, 'p', 'f', [7]));
  assert.is(file.reads.length, 1);
  const [page] = channel.chunks;
  assert.equal([...(page as Uint8Array).subarray(0, 5)], counting(5));
  runtime.settle();
  assert.is(file.reads.length, 1);
  channel.answer = 'all';
  channel.written();
  runtime.settle();
  assert.equal(log, [`p Success ${PAGE + 101}`]);
});

streams('a large file behind a small one is read in pages too', () => {
  const { runtime, socket, log } = withFiles();
  runtime.add('small', counting(3), { atOnce: true });
  const large = runtime.add('large', counting(2 * PAGE), { atOnce: true });
  socket.sendPacketsAsync(packets(log, 'p', 'small', 'large', 'small'));
  runtime.settle();
  assert.equal(log, [`p Success ${2 * PAGE + 6}`]);
  assert.is(large.reads.length, 2, `${large.reads.length} reads`);
});

streams('a range beyond the end of a file: InvalidArgument; what was before it is out and counted', () => {
  for (const [offset, count] of [
    [11, 0],
    [11, 1],
    [10, 1],
    [0, 11],
    [5, 6],
    [Number.MAX_SAFE_INTEGER - 1, 1],
  ] as const) {
    const { runtime, socket, channel, log } = withFiles();
    runtime.add('f', counting(10), { atOnce: true });
    const e = packets(log, 'p', [1, 2, 3, 4, 5], new SendPacketsElement('f', offset, count), [9]);
    assert.is(socket.sendPacketsAsync(e), true);
    runtime.settle();
    assert.equal(log, ['p InvalidArgument 5']);
    assert.equal(channel.offered, [1, 2, 3, 4, 5]);
    assert.equal(runtime.closed, ['f']);
    assert.is(socket.stats.queuedSendBytes, 0);
    assert.is(socket.connected, true, 'the stream is as it was');
    assert.is(socket.sendAsync(logged([], 's', [1])), false);
  }
});

streams('what exactly fits is no range beyond the end', () => {
  const { runtime, socket, log } = withFiles();
  runtime.add('f', counting(10), { atOnce: true });
  runtime.add('empty', []);
  socket.sendPacketsAsync(
    packets(
      log,
      'p',
      new SendPacketsElement('f', 10),
      new SendPacketsElement('f', 0, 10),
      new SendPacketsElement('f', 9, 1),
      'empty',
    ),
  );
  runtime.settle();
  assert.equal(log, ['p Success 11']);
});

streams('elements that are changed after the start change nothing', () => {
  const { runtime, socket, channel, log } = withFiles();
  channel.answer = 'none';
  const list = elementsOf([[1], [2]]);
  const e = logged(log, 'p');
  e.sendPacketsElements = list;
  socket.sendPacketsAsync(e);
  list[1] = new SendPacketsElement(Uint8Array.of(9, 9, 9));
  list.push(new SendPacketsElement(Uint8Array.of(8)));
  channel.written();
  channel.written();
  runtime.settle();
  assert.equal([channel.offered, log], [[1, 2], ['p Success 2']]);
});

streams('sends behind it go out after all its elements, and those before it first', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', [20, 21]);
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'before', [1]));
  socket.sendPacketsAsync(packets(log, 'p', [10], 'f', [30]));
  socket.sendAsync(logged(log, 'behind', [40]));
  socket.sendPacketsAsync(packets(log, 'q', [50]));
  for (let i = 0; i < 6; i++) {
    if (file.waiting.length > 0) file.answer();
    channel.written();
  }
  runtime.settle();
  assert.equal(channel.offered, [1, 10, 20, 21, 30, 40, 50]);
  assert.equal(log, ['before Success 1', 'p Success 4', 'behind Success 1', 'q Success 1']);
});

streams('a send that waits while a page is read goes out after it', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', [1, 2]);
  socket.sendPacketsAsync(packets(log, 'p', 'f', [3]));
  assert.is(socket.sendAsync(logged(log, 's', [4])), true);
  assert.is(socket.sendAsync(logged(log, 'empty', 0)), true);
  assert.equal(channel.offered, []);
  file.answer();
  assert.equal(channel.offered, [1, 2, 3, 4]);
  assert.equal(log, ['p Success 3', 's Success 1', 'empty Success 0']);
  runtime.settle();
});

streams('the same args goes on to other verbs, and back', () => {
  const { runtime, socket, channel, log } = withFiles();
  const e = packets(log, 'e', [1, 2]);
  socket.sendPacketsAsync(e);
  runtime.settle();
  e.setBuffer(Uint8Array.of(3));
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 1');
  e.bufferList = null;
  socket.sendPacketsAsync(e);
  runtime.settle();
  channel.data([9]);
  assert.is(socket.receiveAsync(e), false);
  channel.answer = 'none';
  assert.is(socket.sendAsync(e), true);
  channel.written();
  assert.equal(channel.offered, [1, 2, 3, 1, 2, 9]);
  assert.equal(log, ['e Success 2', 'e Success 2', 'e Success 1']);
});

streams('a failed one does not spoil its args either', () => {
  const { runtime, socket, channel, log } = withFiles();
  runtime.add('f', []);
  const e = packets(log, 'e', new SendPacketsElement('f', 1));
  socket.sendPacketsAsync(e);
  runtime.settle();
  e.setBuffer(Uint8Array.of(3));
  assert.is(socket.sendAsync(e), false);
  assert.equal([outcome(e), channel.offered], ['Success 1', [3]]);
});

for (const flags of [
  TransmitFileOptions.Disconnect,
  TransmitFileOptions.ReuseSocket,
  TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket,
]) {
  const reuse = (flags & TransmitFileOptions.ReuseSocket) !== 0;
  streams(`sendPacketsFlags ${flags}: after success it is disconnected, for reuse ${reuse}`, () => {
    const { runtime, transport, socket, channel, log } = withFiles();
    const e = packets(log, 'p', [1, 2]);
    e.sendPacketsFlags = flags;
    socket.sendPacketsAsync(e);
    runtime.settle();
    assert.equal(log, ['p Success 2']);
    assert.is(channel.calls.filter((call) => call === 'shutdown').length, 1, channel.calls.join());
    assert.is(socket.connected, false);
    const s = logged([], 's', [1]);
    socket.sendAsync(s);
    assert.is(outcome(s), 'Shutdown 0');
    const c = logged([], 'c');
    c.remoteEndPoint = PEER;
    transport.connecting = (opened) => opened.open();
    socket.connectAsync(c);
    assert.is(outcome(c), reuse ? 'Success 0' : 'IsConnected 0');
  });

  streams(`sendPacketsFlags ${flags}: not after a failure`, () => {
    const { runtime, socket, channel, log } = withFiles();
    runtime.add('f', []);
    const e = packets(log, 'p', new SendPacketsElement('f', 1));
    e.sendPacketsFlags = flags;
    socket.sendPacketsAsync(e);
    runtime.settle();
    assert.equal(log, ['p InvalidArgument 0']);
    assert.is(channel.countOf('shutdown'), 0);
    assert.is(socket.connected, true);
  });
}

streams('the other flags are taken and ignored', () => {
  const { runtime, socket, channel, log } = withFiles();
  const e = packets(log, 'p', [1]);
  e.sendPacketsFlags =
    TransmitFileOptions.WriteBehind | TransmitFileOptions.UseSystemThread | TransmitFileOptions.UseKernelApc;
  e.sendPacketsSendSize = 1;
  socket.sendPacketsAsync(e);
  runtime.settle();
  assert.equal([log, channel.countOf('shutdown'), socket.connected], [['p Success 1'], 0, true]);
});

streams('close() while it waits: what is finished is counted; files are closed', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', counting(10));
  socket.sendPacketsAsync(packets(log, 'p', [1, 2, 3], 'f'));
  assert.is(file.waiting.length, 1, 'the file is being read');
  socket.close();
  runtime.settle();
  assert.equal(log, ['p OperationAborted 3']);
  assert.equal(runtime.closed, ['f']);
  file.answer();
  runtime.settle();
  assert.is(log.length, 1);
  assert.equal(channel.offered, [1, 2, 3]);
  assert.equal(channel.calls.at(-1), 'close true');
});

streams(
  'close() while an element is lent: the elements before it count, it does not; it ends with the channel',
  () => {
    const { runtime, socket, channel, log } = withFiles();
    channel.answer = (bytes) => (bytes === 3 ? 3 : 1);
    socket.sendPacketsAsync(packets(log, 'p', [1, 2, 3], [4, 5]));
    socket.close();
    runtime.settle();
    assert.equal(log, []);
    channel.closed();
    runtime.settle();
    assert.equal(log, ['p OperationAborted 3']);
  },
);

streams('the connection breaks: its error, once; files are closed', () => {
  const { runtime, socket, channel, log } = withFiles();
  runtime.add('f', counting(10));
  socket.sendPacketsAsync(packets(log, 'p', [1, 2], 'f'));
  socket.sendPacketsAsync(packets(log, 'behind', 'f'));
  channel.closed(errno('ECONNRESET'));
  runtime.settle();
  assert.equal(log, ['p ConnectionReset 2', 'behind Shutdown 0']);
  assert.equal(runtime.closed, ['f', 'f']);
});

streams('closed() inside the write ends it, once', () => {
  const { runtime, socket, channel, log } = withFiles();
  channel.during.write = () => channel.closed(errno('ECONNRESET'));
  socket.sendPacketsAsync(packets(log, 'p', [1], [2]));
  runtime.settle();
  assert.equal(log, ['p ConnectionReset 0']);
});

streams('a channel that is gone already: the reason, or Shutdown', () => {
  const { runtime, socket, channel, log } = withFiles();
  runtime.add('f', counting(10));
  channel.closed(errno('ECONNRESET'));
  socket.sendPacketsAsync(packets(log, 'p', 'f'));
  runtime.settle();
  assert.equal([log, runtime.closed], [['p ConnectionReset 0'], ['f']]);
});

streams('cancel() of one that waits behind another ends it, and nothing of it goes out', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', counting(10));
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'first', [1]));
  const e = packets(log, 'p', 'f', [2]);
  socket.sendPacketsAsync(e);
  assert.is(socket.cancel(e), true);
  runtime.settle();
  assert.equal([log, runtime.closed], [['p OperationAborted 0'], ['f']]);
  channel.written();
  assert.equal([channel.offered, file.reads], [[1], []]);
  assert.is(channel.countOf('close'), 0);
});

streams(
  'cancel() and a deadline while its first page is read: nothing was given down, the stream lives',
  () => {
    for (const why of ['cancel', 'deadline']) {
      const { runtime, socket, channel, log } = withFiles();
      const file = runtime.add('f', counting(10));
      const e = packets(log, 'p', 'f');
      e.timeout = 100;
      socket.sendPacketsAsync(e);
      if (why === 'cancel') socket.cancel(e);
      else runtime.advance(100);
      runtime.settle();
      assert.equal(log, [why === 'cancel' ? 'p OperationAborted 0' : 'p TimedOut 0']);
      assert.is(socket.sendAsync(logged(log, 's', [1])), false);
      file.answer();
      runtime.settle();
      assert.equal([channel.offered, log.length, runtime.timers.size], [[1], 1, 0]);
      assert.is(socket.connected, true);
    }
  },
);

streams('cancel() and a deadline once an element is down take the connection with it, and say so', () => {
  for (const why of ['cancel', 'deadline']) {
    const { runtime, socket, channel, log } = withFiles();
    const e = packets(log, 'p', [1, 2, 3], [4, 5]);
    e.timeout = 100;
    channel.answer = (bytes) => (bytes === 3 ? 3 : 0);
    socket.sendPacketsAsync(e);
    if (why === 'cancel') socket.cancel(e);
    else runtime.advance(100);
    runtime.settle();
    assert.equal(log, []);
    assert.is(channel.calls.at(-1), 'close true');
    channel.closed();
    runtime.settle();
    assert.equal(log, [why === 'cancel' ? 'p OperationAborted 3' : 'p TimedOut 3']);
    assert.is(e.exception()?.connectionAborted, true);
    assert.is(socket.connected, false);
  }
});

streams('shutdown(Send) while it waits: it still goes out, then the end', () => {
  const { runtime, socket, channel, log } = withFiles();
  const file = runtime.add('f', [2]);
  socket.sendPacketsAsync(packets(log, 'p', [1], 'f'));
  socket.shutdown(SocketShutdown.Send);
  assert.is(channel.countOf('shutdown'), 0);
  file.answer();
  runtime.settle();
  assert.equal([channel.offered, log], [[1, 2], ['p Success 2']]);
  assert.is(channel.calls.at(-1), 'shutdown');
});

streams('queuedSendBytes tells what is not out yet', () => {
  const { runtime, socket, channel, log } = withFiles();
  runtime.add('f', counting(10), { atOnce: true });
  channel.answer = 'none';
  socket.sendPacketsAsync(packets(log, 'p', [1, 2, 3], 'f'));
  assert.is(socket.stats.queuedSendBytes, 13);
  channel.written();
  assert.is(socket.stats.queuedSendBytes, 10);
  channel.written();
  assert.is(socket.stats.queuedSendBytes, 0);
});

streams.run();

const sources = suite('SendPackets: sources that misbehave');

/** A source that does what a function says. */
function source(length: number, read: FileSource['read']): FileSource {
  return { length, read };
}

/** What [5 bytes], source, [1 byte] comes to. */
function sendingOf(file: FileSource): { told: string; offered: number[]; log: string[]; error: unknown } {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const e = packets(log, 'p', [1, 2, 3, 4, 5], file, [9]);
  socket.sendPacketsAsync(e);
  runtime.settle();
  assert.is(socket.stats.queuedSendBytes, log.length > 0 ? 0 : socket.stats.queuedSendBytes);
  assert.ok(Number.isFinite(socket.stats.queuedSendBytes));
  const before = [...channel.offered];
  if (log.length > 0) {
    assert.is(socket.sendAsync(logged([], 's', [77])), false, 'the stream goes on');
    assert.equal(channel.offered, [...before, 77]);
  }
  return { told: log.join(), offered: before, log, error: e.error };
}

sources('one that calls twice is heard once', () => {
  const { told, offered } = sendingOf(
    source(2, (into, _, done) => {
      into.set([6, 7]);
      done(null, 2);
      done(null, 2);
      done(new Error('late'), 0);
    }),
  );
  assert.equal([told, offered], ['p Success 8', [1, 2, 3, 4, 5, 6, 7, 9]]);
});

sources('one that calls twice, later', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const slow = new HandSource(counting(4));
  socket.sendPacketsAsync(packets(log, 'p', slow));
  const done = slow.waiting[0]?.done;
  slow.answer(2);
  done?.(null, 2);
  done?.(new Error('late'), 0);
  slow.answer();
  runtime.settle();
  done?.(null, 1);
  assert.equal([log, channel.offered], [['p Success 4'], counting(4)]);
});

sources(
  'one that throws, and one that fails: SocketError with its cause; the elements before it count',
  () => {
    const error = new Error('disk');
    for (const read of [
      (): never => {
        throw error;
      },
      (_: Uint8Array, __: number, done: (e: unknown, bytes: number) => void) => done(error, 0),
    ]) {
      const result = sendingOf(source(2, read));
      assert.equal([result.told, result.offered, result.error], ['p SocketError 5', [1, 2, 3, 4, 5], error]);
    }
  },
);

sources('one that calls and then throws is heard once', () => {
  const { told } = sendingOf(
    source(2, (into, _, done) => {
      into.set([6, 7]);
      done(null, 2);
      throw new Error('after');
    }),
  );
  assert.is(told, 'p Success 8');
});

for (const [name, bytes] of [
  ['0', 0],
  ['more than it was asked for', 3],
  ['a negative number', -1],
  ['half a byte', 0.5],
  ['NaN', Number.NaN],
  ['nothing', undefined],
  ['a text', '2'],
] as const) {
  sources(`one that answers ${name}: InvalidArgument, nothing of it is sent`, () => {
    const { told, offered } = sendingOf(source(2, (_, __, done) => done(null, bytes as number)));
    assert.equal([told, offered], ['p InvalidArgument 5', [1, 2, 3, 4, 5]]);
  });
}

sources('one that has become shorter: what it had is out, its element does not count', () => {
  const file = new HandSource(counting(4), { atOnce: true });
  file.length = 6;
  const { told, offered } = sendingOf(file);
  assert.equal([told, offered], ['p InvalidArgument 5', [1, 2, 3, 4, 5, ...counting(4)]]);
});

sources('one that never answers is ended by cancel(), by a deadline, and by close()', () => {
  for (const end of ['cancel', 'deadline', 'close'] as const) {
    const { runtime, socket } = connected();
    const log: string[] = [];
    const e = packets(
      log,
      'p',
      source(2, () => {}),
    );
    e.timeout = 100;
    socket.sendPacketsAsync(e);
    runtime.settle();
    if (end === 'cancel') socket.cancel(e);
    else if (end === 'close') socket.close();
    else runtime.advance(100);
    runtime.settle();
    assert.equal(log, [end === 'deadline' ? 'p TimedOut 0' : 'p OperationAborted 0']);
    assert.is(runtime.timers.size, 0);
  }
});

sources('one whose length is no number of bytes sends nothing, and spoils no numbers', () => {
  for (const length of [Number.NaN, -1, 2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const { runtime, socket } = connected();
    const log: string[] = [];
    const e = packets(
      log,
      'p',
      [1, 2, 3, 4, 5],
      source(length, (_, __, done) => done(null, 0)),
    );
    socket.sendPacketsAsync(e);
    runtime.settle();
    assert.equal(log, ['p InvalidArgument 5'], String(length));
    assert.is(socket.stats.queuedSendBytes, 0, String(length));
  }
});

sources('one that closes the socket while it is read', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.sendPacketsAsync(
    packets(
      log,
      'p',
      source(2, (_, __, done) => {
        socket.close();
        done(null, 2);
      }),
      [1],
    ),
  );
  runtime.settle();
  assert.equal([log, channel.offered], [['p OperationAborted 0'], []]);
});

sources('one that sends on the same socket while it is read: that goes out behind', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.sendPacketsAsync(
    packets(
      log,
      'p',
      source(2, (into, _, done) => {
        socket.sendAsync(logged(log, 's', [7]));
        into.set([1, 2]);
        done(null, 2);
      }),
      [3],
    ),
  );
  runtime.settle();
  assert.equal(
    [log, channel.offered],
    [
      ['p Success 3', 's Success 1'],
      [1, 2, 3, 7],
    ],
  );
});

sources('a source is not closed: it is its owner’s', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  let closes = 0;
  const owned = {
    ...source(1, (into, _, done) => done(null, into.fill(1).length)),
    close: () => void closes++,
  };
  socket.sendPacketsAsync(packets(log, 'p', owned));
  runtime.settle();
  assert.equal([log, closes], [['p Success 1'], 0]);
});

sources.run();

const ports = suite('SendPackets on a datagram socket');

ports('one datagram an element, to the peer; always pending, told later', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  const bytes = Uint8Array.from(counting(10));
  assert.is(
    socket.sendPacketsAsync(packets(log, 'p', [1, 2], null, new SendPacketsElement(bytes, 3, 4))),
    true,
  );
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['p Success 6']);
  assert.equal(port.calls, ['send 2 peer', 'send 4 peer']);
  assert.equal(port.units, [
    [1, 2],
    [3, 4, 5, 6],
  ]);
  assert.equal([socket.stats.datagramsSent, socket.stats.bytesSent, socket.stats.queuedSendBytes], [2, 6, 0]);
});

ports('none, and null ones: Success 0, nothing is sent', () => {
  for (const sourcesOf of [[], [null]] as Sources[]) {
    const { runtime, socket, port } = connectedPort();
    const log: string[] = [];
    socket.sendPacketsAsync(packets(log, 'p', ...sourcesOf));
    runtime.settle();
    assert.equal([log, port.calls], [['p Success 0'], []]);
  }
});

ports('files are datagrams too, a long one behind a short one as well', () => {
  const runtime = new FilesRuntime();
  const { socket, port } = connectedPort({ runtime });
  const log: string[] = [];
  runtime.add('short', counting(3), { atOnce: true });
  runtime.add('long', counting(60), { atOnce: true });
  socket.sendPacketsAsync(packets(log, 'p', 'short', 'long', new SendPacketsElement('long', 10, 50)));
  runtime.settle();
  assert.equal(log, ['p Success 113']);
  assert.equal(port.units, [counting(3), counting(60), counting(50, 10)]);
  assert.equal(runtime.closed, ['short', 'long', 'long']);
});

ports('a file that is read later: nobody is overtaken', () => {
  const runtime = new FilesRuntime();
  const { socket, port } = connectedPort({ runtime });
  const log: string[] = [];
  const file = runtime.add('f', counting(3));
  socket.sendPacketsAsync(packets(log, 'p', [9], 'f', [8]));
  assert.is(socket.sendAsync(logged(log, 's', [7])), true);
  assert.equal(port.units, [[9]]);
  file.answer();
  assert.equal(port.units, [[9], counting(3), [8], [7]]);
  assert.equal(log, ['p Success 5', 's Success 1']);
});

ports('one is down at a time, its memory lent', () => {
  const { socket, port } = connectedPort();
  const log: string[] = [];
  port.answer = 'pending';
  socket.sendPacketsAsync(packets(log, 'p', [1], [2, 3]));
  socket.sendToAsync(sendingTo(log, 's', [4]));
  assert.equal(port.units, [[1]]);
  port.sent();
  assert.equal(port.units, [[1], [2, 3]]);
  assert.is(socket.stats.datagramsSent, 1);
  port.sent();
  assert.equal(log, ['p Success 3']);
  port.sent();
  assert.equal(log, ['p Success 3', 's Success 1']);
  assert.equal(port.units, [[1], [2, 3], [4]]);
});

ports('one that is too large: MessageSize, it is not given down, those before it count', () => {
  for (const bytes of [65_508, SLICE + 1]) {
    const { runtime, socket, port } = connectedPort();
    const log: string[] = [];
    socket.sendPacketsAsync(packets(log, 'p', [1, 2], new Uint8Array(bytes), [3]));
    runtime.settle();
    assert.equal(log, ['p MessageSize 2']);
    assert.equal(port.units, [[1, 2]]);
  }
});

ports(
  'a bad range, a throw, sent() with an error: those before it count, the rest is not sent, the socket goes on',
  () => {
    for (const way of ['range', 'throw', 'sent'] as const) {
      const runtime = new FilesRuntime();
      const { socket, port } = connectedPort({ runtime });
      const log: string[] = [];
      runtime.add('f', counting(3), { atOnce: true });
      port.answer = 'pending';
      socket.sendPacketsAsync(
        packets(log, 'p', [1, 2], new SendPacketsElement('f', 0, way === 'range' ? 4 : 3), [3]),
      );
      if (way === 'throw') port.throws.send = errno('EPERM');
      port.sent();
      if (way === 'sent') port.sent(errno('EPERM'));
      assert.equal(log, [way === 'range' ? 'p InvalidArgument 2' : 'p AccessDenied 2'], way);
      assert.equal(runtime.closed, ['f']);
      assert.is(socket.stats.queuedSendBytes, 0);
      delete port.throws.send;
      port.answer = 'finished';
      assert.is(socket.sendAsync(logged([], 's', [9])), false);
    }
  },
);

ports('cancel(), a deadline, close(), the end of the port: those before it count', () => {
  for (const way of ['cancel', 'deadline', 'close', 'closed'] as const) {
    const { runtime, socket, port } = connectedPort();
    const log: string[] = [];
    port.answer = 'pending';
    const e = packets(log, 'p', [1, 2], [3, 4, 5], [6]);
    e.timeout = 100;
    socket.sendPacketsAsync(e);
    port.sent();
    if (way === 'cancel') socket.cancel(e);
    else if (way === 'deadline') runtime.advance(100);
    else if (way === 'close') socket.close();
    else port.closed(errno('ENETDOWN'));
    runtime.settle();
    if (way !== 'closed') {
      assert.equal(log, [], 'a unit is down');
      port.sent();
    }
    runtime.settle();
    const code = {
      cancel: 'OperationAborted',
      deadline: 'TimedOut',
      close: 'OperationAborted',
      closed: 'NetworkDown',
    }[way];
    assert.is(log.length, 1);
    assert.match(
      log[0] as string,
      new RegExp(`^p ${code} [25]$`),
      `${way}: the unit that was down may count or not`,
    );
    assert.equal(port.units.length, 2);
  }
});

ports('cancel() while a file is read ends it at once; those before it count', () => {
  const runtime = new FilesRuntime();
  const { socket, port } = connectedPort({ runtime });
  const log: string[] = [];
  const file = runtime.add('f', counting(3));
  const e = packets(log, 'p', [1, 2], 'f');
  socket.sendPacketsAsync(e);
  socket.cancel(e);
  runtime.settle();
  assert.equal([log, runtime.closed], [['p OperationAborted 2'], ['f']]);
  file.answer();
  runtime.settle();
  assert.equal([log.length, port.units], [1, [[1, 2]]]);
});

ports('closed() inside send() ends it, once', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  port.during.send = () => port.closed(errno('ENETDOWN'));
  socket.sendPacketsAsync(packets(log, 'p', [1], [2]));
  runtime.settle();
  assert.equal(log, ['p NetworkDown 0']);
});

ports('the same args goes on to SendTo', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  const e = packets(log, 'p', [1]);
  socket.sendPacketsAsync(e);
  runtime.settle();
  e.setBuffer(Uint8Array.of(2, 3));
  e.remoteEndPoint = PEER;
  assert.is(socket.sendToAsync(e), false);
  assert.equal([outcome(e), port.units], ['Success 2', [[1], [2, 3]]]);
});

ports('Disconnect dissolves the peer, after success', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  const e = packets(log, 'p', [1]);
  e.sendPacketsFlags = TransmitFileOptions.Disconnect;
  socket.sendPacketsAsync(e);
  runtime.settle();
  assert.equal(log, ['p Success 1']);
  assert.equal([socket.connected, port.calls], [false, ['send 1 peer', 'connect null']]);
});

ports('shutdown(Send): NotSupportedError; bytes last moved when the last went out', () => {
  const { runtime, socket } = connectedPort();
  const log: string[] = [];
  runtime.time += 50;
  socket.sendPacketsAsync(packets(log, 'p', [1]));
  assert.is(socket.stats.lastActivityAt, runtime.time);
  runtime.settle();
  socket.shutdown(SocketShutdown.Send);
  throws(() => socket.sendPacketsAsync(packets(log, 'p', [1])), NotSupportedError);
  assert.is(SocketError.Success, 0);
});

ports.run();
