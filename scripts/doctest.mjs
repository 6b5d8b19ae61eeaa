// Type-checks and runs every ```ts and ```js block of the documents, so that what they show is true:
//   node scripts/doctest.mjs [DOCUMENT …]
// A first line `// echo.ts` names the block's file; the blocks of one document share a folder, so a later one may import
// an earlier one. Words after the language say how a block is treated:
//   serves    it does not end by itself: once it prints `listening on HOST:PORT` it must echo, then it is interrupted
//   no-run    type-checked only
//   fragment  neither; counted, so that they stay few
// The port 7000 becomes a free one. In js blocks a parameter may stay without a type; all else is strict in both.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';

const RUN_MS_MAX = 30_000;

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the workspace, so that the packages' names resolve as they do for the examples.
const outFolder = join(root, '.cache/doctest');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
const languages = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js', mjs: 'js' };
const flags = ['serves', 'no-run', 'fragment'];

rmSync(outFolder, { recursive: true, force: true });
const documents =
  process.argv.length > 2 ? process.argv.slice(2).map((name) => resolve(name)) : everyDocument();
const blocks = (await Promise.all(documents.map(writeDocument))).flat();
const fragments = blocks.filter((block) => block.flag === 'fragment');
const tried = blocks.filter((block) => block.flag !== 'fragment');
await typeCheck(tried);
await runDocuments();

for (const { place, failure } of tried) if (failure) console.error(`\nFAIL  ${place}: ${failure.trimEnd()}`);
const failedCount = tried.filter((block) => block.failure).length;
if (fragments.length > 0) console.log(`doc: ${fragments.length} fragments, neither checked nor run`);
console.log(`doc: ${tried.length - failedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount > 0 || tried.length === 0 ? 1 : 0;

function everyDocument() {
  const docs = join(root, 'docs');
  const pages = existsSync(docs)
    ? readdirSync(docs, { recursive: true }).map((name) => join(docs, String(name)))
    : [];
  return [
    join(root, 'README.md'),
    ...packages.map((folder) => join(folder, 'README.md')),
    ...pages.sort(),
  ].filter((file) => file.endsWith('.md') && existsSync(file));
}

/** Writes the blocks of one document into one folder and says where each came from. */
async function writeDocument(file) {
  const name = relative(root, file);
  const folder = join(outFolder, name.replace(/[^\w]+/g, '-'));
  const port = String(await freePort());
  const found = blocksOf(readFileSync(file, 'utf8')).map((block) => ({
    ...block,
    place: `${name}:${block.line}`,
  }));
  mkdirSync(folder, { recursive: true });
  for (const block of found) {
    if (block.failure || block.flag === 'fragment') continue;
    block.file = join(folder, block.name ?? `block-${block.line}.${block.language === 'ts' ? 'ts' : 'mjs'}`);
    block.document = name;
    if (existsSync(block.file)) block.failure = `${block.name} is the name of an earlier block, too`;
    else writeFileSync(block.file, block.text.replace(/\b7000\b/g, port));
  }
  return found;
}

function blocksOf(markdown) {
  const found = [];
  const fence = /^( *)(`{3,}|~{3,})([\w-]+)([^\n]*)\n([\s\S]*?)^ *\2[ \t]*$/gm;
  for (const { index, 1: indent, 3: word, 4: info, 5: body } of markdown.matchAll(fence)) {
    const language = languages[word];
    if (language === undefined) continue;
    const [flag, ...more] = info.trim().split(/\s+/).filter(Boolean);
    const text = body.replace(new RegExp(`^ {0,${indent.length}}`, 'gm'), '');
    const line = markdown.substring(0, index).split('\n').length;
    const name = /^\/\/ ([\w-]+\.m?[jt]s)[ \t]*\n/.exec(text)?.[1];
    const known = more.length === 0 && (flag === undefined || flags.includes(flag));
    found.push({
      line,
      language,
      flag,
      name,
      text,
      ...(known ? {} : { failure: `unknown words: ${info.trim()}` }),
    });
  }
  return found;
}

