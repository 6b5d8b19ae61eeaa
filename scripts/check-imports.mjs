// Says who imports what it must not, one line for each finding: node scripts/check-imports.mjs
// The rules are the table below; besides them, for the sources of the packages: no import of an index.ts by path, no
// cycle of value imports, no `.slice(` (on a Uint8Array it copies, on a Buffer it does not: `subarray` or `substring`
// says which), and in core the host's globals stay in platform.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const testTools = ['uvu', 'uvu/assert', 'fast-check', 'node:'];
const everyPackage = ['core', 'tcp', 'udp', 'testing'].map((name) => `@proactor/${name}`);

/** A folder, how far its relative imports may reach, and what else it may import; `node:` stands for all of Node. */
const areas = [
  { folder: 'packages/core/src', within: 'packages/core/src', may: ['eventemitter3'] },
  { folder: 'packages/testing/src', within: 'packages/testing/src', may: ['@proactor/core'] },
  { folder: 'packages/tcp/src', within: 'packages/tcp/src', may: ['@proactor/core', 'node:'] },
  { folder: 'packages/udp/src', within: 'packages/udp/src', may: ['@proactor/core', 'node:'] },
  {
    folder: 'packages/core/test',
    within: 'packages/core',
    may: ['@proactor/core', 'eventemitter3', ...testTools],
  },
  {
    folder: 'packages/testing/test',
    within: 'packages/testing',
    may: ['@proactor/core', '@proactor/testing', ...testTools],
  },
  {
    folder: 'packages/tcp/test',
    within: 'packages/tcp',
    may: ['@proactor/core', '@proactor/tcp', '@proactor/testing', ...testTools],
  },
  {
    folder: 'packages/udp/test',
    within: 'packages/udp',
    may: ['@proactor/core', '@proactor/udp', '@proactor/testing', ...testTools],
  },
  { folder: 'examples', within: 'examples', may: [...everyPackage, 'dns-packet', ...testTools] },
  { folder: 'tools/parity', within: 'tools/parity', may: [...everyPackage, ...testTools] },
  { folder: 'bench', within: 'bench', may: [...everyPackage, 'eventemitter3', 'tinybench', ...testTools] },
];

/** What a host adds to the language. Core meets it in one file only, so that it runs on any host. */
const hostGlobals = `
  process Buffer globalThis global window self navigator console WebAssembly require module __dirname __filename
  setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask performance
  MessageChannel AbortController AbortSignal Event EventTarget structuredClone TextEncoder TextDecoder URL crypto fetch
`
  .trim()
  .split(/\s+/);

let root;
let findings;
let fileCount;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const line of check(fileURLToPath(new URL('..', import.meta.url)))) console.log(line);
  if (findings.length > 0) process.exitCode = 1;
  else console.log(`imports: ${fileCount} files, nothing found`);
}

/** The findings in the tree below a folder, one line each. */
export function check(folder) {
  root = folder;
  findings = [];
  fileCount = 0;
  for (const area of areas) checkArea(area);
  return findings;
}

function checkArea(area) {
  const isSource = area.folder.endsWith('/src');
  const graph = new Map();
  for (const file of typeScriptBelow(area.folder)) {
    fileCount += 1;
    const text = readFileSync(join(root, file), 'utf8');
    const found = importsOf(text);
    for (const entry of found) checkImport(area, file, entry);
    if (!isSource || file.endsWith('.d.ts')) continue;
    checkSlices(file, text);
    if (area.folder === 'packages/core/src' && file !== 'packages/core/src/platform.ts')
      checkGlobals(file, text);
    graph.set(
      file,
      found.filter((entry) => !entry.typeOnly && entry.from.startsWith('.')),
    );
  }
  reportCycles(graph);
}

function checkImport(area, file, { from, line }) {
  if (from.startsWith('.')) {
    const target = slashes(relative(root, resolve(root, dirname(file), from)));
    if (!`${target}/`.startsWith(`${area.within}/`)) {
      add(
        file,
        line,
        `Cannot import '${from}': ${area.folder} reaches no further than ${area.within}, import by name`,
      );
    } else if (/(?:^|\/)index\.[jt]s$/.test(target)) {
      add(
        file,
        line,
        `Cannot import '${from}': index.ts is the public list, import the package by its name or the file itself`,
      );
    }
  } else if (!area.may.some((name) => from === name || (name === 'node:' && from.startsWith(name)))) {
    add(
      file,
      line,
      `Cannot import '${from}': ${area.folder} may import ${area.may.join(', ')} and its own files`,
    );
  }
}

