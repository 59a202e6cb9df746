import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import type { Column } from '../../kit/render-table.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { askHub } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';

const topDefault = 1_000;
const pageItems = 100;
const cellCharactersMax = 32_768;

export const queryCommand: Command = {
  options: [{ name: 'top', value: 'N', summary: `How many rows at most; without it ${topDefault}` }, hubOption, jsonOption],
  positionals: [{ name: 'QUERY', isRequired: true, summary: 'In the query language of IoT Hub' }],
  examples: [
    `homeport hub query "SELECT * FROM devices WHERE tags.site = 'hamburg'"`,
    `homeport hub query "SELECT deviceId, properties.reported.firmware FROM devices" --top 5000`,
    `homeport hub query "SELECT status, COUNT() AS count FROM devices GROUP BY status" --json`,
  ],
  notes: ['devices, devices.modules and devices.jobs can be asked. Of whole twins the table shows the sections and the state.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const top = options.number('top', { min: 1, max: 1_000_000, isInteger: true }) ?? topDefault;
    const { rows, isCut } = await readRows(invocation, positionals[0] ?? '', top);
    printRows(invocation, { rows, columns: columnsOf(rows), data: rows, whenEmpty: 'No row.' });
    if (isCut) terminal.complain(`There are more rows than ${top}: --top ${top * 10}`);
  },
};

/** Page after page, as the hub gives them. */
async function readRows(
  invocation: Pick<Invocation, 'options' | 'terminal'>,
  query: string,
  top: number,
): Promise<{ rows: JsonObject[]; isCut: boolean }> {
  const rows: JsonObject[] = [];
  let continuation = '';
  do {
    const { json, headers } = await askHub(invocation, {
      method: 'POST',
      path: '/devices/query',
      headers: {
        'x-ms-max-item-count': String(Math.min(pageItems, top - rows.length + 1)),
        ...(continuation === '' ? {} : { 'x-ms-continuation': continuation }),
      },
      json: { query },
    });
    rows.push(...(Array.isArray(json) ? json.filter(isJsonObject) : []));
    continuation = String(headers['x-ms-continuation'] ?? '');
  } while (continuation !== '' && rows.length <= top);
  return { rows: rows.slice(0, top), isCut: rows.length > top };
}

/** Of a whole twin, what a person looks for. */
const twinColumns = ['deviceId', 'moduleId', 'status', 'connectionState', 'lastActivityTime', 'modelId', 'tags', 'properties'];

/** A column for each member that a row has, in the order in which they come. */
function columnsOf(rows: readonly JsonObject[]): Column<JsonObject>[] {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const isTwins = names.includes('deviceId') && names.includes('properties') && names.includes('etag');
  const shown = isTwins ? names.filter((name) => twinColumns.includes(name)) : names;
  return shown.map((name) => ({ heading: name, read: (row) => cell(row[name]) }));
}

function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(withoutMetadata(value)), cellCharactersMax);
}

/** What the service adds to sections is as long as they are, and no answer to a query. */
function withoutMetadata(value: Json): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (name === '$metadata' ? [] : [[name, withoutMetadata(member)]])),
  );
}