/** Two projects, as JavaScript is held to a little less; the packages' declarations are built first where needed. */
async function typeCheck(all) {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    allowJs: true,
    noEmit: true,
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    moduleDetection: 'force',
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    customConditions: ['@proactor/source'],
  };
  const kinds = { ts: {}, js: { checkJs: true, noImplicitAny: false } };
  for (const [language, own] of Object.entries(kinds)) {
    const files = all.filter((block) => block.file && block.language === language).map((block) => block.file);
    if (files.length === 0) continue;
    const config = join(outFolder, `${language}.json`);
    const references = packages.map((path) => ({ path }));
    writeFileSync(
      config,
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...own }, files, references }),
    );
    const { code, output } = await execute([tsc, '-b', config, '--pretty', 'false'], root);
    if (code !== 0) blame(all, output);
  }
}

/** Gives each message of the compiler to its block, with the line of the document. */
function blame(all, output) {
  let last;
  let foundAny = false;
  for (const text of output.split('\n')) {
    const match = /^(.+?)\((\d+),\d+\): (.*)$/.exec(text);
    if (match) last = all.find((block) => block.file === resolve(root, match[1]));
    if (!last) continue;
    foundAny = true;
    const where = match ? `line ${last.line + Number(match[2])}: ${match[3]}` : text;
    last.failure = `${last.failure ?? ''}\n    ${where}`;
  }
  if (!foundAny) all[0].failure = `the packages do not compile\n${output}`;
}

/** Documents side by side, the blocks of one in their order: they share a port. */
async function runDocuments() {
  const waiting = documents.map((file) => tried.filter((block) => block.document === relative(root, file)));
  const work = async () => {
    for (let some = waiting.shift(); some !== undefined; some = waiting.shift()) {
      for (const block of some) {
        if (block.failure || block.flag === 'no-run') continue;
        block.failure = block.flag === 'serves' ? await serve(block) : await runToEnd(block);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

function nodeArguments(file) {
  const hooks = pathToFileURL(join(root, 'scripts/ts-hooks.mjs')).href;
  return ['--conditions=@proactor/source', '--enable-source-maps', `--import=${hooks}`, file];
}

async function runToEnd({ file }) {
  const { code, output } = await execute(nodeArguments(file), dirname(file));
  return code === 0 ? undefined : `exit ${code}\n${output}`;
}

function serve({ file }) {
  return new Promise((settle) => {
    const child = spawn(process.execPath, nodeArguments(file), {
      cwd: dirname(file),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let verdict = `no 'listening on HOST:PORT' within ${RUN_MS_MAX} ms`;
    let asked = false;
    const stop = (reason) => {
      verdict = reason;
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    };
    const timer = setTimeout(() => stop(verdict), RUN_MS_MAX);
    const take = (text) => {
      output += text;
      const match = /listening on \[?([^\s\]]+?)\]?:(\d+)/.exec(output);
      if (!match || asked) return;
      asked = true;
      askForEcho(match[1], Number(match[2])).then(stop, (error) => stop(error.message));
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (!asked && code !== null) verdict = `ended with ${code} before it served`;
      settle(verdict && `${verdict}\n${output}`);
    });
  });
}

/** Resolves with what is wrong, or with nothing when the bytes and an end came back. */
function askForEcho(host, port) {
  return new Promise((settle) => {
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 251));
    const socket = connect({ host, port });
    const received = [];
    socket.setTimeout(5000, () => socket.destroy(new Error('nothing came for 5 s')));
    socket.on('connect', () => socket.end(sent));
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('end', () =>
      settle(Buffer.concat(received).equals(sent) ? undefined : 'other bytes came back than were sent'),
    );
    socket.on('error', (error) => settle(`the connection failed: ${error.message}`));
  });
}

function execute(args, cwd) {
  return new Promise((settle) => {
    execFile(process.execPath, args, { cwd, timeout: RUN_MS_MAX }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.killed ? `by force after ${RUN_MS_MAX} ms` : error.code;
      settle({ code, output: stdout + stderr });
    });
  });
}

function freePort() {
  return new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}
