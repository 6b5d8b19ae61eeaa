/**
 * Writes docs/dotnet-parity.md from the tables: the members, the verbs, the rules of the deviations.
 *
 *   npm run parity:docs
 */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DEVIATIONS } from './deviations.ts';
import { type Member, SEND_PACKETS_ELEMENT, SOCKET, SOCKET_ASYNC_EVENT_ARGS } from './members.ts';
import { readVectors } from './vectors.ts';

export const PAGE: string = fileURLToPath(new URL('../../../docs/dotnet-parity.md', import.meta.url));

export function page(): string {
  return `${[
    '# Parity with .NET',
    '',
    '<!-- Written by `npm run parity:docs` from members.ts and deviations.ts in tools/parity/src; a test compares. -->',
    '',
    'What every member of the original became, and every difference that the replays of real .NET know. The recordings, and the program that',
    'replays them, are in [tools/parity](../tools/parity); `npm run parity` prints a line for each scenario and transport. How code is ported',
    'is told by [Porting from .NET](porting-from-dotnet.md).',
    '',
    ...section('SocketAsyncEventArgs', SOCKET_ASYNC_EVENT_ARGS),
    ...section('Socket', SOCKET),
    ...section('SendPacketsElement', SEND_PACKETS_ELEMENT),
    '## Deviations',
    '',
    'A rule excuses the one fact that it names, in the situation that it names; everything else of a scenario is still compared.',
    '',
    ...table(
      ['Rule', 'What differs'],
      DEVIATIONS.map(({ name, reason }) => [name, reason]),
    ),
    '',
    '## What is replayed',
    '',
    ...table(['Group', 'Scenarios'], groups()),
  ].join('\n')}\n`;
}

function section(title: string, members: readonly Member[]): string[] {
  const there = members.filter(({ fate }) => fate !== 'left out');
  const leftOut = members.filter(({ fate }) => fate === 'left out');
  return [
    `## ${title}`,
    '',
    ...table(
      ['.NET', '', 'Here', 'Why'],
      there.map(({ dotnet, fate, here, note }) => [codes(dotnet), fate, codes(here), note]),
    ),
    '',
    ...(leftOut.length > 0 ? ['Left out:', ''] : []),
    ...leftOut.map(({ dotnet, note }) => `- ${codes(dotnet)}: ${note}`),
    ...(leftOut.length > 0 ? [''] : []),
  ];
}

function codes(names: readonly string[]): string {
  return names.map((name) => (name === '#ctor' ? 'constructor' : `\`${name}\``)).join(', ');
}

/** As the formatter lays it out, so that it finds nothing to change. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function groups(): string[][] {
  const counts = new Map<string, number>();
  for (const { id } of readVectors(fileURLToPath(new URL('../vectors', import.meta.url)))) {
    const group = id.substring(0, id.indexOf('/'));
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([group, count]) => [`\`${group}\``, String(count)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, page());
