// Small trees, each with one mistake, and the one line that must come of it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { check } from '../check-imports.mjs';

const test = suite('check-imports');

test('a tree that keeps the rules passes', () => {
  const lines = findingsIn({
    'packages/core/src/index.ts': "export { socket } from './socket.ts';\n",
    'packages/core/src/socket.ts':
      "import { EventEmitter } from 'eventemitter3';\nimport { now } from './platform.ts';\nexport const socket = [EventEmitter, now];\n",
    'packages/core/src/platform.ts': 'export const now = () => performance.now();\n',
    'packages/core/src/env.d.ts': 'declare function setTimeout(run: () => void): unknown;\n',
    'packages/core/test/a.test.ts':
      "import { test } from 'uvu';\nimport { socket } from '../src/socket.ts';\ntest('a', () => void socket);\n",
    'packages/tcp/src/index.ts':
      "import net from 'node:net';\nimport { socket } from '@proactor/core';\nexport { net, socket };\n",
    'packages/tcp/test/a.test.ts': "import { pair } from '@proactor/testing';\nvoid pair;\n",
    'examples/a.ts': "import { tcp } from '@proactor/tcp';\nimport { b } from './b.ts';\n",
  });
  assert.equal(lines, []);
});

const refused = {
  'a Node module in core': [
    { 'packages/core/src/a.ts': "\nimport { connect } from 'node:net';\nexport const a = connect;\n" },
    /^packages\/core\/src\/a\.ts:2: Cannot import 'node:net'/,
  ],
  'a Node module in core, as a type': [
    { 'packages/core/src/a.ts': "import type {\n  Socket,\n} from 'node:net';\nexport type A = Socket;\n" },
    /a\.ts:3: Cannot import 'node:net'/,
  ],
  'a Node module in core, dynamically': [
    { 'packages/core/src/a.ts': "export const a = () => import('node:net');\n" },
    /a\.ts:1: Cannot import 'node:net'/,
  ],
  'a re-export in testing': [
    { 'packages/testing/src/a.ts': "export * from 'uvu';\n" },
    /packages\/testing\/src\/a\.ts:1: Cannot import 'uvu'/,
  ],
  'tcp that sees udp': [
    { 'packages/tcp/src/a.ts': "import { udp } from '@proactor/udp';\nvoid udp;\n" },
    /packages\/tcp\/src\/a\.ts:1: Cannot import '@proactor\/udp'/,
  ],
  'udp that sees tcp': [
    { 'packages/udp/test/a.test.ts': "import { tcp } from '@proactor/tcp';\nvoid tcp;\n" },
    /packages\/udp\/test\/a\.test\.ts:1: Cannot import '@proactor\/tcp'/,
  ],
  'tests of core that import testing': [
    { 'packages/core/test/a.test.ts': "import { pair } from '@proactor/testing';\nvoid pair;\n" },
    /packages\/core\/test\/a\.test\.ts:1: Cannot import '@proactor\/testing'/,
  ],
  'a path into another package': [
    { 'packages/tcp/src/a.ts': "import { b } from '../../core/src/b.ts';\nvoid b;\n" },
    /a\.ts:1: Cannot import '..\/..\/core\/src\/b\.ts': packages\/tcp\/src reaches no further/,
  ],
  'an index.ts by path': [
    { 'packages/tcp/src/a.ts': "import { b } from './index.ts';\nvoid b;\n" },
    /a\.ts:1: Cannot import '\.\/index\.ts': index\.ts is the public list/,
  ],
  'a cycle of values': [
    {
      'packages/tcp/src/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'packages/tcp/src/b.ts': "import { c } from './c.ts';\nexport const b = () => c;\n",
      'packages/tcp/src/c.ts': "import { type A, a } from './a.ts';\nexport const c = (): A => a;\n",
    },
    /^packages\/tcp\/src\/c\.ts:1: Cannot import in a circle: a\.ts → b\.ts → c\.ts → a\.ts$/,
  ],
  'a global in core': [
    {
      'packages/core/src/a.ts':
        'interface Runtime {\n  setTimeout(): void;\n}\nexport const a = (runtime: Runtime) => runtime.setTimeout();\nexport const b = () => [1].map(() => setTimeout);\n',
    },
    /^packages\/core\/src\/a\.ts:5: Cannot use the global setTimeout/,
  ],
  'a slice in the sources': [
    {
      'packages/core/src/a.ts':
        "// .slice() copies\nexport const a = (b: Uint8Array, c = '.slice(') => [b.slice(1), c];\n",
    },
    /^packages\/core\/src\/a\.ts:2: Cannot use \.slice\(\)/,
  ],
};

for (const [what, [tree, line]] of Object.entries(refused)) {
  test(`${what} is refused in one line`, () => {
    const lines = findingsIn(tree);
    assert.is(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], line);
  });
}

const allowed = {
  'a cycle of which one side is types only': {
    'packages/tcp/src/a.ts': "import { b } from './b.ts';\nexport type A = typeof b;\n",
    'packages/tcp/src/b.ts': "import type { A } from './a.ts';\nexport const b = (a: A) => a;\n",
  },
  'a cycle whose names are all types': {
    'packages/tcp/src/a.ts': "import { b } from './b.ts';\nexport type A = typeof b;\n",
    'packages/tcp/src/b.ts':
      "import { type A, type A as B } from './a.ts';\nexport const b = (a: A | B) => a;\n",
  },
  'a local name like a global': {
    'packages/core/src/a.ts': 'export const a = (process: number) => ({ self: process, URL: process });\n',
  },
  'a slice with its reason': {
    'packages/core/src/a.ts':
      'export const a = (b: Uint8Array) => b.slice(); // slice: the caller keeps this copy\n',
  },
  'an import in a comment': {
    'packages/core/src/a.ts': "/**\n import { a } from 'node:net';\n */\nexport const a = 1;\n",
  },
};

for (const [what, tree] of Object.entries(allowed)) {
  test(`${what} is fine`, () => {
    assert.equal(findingsIn(tree), []);
  });
}

test.run();

function findingsIn(tree) {
  const root = mkdtempSync(join(tmpdir(), 'check-imports-'));
  try {
    for (const [name, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return check(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
