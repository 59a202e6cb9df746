import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { fileProblem } from './file-problem.ts';

export type DetachedProcess = {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** It is not waited for any more: this process may end, and that one goes on. */
  release(): void;
};

/**
 * Starts a program in a session of its own, so that neither the end of this process nor of its terminal ends it. What it writes is appended to
 * `logPath`. Throws Problem.
 */
export async function startDetached([program = '', ...words]: readonly string[], logPath: string): Promise<DetachedProcess> {
  const log = await open(logPath, 'a', 0o644).catch((error: unknown) => {
    throw fileProblem(error, logPath);
  });
  try {
    const child = spawn(program, words, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/' });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await once(child, 'spawn').catch((error: unknown) => {
      throw fileProblem(error, program);
    });
    return { pid: child.pid ?? 0, ended, release: () => child.unref() };
  } finally {
    await log.close();
  }
}