/** Every static, re-exporting and dynamic import with a literal name. */
function importsOf(text) {
  const code = withoutComments(text);
  const statement = /^[ \t]*(import|export)\b([^'"`;=]*?)(?:\bfrom\s*)?(['"])([^'"\n]+)\3/gm;
  const dynamic = /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g;
  const found = [];
  for (const match of code.matchAll(statement)) {
    if (match[1] === 'export' && !/\bfrom\s*['"]/.test(match[0])) continue;
    if (match[2].includes('(')) continue; // a dynamic import, found below
    const offset = match.index + match[0].length;
    found.push({ from: match[4], line: lineAt(code, offset), typeOnly: isTypeOnly(match[2]) });
  }
  for (const match of code.matchAll(dynamic)) {
    // Run later, when both modules are complete: no cycle in the sense of the rule.
    found.push({ from: match[2], line: lineAt(code, match.index), typeOnly: true });
  }
  return found;
}

function isTypeOnly(clause) {
  if (/^\s*type\b(?!\s*,|\s*from)/.test(clause)) return true;
  const braces = /^\s*\{([^}]*)\}/.exec(clause);
  const names =
    braces?.[1]
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return names.length > 0 && names.every((name) => name.startsWith('type '));
}

function checkSlices(file, text) {
  const lines = text.split('\n');
  for (const match of withoutComments(text, true).matchAll(/\.slice\s*\(/g)) {
    const line = lineAt(text, match.index);
    if (/\/\/ slice: \S/.test(lines[line - 1])) continue;
    add(
      file,
      line,
      "Cannot use .slice(): subarray for a view, substring for text, or say why with '// slice: …'",
    );
  }
}

/** esbuild knows scopes: it renames what really is a global, and its source map says where that stood. */
function checkGlobals(file, text) {
  const mark = (name) => `hostGlobal$${name}`;
  const define = Object.fromEntries(hostGlobals.map((name) => [name, mark(name)]));
  const { code, map } = transformSync(text, { loader: 'ts', define, sourcemap: true, sourcefile: file });
  const origin = new SourceMap(JSON.parse(map));
  const seen = new Set();
  for (const match of code.matchAll(/\bhostGlobal\$(\w+)/g)) {
    const line = lineAt(code, match.index);
    const column = match.index - (code.lastIndexOf('\n', match.index) + 1);
    const { originalLine } = origin.findEntry(line - 1, column);
    if (seen.has(`${match[1]} ${originalLine}`)) continue;
    seen.add(`${match[1]} ${originalLine}`);
    add(file, originalLine + 1, `Cannot use the global ${match[1]}: in core only platform.ts meets the host`);
  }
}

/** Walks depth first; an import that leads back to a file on the path closes a cycle. */
function reportCycles(graph) {
  const done = new Set();
  const path = [];
  const visit = (file) => {
    path.push(file);
    for (const { from, line } of graph.get(file) ?? []) {
      const target = slashes(relative(root, resolve(root, dirname(file), from)));
      const start = path.indexOf(target);
      if (start >= 0) {
        const names = [...path.slice(start), target].map((name) => name.replace(/^packages\/\w+\/src\//, ''));
        add(file, line, `Cannot import in a circle: ${names.join(' → ')}`);
      } else if (!done.has(target)) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) if (!done.has(file)) visit(file);
}

/** Blanks comments, and strings too if asked, and keeps every offset. */
function withoutComments(text, stringsToo = false) {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replace(token, (part) => {
    const isComment = part.startsWith('/');
    // In a template there is code between the braces: it stays, at the price of the words around it.
    return isComment || (stringsToo && !part.startsWith('`')) ? part.replace(/[^\n]/g, ' ') : part;
  });
}

function typeScriptBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => `${folder}/${slashes(String(name))}`)
    .filter((name) => name.endsWith('.ts') && !/\/(?:node_modules|fixtures)\//.test(name))
    .sort();
}

function lineAt(text, offset) {
  return text.substring(0, offset).split('\n').length;
}

function add(file, line, message) {
  findings.push(`${file}:${line}: ${message}`);
}

function slashes(path) {
  return path.replaceAll('\\', '/');
}
