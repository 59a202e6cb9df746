import { spawn } from 'node:child_process';
import { secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';

export type ProgramEnd = {
  readonly code: number;
  readonly stdout: string;
  /** The end of what it complained of. */
  readonly stderr: string;
};

export type ProgramRun = {
  /** The program and its words, each as it is: there is no shell. */
  readonly words: readonly string[];
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly outputBytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** How long a program that is ended may take to leave things in order; then it is killed. */
  readonly graceMs?: number;
};

const graceMsDefault = 5 * secondMs;
const stderrCharactersMax = 4_000;

/**
 * Runs a program to its end with `input` on its standard input, and gives back what it printed. Throws Problem for one that cannot be started,
 * takes too long, prints too much, or is aborted; that one is ended, first: what it works on may be taken away afterwards.
 */
export function runProgram({ clock }: Pick<Platform, 'clock'>, run: ProgramRun): Promise<ProgramEnd> {
  const { words: all, input = '', environment, outputBytesMax, timeoutMs, signal, graceMs = graceMsDefault } = run;
  const [program = '', ...words] = all;
  const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
  if (signal.aborted) return Promise.reject(new Problem('unavailable', `${program} was not begun.`));
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], ...(environment ? { env: { ...environment } } : {}) });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  let problem: Problem | undefined;
  const end = (detail: string) => {
    if (problem) return;
    const why = new Problem('unavailable', detail);
    problem = why;
    cancel();
    child.kill('SIGTERM');
    cancel = clock.after(graceMs, () => {
      child.kill('SIGKILL');
      // One that it began may hold them open for as long as it likes.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      reject(why);
    });
  };
  let cancel = clock.after(timeoutMs, () => end(`${program} did not end in ${timeoutMs / 1000} s.`));
  const onAbort = () => end(`${program} was ended as it was asked to stop.`);
  signal.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= outputBytesMax) chunks.push(chunk);
    else {
      end(`${program} printed more than ${outputBytesMax} bytes.`);
      child.stdout.destroy();
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-stderrCharactersMax);
  });
  child.once('error', (cause) => reject(new Problem('unavailable', `${program} could not be run: ${cause.message}`, { cause })));
  child.once('close', (code, killedBy) => {
    if (problem) reject(problem);
    else if (code === null) reject(new Problem('unavailable', `${program} was ended by ${killedBy}.`));
    else resolve({ code, stdout: Buffer.concat(chunks).toString(), stderr: stderr.trim() });
  });
  // One that does not read its input has ended or will tell.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return promise.finally(() => {
    cancel();
    signal.removeEventListener('abort', onAbort);
  });
}
