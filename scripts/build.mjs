// Builds dist/ of every package: declarations by tsc, JavaScript by esbuild, one file for one module, so that whoever
// imports one thing pays for that thing only (a bundle keeps all of eventemitter3 alive).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);

/** Every file is an entry point, and every relative import stays an import, under the name that dist gives it. */
const importsKept = {
  name: 'imports-kept',
  setup(plugin) {
    plugin.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

emitDeclarations();
for (const name of packages) {
  const folder = join(root, 'packages', name);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  await writeModules(folder);
  const written = writeDeclarations(join(root, '.cache/ts', name), folder);
  if (!written.includes('index.d.ts')) throw new Error(`Cannot build ${name}: no index.d.ts came out`);
  console.log(`built ${name}: ${written.filter((file) => file.endsWith('.d.ts')).length} modules`);
}

// tsc writes below .cache/ts, next to its own notes: it does not look whether its output is still there, so the two
// must only ever vanish together.
function emitDeclarations() {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  const projects = packages.map((name) => join('packages', name));
  const { status } = spawnSync(process.execPath, [tsc, '-b', ...projects], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

async function writeModules(folder) {
  const outbase = join(folder, 'src');
  const entryPoints = filesBelow(outbase)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(outbase, name));
  await build({
    entryPoints,
    outbase,
    outdir: join(folder, 'dist'),
    bundle: true, // only a bundle asks the plug-in about imports
    packages: 'external',
    plugins: [importsKept],
    platform: 'neutral',
    format: 'esm',
    target: ['node20', 'chrome111', 'firefox111', 'safari16.4'],
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}

/** Copies the declarations, naming modules as they are called in dist; the same length, so that maps stay right. */
function writeDeclarations(from, folder) {
  const into = join(folder, 'dist');
  const files = filesBelow(from)
    .filter((name) => /\.d\.ts(?:\.map)?$/.test(name))
    .filter((name) => existsSync(join(folder, 'src', name.replace(/\.d\.ts(?:\.map)?$/, '.ts')))); // it may be gone
  for (const name of files) {
    const [source, target] = [join(from, name), join(into, name)];
    mkdirSync(dirname(target), { recursive: true });
    if (name.endsWith('.map')) {
      const map = JSON.parse(readFileSync(source, 'utf8'));
      map.sources = map.sources.map((path) =>
        slashes(relative(dirname(target), resolve(dirname(source), path))),
      );
      writeFileSync(target, JSON.stringify(map));
    } else {
      const text = readFileSync(source, 'utf8');
      writeFileSync(
        target,
        text.replace(/((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"']*)\.ts(["'])/g, '$1.js$2'),
      );
    }
  }
  return files;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => slashes(String(name)));
}

function slashes(path) {
  return path.replaceAll('\\', '/');
}
