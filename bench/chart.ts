/** Outcomes as one SVG: a bar for each contender, as long as its CPU a message compared with node:net, with the quartiles as a whisker. */

import type { Outcome, Standing } from './rounds.ts';

const WIDTH = 860;
const LABELS = 130;
const BAR = 18;
const GAP = 6;
const TITLE = 34;
/** Ratios beyond it are cut off. */
const RATIO_MAX = 2;
const SCALE = (WIDTH - LABELS - 150) / RATIO_MAX;

export function chartOf(outcomes: readonly Outcome[], machine: string): string {
  let y = 44;
  const parts: string[] = [];
  for (const { title, standings } of outcomes) {
    parts.push(`<text x="12" y="${y + 20}" class="title">${escaped(title)}</text>`);
    const top = y + TITLE - 2;
    y += TITLE;
    for (const standing of standings) {
      parts.push(bar(standing, y));
      y += BAR + GAP;
    }
    const one = LABELS + SCALE;
    parts.push(`<line x1="${one}" y1="${top}" x2="${one}" y2="${y - 4}" class="one"/>`);
  }
  const style =
    'text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:13px}.ours{fill:#0b6e4f}.theirs{fill:#b8c4ce}.one{stroke:#c0392b;stroke-dasharray:3 3}.whisker{stroke:#333}';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 16}" viewBox="0 0 ${WIDTH} ${y + 16}">
<style>${style}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24">CPU a message ÷ node:net (dashed): shorter is better. ${escaped(machine)}</text>
${parts.join('\n')}
</svg>
`;
}

function bar({ name, toNode }: Standing, y: number): string {
  if (toNode === null) return '';
  const x = (ratio: number): number => LABELS + Math.min(ratio, RATIO_MAX) * SCALE;
  const kind = OURS.includes(name) ? 'ours' : 'theirs';
  const middle = y + BAR / 2;
  const text = toNode.median.toFixed(2);
  return [
    `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
    `<rect x="${LABELS}" y="${y}" width="${(x(toNode.median) - LABELS).toFixed(1)}" height="${BAR}" class="${kind}"/>`,
    `<line x1="${x(toNode.lower).toFixed(1)}" y1="${middle}" x2="${x(toNode.upper).toFixed(1)}" y2="${middle}" class="whisker"/>`,
    `<text x="${(x(Math.max(toNode.median, toNode.upper)) + 8).toFixed(1)}" y="${y + 13}">${text}</text>`,
  ].join('');
}

const OURS: readonly string[] = ['operations', 'promises', 'chunks()'];

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
