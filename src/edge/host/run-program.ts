import { spawn } from 'node:child_process';
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
};

const stderrCharactersMax = 4_000;

/**
 * Runs a program to its end with `input` on its standard input, and gives back what it printed. Throws Problem for one that cannot be started,
 * takes too long, prints too much, or is aborted; that one is ended.
 */
export function runProgram({ clock }: Pick<Platform, 'clock'>, run: ProgramRun): Promise<ProgramEnd> {
  const [program = '', ...words] = run.words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: run.signal,
      killSignal: 'SIGTERM',
      ...(run.environment ? { env: { ...run.environment } } : {}),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    const give = (detail: string, cause?: unknown) => {
      cancel();
      child.kill('SIGKILL');
      reject(new Problem('unavailable', detail, { cause }));
    };
    const cancel = clock.after(run.timeoutMs, () => give(`${program} did not end in ${run.timeoutMs / 1000} s.`));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > run.outputBytesMax) give(`${program} printed more than ${run.outputBytesMax} bytes.`);
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-stderrCharactersMax);
    });
    child.once('error', (error) => give(`${program} could not be run: ${error.message}`, error));
    child.once('close', (code, killedBy) => {
      cancel();
      if (code === null) reject(new Problem('unavailable', `${program} was ended by ${killedBy}.`));
      else resolve({ code, stdout: Buffer.concat(chunks).toString(), stderr: stderr.trim() });
    });
    // One that does not read its input has ended or will tell.
    child.stdin.on('error', () => {});
    child.stdin.end(run.input ?? '');
  });
}
