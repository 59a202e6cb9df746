import { never } from '#base/assert.ts';
import type { Json } from '#base/json.ts';
import { type Column, renderRuledTable } from './render-table.ts';
import { renderYaml } from './render-yaml.ts';

/** The formats of the second `azsphere` generation (sphere.md 4.4). The ones ending in `c` are coloured on a terminal. */
export const dataFormats = ['table', 'json', 'jsonc', 'yaml', 'yamlc', 'tsv', 'none'] as const;
export type DataFormat = (typeof dataFormats)[number];

export function isDataFormat(text: string): text is DataFormat {
  return dataFormats.some((format) => format === text);
}

/** A result in both of its forms: rows for people, data for programs. */
export type ResultView<Row> = {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** What JSON, YAML and TSV show; its keys are stable. */
  readonly data: Json;
};

/** The text of `view` in `format`, or undefined when there is nothing to print. */
export function renderData<Row>(view: ResultView<Row>, format: DataFormat, options: { isColored: boolean }): string | undefined {
  switch (format) {
    case 'table':
      return view.rows.length === 0 ? undefined : renderRuledTable(view.rows, view.columns);
    case 'json':
      return JSON.stringify(view.data, undefined, 2);
    case 'jsonc':
      return colored(JSON.stringify(view.data, undefined, 2), options.isColored, /^(\s*)("(?:[^"\\]|\\.)*")(:)/gm);
    case 'yaml':
      return renderYaml(view.data);
    case 'yamlc':
      return colored(renderYaml(view.data), options.isColored, /^([\s-]*)("(?:[^"\\]|\\.)*"|[^\s:"]+)(:)/gm);
    case 'tsv':
      return renderTsv(view.data);
    case 'none':
      return undefined;
    default:
      return never(format);
  }
}

/** Keys in cyan; nothing else needs to stand out. */
function colored(text: string, isColored: boolean, key: RegExp): string {
  return isColored ? text.replace(key, '$1\u001b[36m$2\u001b[39m$3') : text;
}

/** One line for each row, values in key order, as the host tool prints them: no heading, tabs between, none inside. */
function renderTsv(data: Json): string | undefined {
  const rows = Array.isArray(data) ? data : [data];
  if (rows.length === 0) return undefined;
  return rows
    .map((row) => (row !== null && typeof row === 'object' && !Array.isArray(row) ? Object.values(row) : [row]))
    .map((cells) => cells.map(tsvCell).join('\t'))
    .join('\n');
}

function tsvCell(value: Json): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\t\r\n]+/g, ' ');
}
