// Packs every package as it would be published and tries the tarballs from outside: what is in them, what publint and
// attw say, and whether each one alone can be installed in an empty project, imported, required and type-checked.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const names = ['core', 'tcp', 'udp', 'testing'];
/** These promise to compile where there are neither Node's types nor the DOM's. */
const withoutHostTypes = ['core', 'testing'];

const folder = mkdtempSync(join(tmpdir(), 'pack-check-'));
const problems = [];
try {
  if ((await run('build', process.execPath, ['scripts/build.mjs'])) !== undefined) {
    const tarballs = await packAll();
    await Promise.all(names.map((name) => checkPackage(name, tarballs)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`\n${problem}`);
if (problems.length > 0) process.exitCode = 1;

async function packAll() {
  // Only pnpm puts versions in place of `workspace:` and `catalog:`, and publishConfig in place of exports.
  const only = names.flatMap((name) => ['--filter', `@proactor/${name}`]);
  const args = ['--yes', packageManager, ...only, '--recursive', 'pack', '--pack-destination', folder];
  await run('pack', 'npx', args, { env: { ...process.env, CI: 'true' } });
  const files = readdirSync(folder);
  return Object.fromEntries(
    names.map((name) => {
      const file = files.find((candidate) => candidate.startsWith(`proactor-${name}-`));
      if (file === undefined) throw new Error(`Cannot check ${name}: pnpm pack made no tarball`);
      return [name, join(folder, file)];
    }),
  );
}

async function checkPackage(name, tarballs) {
  const before = problems.length;
  const tarball = tarballs[name];
  await checkContents(name, tarball);
  await checkWithPublint(name, tarball);
  await run(`${name}: attw`, process.execPath, [
    attw,
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
    '--no-color',
  ]);
  await checkInstalled(name, tarballs);
  if (problems.length === before)
    console.log(`packed ${name}: contents, publint, attw, import, require, types`);
}

async function checkContents(name, tarball) {
  const files = (await run(`${name}: list`, 'tar', ['-tzf', tarball]))
    .split('\n')
    .filter(Boolean)
    .map((file) => file.replace(/^package\//, ''));
  const allowed = /^(?:(?:dist|src)\/.+|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
  for (const file of files) {
    if (!allowed.test(file) || /\.test\.|(?:^|\/)tests?\/|tsbuildinfo/.test(file))
      report(name, `holds ${file}`);
  }
  for (const file of [
    'dist/index.js',
    'dist/index.d.ts',
    'src/index.ts',
    'README.md',
    'LICENSE',
    'package.json',
  ]) {
    if (!files.includes(file)) report(name, `holds no ${file}`);
  }
  const manifest = await run(`${name}: manifest`, 'tar', ['-xzOf', tarball, 'package/package.json']);
  for (const leftover of ['workspace:', 'catalog:', '@proactor/source']) {
    if (manifest.includes(leftover)) report(name, `package.json still says ${leftover}`);
  }
}

async function checkWithPublint(name, tarball) {
  const { buffer } = new Uint8Array(readFileSync(tarball)); // not readFileSync's own, which may be part of a pool
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  for (const message of messages) report(name, `publint: ${formatMessage(message, pkg)}`);
}

/** An empty project, with the one package in it and only what that brings along. */
async function checkInstalled(name, tarballs) {
  const project = join(folder, name);
  const self = `@proactor/${name}`;
  const others = names
    .filter((other) => other !== name)
    .map((other) => [`@proactor/${other}`, `file:${tarballs[other]}`]);
  const nodeTypes = withoutHostTypes.includes(name)
    ? {}
    : { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2023',
    lib: ['es2023'],
    types: [],
    ...nodeTypes,
  };
  const consumer = `import * as everything from '${self}';\nexport const names: string[] = Object.keys(everything);\n`;
  const files = {
    'package.json': {
      private: true,
      dependencies: { [self]: `file:${tarballs[name]}` },
      overrides: Object.fromEntries(others),
    },
    'nodenext.json': {
      compilerOptions: { ...compilerOptions, module: 'nodenext' },
      files: ['a.mts', 'b.cts'],
    },
    'bundler.json': {
      compilerOptions: { ...compilerOptions, module: 'esnext', moduleResolution: 'bundler' },
      files: ['a.mts'],
    },
    'a.mts': consumer,
    'b.cts': `import everything = require('${self}');\nexport const names: string[] = Object.keys(everything);\n`,
    'import.mjs': `import * as everything from '${self}';\nif (Object.keys(everything).length === 0) throw new Error('nothing came');\n`,
    'require.cjs': `if (Object.keys(require('${self}')).length === 0) throw new Error('nothing came');\n`,
  };
  mkdirSync(project);
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(project, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const npm = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefer-offline',
    '--loglevel=error',
  ];
  if ((await run(`${name}: install`, 'npm', npm, { cwd: project })) === undefined) return;
  for (const file of ['import.mjs', 'require.cjs']) {
    await run(`${name}: ${file}`, process.execPath, [file], { cwd: project });
  }
  for (const config of ['nodenext.json', 'bundler.json']) {
    await run(`${name}: types, ${config}`, process.execPath, [tsc, '-p', config], { cwd: project });
  }
}

/** The output, or undefined when the command failed; that is a problem of its own then. */
function run(what, command, args, options = {}) {
  return new Promise((settle) => {
    const onWindows = process.platform === 'win32' && !command.endsWith('.exe');
    execFile(command, args, { cwd: root, shell: onWindows, ...options }, (error, stdout, stderr) => {
      if (error !== null) problems.push(`FAIL  ${what}\n${stdout}${stderr}`.trimEnd());
      settle(error === null ? stdout : undefined);
    });
  });
}

function report(name, message) {
  problems.push(`FAIL  ${name}: ${message}`);
}
