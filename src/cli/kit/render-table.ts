/** One column: its heading and how to read it from a row. A list value continues on further lines. */
export type Column<Row> = { readonly heading: string; read(row: Row): string | readonly string[] | undefined };

/**
 * A table in the shape of the second `azsphere` generation (sphere.md 4.4): a dashed line, the header,
 * an equals line, rows separated by dashed lines, everything one space in.
 */
export function renderRuledTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const { header, body, widths } = layOut(rows, columns);
  const width = widths.reduce((sum, column) => sum + column + 1, -1);
  const rule = (character: string) => ` ${character.repeat(width)}`;
  const lines = [rule('-'), formatLine(header, widths), rule('=')];
  for (const row of body) lines.push(...row.map((line) => formatLine(line, widths)), rule('-'));
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** A table in the shape of the first generation: header, dashes under each column, rows. */
export function renderUnderlinedTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const { header, body, widths } = layOut(rows, columns);
  const lines = [header, widths.map((width) => '-'.repeat(width)), ...body.flat()];
  return lines.map((line) => formatLine(line, widths).slice(1).trimEnd()).join('\n');
}

function layOut<Row>(rows: readonly Row[], columns: readonly Column<Row>[]) {
  const header = columns.map((column) => column.heading);
  const body = rows.map((row) => physicalLines(columns.map((column) => column.read(row))));
  const widths = header.map((heading, index) =>
    Math.max(heading.length, ...body.flat().map((line) => (line[index] ?? '').length)),
  );
  return { header, body, widths };
}

function physicalLines(cells: readonly (string | readonly string[] | undefined)[]): string[][] {
  const lists = cells.map((cell) => (typeof cell === 'string' ? [cell] : (cell ?? [])));
  const height = Math.max(1, ...lists.map((list) => list.length));
  return Array.from({ length: height }, (_, line) => lists.map((list) => list[line] ?? ''));
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  return ` ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' ')}`;
}
