/**
 * The compatibility tables are the names of the tests: a test whose name begins with `sphere 26:` shows
 * statement 26 of that service's checklist. `node tools/compatibility.ts` writes the rows into
 * docs/compatibility, between its two markers; a test says when they are out of date.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clauseRowsOf, formatClauseRows } from './mqtt-clauses.ts';
import { repository } from './run.ts';

const pages = {
  hub: 'iot-hub.md',
  'hub-service': 'hub-service.md',
  dps: 'dps.md',
  'dps-service': 'dps-service.md',
  central: 'central.md',
  sphere: 'sphere.md',
  'thin-edge': 'thin-edge.md',
} as const;
type Service = keyof typeof pages;
export type Row = { service: Service; number: number; shows: string; file: string };

const [begin, end] = ['<!-- rows: made by tools/compatibility.ts -->', '<!-- end of rows -->'];
const serviceNames = Object.keys(pages).join('|');
/** In a call or in a table of cases: a text that begins with a tag is the name of a test. */
const testName = new RegExp(`(['"\`])((?:${serviceNames}) \\d(?:\\\\.|(?!\\1)[^\\\\\\n])*)\\1`, 'g');
const tags = new RegExp(`^((?:(?:${serviceNames}) )?\\d+(?:(?:, | and |, and )(?:(?:${serviceNames}) )?\\d+)*): (.*)$`, 's');

/** The rows that the test names of one file make. */
export function rowsOf(file: string, text: string): Row[] {
  return [...text.matchAll(testName)].flatMap(([, , name = '']) => {
    const [, tagged = '', shows = ''] = tags.exec(name.replace(/\\(.)/g, '$1')) ?? [];
    let service: Service | undefined;
    return tagged.split(/, and | and |, /).flatMap((part) => {
      const [, named, number] = new RegExp(`^(?:(${serviceNames}) )?(\\d+)$`).exec(part) ?? [];
      service = (named as Service | undefined) ?? service;
      return service && number ? [{ service, number: Number(number), shows: readable(shows), file }] : [];
    });
  });
}

/** A template's variable part says only that there are several cases. */
function readable(text: string): string {
  return text
    .replace(/\$\{[^}]*\}/g, '…')
    .replace(/\|/g, '\\|')
    .replace(/\s+/g, ' ')
    .trim();
}

type TestFile = { readonly file: string; readonly text: string };

function testFiles(): TestFile[] {
  const files = globSync(['src/**/*.test.ts', 'src/**/vectors/*.ts', 'test/**/*.test.ts'], { cwd: repository }).sort();
  return files.map((file) => ({ file, text: readFileSync(join(repository, file), 'utf8') }));
}

/** `page` with `table` between the markers. */
function withTable(page: string, name: string, table: string): string {
  const [before, after] = [page.indexOf(begin), page.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`docs/compatibility/${name} has lost its markers`);
  return `${page.slice(0, before)}${begin}\n\n${table}\n\n${page.slice(after)}`;
}

/** `page` with the rows of its service between the markers. */
export function withRows(page: string, service: Service, rows: readonly Row[]): string {
  const lines = rows
    .filter((row) => row.service === service)
    .sort((a, b) => a.number - b.number || a.file.localeCompare(b.file))
    .map((row) => `| ${service} ${row.number} | ${row.shows} | \`${row.file}\` |`);
  const table = ['| statement | what is shown | test |', '| --- | --- | --- |', ...lines];
  return withTable(page, pages[service], table.join('\n'));
}

type UpdatedPage = { path: string; present: string; wanted: string; count: number };

export function updatedPages(): UpdatedPage[] {
  const files = testFiles();
  const rows = files.flatMap(({ file, text }) => rowsOf(file, text));
  const services = (Object.keys(pages) as Service[]).map((service) => {
    const path = join(repository, 'docs/compatibility', pages[service]);
    const present = readFileSync(path, 'utf8');
    const numbers = new Set(rows.filter((row) => row.service === service).map((row) => row.number));
    return { path, present, wanted: withRows(present, service, rows), count: numbers.size };
  });
  return [...services, mqttPage(files)];
}

function mqttPage(files: readonly TestFile[]): UpdatedPage {
  const path = join(repository, 'docs/compatibility/mqtt.md');
  const present = readFileSync(path, 'utf8');
  const rows = files.flatMap(({ file, text }) => clauseRowsOf(file, text));
  const wanted = withTable(present, 'mqtt.md', formatClauseRows(rows));
  return { path, present, wanted, count: new Set(rows.map(({ clause }) => clause)).size };
}

if (import.meta.main) {
  for (const { path, wanted, count } of updatedPages()) {
    writeFileSync(path, wanted);
    console.log(`${path.slice(repository.length + 1)}: ${count} statements`);
  }
}
