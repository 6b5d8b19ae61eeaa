// A platform without setImmediate, process and WebAssembly, as a browser is: the globals go before platform.ts is loaded.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Runtime } from '../src/transport.ts';

const elsewhere = suite('platformRuntime without Node');

interface Platform {
  readonly platformRuntime: Runtime;
  readonly undetachableBlock: (bytes: number) => Uint8Array;
}

/** Loads platform.ts once more, with these globals gone. */
async function without(...names: readonly string[]): Promise<Platform> {
  const kept = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names)
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
  try {
    return (await import(`../src/platform.ts?without=${names.join('+')}`)) as Platform;
  } finally {
    names.forEach((name, i) => {
      const descriptor = kept[i];
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    });
  }
}

elsewhere('without process there are no contexts', async () => {
  const { platformRuntime } = await without('process');
  assert.is(platformRuntime.context, undefined);
});

elsewhere('without WebAssembly a block is plain memory', async () => {
  const { undetachableBlock } = await without('WebAssembly');
  const block = undetachableBlock(100);
  assert.equal([block.byteLength, block.buffer.byteLength], [100, block.buffer.byteLength]);
});

elsewhere.run();
