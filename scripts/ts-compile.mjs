// Turns one TypeScript file into one module, by esbuild, and keeps the result: most runs compile nothing and do not
// even load esbuild. The cache is shared by parallel processes, so an entry appears whole (rename) or not at all.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const cacheFolder = new URL('../.cache/ts-compile/', import.meta.url);

/** Node 20 is the oldest that must run the result, which is also why `using` is lowered. */
const options = { loader: 'ts', format: 'esm', target: 'node20', sourcemap: 'inline', sourcesContent: false };
const salt = JSON.stringify([require('esbuild/package.json').version, options]);

export const isTypeScript = (url) => url.startsWith('file:') && /\.[cm]?ts(?:[?#]|$)/.test(url);

export function compile(url) {
  const file = fileURLToPath(url);
  const text = readFileSync(file, 'utf8');
  const key = createHash('sha1').update(`${salt}\0${file}\0${text}`).digest('hex');
  const entry = new URL(`${key}.mjs`, cacheFolder);
  return { format: 'module', source: read(entry) ?? keep(entry, transform(text, file)), shortCircuit: true };
}

// The same in the shape of an asynchronous loader, for module.register() on older Nodes.
export const load = async (url, context, next) => (isTypeScript(url) ? compile(url) : next(url, context));

function transform(text, file) {
  const { transformSync } = require('esbuild');
  return transformSync(text, { ...options, sourcefile: file }).code;
}

function read(entry) {
  try {
    return readFileSync(entry, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function keep(entry, code) {
  // Threads of one process share its id: the random part keeps their files apart.
  const unfinished = new URL(`${process.pid}-${Math.random().toString(36).substring(2)}.tmp`, cacheFolder);
  try {
    mkdirSync(cacheFolder, { recursive: true });
    writeFileSync(unfinished, code);
    renameSync(unfinished, entry);
  } catch {
    // A read-only or full disk only costs time. The compiled code is right all the same.
    rmSync(unfinished, { force: true });
  }
  return code;
}
