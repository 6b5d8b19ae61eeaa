// A platform without setImmediate, process and WebAssembly, as others are: the globals go, and platform.ts is loaded once more.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Runtime } from '../src/transport.ts';

const elsewhere = suite('platformRuntime without Node');

interface Platform {
  readonly platformRuntime: Runtime;
  readonly undetachableBlock: (bytes: number) => Uint8Array;
}

/** Lets a copy of platform.ts of its own do something while a global is another, or gone. */
async function instead<T>(
  name: string,
  value: unknown,
  act: (platform: Platform) => T | Promise<T>,
): Promise<T> {
  const kept = Object.getOwnPropertyDescriptor(globalThis, name) as PropertyDescriptor;
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return await act((await import(`../src/platform.ts?instead=${name}${copies++}`)) as Platform);
  } finally {
    Object.defineProperty(globalThis, name, kept);
  }
}

let copies = 0;

elsewhere('without process there are no contexts', async () => {
  await instead('process', undefined, ({ platformRuntime }) => assert.is(platformRuntime.context, undefined));
  await instead('process', {}, ({ platformRuntime }) => assert.is(platformRuntime.context, undefined));
});

elsewhere('without process there are no files, nor where it has no modules for them', async () => {
  for (const value of [undefined, {}, { getBuiltinModule: () => undefined }])
    await instead('process', value, ({ platformRuntime }) => assert.is(platformRuntime.openFile, undefined));
});

elsewhere('without WebAssembly, or room for it, a block is plain memory', async () => {
  function Memory(): never {
    throw new RangeError('no room');
  }
  for (const value of [undefined, { Memory }]) {
    await instead('WebAssembly', value, ({ undetachableBlock }) => {
      const block = undetachableBlock(100);
      assert.equal([block.byteLength, block.buffer.byteLength], [100, 100]);
    });
  }
});

elsewhere('without setImmediate defer() sends messages: macrotasks still, first in first out', async () => {
  const RealChannel = MessageChannel;
  const opened: InstanceType<typeof RealChannel>[] = [];
  class Channel extends RealChannel {
    constructor() {
      super();
      opened.push(this);
    }
  }
  try {
    await instead('MessageChannel', Channel, () =>
      instead('setImmediate', undefined, async ({ platformRuntime }) => {
        const log: string[] = [];
        await new Promise<void>((go) => {
          platformRuntime.defer((arg: string) => log.push(arg), 'first');
          platformRuntime.defer((arg: string) => {
            log.push(arg);
            platformRuntime.defer(go, undefined);
          }, 'second');
          void Promise.resolve().then(() => log.push('microtask'));
          log.push('call');
        });
        assert.equal(log, ['call', 'microtask', 'first', 'second']);
      }),
    );
    assert.is(opened.length, 1);
  } finally {
    for (const { port1 } of opened) port1.close();
  }
});

elsewhere.run();
