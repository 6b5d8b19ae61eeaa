/** Outcomes as text: one table each, widths by what stands in them. */

import type { MemoryTable } from './memory.ts';
import type { Outcome } from './rounds.ts';
import type { Spread } from './statistics.ts';

export function tableOf({ title, standings, pairs, absent }: Outcome): string {
  const rows = [['', 'CPU a message', '÷ node', '÷ floor', 'gap to C closed']];
  for (const { name, cpu, toNode, toFloor, gapClosed } of standings)
    rows.push([name, microseconds(cpu), ratio(toNode), ratio(toFloor), percent(gapClosed)]);
  const left = Object.entries(absent).map(([name, why]) => `  without ${name}: ${why}\n`);
  const told = Object.entries(pairs).map(([pair, spread]) => `  ${pair}: ${ratio(spread)}\n`);
  return `${title}\n${aligned(rows)}${told.join('')}${left.join('')}`;
}

export function memoryTableOf({ title, rows }: MemoryTable): string {
  const node = rows.find(({ name }) => name.startsWith('node data'))?.bytes;
  const lines = rows.map(({ name, bytes }) => [
    name,
    bytes >= 1_024 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${bytes.toFixed(2)} B`,
    node === undefined || node < 1 ? '' : (bytes / node).toFixed(2),
  ]);
  return `${title}\n${aligned([['', 'bytes', '÷ node'], ...lines])}`;
}

/** The first column to the left, numbers to the right; a column without any is left out. */
function aligned(all: readonly (readonly string[])[]): string {
  const used = (all[0] ?? []).map((_, column) => all.some((row, at) => at > 0 && row[column] !== ''));
  const rows = all.map((row) => row.filter((_, column) => used[column]));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `  ${line(row)}\n`).join('');
}

function microseconds({ median, lower, upper }: Spread): string {
  const text = (nanoseconds: number): string => (nanoseconds / 1_000).toFixed(nanoseconds < 100_000 ? 2 : 0);
  return `${text(median)} µs (${text(lower)}–${text(upper)})`;
}

function ratio(spread: Spread | null): string {
  if (spread === null) return '';
  return `${spread.median.toFixed(2)} (${spread.lower.toFixed(2)}–${spread.upper.toFixed(2)})`;
}

function percent(spread: Spread | null): string {
  if (spread === null) return '';
  const text = (part: number): string => (part * 100).toFixed(0);
  return `${text(spread.median)} % (${text(spread.lower)}–${text(spread.upper)})`;
}
