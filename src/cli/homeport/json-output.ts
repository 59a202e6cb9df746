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
  if (options.isSet('json')) terminal.print(formatJson(view.data));
  else if (view.rows.length === 0) terminal.complain(view.whenEmpty);
  else if (terminal.isOutputTerminal) terminal.print(renderUnderlinedTable(view.rows, view.columns));
  else for (const row of view.rows) terminal.print(view.columns.map((column) => String(column.read(row) ?? '')).join('\t'));
}

/** JSON whose texts, which a device may have chosen, cannot steer a terminal: what controls it is escaped. */
export function formatJson(data: Json | object, indent = 2): string {
  return JSON.stringify(data, undefined, indent).replace(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
