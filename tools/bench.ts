/**
 * `npm run bench`: what a message, a sign-in and a waiting device cost, Homeport and a Mosquitto beside it by turns,
 * and whether the first bars are met. `npm run bench -- W1 W10 --rounds 5` measures some of it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandRow } from './bench/command.ts';
import {
  closeContenders,
  type DeviceCertificate,
  makeDeviceCertificate,
  startContender,
  startMosquitto,
} from './bench/contenders.ts';
import { edgeKillRow, edgeRows } from './bench/edge.ts';
import { buildGenerator } from './bench/generator.ts';
import { lowRateRow } from './bench/latency.ts';
import { type BenchOptions, handshakeRow, messageRow, messageShapes } from './bench/messages.ts';
import { type BenchWish, readWish, WishError } from './bench/options.ts';
import { chooseCores, pin } from './bench/processes.ts';
import { type Circumstances, describeCircumstances, renderDocument, renderTable } from './bench/report.ts';
import type { Row } from './bench/row.ts';
import { idleRow, startRow } from './bench/standing.ts';
import { centralRow, durableRow } from './bench/store.ts';
import { find } from './requirements.ts';
import { repository, run } from './run.ts';

/** More than W1 needs, and as many as the largest shape on the shared servers. */
const sharedDevices = 1_000;

async function bench(wish: BenchWish): Promise<void> {
  const circumstances = look(wish);
  buildGenerator();
  await buildWebApp();
  const folder = mkdtempSync(join(tmpdir(), 'hp-bench-'));
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    for (const line of renderTable([row]).slice(1)) console.log(line);
  };
  try {
    const device = makeDeviceCertificate(folder);
    await runBeside(device, wish, add);
    if (wish.shapes.has('durable')) add(await durableRow(device, wish));
    if (wish.shapes.has('idle')) add(await idleRow(device));
    if (wish.shapes.has('central')) add(await centralRow(device, wish));
    if (wish.shapes.has('edge')) for (const row of await edgeRows(device, wish)) add(row);
    if (wish.shapes.has('edge-kill')) add(await edgeKillRow(device));
    for (const name of ['start', 'start-100k'] as const) if (wish.shapes.has(name)) add(await startRow(name, device, wish));
    if (wish.shapes.has('command')) add(await commandRow());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${[...renderTable(rows), '', ...describeCircumstances(circumstances)].join('\n')}`);
  if (wish.json) writeFileSync(wish.json, `${JSON.stringify({ ...circumstances, rows }, null, 2)}\n`);
  if (wish.isWritten) writeFileSync(join(repository, 'docs/performance.md'), renderDocument(circumstances, rows));
}

/** The server does not start without it. */
async function buildWebApp(): Promise<void> {
  if (existsSync(join(repository, 'web/dist/index.html'))) return;
  const code = await run('npm', ['run', 'build', '--workspace', 'web', '--silent', '--', '--logLevel', 'error']);
  if (code !== 0) throw new Error('The web app could not be built.');
}

/** The shapes for which both servers run side by side. */
async function runBeside(device: DeviceCertificate, wish: BenchWish, add: (row: Row) => void): Promise<void> {
  const beside: [string, (pair: Pair, options: BenchOptions) => Promise<Row>][] = [
    ...messageShapes.map((shape): (typeof beside)[number] => [shape.name, (pair, options) => messageRow(shape, pair, options)]),
    ['low-rate', lowRateRow],
    ['handshake', handshakeRow],
  ];
  const wanted = beside.filter(([name]) => wish.shapes.has(name));
  if (wanted.length === 0) return;
  const homeport = await startContender(device, { devices: sharedDevices });
  try {
    const mosquitto = await startMosquitto(device, homeport);
    try {
      const cores = chooseCores();
      for (const { pid } of [homeport, mosquitto]) if (cores) pin(pid, cores.server);
      for (const [, measured] of wanted) add(await measured([homeport, mosquitto], wish));
    } finally {
      await mosquitto.close();
    }
  } finally {
    await homeport.close();
  }
}

type Pair = Parameters<typeof handshakeRow>[0];

function look({ rounds, seconds }: BenchWish): Circumstances {
  const said = (command: string, words: readonly string[]) =>
    execFileSync(command, words, { encoding: 'utf8', cwd: repository }).trim();
  const processors = cpus();
  const mosquitto = find(['mosquitto'], ['/usr/sbin', '/usr/local/sbin']);
  // Mosquitto prints its version with its help, and counts that as an error.
  const version = mosquitto && /mosquitto version (\S+)/.exec(said('sh', ['-c', `${mosquitto} -h || true`]))?.[1];
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: `${said('git', ['rev-parse', '--short', 'HEAD'])}${said('git', ['status', '--porcelain', '--', 'src']) ? ' with changes' : ''}`,
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}`,
    node: process.versions.node,
    peer: `Mosquitto ${version ?? 'missing'}`,
    disk: said('df', ['--output=fstype', tmpdir()]).split('\n').at(-1)?.trim() ?? '',
    pinned: chooseCores() !== undefined,
    loadAverage: loadavg()[0] ?? 0,
    rounds,
    seconds,
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void closeContenders().finally(() => process.exit(1)));
}
try {
  await bench(readWish(process.argv.slice(2)));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof WishError ? 2 : 1;
}
