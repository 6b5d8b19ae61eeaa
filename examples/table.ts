/** Lines of text in columns: words to the left, numbers to the right. */

/** The first row is the heading; a column whose cells below it all start with a digit holds numbers. */
export function table(rows: readonly (readonly string[])[]): string {
  const [heading = [], ...body] = rows;
  const columns = heading.map((_, column) => ({
    width: Math.max(...rows.map((row) => row[column]?.length ?? 0)),
    numbers: body.every((row) => /^\d/.test(row[column] ?? '')),
  }));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ width, numbers }, column) =>
        numbers ? row[column]?.padStart(width) : row[column]?.padEnd(width),
      )
      .join('  ')
      .trimEnd();
  return [line(heading), columns.map(({ width }) => '-'.repeat(width)).join('  '), ...body.map(line)].join(
    '\n',
  );
}
