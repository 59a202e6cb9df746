/** A PostgreSQL server for one test run: on a Unix socket in a temporary folder, gone afterwards. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from './requirements.ts';

export type TestPostgres = { readonly url: string; stop(): Promise<void> };

const places = globSync('/usr/lib/postgresql/*/bin');
/** Debian's user nobody: the server refuses to run as root. */
const nobody = 65534;

/** `isTimed` for runs whose figures are told: they wait for the disk as a real server does. */
export async function startPostgres({ isTimed }: { isTimed: boolean }): Promise<TestPostgres> {
  const [initdb, postgres] = [find(['initdb'], places), find(['postgres'], places)];
  if (!initdb || !postgres) throw new Error('PostgreSQL is missing. Run: apt-get install -y postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'homeport-pg-'));
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: nobody, gid: nobody } : {};
  if (isRoot) chownSync(folder, nobody, nobody);
  // The tests look in from a user namespace in which this owner has no name: they may pass, the data below stays closed.
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  execFileSync(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'], {
    ...as,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // No test ends this server in the middle: what a crash of its own leaves is PostgreSQL's to show, and syncs are half of what it does.
  const hasty = isTimed ? [] : ['fsync=off', 'full_page_writes=off'];
  const settings = ['listen_addresses=', 'max_connections=200', ...hasty];
  const server = spawn(postgres, ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])], {
    ...as,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilReady(server);
  return {
    url: `postgres:///postgres?host=${folder}&user=postgres`,
    async stop() {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-8000);
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${said}`)));
  });
}
