import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDataFormat, type ResultView, renderData } from './render-data.ts';
import { renderUnderlinedTable } from './render-table.ts';
import { renderYaml } from './render-yaml.ts';

type Tenant = { id: string; name: string; roles: string[] };
const rows: Tenant[] = [
  { id: '143adbc9', name: 'Contoso', roles: ['Administrator', 'Reader'] },
  { id: '2', name: 'A', roles: [] },
];
const view: ResultView<Tenant> = {
  rows,
  columns: [
    { heading: 'Id', read: (row) => row.id },
    { heading: 'Name', read: (row) => row.name },
    { heading: 'Roles', read: (row) => row.roles },
  ],
  data: rows,
};
const plain = { isColored: false };

describe('tables', () => {
  test('the second generation rules its rows and continues lists below', () => {
    assert.equal(
      renderData(view, 'table', plain),
      [
        ' ------------------------------',
        ' Id       Name    Roles',
        ' ==============================',
        ' 143adbc9 Contoso Administrator',
        '                  Reader',
        ' ------------------------------',
        ' 2        A',
        ' ------------------------------',
      ].join('\n'),
    );
  });

  test('the first generation underlines its headings', () => {
    assert.equal(
      renderUnderlinedTable(rows, view.columns),
      [
        'Id       Name    Roles',
        '-------- ------- -------------',
        '143adbc9 Contoso Administrator',
        '                 Reader',
        '2        A',
      ].join('\n'),
    );
  });

  test('a table without rows prints nothing, and JSON of no rows is an empty list', () => {
    const empty = { ...view, rows: [], data: [] };
    assert.equal(renderData(empty, 'table', plain), undefined);
    assert.equal(renderData(empty, 'json', plain), '[]');
    assert.equal(renderData(empty, 'none', plain), undefined);
  });
});

describe('data', () => {
  test('JSON reads back as the data', () => {
    assert.deepEqual(JSON.parse(renderData(view, 'json', plain) ?? ''), rows);
    assert.deepEqual(JSON.parse(renderData(view, 'jsonc', plain) ?? ''), rows);
  });

  test('the coloured formats are coloured on a terminal only', () => {
    assert.ok(renderData(view, 'jsonc', { isColored: true })?.includes('\u001b[36m"id"\u001b[39m:'));
    assert.ok(renderData(view, 'yamlc', { isColored: true })?.includes('\u001b[36mid\u001b[39m:'));
    assert.equal(renderData(view, 'json', { isColored: true })?.includes('\u001b'), false);
  });

  test('TSV has a line for each row, no heading, and no tab inside a value', () => {
    const data = [{ a: 'x\ty', b: null, c: [1], d: true }];
    assert.equal(renderData({ ...view, data }, 'tsv', plain), 'x y\t\t[1]\ttrue');
  });

  test('only the seven names are formats', () => {
    assert.ok(isDataFormat('yamlc'));
    assert.ok(!isDataFormat('xml') && !isDataFormat('') && !isDataFormat('toString'));
  });
});

describe('YAML', () => {
  test('mappings, sequences and what is nested in them', () => {
    assert.equal(
      renderYaml({ id: '143adbc9-1bf0', name: 'Contoso Ltd', roles: ['Administrator'], none: [], at: null, on: true, n: 3 }),
      [
        'id: "143adbc9-1bf0"',
        'name: Contoso Ltd',
        'roles:',
        '- Administrator',
        'none: []',
        'at: null',
        '"on": true',
        '"n": 3',
      ].join('\n'),
    );
    assert.equal(renderYaml([{ a: 1, b: { c: [] } }, 'x']), ['- a: 1', '  b:', '    c: []', '- x'].join('\n'));
  });

  test('text that another reader could take for something else is quoted', () => {
    for (const text of [
      '',
      'true',
      'No',
      'null',
      '12',
      '1.5',
      '- a',
      'a: b',
      'a #b',
      "it's",
      '~',
      '*x',
      '2026-01-01',
      'a\nb',
      ' a',
    ]) {
      assert.equal(renderYaml(text), JSON.stringify(text), text);
    }
  });
});
