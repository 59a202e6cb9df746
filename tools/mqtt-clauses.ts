/**
 * The page of MQTT 3.1.1 statements: a test whose name begins with `[MQTT-3.3.1-5]`, or with several of them, shows those
 * statements, and so does each case of the malformed packets. tools/compatibility.ts writes and checks it.
 */
export type ClauseRow = { readonly clause: string; readonly shows: string; readonly file: string };

const testName = /(['"`])\[?(MQTT-\d[\d.]*-\d+(?:, MQTT-\d[\d.]*-\d+)*)(?:\]|:) ((?:\\.|(?!\1)[^\\\n])*)\1/g;
const malformed = /\{ what: '([^']+)', hex: '[^']*', breaks: \/(MQTT-\d[\d.]*-\d+)\/ \}/g;

/** The rows that one file makes. */
export function clauseRowsOf(file: string, text: string): ClauseRow[] {
  const named = [...text.matchAll(testName)].flatMap(([, , clauses = '', shows = '']) =>
    clauses.split(', ').map((clause) => ({ clause, shows: shows.replace(/\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1'), file })),
  );
  const cases = [...text.matchAll(malformed)].map(([, what = '', clause = '']) => ({
    clause,
    shows: `${what} ends the connection`,
    file,
  }));
  return [...named, ...cases];
}

export function formatClauseRows(rows: readonly ClauseRow[]): string {
  const lines = rows
    .toSorted((a, b) => orderOf(a.clause).localeCompare(orderOf(b.clause)) || a.file.localeCompare(b.file))
    .map(({ clause, shows, file }) => `| ${clause} | ${shows.replace(/\|/g, '\\|')} | \`${file}\` |`);
  return ['| statement | what is shown | test |', '| --- | --- | --- |', ...lines].join('\n');
}

/** By number and not by letter. */
function orderOf(clause: string): string {
  return clause.replace(/\d+/g, (number) => number.padStart(4, '0'));
}
