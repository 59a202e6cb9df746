/**
 * Goal: `npm run bundle` makes one script that is `tedge` on a small machine with Node and nothing else of ours.
 * Method: the script alone in an empty folder, under the oldest Node that package.json promises and under the pinned one; what it
 * says is what the source says in this process; `run all` carries a message to a real server, and its memory is read while it idles.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { tedge } from '#cli/tedge/tedge.ts';
import { openCompatBench } from '#test/support/compat-bench.ts';
import { openEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { type InstalledPrograms, installedPrograms } from '#test/support/installed-programs.ts';
import { openTedgeBench } from '#test/support/tedge-bench.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

const repository = join(import.meta.dirname, '../..');
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const oldest = String(read(join(import.meta.dirname, 'oldest-node/package.json')).devDependencies.node);
const nodes = [
  {
    version: oldest,
    directory: join(import.meta.dirname, 'oldest-node/node_modules/node/bin'),
  },
  {
    version: String(read(join(repository, 'package.json')).devDependencies.node),
    directory: join(repository, 'node_modules/node/bin'),
  },
];
/** What `run all` may have while nothing is to be done, and what of it may be ours: the rest has a Node that does nothing, the oldest more than the pinned one. */
const idleBytesMax = { all: 80_000_000, ours: 36_000_000 };

describe('the script that is tedge', () => {
  let made: { readonly folder: string; readonly script: string };
  const cleanups: (() => void)[] = [];
  before(() => {
    const root = temporaryDirectory({ after: (cleanup) => cleanups.push(cleanup) });
    const [output, folder] = [join(root, 'made'), join(root, 'alone')];
    execFileSync(process.execPath, [join(repository, 'tools/bundle.ts'), output], { stdio: 'pipe' });
    assert.deepEqual(readdirSync(output).sort(), ['LICENSE', 'THIRD-PARTY-NOTICES.md', 'tedge']);
    mkdirSync(folder);
    const script = join(folder, 'tedge');
    copyFileSync(join(output, 'tedge'), script);
    chmodSync(script, 0o755);
    made = { folder, script };
  });
  after(() => {
    for (const cleanup of cleanups) cleanup();
  });

  test('is text of one byte a character, and names no folder it was made in', () => {
    const text = readFileSync(made.script, 'latin1');
    assert.doesNotMatch(text, /[^\n\x20-\x7e]/);
    for (const place of [repository, ...(homedir() === '/' ? [] : [`${homedir()}/`])]) assert.ok(!text.includes(place), place);
  });

  test('under an older Node it says which one it needs', async (t) => {
    const old = `data:text/javascript,${encodeURIComponent("Object.defineProperty(process.versions, 'node', { value: '20.11.0' });")}`;
    const { code, stderr } = await programsOf(t).run('node', ['--import', old, 'tedge', '--version']);
    assert.deepEqual(
      [code, stderr],
      [1, 'error: Homeport needs Node 24 or newer; this is 20.11.0.\n  Install it, or put it first on the PATH.\n'],
    );
  });

  const programsOf = (t: TestContext, directory = nodes[1]?.directory ?? ''): InstalledPrograms => {
    const programs = installedPrograms(made.folder, directory);
    t.after(() => programs.close());
    return programs;
  };

  test('has every command of the source, with the same help', async (t) => {
    const [programs, source] = [programsOf(t), openTedgeBench(t)];
    const lines = [...tedge.commands.map(({ path }) => `${path} --help`), '--help', 'conect az', 'config set no.such x'];
    for (const line of lines) {
      const { code, stdout, stderr } = await programs.run('./tedge', line.split(' '), { TEDGE_CONFIG_DIR: source.directory });
      const expected = await source.run(line);
      assert.deepEqual([code, stdout.trimEnd(), stderr.trimEnd()], [expected.code, expected.stdout, expected.stderr], line);
    }
  });

  for (const { version, directory } of nodes) {
    describe(`under Node ${version}`, () => {
      test('makes a certificate and keeps settings, also as another name of it', async (t) => {
        const programs = programsOf(t, directory);
        // The oldest says of its SQLite that it is an experiment (0018).
        const environment = { TEDGE_CONFIG_DIR: join(programs.data, '../etc'), NODE_NO_WARNINGS: '1' };
        const ok = async (program: string, line: string) => {
          const { code, stdout, stderr } = await programs.run(program, line.split(' '), environment);
          assert.deepEqual([code, stderr], [0, ''], line);
          return stdout;
        };
        assert.equal((await ok('node', '--version')).trim(), `v${version}`);
        assert.equal(await ok('./tedge', '--version'), `${tedge.version}\n`);
        await ok('./tedge', 'cert create --device-id small');
        assert.match(await ok('./tedge', 'cert show'), /^Subject: CN=small,/m);
        await ok('./tedge', 'config set device.type raspberry-pi');
        assert.equal(await ok('./tedge', 'config get device.type'), 'raspberry-pi\n');
        assert.match(await ok('./tedge', 'config list'), /^device\.type=raspberry-pi$/m);
        const named = join(programs.data, '../tedge-mapper');
        symlinkSync(made.script, named);
        assert.match(await ok(named, '--help'), /^Usage: tedge run tedge-mapper /m);
        assert.deepEqual(readdirSync(made.folder), ['tedge']);
      });

      test('run all carries a message to the hub, and idles with little more memory than Node alone: 80 MB with the pinned one', async (t) => {
        const bench = await openCompatBench();
        t.after(() => bench.close());
        const edge = await openEdge(t, bench, 'small');
        const running = startAlone(t, { words: [made.script, 'run', 'all', 'az'], environment: edge.environment, directory });
        await running.says(/"event":"bridge\.connected"/);
        const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, { reconnectPeriod: 0, protocolVersion: 4 });
        await client.publishAsync('az/messages/events/', '{"temperature":20}', { qos: 1 });
        await client.endAsync();
        await eventually(async () => ((await edge.bodies()).includes('{"temperature":20}') ? true : undefined), 30_000);
        const bytes = residentBytes(running.pid);
        const bare = Number(execFileSync(join(directory, 'node'), ['-p', 'process.memoryUsage.rss()'], { encoding: 'utf8' }));
        const said = `run all under Node ${version}: ${(bytes / 1e6).toFixed(1)} MB, of which Node alone has ${(bare / 1e6).toFixed(1)}`;
        t.diagnostic(said);
        assert.ok(bytes - bare < idleBytesMax.ours, said);
        if (version !== oldest) assert.ok(bytes < idleBytesMax.all, said);
        assert.equal(await running.stop(), 0);
      });
    });
  }
});

/** The script as a shell starts it, with nothing of this tree on the PATH. */
function startAlone(
  t: TestContext,
  { words: [program = '', ...words], environment, directory }: { words: string[]; environment: object; directory: string },
) {
  const PATH = [directory, '/usr/bin', '/bin'].join(delimiter);
  const child: ChildProcess = spawn(program, words, { env: { ...environment, PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  return {
    pid: child.pid ?? 0,
    says: (pattern: RegExp) =>
      eventually(() => (pattern.test(log) ? true : undefined), 30_000).catch(() => {
        throw new Error(`tedge did not say ${pattern}:\n${log}`);
      }),
    async stop(): Promise<number | null> {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await ended;
      return code;
    },
  };
}

function residentBytes(pid: number): number {
  const [, kib = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}
