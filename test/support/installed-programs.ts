import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { CommandResult } from './start-homeport.ts';

const readyMsMax = 60_000;

export type InstalledPrograms = {
  readonly data: string;
  /** Runs a program of the folder's node_modules/.bin, or `node`, as a person types it in that folder. */
  run(program: string, parameters: readonly string[], environment?: Record<string, string>): Promise<CommandResult>;
  /** `homeport start` with these parameters; resolves when it is ready, with the lines it printed. */
  start(parameters: readonly string[]): Promise<string[]>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Stops and removes everything; for `after`. */
  close(): Promise<void>;
};

/** The programs that npm linked in `folder`, with `nodeDirectory` first on the PATH and nothing of this tree on it. */
export function installedPrograms(folder: string, nodeDirectory: string): InstalledPrograms {
  const root = mkdtempSync(join(tmpdir(), 'hp-'));
  const data = join(root, 'd');
  const PATH = [nodeDirectory, join(folder, 'node_modules/.bin'), '/usr/bin', '/bin'].join(delimiter);
  let server: ChildProcess | undefined;
  const open = (program: string, parameters: readonly string[], environment: Record<string, string> = {}) =>
    spawn(program, [...parameters], {
      cwd: folder,
      env: { PATH, HOME: root, HOMEPORT_DATA: data, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const stop = async () => {
    const child = server;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  };
  return {
    data,
    async run(program, parameters, environment) {
      const child = open(program, parameters, environment);
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return { code: code ?? -1, stdout, stderr };
    },
    async start(parameters) {
      const child = open('homeport', ['start', ...parameters]);
      server = child;
      let errors = '';
      child.stderr.on('data', (chunk) => {
        errors += chunk;
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), readyMsMax);
      let output = '';
      for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
        output += chunk;
        if (isComplete(output)) break;
      }
      clearTimeout(timer);
      assert.ok(isComplete(output), `the server did not become ready\n${output}${errors}`);
      return output.trimEnd().split('\n');
    },
    stop,
    async close() {
      await stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The last line says what to try next. */
const isComplete = (output: string) => /^Try next: .*\n/m.test(output);
