import { spawn } from 'node:child_process';
import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { fileErrorCode } from './file-problem.ts';

export type ToolEnd = {
  readonly code: number;
  /** The beginning of what it wrote to either stream, for people. */
  readonly said: string;
};

const saidMax = 4_096;
const waitMsMax = 90_000;

/**
 * Runs another program of this machine to its end; words are passed as they are, through no shell. Throws Problem `not-found` when there is no such
 * program, and `unavailable` for one that cannot be started or does not end.
 */
export function runTool(clock: Clock, [program = '', ...words]: readonly string[], timeoutMs = waitMsMax): Promise<ToolEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const hear = (chunk: Buffer) => {
      if (said.length < saidMax) said = (said + chunk.toString()).slice(0, saidMax);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const cancel = clock.after(timeoutMs, () => {
      child.kill('SIGKILL');
      reject(new Problem('unavailable', `${program} did not end in ${timeoutMs / 1000} s.`));
    });
    child.once('error', (error) => {
      cancel();
      const isMissing = fileErrorCode(error) === 'ENOENT';
      const detail = isMissing ? `There is no program ${program}.` : `${program} could not be started: ${error.message}`;
      reject(new Problem(isMissing ? 'not-found' : 'unavailable', detail, { cause: error }));
    });
    child.once('close', (code) => {
      cancel();
      resolve({ code: code ?? -1, said: said.trim() });
    });
  });
}
