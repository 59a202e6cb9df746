import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerStatus } from '#server/status.ts';
import { ownAddress } from './own-place.ts';

const repository = join(import.meta.dirname, '../..');
const readyMsMax = 60_000;

export type CommandResult = { code: number; stdout: string; stderr: string };

export type RunOptions = {
  /** Where the command is typed; without it the test's own empty folder. */
  directory?: string;
  environment?: Readonly<Record<string, string>>;
  input?: string;
};

export type RunningHomeport = {
  /** The data directory. */
  readonly data: string;
  /** An empty folder for files that commands write. */
  readonly folder: string;
  readonly address: string;
  readonly status: ServerStatus;
  /** PEM of the CA to trust. */
  readonly ca: string;
  /** Runs `homeport`, `azsphere` or `tedge` against this server, as a person types it. */
  run(command: string, parameters: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** As `run`, and fails the test when the command does. Returns standard output. */
  ok(command: string, parameters: readonly string[], options?: RunOptions): Promise<string>;
  /** What it wrote to its log so far. */
  log(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  /** SIGKILL, then the same data directory again. */
  kill(): Promise<void>;
  restart(parameters?: readonly string[]): Promise<void>;
  /** Stops and removes everything; for `after`. */
  close(): Promise<void>;
};

/**
 * Starts the server as a person does, `bin/homeport start`, in a process and with a data directory and
 * a loopback address of its own, so that tests share no port. Resolves when it is ready.
 */
export async function startHomeport(
  parameters: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningHomeport> {
  const root = mkdtempSync(join(tmpdir(), 'hp-'));
  const data = join(root, 'd');
  const folder = mkdtempSync(join(root, 'f-'));
  const given = parameters.indexOf('--listen');
  const address = (given >= 0 && parameters[given + 1]) || ownAddress();
  const server = new HomeportProcess(data, address, environment);
  await server.start(parameters);
  const running: RunningHomeport = {
    data,
    folder,
    address,
    get status() {
      return server.status;
    },
    get ca() {
      return readFileSync(server.status.ca, 'utf8');
    },
    run: (command, words, options = {}) => runCommand(command, words, { directory: folder, ...options }, data),
    async ok(command, words, options) {
      const { code, stdout, stderr } = await running.run(command, words, options);
      assert.equal(code, 0, `${command} ${words.join(' ')} ended with ${code}\n${stdout}${stderr}`);
      return stdout;
    },
    log: () => server.log,
    stop: () => server.end('SIGTERM'),
    async kill() {
      await server.end('SIGKILL');
    },
    restart: (again = parameters) => server.start(again),
    async close() {
      await server.end('SIGTERM');
      rmSync(root, { recursive: true, force: true });
    },
  };
  return running;
}

class HomeportProcess {
  log = '';
  readonly #data: string;
  readonly #address: string;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #status: ServerStatus | undefined;

  constructor(data: string, address: string, environment: Readonly<Record<string, string>>) {
    this.#data = data;
    this.#address = address;
    this.#environment = environment;
  }

  get status(): ServerStatus {
    assert.ok(this.#status, 'the server has not started');
    return this.#status;
  }

  async start(parameters: readonly string[]): Promise<void> {
    const words = [
      join(repository, 'bin/homeport'),
      'start',
      '--json',
      '--data',
      this.#data,
      ...(parameters.includes('--listen') ? [] : ['--listen', this.#address]),
      ...parameters,
    ];
    const env = { ...cleanEnvironment(), ...this.#environment };
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.#status = await new Promise<ServerStatus>((resolve, reject) => {
      let output = '';
      const timer = setTimeout(() => {
        // A child that nobody waits for would keep the test process alive for good.
        child.kill('SIGKILL');
        reject(new Error(`the server was not ready in ${readyMsMax} ms\n${this.log}`));
      }, readyMsMax);
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (!output.includes('\n')) return;
        clearTimeout(timer);
        resolve(JSON.parse(output) as ServerStatus);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with ${code}\n${this.log}`));
      });
    });
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? 0;
    const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
    child.kill(signal);
    return ended;
  }
}

/** What a command sees must not depend on who runs the tests. */
function cleanEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

export function runCommand(
  command: string,
  parameters: readonly string[],
  options: RunOptions,
  data: string,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(repository, 'bin', command), ...parameters], {
      cwd: options.directory ?? repository,
      env: { ...cleanEnvironment(), HOMEPORT_DATA: data, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}
