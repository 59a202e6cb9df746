import type { Json } from '#base/json.ts';
import type { Invocation, OptionSpec } from '../kit/command.ts';
import type { Column } from '../kit/render-table.ts';
import { renderUnderlinedTable } from '../kit/render-table.ts';

export const jsonOption: OptionSpec = { name: 'json', summary: 'Print one JSON document and nothing else' };

/** Prints `data` as JSON when asked for; a table for people on a terminal; plain tab-separated lines otherwise. */
export function printRows<Row>(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  view: { rows: readonly Row[]; columns: readonly Column<Row>[]; data: Json; whenEmpty: string },
): void {
  if (options.isSet('json')) return terminal.print(JSON.stringify(view.data, undefined, 2));
  if (view.rows.length === 0) return terminal.complain(view.whenEmpty);
  if (terminal.isOutputTerminal) return terminal.print(renderUnderlinedTable(view.rows, view.columns));
  for (const row of view.rows) terminal.print(view.columns.map((column) => String(column.read(row) ?? '')).join('\t'));
}
