import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { find } from '../requirements.ts';
import { repository } from '../run.ts';

const sources = join(repository, 'test/load');
const built = join(repository, '.cache/load');
const warnings = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror'];

export type LoadFigures = {
  /** Of the measured time. */
  readonly seconds: number;
  readonly ownCpuSeconds: number;
  /** PUBACKs within the measured time, and from the first message to the last. */
  readonly acknowledged: number;
  readonly acknowledgedInAll: number;
  readonly handshakes: number;
  /** Turns of a device that had too many messages in flight (mode `rate`). */
  readonly missed: number;
  readonly latencyMs?: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
};

export type LoadTarget = {
  readonly host: string;
  readonly port: number;
  /** What the user name begins with. */
  readonly hub: string;
  /** PEM files that every device signs in with. */
  readonly certificate: string;
  readonly key: string;
};

export type LoadOptions = {
  readonly parameters: readonly string[];
  /** The core it is kept on. */
  readonly core?: number | undefined;
  /** `connected`, `measuring` and `measured`, as they happen. */
  readonly onEvent?: (event: string) => void;
};

/** Builds the load generator where it is missing or older than its sources. Throws with what to install. */
export function buildGenerator(): string {
  return compile('load', ['connection.c', 'main.c'], ['-lssl', '-lcrypto']);
}

/** A library that makes syncs return at once, for LD_PRELOAD. */
export function buildNoSync(): string {
  return compile('no-sync.so', ['no-sync.c'], ['-shared', '-fPIC']);
}

function compile(name: string, files: readonly string[], parameters: readonly string[]): string {
  const target = join(built, name);
  const paths = [...files, ...(files.length > 1 ? ['load.h'] : [])].map((file) => join(sources, file));
  if (existsSync(target) && paths.every((path) => statSync(path).mtimeMs <= statSync(target).mtimeMs)) return target;
  const compiler = find(['cc', 'gcc', 'clang']);
  if (!compiler)
    throw new Error(
      'The load generator is a C program and there is no C compiler. Run: apt-get install gcc libc6-dev libssl-dev',
    );
  mkdirSync(built, { recursive: true });
  // Under another name first: who runs beside us must not meet half a program.
  const fresh = `${target}.${process.pid}`;
  const words = ['-std=gnu17', '-O2', ...warnings, '-o', fresh, ...files.map((file) => join(sources, file)), ...parameters];
  const { status, stderr } = spawnSync(compiler, words, { encoding: 'utf8' });
  if (status !== 0) {
    const isMissing = /openssl\/\S+: No such file|cannot find -l(ssl|crypto)|std\w+\.h: No such file/.test(stderr);
    throw new Error(
      isMissing ? 'The load generator needs the headers of OpenSSL and C. Run: apt-get install libc6-dev libssl-dev' : stderr,
    );
  }
  renameSync(fresh, target);
  return target;
}

/** Words for the target, the same for every mode. */
export function targetParameters({ host, port, hub, certificate, key }: LoadTarget): string[] {
  return ['--host', host, '--port', String(port), '--hub', hub, '--certificate', certificate, '--key', key];
}

export type RunningLoad = {
  /** Throws with what the generator says when something was not as it should be. */
  readonly done: Promise<LoadFigures>;
  /** Ends the standard input, which is what mode `idle` waits for. */
  release(): void;
};

/** Starts the generator; `done` resolves with its figures. */
export function startLoad({ parameters, core, onEvent }: LoadOptions): RunningLoad {
  const words = [...(core === undefined ? [] : ['taskset', '-c', String(core)]), buildGenerator(), ...parameters];
  const [command = '', ...rest] = words;
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  let figures: LoadFigures | undefined;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { event, ...values } = JSON.parse(line) as { event: string } & LoadFigures;
    if (event === 'done') figures = values;
    else onEvent?.(event);
  });
  const done = new Promise<LoadFigures>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0 && figures) resolve(figures);
      else reject(new Error(`The load ended with ${signal ?? code}. ${errors.trim()}`));
    });
  });
  return { done, release: () => child.stdin.end() };
}
