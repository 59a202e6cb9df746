import type { Row } from './row.ts';

export type Circumstances = {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly node: string;
  readonly peer: string;
  readonly disk: string;
  readonly pinned: boolean;
  /** How busy others kept the machine: its load before the first run. */
  readonly loadAverage: number;
  readonly rounds: number;
  readonly seconds: number;
};

/** A busy machine at the start makes every figure rough; so much is no more than the bench's own beginnings. */
const quietLoadMax = 0.5;

const columns = ['shape', 'what', 'Homeport', 'compared with', 'ratio', 'first bar', ''];

function cellsOf(row: Row): string[] {
  const peer = row.peerFigure === undefined ? row.peer : `${row.peer} ${figure(row.peerFigure)}`;
  return [
    row.shape,
    row.what,
    `${figure(row.homeport)} ${row.unit}`,
    peer,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} ×`,
    row.bar,
    row.isMet === undefined ? '' : row.isMet ? 'met' : 'missed',
  ];
}

function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** For a terminal: the table, and under it what must be known to read it right. */
export function renderTable(rows: readonly Row[]): string[] {
  const table = [columns, ...rows.map(cellsOf)];
  const widths = columns.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  return [
    ...table.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    ...rows.filter(({ note }) => note).map(({ shape, note }) => `${shape}: ${note}.`),
  ];
}

export function describeCircumstances(of: Circumstances): string[] {
  return [
    `${of.date}, commit ${of.commit}, Node ${of.node}, ${of.peer}.`,
    `${of.machine}; data on ${of.disk}; ${of.pinned ? 'server and load each on a core of its own' : 'one core for everything'}.`,
    `Medians of ${of.rounds} rounds of ${of.seconds} s behind one that warmed up, contenders by turns. CPU is user and system time of the server process.`,
    of.loadAverage > quietLoadMax
      ? `The machine was not quiet: its load was ${of.loadAverage.toFixed(1)} before anything was measured. Figures are rough; compare ratios.`
      : 'The machine was quiet.',
  ];
}

/** docs/performance.md. */
export function renderDocument(of: Circumstances, rows: readonly Row[]): string {
  const lines = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const notes = rows.filter(({ note }) => note);
  return `# Performance

Written by \`npm run bench -- --write\`, which measures everything here anew. Nothing below is a promise: wall-clock figures
change with the machine, ratios much less.

${describeCircumstances(of).join('\n')}

${[lines(columns), lines(columns.map(() => '---')), ...rows.map((row) => lines(cellsOf(row)))].join('\n')}

${notes.map(({ shape, note }) => `- **${shape}**: ${note}.`).join('\n')}

## How to read it

- Devices sign in with a client certificate over TLS 1.3, P-256 on both sides, and send 256 bytes of JSON with QoS 1 over MQTT 3.1.1.
- Homeport acknowledges a message after it is on disk; Mosquitto runs without persistence and acknowledges at once. A ratio above 1
  means that Homeport needs less.
- W1 is how devices behave, one message at a time on each connection, and W10c the same with ten under way; W10 and W50 are how bridges and
  backlogs behave, and partly measure how coalesced acknowledgements steer the sender. Quote W1 and W10c beside them.
- Homeport’s figure for messages and sign-ins is the whole server except for Central’s thread. What that thread takes, until everything that was sent is
  indexed, is given beside it: it is work that Mosquitto does not do.
- The load comes from [a C program](../test/load/main.c) on another core, which must cost less than the server to be of use.
- **edge** and **edge-kill** are a device and not the server: one program publishes with QoS 1 on the local broker, and a Homeport server is the hub. Homeport is
  \`tedge run all az\`; Mosquitto has the files that \`tedge connect az\` writes, and persistence as Debian configures it. Agent, hub and load are on no cores of their own.

## To repeat it

\`\`\`sh
npm run bench                     # everything but start-100k, which first registers 100,000 devices
npm run bench -- W1 W10 --rounds 5 --seconds 5
npm run bench -- --json figures.json
\`\`\`

It needs \`gcc libc6-dev libssl-dev mosquitto\` (Debian’s names) and a limit of 20,000 open files.
`;
}
