// The lines that differ between two recordings of one group, each with its scenario.

/** A field and a step are a line each, so a scenario that is in both has its lines side by side. */
export function differingLines(before, after) {
  const old = scenariosOf(before);
  const found = [];
  for (const [id, lines] of scenariosOf(after)) {
    const oldLines = old.get(id) ?? [];
    old.delete(id);
    for (let i = 0; i < Math.max(lines.length, oldLines.length); i += 1) {
      if (lines[i] === oldLines[i]) continue;
      found.push(`${id}\n  - ${oldLines[i] ?? ''}\n  + ${lines[i] ?? ''}`);
    }
  }
  return [...found, ...[...old.keys()].map((id) => `${id} is gone`)];
}

function scenariosOf(text) {
  const [head, ...parts] = text.split('\n    {\n');
  const scenarios = new Map([['the file', head.split('\n').map((line) => line.trim())]]);
  for (const part of parts) {
    const lines = part.split('\n').map((line) => line.trim().replace(/,$/, ''));
    // What closes a scenario says only whether another follows.
    const inner = lines.filter((line) => line !== '' && !/^[\]}]+$/.test(line));
    scenarios.set(/"id": "([^"]+)"/.exec(part)?.[1] ?? 'a scenario', inner);
  }
  return scenarios;
}
